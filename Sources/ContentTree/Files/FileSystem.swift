// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

// The type of `mode_t`, by a name that needs no import where it is used.
#if canImport(Darwin)
package typealias FileMode = UInt16
#else
package typealias FileMode = UInt32
#endif

/// The few calls to the file system that are not part of the walk over a tree. Paths are bytes, as the
/// system has them; text goes in as UTF-8.
package enum FileSystem {
    package enum Kind {
        case file, folder, link, other
    }

    /// A failed call's `errno`.
    package struct Failure: Error, Hashable {
        package let code: Int32

        package init(code: Int32) { self.code = code }

        package static let missing = Failure(code: ENOENT)
        package static let notAFolder = Failure(code: ENOTDIR)
        package static let notAFile = Failure(code: EISDIR)

        package static var last: Failure { Failure(code: errno) }

        /// Nothing lies at the path: no such name, a file on the way, links that dangle or loop.
        package var isMissing: Bool {
            code == ENOENT || code == ENOTDIR || code == ELOOP || code == ENAMETOOLONG
        }

        var isTooLong: Bool { code == ENAMETOOLONG }

        package var text: String { String(cString: strerror(code)) }

        /// The text within a sentence: "permission denied".
        package var reason: String {
            let text = text
            return text.prefix(1).lowercased() + text.dropFirst()
        }
    }

    /// The kind of what lies at a path, nil if nothing does; `followingLinks` looks at the target of a link.
    package static func kind(_ path: String, followingLinks: Bool = true) throws(Failure) -> Kind? {
        var status = stat()
        let result = followingLinks ? stat(path, &status) : lstat(path, &status)
        if result != 0 {
            let failure = Failure.last
            if failure.isMissing { return nil }
            throw failure
        }
        return kind(ofMode: status.st_mode)
    }

    /// Whether a path leads to a file that can be read more than once.
    package static func isRegularFile(_ path: String) -> Bool { (try? kind(path)) == .file }

    package static func kind(ofMode mode: FileMode) -> Kind {
        switch mode & S_IFMT {
        case S_IFREG: .file
        case S_IFDIR: .folder
        case S_IFLNK: .link
        default: .other
        }
    }

    /// All bytes of a regular file. Follows links.
    package static func contents(_ path: String) throws(Failure) -> [UInt8] {
        try contents(Array(path.utf8))
    }

    package static func contents(_ path: [UInt8]) throws(Failure) -> [UInt8] {
        let descriptor = withCPath(path) { open($0, O_RDONLY | O_CLOEXEC) }
        guard descriptor >= 0 else { throw .last }
        defer { close(descriptor) }
        return try contents(descriptor: descriptor)
    }

    /// No spec, ignore or requirements file is as large; what is read whole must fit into memory.
    private static let maximumTextSize = 256 << 20

    package static func contents(descriptor: Int32) throws(Failure) -> [UInt8] {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw .last }
        guard kind(ofMode: status.st_mode) != .folder else { throw Failure(code: EISDIR) }
        var bytes: [UInt8] = []
        guard Int(status.st_size) <= maximumTextSize else { throw Failure(code: EFBIG) }
        bytes.reserveCapacity(Int(status.st_size) + 1)
        var buffer = [UInt8](repeating: 0, count: 64 * 1024)
        while true {
            let count = buffer.withUnsafeMutableBytes {
                read(descriptor, $0.baseAddress.unsafelyUnwrapped, $0.count)
            }
            if count < 0 {
                if errno == EINTR { continue }
                throw .last
            }
            if count == 0 { return bytes }
            bytes.append(contentsOf: buffer[..<count])
            if bytes.count > maximumTextSize { throw Failure(code: EFBIG) }
        }
    }

    /// All bytes of a regular file that is no link; nil if nothing or something else lies there.
    ///
    /// `path` counts from the open directory `inFolder`.
    package static func contents(ofRegularFile path: [UInt8], inFolder folder: Int32) throws(Failure)
        -> [UInt8]?
    {
        let descriptor = withCPath(path) {
            openat(folder, $0, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        }
        guard descriptor >= 0 else {
            let failure = Failure.last
            // A link gives ELOOP, a socket ENXIO.
            if failure.isMissing || failure.code == ENXIO { return nil }
            throw failure
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw .last }
        guard kind(ofMode: status.st_mode) == .file else { return nil }
        return try contents(descriptor: descriptor)
    }

    /// The target text of a symbolic link.
    package static func linkTarget(_ path: [UInt8]) throws(Failure) -> [UInt8] {
        var buffer = [UInt8](repeating: 0, count: Int(PATH_MAX))
        let count = withCPath(path) { path in
            buffer.withUnsafeMutableBytes { readlink(path, $0.baseAddress.unsafelyUnwrapped, $0.count) }
        }
        guard count >= 0 else { throw .last }
        return Array(buffer[..<count])
    }

    /// Opens a directory that is no link, by a path of any length; -1 with `errno` where that fails.
    ///
    /// A relative path counts from `folder`; the empty one is that directory.
    /// The system takes no path of more than PATH_MAX bytes, but a tree may well be deeper: then it is opened step by step.
    static func openFolder(_ path: [UInt8], in folder: Int32 = AT_FDCWD) -> Int32 {
        let flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC
        var from = folder
        var rest = path.isEmpty ? [UInt8(ascii: ".")] : path[...]
        while rest.count >= Int(PATH_MAX) {
            guard let slash = rest.prefix(Int(PATH_MAX) - 1).lastIndex(of: UInt8(ascii: "/")),
                slash > rest.startIndex
            else { break }
            let step = withCPath(Array(rest[..<slash])) { openat(from, $0, flags) }
            if from != folder { closeKeepingError(from) }
            guard step >= 0 else { return step }
            from = step
            rest = rest[(slash + 1)...]
        }
        let opened = withCPath(Array(rest)) { openat(from, $0, flags | O_NOFOLLOW) }
        if from != folder { closeKeepingError(from) }
        return opened
    }

    private static func closeKeepingError(_ descriptor: Int32) {
        let error = errno
        close(descriptor)
        errno = error
    }

    /// A path as C has it. The bytes hold no NUL.
    package static func withCPath<Result>(_ path: [UInt8], _ body: (UnsafePointer<CChar>) -> Result) -> Result
    {
        (path + [0]).withUnsafeBytes { bytes in
            body(bytes.bindMemory(to: CChar.self).baseAddress.unsafelyUnwrapped)
        }
    }

    /// The real path: absolute, without links, `.` and `..`.
    package static func realPath(_ path: String) throws(Failure) -> [UInt8] {
        try realPath(Array(path.utf8))
    }

    package static func realPath(_ path: [UInt8]) throws(Failure) -> [UInt8] {
        guard let resolved = withCPath(path, { realpath($0, nil) }) else { throw .last }
        defer { free(resolved) }
        return Array(UnsafeRawBufferPointer(start: resolved, count: strlen(resolved)))
    }

    /// A path of which the last part does not exist: what exists of the directories above it by their real path, the rest as
    /// it is written. A relative path counts from `workingDirectory`.
    static func realPathAsFarAsItExists(_ path: String, from workingDirectory: String) -> String {
        let absolute = Path.lexicallyNormalized(Path.join(workingDirectory, path))
        var folder = absolute
        while folder != "/" {
            folder = Path.folder(of: folder)
            if let real = try? realPath(folder) {
                let rest = absolute.utf8.dropFirst(folder == "/" ? 0 : folder.utf8.count)
                return Path.normalized(
                    String(decoding: real, as: UTF8.self) + String(decoding: rest, as: UTF8.self))
            }
        }
        return absolute
    }

    /// What tells a directory from all others; nil if there is none. Follows links.
    static func folderNumbers(_ path: [UInt8]) -> (device: UInt64, inode: UInt64)? {
        var status = stat()
        guard withCPath(path, { stat($0, &status) }) == 0, kind(ofMode: status.st_mode) == .folder else {
            return nil
        }
        return (UInt64(truncatingIfNeeded: status.st_dev), UInt64(truncatingIfNeeded: status.st_ino))
    }

    /// Whether a directory is, or would be created, in one of these, or is one of them.
    package static func lies(_ path: String, inOneOf folders: [String], from workingDirectory: String) -> Bool
    {
        guard !folders.isEmpty, !path.utf8.contains(0) else { return false }
        // By device and inode: a directory can have several real paths where it is mounted twice.
        let wanted = folders.compactMap {
            $0.utf8.contains(0) ? nil : folderNumbers(Array($0.utf8))
        }
        var place =
            (try? realPath(path)) ?? Array(realPathAsFarAsItExists(path, from: workingDirectory).utf8)
        while true {
            if let numbers = folderNumbers(place.isEmpty ? [UInt8(ascii: "/")] : place),
                wanted.contains(where: { $0 == numbers })
            {
                return true
            }
            guard let slash = place.lastIndex(of: UInt8(ascii: "/")) else { return false }
            place = Array(place[..<slash])
        }
    }
}
