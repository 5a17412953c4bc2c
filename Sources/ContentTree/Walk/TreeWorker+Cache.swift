// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

// What a walk takes from the digest cache, and adds to it.
extension TreeWorker {
    /// Adds to `state` what an earlier run recorded of a directory, if neither the directory nor its files have changed.
    /// Returns false if it must be listed.
    func reuse(
        _ known: CachedDirectory, as directory: TreeDirectory, _ open: OpenFile, _ scope: IgnoreScope,
        _ state: inout TreeDirectory.State, _ subdirectories: inout [TreeDirectory]
    ) throws(ContentTreeError) -> Bool {
        guard let cache = configuration.cache, known.header.rules == directory.rulesKey,
            cache.isUnchanged(directory.path)
        else { return false }
        var below = scope
        if known.flags.contains(.hasGitignore) {
            try addGitignore(of: directory, open, to: &below, &state)
        }
        // The file was read again, and could have changed since the check.
        guard state.rulesBelow == known.header.rulesBelow else {
            state.gitignore = nil
            state.rulesBelow = directory.rulesKey
            return false
        }
        matcher.begin(below)
        known.forEach { entry, name in
            let start = Int32(state.names.count)
            state.names.append(contentsOf: name)
            state.names.append(0)
            var digest: ContentDigest? = ContentDigest(entry.digest, isChunked: entry.isChunked != 0)
            if entry.kind == DigestCacheFormat.EntryKind.directory.rawValue {
                switch subdirectory(name, of: directory, state) {
                case .unchanged(let known): digest = known.map { ContentDigest($0) }
                case .toBeWalked(let subdirectory):
                    subdirectories.append(subdirectory)
                    digest = nil
                }
            }
            state.entries.append(
                TreeDirectory.Entry(
                    name: start, length: Int32(name.count), signature: entry.signature, digest: digest,
                    mode: entry.mode,
                    isLinkToFile: entry.kind == DigestCacheFormat.EntryKind.linkedFile.rawValue,
                    isReliable: true))
        }
        return true
    }

    enum Subdirectory {
        /// Nothing in it changed, at any depth. If `nil`, it has no entries.
        case unchanged(SHA256Digest?)
        case toBeWalked(TreeDirectory)
    }

    /// A directory in the current one, whose scope the matcher has. Its entry is the next one of `state`.
    func subdirectory(
        _ name: UnsafeRawBufferPointer, of directory: TreeDirectory, _ state: TreeDirectory.State
    ) -> Subdirectory {
        let path = directory.path(of: name)
        if let known = configuration.cache?.unchangedTree(path, rules: state.rulesBelow) {
            return .unchanged(known.digest)
        }
        return .toBeWalked(
            TreeDirectory(
                parent: directory, indexInParent: state.entries.count, path: path,
                contents: .walk(matcher.scope(entering: name)), rulesKey: state.rulesBelow))
    }

    /// Adds a finished directory to the digest cache.
    func record(
        _ directory: TreeDirectory, _ state: TreeDirectory.State, _ sorted: [Int32],
        _ names: UnsafeRawBufferPointer, _ digest: SHA256Digest?
    ) {
        guard let recorder else { return }
        var flags: DigestCacheFormat.PieceFlags = state.mustBeListed ? [.mustBeListed] : []
        if case .selection = directory.contents { flags.insert(.isSelection) }
        if digest != nil { flags.insert(.hasDigest) }
        if state.gitignore != nil { flags.insert(.hasGitignore) }
        var header = DigestCacheFormat.PieceHeader()
        header.flags = flags.rawValue
        header.directory = state.signature
        header.gitignore = state.gitignore ?? StatSignature()
        header.digest = digest ?? SHA256Digest()
        header.rules = directory.rulesKey
        header.rulesBelow = state.rulesBelow
        for index in sorted {
            let entry = state.entries[Int(index)]
            // A link to a directory: its target is read again by every run.
            if entry.mode == .link { continue }
            var row = DigestCacheFormat.Entry()
            if entry.isReliable { row.signature = entry.signature }
            row.digest = entry.digest?.sha256 ?? SHA256Digest()
            row.isChunked = entry.digest?.isChunked == true ? 1 : 0
            row.kind =
                entry.mode == .folder
                ? DigestCacheFormat.EntryKind.directory.rawValue
                : (entry.isLinkToFile ? DigestCacheFormat.EntryKind.linkedFile : .file).rawValue
            recorder.add(row, Self.name(entry, names), to: header, directory.path)
        }
        recorder.end(header, directory.path)
    }
}
