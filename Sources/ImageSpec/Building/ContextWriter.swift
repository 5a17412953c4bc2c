// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// Writes files, folders and links below one folder that was empty, and can take all of them away again.
///
/// Paths are bytes, relative to that folder. Nothing is followed or overwritten there.
final class ContextWriter {
    private let root: Int32
    private let rootPath: [UInt8]
    /// Whether the root was not there before.
    private let isMade: Bool
    private var folders: [[UInt8]] = []
    private var knownFolders: Set<[UInt8]> = []
    /// Files and links.
    private var others: [[UInt8]] = []
    private var buffer = [UInt8](repeating: 0, count: 256 * 1024)

    /// Opens the folder, or makes it in one that exists.
    init(_ directory: String) throws(ImageSpecError) {
        let path = Array(directory.utf8)
        guard !path.isEmpty, !path.contains(0) else {
            throw .unwritable(path, "it is no path of a folder")
        }
        isMade = try Self.makeFolder(directory, path)
        do throws(ImageSpecError) {
            let descriptor = FileSystem.withCPath(path) { open($0, O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
            guard descriptor >= 0 else { throw .unwritable(path, FileSystem.Failure.last.text) }
            do throws(ImageSpecError) {
                guard try Self.isEmpty(descriptor, path) else { throw .notEmpty(directory) }
            } catch {
                close(descriptor)
                throw error
            }
            root = descriptor
        } catch {
            if isMade { _ = FileSystem.withCPath(path, rmdir) }
            throw error
        }
        rootPath = path
    }

    deinit { close(root) }

    /// Where the folder really lies.
    func realPath() throws(ImageSpecError) -> [UInt8] {
        do throws(FileSystem.Failure) {
            return try FileSystem.realPath(rootPath)
        } catch {
            throw .unwritable(rootPath, error.text)
        }
    }

    /// Makes the folder, but none above it: where those are missing, the path is more likely a slip. False where the
    /// folder is there already.
    private static func makeFolder(_ directory: String, _ path: [UInt8]) throws(ImageSpecError) -> Bool {
        if FileSystem.withCPath(path, { mkdir($0, 0o755) }) == 0 { return true }
        let failure = FileSystem.Failure.last
        // What is there already is looked at when it is opened; the folder above may well be read-only.
        var status = stat()
        if FileSystem.withCPath(path, { stat($0, &status) }) == 0 { return false }
        let parent = Path.folder(of: Path.withoutTrailingSlashes(directory))
        if failure.code == ENOENT, stat(parent, &status) != 0 {
            throw .parentMissing(directory, parent: parent)
        }
        throw .unwritable(path, failure.text)
    }

    private static func isEmpty(_ folder: Int32, _ path: [UInt8]) throws(ImageSpecError) -> Bool {
        let copy = fcntl(folder, F_DUPFD_CLOEXEC, 0)
        guard copy >= 0, let stream = fdopendir(copy) else {
            if copy >= 0 { close(copy) }
            throw .unwritable(path, FileSystem.Failure.last.text)
        }
        defer { closedir(stream) }
        while let entry = readdir(stream) {
            let isOwn = withUnsafePointer(to: &entry.pointee.d_name) { name in
                name.withMemoryRebound(to: CChar.self, capacity: 1) {
                    strcmp($0, ".") == 0 || strcmp($0, "..") == 0
                }
            }
            if !isOwn { return false }
        }
        return true
    }

    // MARK: folders

    /// Makes the folders that a file lies in.
    func makeFolders(to path: String) throws(ImageSpecError) {
        let parts = path.utf8.split(separator: UInt8(ascii: "/")).dropLast()
        var folder: [UInt8] = []
        for part in parts {
            folder += (folder.isEmpty ? [] : [UInt8(ascii: "/")]) + part
            try makeFolder(folder)
        }
    }

    private func makeFolder(_ path: [UInt8]) throws(ImageSpecError) {
        guard knownFolders.insert(path).inserted else { return }
        guard FileSystem.withCPath(path, { mkdirat(root, $0, 0o700) }) == 0 else { throw unwritable(path) }
        folders.append(path)
    }

    // MARK: files and links

    func writeFile(_ path: String, _ bytes: [UInt8]) throws(ImageSpecError) {
        let path = Array(path.utf8)
        try withNewFile(path, isExecutable: false) { file throws(ImageSpecError) in
            try write(bytes[...], to: file, path)
        }
    }

    /// Writes the entries of a tree.
    func copyTree(_ tree: SourceTree, to folder: String, field: String) throws(ImageSpecError) {
        let prefix = Array((folder + "/").utf8)
        for entry in tree.entries {
            let target = prefix + entry.path
            switch entry.mode {
            case .folder: try makeFolder(target)
            case .link: try copyLink(entry, of: tree, to: target, field)
            case .file, .executable: try copyFile(entry, of: tree, to: target, field)
            }
        }
    }

    private func copyFile(
        _ entry: SourceTree.Entry, of tree: SourceTree, to target: [UInt8], _ field: String
    ) throws(ImageSpecError) {
        let source = tree.path(of: entry)
        let descriptor = FileSystem.withCPath(source) {
            open($0, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)
        }
        guard descriptor >= 0 else { throw Self.unreadable(source, field) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw Self.unreadable(source, field) }
        guard FileSystem.kind(ofMode: status.st_mode) == .file else {
            throw Self.changed(source, "it was a file and is none any more")
        }
        let isExecutable = entry.mode == .executable
        guard (status.st_mode & S_IXUSR != 0) == isExecutable else {
            throw Self.changed(source, "its mode is not what it was when it was named")
        }
        var hasher = ContentHasher()
        try withNewFile(target, isExecutable: isExecutable) { file throws(ImageSpecError) in
            while true {
                let count = buffer.withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
                if count < 0 && errno == EINTR { continue }
                guard count >= 0 else { throw Self.unreadable(source, field) }
                if count == 0 { break }
                buffer[..<count].withUnsafeBytes { hasher.update($0) }
                try write(buffer[..<count], to: file, target)
            }
        }
        guard hasher.finalize() == entry.digest else {
            throw Self.changed(source, "its content is not what it was when it was named")
        }
    }

    private func copyLink(
        _ entry: SourceTree.Entry, of tree: SourceTree, to target: [UInt8], _ field: String
    ) throws(ImageSpecError) {
        let source = tree.path(of: entry)
        let text: [UInt8]
        do throws(FileSystem.Failure) {
            text = try FileSystem.linkTarget(source)
        } catch {
            // EINVAL: no link.
            if error.code == EINVAL { throw Self.changed(source, "it was a link and is none any more") }
            throw Self.unreadable(source, field, error)
        }
        guard ContentDigest(SHA256Digest(of: text)) == entry.digest else {
            throw Self.changed(source, "its target is not what it was when it was named")
        }
        let result = FileSystem.withCPath(text) { text in
            FileSystem.withCPath(target) { symlinkat(text, root, $0) }
        }
        guard result == 0 else { throw unwritable(target) }
        others.append(target)
        try setTimes(of: target)
    }

    private func withNewFile(
        _ path: [UInt8], isExecutable: Bool, _ body: (Int32) throws(ImageSpecError) -> Void
    ) throws(ImageSpecError) {
        let descriptor = FileSystem.withCPath(path) {
            openat(root, $0, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        }
        guard descriptor >= 0 else { throw unwritable(path) }
        others.append(path)
        do throws(ImageSpecError) {
            try body(descriptor)
            guard fchmod(descriptor, isExecutable ? 0o755 : 0o644) == 0 else { throw unwritable(path) }
            let times = Self.times
            guard futimens(descriptor, times) == 0 else { throw unwritable(path) }
        } catch {
            close(descriptor)
            throw error
        }
        // Some file systems say only now that there was no room.
        guard close(descriptor) == 0 else { throw unwritable(path) }
    }

    private func write(_ bytes: ArraySlice<UInt8>, to file: Int32, _ path: [UInt8]) throws(ImageSpecError) {
        var rest = bytes
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { systemWrite(file, $0) }
            if count < 0 {
                if errno == EINTR { continue }
                throw unwritable(path)
            }
            rest = rest.dropFirst(count)
        }
    }

    // MARK: the end

    /// Gives folders their modes and times, which writing into them changes; the innermost first.
    func finish() throws(ImageSpecError) {
        for folder in folders.reversed() {
            guard FileSystem.withCPath(folder, { fchmodat(root, $0, 0o755, 0) }) == 0 else {
                throw unwritable(folder)
            }
            try setTimes(of: folder)
        }
        // A folder that was there keeps its mode: it may be private, or not ours. No build sees the root's own.
        if !isMade { return }
        let times = Self.times
        guard fchmod(root, 0o755) == 0, futimens(root, times) == 0 else { throw unwritable([]) }
    }

    /// Takes away all that was written, as far as that can be done.
    func removeAll() {
        for path in others { _ = FileSystem.withCPath(path) { unlinkat(root, $0, 0) } }
        for folder in folders.reversed() {
            _ = FileSystem.withCPath(folder) { unlinkat(root, $0, AT_REMOVEDIR) }
        }
        if isMade { _ = FileSystem.withCPath(rootPath, rmdir) }
    }

    private static let times = {
        let time = timespec(tv_sec: RenderingConstants.timeStamp, tv_nsec: 0)
        return [time, time]
    }()

    private func setTimes(of path: [UInt8]) throws(ImageSpecError) {
        let times = Self.times
        guard FileSystem.withCPath(path, { utimensat(root, $0, times, AT_SYMLINK_NOFOLLOW) }) == 0 else {
            throw unwritable(path)
        }
    }

    // MARK: errors

    private func unwritable(_ path: [UInt8]) -> ImageSpecError {
        let reason = FileSystem.Failure.last.text
        return .unwritable(rootPath + (path.isEmpty ? [] : [UInt8(ascii: "/")] + path), reason)
    }

    private static func unreadable(
        _ path: [UInt8], _ field: String, _ failure: FileSystem.Failure = .last
    ) -> ImageSpecError {
        if failure.isMissing { return changed(path, "it is gone") }
        return .unreadable(field: field, path: String(decoding: path, as: UTF8.self), reason: failure.text)
    }

    private static func changed(_ path: [UInt8], _ what: String) -> ImageSpecError {
        .sourceChanged(String(decoding: path, as: UTF8.self), what)
    }
}

extension SourceTree {
    /// Where an entry lies.
    fileprivate func path(of entry: Entry) -> [UInt8] { root + [UInt8(ascii: "/")] + entry.path }
}

/// The system's `write`, whose name the writer's own function has.
private func systemWrite(_ file: Int32, _ bytes: UnsafeRawBufferPointer) -> Int {
    write(file, bytes.baseAddress, bytes.count)
}
