// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
internal import CFileSystem
import Glibc
#elseif canImport(Musl)
internal import CFileSystem
import Musl
#else
import Darwin
#endif

/// One thread of a walk, with the buffers that it uses again and again. Not shared.
///
/// Everything here runs once an entry, so names are bytes in one buffer, files are opened relative to their
/// folder and read into one buffer, and no String is made except for an error.
final class TreeWorker {
    /// A file of a folder whose digest is wanted.
    struct ListedFile: Sendable {
        let index: Int32
        let name: Int32
        /// A link: its target is read.
        let isLink: Bool
    }

    /// Files that one thread hashes before the rest is offered to others.
    private static let batchSize = 128
    /// Measured: less than 128 KiB costs calls, more costs cache.
    private static let bufferSize = 256 * 1024
    /// Bytes of names that are listed at a time.
    private static let listingSize = 64 * 1024
    /// Room for more entries than this is given back: a folder can have hundreds of thousands.
    private static let listingKept = 16_384
    /// A manifest is hashed in pieces of about this size.
    private static let manifestPiece = 64 * 1024

    private(set) var entries: [SourceTree.Entry] = []
    private(set) var leftOut: [SourceTree.LeftOut] = []
    let walk: TreeWalk
    let matcher = IgnoreMatcher()
    /// What files are read into.
    let buffer: UnsafeMutableRawBufferPointer
    /// What this thread adds to the digest cache, where there is one.
    let recorder: DigestCacheRecorder?
    /// What was read and not reported yet.
    var counted = (files: 0, bytes: 0)
    private var listed: [Listed] = []
    private var manifest: [UInt8] = []

    fileprivate struct Listed {
        let name: Int32
        let length: Int32
        let type: UInt8
    }

    init(walk: TreeWalk) {
        self.walk = walk
        recorder = walk.cache.map(DigestCacheRecorder.init)
        buffer = .allocate(byteCount: Self.bufferSize, alignment: 64)
    }

    deinit { buffer.deallocate() }

    // MARK: a folder

    func list(_ folder: TreeFolder) throws(ImageSpecError) {
        let descriptor = try open(folder)
        var state = TreeFolder.State()
        var files: [ListedFile] = []
        var subfolders: [TreeFolder] = []
        state.rulesBelow = folder.rulesKey
        let known = walk.cache?.folder(folder.path)
        if let recorder {
            // Before the folder is read: what changes from now on is seen by the next run.
            var status = stat()
            guard fstat(descriptor.number, &status) == 0 else { throw unreadable(folder.path) }
            state.stamp = recorder.stamp(of: status, descriptor.number)
            if case .walk = folder.contents, state.stamp != FileStamp(),
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
                state.setLast(isLinkToFile: true, FileStamp())
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
        // Moved, not copied: whoever changes a state that two hold copies it, and a folder can have many entries.
        folder.state.withLock { swap(&$0, &state) }
        // Sub-folders lie below the batches on the stack: a folder's files come before what is under it, so that
        // few folders are open at once.
        let jobs = subfolders.map(TreeWalk.Job.folder) + batches.dropFirst().map(TreeWalk.Job.files)
        if !jobs.isEmpty { walk.offer(jobs) }
        if let first = batches.first { try hash(first) }
        part(of: folder, done: { _ in })
    }

    private func open(_ folder: TreeFolder) throws(ImageSpecError) -> FolderDescriptor {
        let number = FileSystem.openFolder(folder.path, in: walk.rootDescriptor.number)
        guard number >= 0 else { throw unreadable(folder.path) }
        return FolderDescriptor(number)
    }

    /// Reads the names of a folder into `names` and `listed`.
    private func readNames(
        of folder: TreeFolder, _ descriptor: FolderDescriptor, into names: inout [UInt8]
    ) throws(ImageSpecError) {
        listed.removeAll(keepingCapacity: true)
        #if canImport(Glibc) || canImport(Musl)
        // Directly into our buffer: a stream would cost half a dozen calls and an allocation for each folder.
        while true {
            let size = imagespec_getdents(descriptor.number, buffer.baseAddress, UInt(Self.listingSize))
            guard size >= 0 else { throw unreadable(folder.path) }
            if size == 0 { return }
            var offset = 0
            while offset < size {
                // struct linux_dirent64: inode and offset of eight bytes, length of two, type of one, name with a NUL.
                let entry = UnsafeRawBufferPointer(rebasing: buffer[offset...])
                let type = entry[18]
                offset += Int(entry.loadUnaligned(fromByteOffset: 16, as: UInt16.self))
                guard let base = entry.baseAddress else { break }
                append((base + 19).assumingMemoryBound(to: CChar.self), type, to: &names)
            }
        }
        #else
        // The stream owns a descriptor of its own; ours is still needed to open the files.
        let copy = fcntl(descriptor.number, F_DUPFD_CLOEXEC, 0)
        guard copy >= 0, let stream = fdopendir(copy) else {
            if copy >= 0 { close(copy) }
            throw unreadable(folder.path)
        }
        defer { closedir(stream) }
        while true {
            errno = 0
            guard let entry = readdir(stream) else {
                if errno != 0 { throw unreadable(folder.path) }
                return
            }
            withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                append(
                    UnsafeRawPointer(pointer).assumingMemoryBound(to: CChar.self), entry.pointee.d_type,
                    to: &names)
            }
        }
        #endif
    }

    /// Adds a name to the listing, but for `.` and `..`.
    private func append(_ name: UnsafePointer<CChar>, _ type: UInt8, to names: inout [UInt8]) {
        let length = strlen(name)
        if name[0] == 0x2E && (length == 1 || (length == 2 && name[1] == 0x2E)) { return }
        listed.append(Listed(name: Int32(names.count), length: Int32(length), type: type))
        names.append(contentsOf: UnsafeRawBufferPointer(start: name, count: length + 1))
    }

    /// Decides which of the listed names are entries, and adds them to `state`.
    private func judge(
        _ folder: TreeFolder, _ descriptor: FolderDescriptor, _ scope: IgnoreScope,
        _ state: inout TreeFolder.State,
        _ files: inout [ListedFile], _ subfolders: inout [TreeFolder]
    ) throws(ImageSpecError) {
        var scope = scope
        if walk.readsGitignore, listed.contains(where: { isNamed(".gitignore", $0, state.names) }) {
            try addGitignore(of: folder, descriptor, to: &scope, &state)
        }
        matcher.begin(scope)
        for item in listed {
            if isNamed(".git", item, state.names) {
                leaveOut(folder, item, state.names, isFolder: item.type == UInt8(DT_DIR), .gitFolder)
                continue
            }
            let kind = try kind(of: item, in: folder, descriptor, state.names)
            let verdict = state.names.withUnsafeBytes { names in
                matcher.verdict(Self.name(item, names), isFolder: kind == .folder)
            }
            switch verdict {
            case .leaveOut(let file, let rule):
                leaveOut(folder, item, state.names, isFolder: kind == .folder, Self.reason(file, rule))
                continue
            case .leaveOutButEnter(let file, let rule):
                leaveOut(folder, item, state.names, isFolder: false, Self.reason(file, rule))
            case .keep: break
            }
            switch kind {
            case .folder:
                let subfolder = state.names.withUnsafeBytes {
                    self.subfolder(Self.name(item, $0), of: folder, state)
                }
                switch subfolder {
                case .unchanged(let digest):
                    state.add(item.name, item.length, .folder, digest.map { ContentDigest($0) })
                case .toBeWalked(let subfolder):
                    subfolders.append(subfolder)
                    state.add(item.name, item.length, .folder)
                }
            case .file, .link:
                if walk.pythonModulesOnly, !state.names[item.range].suffix(3).elementsEqual(".py".utf8) {
                    leaveOut(folder, item, state.names, isFolder: false, .notPython)
                } else if kind == .file {
                    files.append(
                        ListedFile(index: Int32(state.entries.count), name: item.name, isLink: false))
                    state.add(item.name, item.length, .file)
                } else {
                    try judgeLink(item, in: folder, descriptor, &state, &files)
                }
            case .other:
                leaveOut(folder, item, state.names, isFolder: false, .special)
            }
        }
    }

    func addGitignore(
        of folder: TreeFolder, _ descriptor: FolderDescriptor, to scope: inout IgnoreScope,
        _ state: inout TreeFolder.State
    ) throws(ImageSpecError) {
        let name = Array(".gitignore".utf8)
        let text: [UInt8]?
        if let recorder {
            // Before it is read, as always. A link here is no ignore file, and stays one as long as the folder is as it is.
            var status = stat()
            if fstatat(descriptor.number, ".gitignore", &status, AT_SYMLINK_NOFOLLOW) == 0 {
                state.gitignore = recorder.stamp(of: status, descriptor.number)
            }
        }
        do throws(FileSystem.Failure) {
            text = try FileSystem.contents(ofRegularFile: name, inFolder: descriptor.number)
        } catch {
            throw unreadable(folder.path(of: name), error)
        }
        let shown = String(decoding: folder.path(of: name), as: UTF8.self)
        guard let text else { return }
        if let file = IgnoreFile.git(text, path: shown) { scope.add(file, at: []) }
        if recorder == nil { return }
        var hasher = SHA256Hasher()
        folder.rulesKey.withBytes { hasher.update($0) }
        hasher.update(text)
        state.rulesBelow = hasher.finalize()
    }

    private func kind(
        of item: Listed, in folder: TreeFolder, _ descriptor: FolderDescriptor, _ names: [UInt8]
    ) throws(ImageSpecError) -> FileSystem.Kind {
        switch Int(item.type) {
        case Int(DT_REG): return .file
        case Int(DT_DIR): return .folder
        case Int(DT_LNK): return .link
        case Int(DT_UNKNOWN):
            var status = stat()
            let result = names.withUnsafeBytes {
                fstatat(descriptor.number, Self.cName(item.name, $0), &status, AT_SYMLINK_NOFOLLOW)
            }
            guard result == 0 else { throw unreadable(folder.path(of: names[item.range])) }
            return FileSystem.kind(ofMode: status.st_mode)
        default: return .other
        }
    }

    /// A symbolic link is what its target is: a file, or, if it leads to a folder of this tree, a link.
    private func judgeLink(
        _ item: Listed, in folder: TreeFolder, _ descriptor: FolderDescriptor,
        _ state: inout TreeFolder.State,
        _ files: inout [ListedFile]
    ) throws(ImageSpecError) {
        var status = stat()
        var isFile = false
        defer { if !isFile { state.isVolatile = true } }
        let result = state.names.withUnsafeBytes {
            fstatat(descriptor.number, Self.cName(item.name, $0), &status, 0)
        }
        if result != 0 {
            let failure = FileSystem.Failure.last
            guard failure.isMissing else {
                throw unreadable(folder.path(of: state.names[item.range]), failure)
            }
            return leaveOut(folder, item, state.names, isFolder: false, .danglingLink)
        }
        switch FileSystem.kind(ofMode: status.st_mode) {
        case .file:
            isFile = true
            files.append(ListedFile(index: Int32(state.entries.count), name: item.name, isLink: true))
            state.add(item.name, item.length, .file)
            state.setLast(isLinkToFile: true, FileStamp())
        case .folder:
            let path = folder.path(of: state.names[item.range])
            guard let target = try targetInTree(of: path) else {
                return leaveOut(folder, item, state.names, isFolder: false, .linkToFolderOutside)
            }
            state.add(item.name, item.length, .link, ContentDigest(SHA256Digest(of: target)))
        case .link, .other:
            leaveOut(folder, item, state.names, isFolder: false, .special)
        }
    }

    /// The target text of a link to a folder, if it is relative and leads to the root or below it.
    private func targetInTree(of path: [UInt8]) throws(ImageSpecError) -> [UInt8]? {
        let absolute = walk.root + [UInt8(ascii: "/")] + path
        let target: [UInt8]
        let real: [UInt8]
        do throws(FileSystem.Failure) {
            target = try FileSystem.linkTarget(absolute)
            real = try FileSystem.realPath(absolute)
        } catch {
            throw unreadable(path, error)
        }
        guard target.first != UInt8(ascii: "/") else { return nil }
        let isInTree =
            real == walk.root || walk.root == [UInt8(ascii: "/")]
            || real.starts(with: walk.root + [UInt8(ascii: "/")])
        return isInTree ? target : nil
    }

    // MARK: upwards

    /// Brings one part of a folder, and finishes the folder if it was the last, and its parents in turn.
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

    /// The digest of a folder's manifest; nil where it has no entries and so is none of its parent.
    private func manifestDigest(of folder: TreeFolder, _ state: TreeFolder.State) -> SHA256Digest? {
        var hasher = SHA256Hasher()
        let digest = state.names.withUnsafeBytes { names in
            // Indices, not entries: a folder can have hundreds of thousands. The NUL that ends each name sorts before
            // every byte, as the end of a name does.
            var sorted: [Int32] = []
            sorted.reserveCapacity(state.entries.count)
            // Folders without entries have no digest; the cache has to know of them all the same.
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

    private static func name(_ item: Listed, _ names: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: names[item.range])
    }

    static func cName(_ start: Int32, _ names: UnsafeRawBufferPointer) -> UnsafePointer<CChar> {
        // Never empty: a name ends with a NUL.
        (names.baseAddress.unsafelyUnwrapped + Int(start)).assumingMemoryBound(to: CChar.self)
    }

    private func isNamed(_ name: StaticString, _ item: Listed, _ names: [UInt8]) -> Bool {
        Int(item.length) == name.utf8CodeUnitCount
            && names.withUnsafeBytes {
                memcmp($0.baseAddress.unsafelyUnwrapped + Int(item.name), name.utf8Start, Int(item.length))
            } == 0
    }

    private static func reason(_ file: IgnoreFile, _ rule: Int) -> SourceTree.Reason {
        let (line, text) = file.rule(rule)
        return .rule(file: file.path, line: line, text: text)
    }

    private func leaveOut(
        _ folder: TreeFolder, _ item: Listed, _ names: [UInt8], isFolder: Bool,
        _ reason: @autoclosure () -> SourceTree.Reason
    ) {
        guard walk.records.contains(.leftOut) else { return }
        leftOut.append(
            SourceTree.LeftOut(path: folder.path(of: names[item.range]), isFolder: isFolder, reason: reason())
        )
    }

    func unreadable(_ path: [UInt8], _ failure: FileSystem.Failure = .last) -> ImageSpecError {
        // Everything that is opened was listed, or looked at, a moment ago.
        if failure.isMissing && !failure.isTooLong { return changed(path, "it is gone") }
        return .unreadable(field: walk.field, path: absolute(path), reason: failure.text)
    }

    func changed(_ path: [UInt8], _ what: String) -> ImageSpecError {
        .sourceChanged(absolute(path), what)
    }

    private func absolute(_ path: [UInt8]) -> String {
        String(
            decoding: path.isEmpty ? walk.root : walk.root + [UInt8(ascii: "/")] + path, as: UTF8.self)
    }
}

extension TreeWorker.Listed {
    fileprivate var range: Range<Int> { Int(name)..<Int(name) + Int(length) }
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
    mutating func setLast(isLinkToFile: Bool, _ stamp: FileStamp) {
        let last = entries.count - 1
        entries[last].isLinkToFile = isLinkToFile
        entries[last].stamp = stamp
    }
}
