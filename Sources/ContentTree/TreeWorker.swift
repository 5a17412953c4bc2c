// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// One thread of a walk, with the buffers that it uses again and again. Not shared.
///
/// Everything here runs once an entry, so names are bytes in one buffer, files are opened relative to their
/// directory and read into one buffer, and no String is made except for an error.
final class TreeWorker {
    /// A file of a directory whose digest is wanted.
    struct ListedFile: Sendable {
        let index: Int32
        let name: Int32
        /// A link: its target is read.
        let isLink: Bool
    }

    /// Files that one thread hashes before the rest is offered to others.
    private static let batchSize = 128
    /// Room for more entries than this is given back: a directory can have hundreds of thousands.
    private static let listingKept = 16_384
    /// A manifest is hashed in pieces of about this size.
    private static let manifestPiece = 64 * 1024

    private(set) var entries: [SourceTree.Entry] = []
    var leftOut: [SourceTree.Excluded] = []
    let walk: TreeWalk
    let matcher = IgnoreMatcher()
    /// What is hashed: a file, or a chunk of one, is a message.
    let messages: MultiBufferSHA256
    /// What is read into; a message, if it is added to them.
    var buffer: UnsafeMutableRawBufferPointer { messages.free }
    /// What this thread adds to the digest cache, where there is one.
    let recorder: DigestCacheRecorder?
    /// What was read and not reported yet.
    var counted = (files: 0, bytes: 0)
    var listed: [Listed] = []
    private var manifest: [UInt8] = []

    /// A name of the directory that is being listed.
    struct Listed {
        let name: Int32
        let length: Int32
        let type: UInt8

        var range: Range<Int> { Int(name)..<Int(name) + Int(length) }
    }

    init(walk: TreeWalk) {
        self.walk = walk
        messages = MultiBufferSHA256(isPaired: walk.isPaired)
        recorder = walk.cache.map(DigestCacheRecorder.init)
    }

    // MARK: a directory

    func list(_ folder: TreeFolder) throws(ContentTreeError) {
        let descriptor = try open(folder)
        var state = TreeFolder.State()
        var files: [ListedFile] = []
        var subfolders: [TreeFolder] = []
        state.rulesBelow = folder.rulesKey
        let known = walk.cache?.folder(folder.path)
        if let recorder {
            // Before the directory is read: what changes from now on is seen by the next run.
            var status = stat()
            guard fstat(descriptor.number, &status) == 0 else { throw unreadable(folder.path) }
            state.stamp = recorder.stamp(of: status, descriptor.number)
            if case .walk = folder.contents, state.stamp != StatSignature(),
                state.stamp != known?.header.folder || folder.rulesKey != known?.header.rules
            {
                recorder.gain.folders += 1
            }
        }
        switch folder.contents {
        case .walk(let scope):
            if let known, try takeOver(known, as: folder, descriptor, scope, &state, &subfolders) { break }
            try readNames(of: folder, descriptor, into: &state.names)
            state.entries.reserveCapacity(listed.count)
            files.reserveCapacity(listed.count)
            try judge(folder, descriptor, scope, &state, &files, &subfolders)
            if listed.count > Self.listingKept { listed = [] }
        case .exactly(let choice):
            for name in choice.files {
                files.append(
                    ListedFile(
                        index: Int32(state.entries.count), name: Int32(state.names.count), isLink: true))
                state.append(name, .file)
                // A name may be that of a link, which is followed.
                state.setLast(isLinkToFile: true, StatSignature())
            }
            for (name, contents) in choice.folders {
                subfolders.append(
                    TreeFolder(
                        parent: folder, indexInParent: state.entries.count, path: folder.path(of: name),
                        contents: .exactly(contents), rulesKey: folder.rulesKey))
                state.append(name, .folder)
            }
        }
        let batches = stride(from: 0, to: files.count, by: Self.batchSize).map { start in
            FileBatch(
                folder: folder, descriptor: descriptor,
                files: files[start..<min(start + Self.batchSize, files.count)], known: known)
        }
        state.pending += subfolders.count + batches.count
        // Moved, not copied: whoever changes a state that two hold copies it, and a directory can have many entries.
        folder.state.withLock { swap(&$0, &state) }
        // Subdirectories lie below the batches on the stack: a directory's files come before what is under it, so that
        // few directories are open at once.
        let jobs = subfolders.map(TreeWalk.Job.folder) + batches.dropFirst().map(TreeWalk.Job.files)
        if !jobs.isEmpty { walk.offer(jobs) }
        if let first = batches.first { try hash(first) }
        part(of: folder, done: { _ in })
    }

    private func open(_ folder: TreeFolder) throws(ContentTreeError) -> FolderDescriptor {
        let number = FileSystem.openFolder(folder.path, in: walk.rootDescriptor.number)
        guard number >= 0 else { throw unreadable(folder.path) }
        return FolderDescriptor(number)
    }

    // MARK: upwards

    /// Brings one part of a directory, and finishes the directory if it was the last, and its parents in turn.
    func part(of folder: TreeFolder, done: (inout TreeFolder.State) -> Void) {
        var finished = folder.state.withLock { state -> TreeFolder.State? in
            done(&state)
            state.pending -= 1
            return state.pending == 0 ? state : nil
        }
        var folder = folder
        while let state = finished {
            let digest = manifestDigest(of: folder, state)
            guard let parent = folder.parent else { return walk.finish(digest) }
            finished = parent.state.withLock { state in
                state.entries[folder.indexInParent].digest = digest.map { ContentDigest($0) }
                state.pending -= 1
                return state.pending == 0 ? state : nil
            }
            folder = parent
        }
    }

    /// The digest of a directory's manifest; nil if it has no entries and so is none of its parent.
    private func manifestDigest(of folder: TreeFolder, _ state: TreeFolder.State) -> SHA256Digest? {
        var hasher = SHA256Hasher()
        let digest = state.names.withUnsafeBytes { names in
            // Indices, not entries: a directory can have hundreds of thousands. The NUL that ends each name sorts before
            // every byte, as the end of a name does.
            var sorted: [Int32] = []
            sorted.reserveCapacity(state.entries.count)
            // Directories without entries have no digest; the cache has to know of them all the same.
            for index in state.entries.indices where recorder != nil || state.entries[index].digest != nil {
                sorted.append(Int32(index))
            }
            sorted.sort { left, right in
                strcmp(
                    Self.cName(state.entries[Int(left)].name, names),
                    Self.cName(state.entries[Int(right)].name, names))
                    < 0
            }
            var isEmpty = true
            for index in sorted {
                let entry = state.entries[Int(index)]
                guard let digest = entry.digest else { continue }
                isEmpty = false
                let name = Self.name(entry, names)
                SourceTree.appendManifestEntry(entry.mode, digest, name, to: &manifest)
                if manifest.count > Self.manifestPiece {
                    hasher.update(manifest)
                    manifest.removeAll(keepingCapacity: true)
                }
                if walk.records.contains(.entries) {
                    entries.append(
                        SourceTree.Entry(path: folder.path(of: name), mode: entry.mode, digest: digest))
                }
            }
            hasher.update(manifest)
            manifest.removeAll(keepingCapacity: true)
            let digest = isEmpty ? nil : hasher.finalize()
            record(folder, state, sorted, names, digest)
            return digest
        }
        return digest
    }

    // MARK: small things

    static func name(_ entry: TreeFolder.Entry, _ names: UnsafeRawBufferPointer)
        -> UnsafeRawBufferPointer
    {
        UnsafeRawBufferPointer(rebasing: names[Int(entry.name)..<Int(entry.name) + Int(entry.length)])
    }

    static func cName(_ start: Int32, _ names: UnsafeRawBufferPointer) -> UnsafePointer<CChar> {
        // Never empty: a name ends with a NUL.
        (names.baseAddress.unsafelyUnwrapped + Int(start)).assumingMemoryBound(to: CChar.self)
    }

    func unreadable(_ path: [UInt8], _ failure: FileSystem.Failure = .last) -> ContentTreeError {
        // Everything that is opened was listed, or looked at, a moment ago.
        if failure.isMissing && !failure.isTooLong { return changed(path, "it no longer exists") }
        return ContentTreeError(absolute(path), .unreadable(failure.reason))
    }

    func changed(_ path: [UInt8], _ what: String) -> ContentTreeError {
        ContentTreeError(absolute(path), .changed(what))
    }

    private func absolute(_ path: [UInt8]) -> String {
        String(
            decoding: path.isEmpty ? walk.root : walk.root + [UInt8(ascii: "/")] + path, as: UTF8.self)
    }
}

extension TreeFolder.State {
    /// Adds a name that is not in `names` yet.
    fileprivate mutating func append(_ name: [UInt8], _ mode: SourceTree.Mode) {
        let start = Int32(names.count)
        names.append(contentsOf: name)
        names.append(0)
        add(start, Int32(name.count), mode)
    }

    mutating func add(
        _ name: Int32, _ length: Int32, _ mode: SourceTree.Mode, _ digest: ContentDigest? = nil
    ) {
        entries.append(TreeFolder.Entry(name: name, length: length, digest: digest, mode: mode))
    }

    /// What else there is to say of the entry that was added last.
    mutating func setLast(isLinkToFile: Bool, _ stamp: StatSignature) {
        let last = entries.count - 1
        entries[last].isLinkToFile = isLinkToFile
        entries[last].stamp = stamp
    }
}
