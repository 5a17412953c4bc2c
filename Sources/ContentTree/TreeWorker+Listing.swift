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

// Which names of a directory are entries.
extension TreeWorker {
    /// Bytes of names that are listed at a time.
    private static let listingSize = 64 * 1024

    /// Reads the names of a directory into `names` and `listed`.
    func readNames(
        of folder: TreeFolder, _ descriptor: FolderDescriptor, into names: inout [UInt8]
    ) throws(ContentTreeError) {
        listed.removeAll(keepingCapacity: true)
        #if canImport(Glibc) || canImport(Musl)
        // Directly into our buffer: a stream would cost half a dozen calls and an allocation for each directory.
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
    func judge(
        _ folder: TreeFolder, _ descriptor: FolderDescriptor, _ scope: IgnoreScope,
        _ state: inout TreeFolder.State,
        _ files: inout [ListedFile], _ subfolders: inout [TreeFolder]
    ) throws(ContentTreeError) {
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
    ) throws(ContentTreeError) {
        let name = Array(".gitignore".utf8)
        let text: [UInt8]?
        if let recorder {
            // Before it is read, as always. A link here is no ignore file, and stays one as long as the directory is as it is.
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
    ) throws(ContentTreeError) -> FileSystem.Kind {
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

    /// A symbolic link is what its target is: a file, or, if it leads to a directory of this tree, a link.
    private func judgeLink(
        _ item: Listed, in folder: TreeFolder, _ descriptor: FolderDescriptor,
        _ state: inout TreeFolder.State,
        _ files: inout [ListedFile]
    ) throws(ContentTreeError) {
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
            state.setLast(isLinkToFile: true, StatSignature())
        case .folder:
            let path = folder.path(of: state.names[item.range])
            guard let target = try targetInTree(of: path) else {
                return leaveOut(folder, item, state.names, isFolder: false, .linkToFolderOutside)
            }
            if Self.climbsAboveRoot(target, fromLink: path) {
                return leaveOut(folder, item, state.names, isFolder: false, .linkClimbsAboveRoot)
            }
            state.add(item.name, item.length, .link, ContentDigest(SHA256Digest(of: target)))
        case .link, .other:
            leaveOut(folder, item, state.names, isFolder: false, .special)
        }
    }

    /// The target text of a link to a directory, if it is relative and leads to the root or below it.
    private func targetInTree(of path: [UInt8]) throws(ContentTreeError) -> [UInt8]? {
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

    /// Whether a relative target, read by name alone from the directory of the link, is above the root at any point.
    ///
    /// Even if it leads back into the root, it does so by the root's own name, which the image does not have.
    private static func climbsAboveRoot(_ target: [UInt8], fromLink path: [UInt8]) -> Bool {
        let slash = UInt8(ascii: "/")
        var depth = path.count { $0 == slash }
        for component in target.split(separator: slash) {
            if component.elementsEqual("..".utf8) {
                depth -= 1
            } else if !component.elementsEqual(".".utf8) {
                depth += 1
            }
            if depth < 0 { return true }
        }
        return false
    }

    private static func name(_ item: Listed, _ names: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: names[item.range])
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
            SourceTree.Excluded(
                path: folder.path(of: names[item.range]), isFolder: isFolder, reason: reason())
        )
    }
}
