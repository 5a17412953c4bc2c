// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

// What a walk takes from the digest cache and gives to it.
extension TreeWorker {
    /// Adds to `state` what an earlier run knew of a directory, if looking at the directory and its files showed that it still
    /// holds; false where the directory has to be listed.
    func takeOver(
        _ known: CachedDirectory, as folder: TreeFolder, _ descriptor: FolderDescriptor, _ scope: IgnoreScope,
        _ state: inout TreeFolder.State, _ subfolders: inout [TreeFolder]
    ) throws(ContentTreeError) -> Bool {
        guard let cache = walk.cache, known.header.rules == folder.rulesKey, cache.isUnchanged(folder.path)
        else {
            return false
        }
        var below = scope
        if known.flags.contains(.hasGitignore) {
            try addGitignore(of: folder, descriptor, to: &below, &state)
        }
        // It was read again, and so could have changed in between.
        guard state.rulesBelow == known.header.rulesBelow else {
            state.gitignore = nil
            state.rulesBelow = folder.rulesKey
            return false
        }
        matcher.begin(below)
        known.forEach { entry, name in
            let start = Int32(state.names.count)
            state.names.append(contentsOf: name)
            state.names.append(0)
            var digest: ContentDigest? = ContentDigest(entry.digest, isChunked: entry.isChunked != 0)
            if entry.kind == DigestCacheFormat.EntryKind.folder.rawValue {
                let subfolder = self.subfolder(name, of: folder, state)
                switch subfolder {
                case .unchanged(let known): digest = known.map { ContentDigest($0) }
                case .toBeWalked(let subfolder):
                    subfolders.append(subfolder)
                    digest = nil
                }
            }
            state.add(start, Int32(name.count), entry.mode, digest)
            state.setLast(
                isLinkToFile: entry.kind == DigestCacheFormat.EntryKind.linkedFile.rawValue, entry.stamp)
        }
        return true
    }

    enum Subfolder {
        /// As it was, with everything below it; nil if it has no entries.
        case unchanged(SHA256Digest?)
        case toBeWalked(TreeFolder)
    }

    /// A directory in the current one, which the matcher is at. Its entry is the next one.
    func subfolder(
        _ name: UnsafeRawBufferPointer, of folder: TreeFolder, _ state: TreeFolder.State
    ) -> Subfolder {
        let path = folder.path(of: name)
        if let known = walk.cache?.unchangedTree(path, rules: state.rulesBelow) {
            return .unchanged(known.digest)
        }
        return .toBeWalked(
            TreeFolder(
                parent: folder, indexInParent: state.entries.count, path: path,
                contents: .walk(matcher.scope(entering: name)), rulesKey: state.rulesBelow))
    }

    /// Adds a finished directory to the digest cache.
    func record(
        _ folder: TreeFolder, _ state: TreeFolder.State, _ sorted: [Int32], _ names: UnsafeRawBufferPointer,
        _ digest: SHA256Digest?
    ) {
        guard let recorder else { return }
        var flags: DigestCacheFormat.PieceFlags = state.isVolatile ? [.isVolatile] : []
        if case .exactly = folder.contents { flags.insert(.isChoice) }
        if digest != nil { flags.insert(.hasDigest) }
        if state.gitignore != nil { flags.insert(.hasGitignore) }
        var header = DigestCacheFormat.PieceHeader()
        header.flags = flags.rawValue
        header.folder = state.stamp
        header.gitignore = state.gitignore ?? StatSignature()
        header.digest = digest ?? SHA256Digest()
        header.rules = folder.rulesKey
        header.rulesBelow = state.rulesBelow
        for index in sorted {
            let entry = state.entries[Int(index)]
            // A link to a directory: its digest is made of what the link says, which the next run asks anew.
            if entry.mode == .link { continue }
            var row = DigestCacheFormat.Entry()
            row.stamp = entry.stamp
            row.digest = entry.digest?.sha256 ?? SHA256Digest()
            row.isChunked = entry.digest?.isChunked == true ? 1 : 0
            row.kind =
                entry.mode == .folder
                ? DigestCacheFormat.EntryKind.folder.rawValue
                : (entry.isLinkToFile ? DigestCacheFormat.EntryKind.linkedFile : .file).rawValue
            recorder.add(row, Self.name(entry, names), to: header, folder.path)
        }
        recorder.end(header, folder.path)
    }
}
