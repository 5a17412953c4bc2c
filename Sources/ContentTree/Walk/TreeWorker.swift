// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// One thread of a walk, with the buffers that it reuses. Not shared.
///
/// Everything here runs once for each entry: names are bytes in one buffer, files are opened relative to their directory
/// and read into one buffer, and a String is made only for an error.
final class TreeWorker {
    /// A name in the directory that is being listed.
    struct Name {
        let start: Int32
        let length: Int32
        let type: UInt8

        var range: Range<Int> { Int(start)..<Int(start) + Int(length) }
    }

    /// How many files one thread hashes before the rest is offered to others.
    private static let batchSize = 128
    /// The buffer of names is released if it has more: a directory can have hundreds of thousands.
    private static let namesKept = 16_384

    let walk: TreeWalk
    let matcher = IgnoreMatcher()
    /// What is hashed: a small file or a chunk is a message.
    let messages: MultiBufferSHA256
    /// The buffer to read into. Its content becomes a message by adding it to `messages`.
    var buffer: UnsafeMutableRawBufferPointer { messages.free }
    /// What this thread adds to the digest cache. If `nil`, there is none.
    let recorder: DigestCacheRecorder?
    var entries: [SourceTree.Entry] = []
    var excluded: [SourceTree.Excluded] = []
    /// What was read and not reported yet.
    var unreported = (files: 0, bytes: 0)
    var names: [Name] = []
    /// The part of a manifest that is not hashed yet.
    var manifest: [UInt8] = []

    init(walk: TreeWalk) {
        self.walk = walk
        messages = MultiBufferSHA256(isPaired: walk.configuration.options.isPaired)
        recorder = walk.configuration.cache.map(DigestCacheRecorder.init)
    }

    var configuration: TreeWalk.Configuration { walk.configuration }

    /// Lists a directory, enqueues its subdirectories and batches of files, and hashes the first batch.
    func list(_ directory: TreeDirectory) throws(ContentTreeError) {
        guard directory.path.count <= SourceTree.maximumPathLength else {
            throw ContentTreeError(absolute(directory.path), .pathTooLong)
        }
        let open = try open(directory)
        var state = TreeDirectory.State()
        var files: [FileBatch.File] = []
        var subdirectories: [TreeDirectory] = []
        state.rulesBelow = directory.rulesKey
        let known = configuration.cache?.directory(directory.path)
        try readMetadata(of: directory, open, known, &state)
        switch directory.contents {
        case .walk(let scope):
            if let known, try reuse(known, as: directory, open, scope, &state, &subdirectories) { break }
            try readNames(of: directory, open, into: &state.names)
            state.entries.reserveCapacity(names.count)
            files.reserveCapacity(names.count)
            try classify(directory, open, scope, &state, &files, &subdirectories)
            if names.count > Self.namesKept { names = [] }
        case .selection(let selection):
            add(selection, to: directory, &state, &files, &subdirectories)
        }
        let batches = stride(from: 0, to: files.count, by: Self.batchSize).map { start in
            FileBatch(
                directory: directory, open: open,
                files: files[start..<min(start + Self.batchSize, files.count)], known: known)
        }
        state.pending += subdirectories.count + batches.count
        // Swapped: a copy of a state that two variables share would copy all entries when it changes.
        directory.state.withLock { swap(&$0, &state) }
        // Subdirectories are below the batches on the stack: the files of a directory are read before those below it, so that
        // few directories are open at a time.
        let jobs = subdirectories.map(TreeWalk.Job.directory) + batches.dropFirst().map(TreeWalk.Job.files)
        if !jobs.isEmpty { walk.enqueue(jobs) }
        if let first = batches.first { try hash(first) }
        deliverPart(of: directory) { _ in }
    }

    private func open(_ directory: TreeDirectory) throws(ContentTreeError) -> OpenFile {
        let descriptor = FileSystem.openFolder(directory.path, in: configuration.directory.descriptor)
        guard descriptor >= 0 else { throw unreadable(directory.path) }
        return OpenFile(descriptor)
    }

    /// Reads the metadata of a directory before its entries, so that the next run notices what changes from now on.
    private func readMetadata(
        of directory: TreeDirectory, _ open: OpenFile, _ known: CachedDirectory?,
        _ state: inout TreeDirectory.State
    ) throws(ContentTreeError) {
        guard let recorder else { return }
        let signature: StatSignature
        do throws(FileSystem.Failure) {
            signature = try StatSignature(ofDescriptor: open.descriptor)
        } catch {
            throw unreadable(directory.path, error)
        }
        let reliability = recorder.reliability(of: signature, open.descriptor)
        if reliability == .none { return }
        state.signature = signature
        guard case .walk = directory.contents else { return }
        state.mustBeListed = reliability == .files
        if signature != known?.header.directory || directory.rulesKey != known?.header.rules {
            recorder.additions.directories += 1
        }
    }

    private func add(
        _ selection: FileSelection, to directory: TreeDirectory, _ state: inout TreeDirectory.State,
        _ files: inout [FileBatch.File], _ subdirectories: inout [TreeDirectory]
    ) {
        for name in selection.files {
            // A name may be that of a link, which is followed.
            files.append(
                FileBatch.File(
                    index: Int32(state.entries.count), name: Int32(state.names.count), isLink: true))
            state.append(name, .file)
            state.setLastIsLinkToFile()
        }
        for (name, contents) in selection.folders {
            subdirectories.append(
                TreeDirectory(
                    parent: directory, indexInParent: state.entries.count, path: directory.path(of: name),
                    contents: .selection(contents), rulesKey: directory.rulesKey))
            state.append(name, .folder)
        }
    }

    // MARK: names and errors

    static func name(_ entry: TreeDirectory.Entry, _ names: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer
    {
        UnsafeRawBufferPointer(rebasing: names[Int(entry.name)..<Int(entry.name) + Int(entry.length)])
    }

    static func cName(_ start: Int32, _ names: UnsafeRawBufferPointer) -> UnsafePointer<CChar> {
        // Never empty: every name ends with a NUL.
        (names.baseAddress.unsafelyUnwrapped + Int(start)).assumingMemoryBound(to: CChar.self)
    }

    func unreadable(_ path: [UInt8], _ failure: FileSystem.Failure = .last) -> ContentTreeError {
        // Everything that is opened was listed a moment ago.
        if failure.isMissing && !failure.isTooLong { return changed(path, "it no longer exists") }
        return ContentTreeError(absolute(path), .unreadable(failure.reason))
    }

    func changed(_ path: [UInt8], _ what: String) -> ContentTreeError {
        ContentTreeError(absolute(path), .changed(what))
    }

    func absolute(_ path: [UInt8]) -> String {
        let root = configuration.root
        return String(decoding: path.isEmpty ? root : root + [UInt8(ascii: "/")] + path, as: UTF8.self)
    }
}
