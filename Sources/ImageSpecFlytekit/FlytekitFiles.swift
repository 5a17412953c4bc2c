// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
internal import ImageSpec

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// File access with the semantics of Python's `os`: a file that cannot be examined does not exist.
enum FlytekitFiles {
    /// The kind of the file at a path, following links; nil if `os.path.exists` returns false.
    static func kind(_ path: [UInt8]) -> FileSystem.Kind? {
        var status = stat()
        guard !path.contains(0), FileSystem.withCPath(path, { stat($0, &status) }) == 0 else { return nil }
        return FileSystem.kind(ofMode: status.st_mode)
    }

    /// `os.path.join`.
    static func join(_ folder: [UInt8], _ name: [UInt8]) -> [UInt8] {
        folder.last == UInt8(ascii: "/") ? folder + name : folder + [UInt8(ascii: "/")] + name
    }

    /// The relative paths of all files below a directory, as in `os.walk`: links to directories are not followed, and everything
    /// that is not a directory is a file. The files of a directory come before those of its subdirectories.
    ///
    /// Sorted by bytes. (`os.walk` uses the order of the file system, which is not reproducible.)
    static func walk(
        _ folder: [UInt8], withoutGitFolders: Bool, relativePath: [UInt8] = [], _ files: inout [[UInt8]]
    ) {
        let (names, folders) = list(folder)
        for name in names { files.append(relativePath + name) }
        for name in folders where !(withoutGitFolders && name.elementsEqual(".git".utf8)) {
            walk(
                join(folder, name), withoutGitFolders: withoutGitFolders,
                relativePath: relativePath + name + [UInt8(ascii: "/")], &files)
        }
    }

    /// The sorted names of files, and of subdirectories that are not links; empty if the directory cannot be read.
    private static func list(_ folder: [UInt8]) -> (files: [[UInt8]], folders: [[UInt8]]) {
        var files: [[UInt8]] = []
        var folders: [[UInt8]] = []
        for entry in (try? FileSystem.entries(ofDirectory: folder)) ?? [] {
            let path = join(folder, entry.name)
            guard kind(path) == .folder else {
                files.append(entry.name)
                continue
            }
            if !isLink(path) { folders.append(entry.name) }
        }
        return (
            files.sorted { $0.lexicographicallyPrecedes($1) },
            folders.sorted { $0.lexicographicallyPrecedes($1) }
        )
    }

    private static func isLink(_ path: [UInt8]) -> Bool {
        var status = stat()
        return FileSystem.withCPath(path) { lstat($0, &status) } == 0
            && FileSystem.kind(ofMode: status.st_mode) == .link
    }

    /// All bytes of a file. A pipe or device is an error; flytekit would read it forever.
    static func contents(
        _ path: String, field: String, shown: String, in boundary: Boundary
    ) throws(ImageSpecError) -> [UInt8] {
        guard
            let descriptor = try opened(
                Array(path.utf8), shown: Array(shown.utf8), field: field, in: boundary)
        else { return [] }
        defer { close(descriptor) }
        do throws(FileSystem.Failure) {
            return try FileSystem.contents(descriptor: descriptor)
        } catch {
            throw .flytekitCannotRead(field: field, path: Array(shown.utf8), code: error.code)
        }
    }

    /// Adds the bytes of a file, and then its path without slashes. A pipe or device is an error; flytekit would read it forever.
    static func hash(
        _ path: [UInt8], as relativePath: some Collection<UInt8>, shown: [UInt8], field: String,
        in boundary: Boundary, into hasher: inout MD5Hasher
    ) throws(ImageSpecError) {
        try hashBytes(of: path, shown: shown, field: field, in: boundary, into: &hasher)
        let name = relativePath.filter { $0 != UInt8(ascii: "/") }
        guard String(validating: name, as: UTF8.self) != nil else {
            throw .flytekit(
                .unreadableInput, field, raises: "UnicodeEncodeError",
                "'utf-8' codec can't encode \(PythonText(fileName: Array(relativePath)).shownText): surrogates not allowed"
            )
        }
        hasher.update(name)
    }

    private static func hashBytes(
        of path: [UInt8], shown: [UInt8], field: String, in boundary: Boundary, into hasher: inout MD5Hasher
    ) throws(ImageSpecError) {
        guard let descriptor = try opened(path, shown: shown, field: field, in: boundary) else { return }
        defer { close(descriptor) }
        var buffer = [UInt8](repeating: 0, count: 64 * 1024)
        while true {
            let count = buffer.withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { throw .flytekitCannotRead(field: field, path: shown, code: errno) }
            if count == 0 { return }
            hasher.update(buffer[..<count])
        }
    }

    /// Opens a file; `nil` for `/dev/null`, which is empty. Any other file must be in the boundary.
    private static func opened(
        _ path: [UInt8], shown: [UInt8], field: String, in boundary: Boundary
    ) throws(ImageSpecError) -> Int32? {
        let descriptor = FileSystem.withCPath(path) { open($0, O_RDONLY | O_CLOEXEC | O_NONBLOCK) }
        guard descriptor >= 0 else { throw .flytekitCannotRead(field: field, path: shown, code: errno) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            let code = errno
            close(descriptor)
            throw .flytekitCannotRead(field: field, path: shown, code: code)
        }
        guard FileSystem.kind(ofMode: status.st_mode) == .other else {
            do throws(ImageSpecError) {
                try checkPlace(of: descriptor, path, shown: shown, field: field, in: boundary)
                return descriptor
            } catch {
                close(descriptor)
                throw error
            }
        }
        close(descriptor)
        var null = stat()
        let isNull =
            stat("/dev/null", &null) == 0 && null.st_rdev == status.st_rdev
            && status.st_mode & S_IFMT == S_IFCHR
        guard isNull else { throw .endlessFile(field: field, path: shown) }
        return nil
    }

    private static func checkPlace(
        of descriptor: Int32, _ path: [UInt8], shown: [UInt8], field: String, in boundary: Boundary
    ) throws(ImageSpecError) {
        let real: [UInt8]
        do throws(FileSystem.Failure) {
            real = try FileSystem.realPath(ofDescriptor: descriptor, openedAs: path)
        } catch {
            throw .flytekitCannotRead(field: field, path: shown, code: error.code)
        }
        do throws(OutsideBoundary) {
            try boundary.check(real, isFolder: false)
        } catch {
            throw .outside(field: field, path: String(decoding: path, as: UTF8.self), error)
        }
    }

    /// Whether flytekit skips a path: a missing file or a socket.
    static func isPassedOver(_ path: [UInt8]) -> Bool {
        var status = stat()
        guard !path.contains(0), FileSystem.withCPath(path, { stat($0, &status) }) == 0 else { return true }
        return status.st_mode & S_IFMT == S_IFSOCK
    }
}

extension ImageSpecError {
    /// The exception that Python raises if `open` fails.
    static func flytekitCannotRead(field: String, path: [UInt8], code number: Int32) -> ImageSpecError {
        let type =
            switch number {
            case ENOENT: "FileNotFoundError"
            case ENOTDIR: "NotADirectoryError"
            case EISDIR: "IsADirectoryError"
            case EACCES, EPERM: "PermissionError"
            default: "OSError"
            }
        let isMissing = [ENOENT, ENOTDIR, EISDIR].contains(number)
        var shown = PythonRepresentation()
        shown.string(PythonText(fileName: path).shownText)
        return .flytekit(
            isMissing ? .missingInput : .unreadableInput, field, raises: type,
            "[Errno \(number)] \(String(cString: strerror(number))): "
                + String(decoding: shown.bytes, as: UTF8.self))
    }
}
