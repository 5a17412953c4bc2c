// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

// The only code that reads whole files.
extension FileSystem {
    /// Which files may be read.
    package enum Readable: Sendable {
        /// Only regular files. A pipe would block until it has a writer, and a device may have no end.
        case regularFiles
        /// `/dev/null` as well, as an empty file: users set the path of a configuration to it to have none.
        case regularFilesOrNull
        /// Pipes and devices as well, for files that the user names on the command line.
        case anyFiles
    }

    /// Specs, ignore files and requirements are much smaller. What is read as a whole must fit into memory.
    package static let maximumTextSize = 256 << 20

    /// The size of a file in bytes. Follows links.
    package static func size(ofFile path: String) throws(Failure) -> Int {
        var status = stat()
        guard withCPath(Array(path.utf8), { stat($0, &status) }) == 0 else { throw .last }
        return Int(status.st_size)
    }

    /// All bytes of a file. Follows links.
    package static func contents(
        _ path: String, _ readable: Readable = .regularFiles, limit: Int = maximumTextSize
    ) throws(Failure) -> [UInt8] {
        try contents(Array(path.utf8), readable, limit: limit)
    }

    /// All bytes of a file. Follows links.
    /// - Throws: `EFBIG` if the file has more than `limit` bytes, ``Failure/notAFile`` for a directory, and
    ///   ``Failure/notRegular`` for other files that are not `readable`.
    package static func contents(
        _ path: [UInt8], _ readable: Readable = .regularFiles, limit: Int = maximumTextSize
    ) throws(Failure) -> [UInt8] {
        let descriptor = try opened(path, readable)
        defer { close(descriptor) }
        return try contents(descriptor: descriptor, readable, limit: limit)
    }

    private static func opened(_ path: [UInt8], _ readable: Readable) throws(Failure) -> Int32 {
        // Without O_NONBLOCK, opening a pipe waits for its writer.
        let flags = readable == .anyFiles ? 0 : O_NONBLOCK | O_NOCTTY
        let descriptor = withCPath(path) { path in
            DescriptorLimit.waiting { open(path, O_RDONLY | O_CLOEXEC | flags) }
        }
        guard descriptor >= 0 else {
            let failure = Failure.last
            // A socket.
            throw failure.code == ENXIO ? .notRegular : failure
        }
        return descriptor
    }

    /// All bytes of a regular file that must be in a boundary. Follows links.
    ///
    /// No byte of a file outside is read.
    package static func contents(
        _ path: String, in boundary: Boundary, limit: Int = maximumTextSize
    ) throws(Failure) -> Result<[UInt8], OutsideBoundary> {
        let bytes = Array(path.utf8)
        let descriptor = try opened(bytes, .regularFiles)
        defer { close(descriptor) }
        let real = try realPath(ofDescriptor: descriptor, openedAs: bytes)
        do throws(OutsideBoundary) {
            try boundary.check(real, isFolder: false)
        } catch {
            return .failure(error)
        }
        return .success(try contents(descriptor: descriptor, .regularFiles, limit: limit))
    }

    /// All bytes of an open file from its position on.
    package static func contents(
        descriptor: Int32, _ readable: Readable = .anyFiles, limit: Int = maximumTextSize
    ) throws(Failure) -> [UInt8] {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw .last }
        switch kind(ofMode: status.st_mode) {
        case .file: break
        case .folder: throw .notAFile
        case .link, .other:
            let isReadable =
                readable == .anyFiles || readable == .regularFilesOrNull && isNullDevice(status)
            guard isReadable else { throw .notRegular }
        }
        guard Int(status.st_size) <= limit else { throw .tooLarge }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(Int(status.st_size) + 1)
        var buffer = [UInt8](repeating: 0, count: 64 * 1024)
        while true {
            let count = buffer.withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { throw .last }
            if count == 0 { return bytes }
            bytes.append(contentsOf: buffer[..<count])
            guard bytes.count <= limit else { throw .tooLarge }
        }
    }

    private static func isNullDevice(_ status: stat) -> Bool {
        var null = stat()
        return status.st_mode & S_IFMT == S_IFCHR && stat("/dev/null", &null) == 0
            && null.st_mode & S_IFMT == S_IFCHR && null.st_rdev == status.st_rdev
    }

    /// All bytes of a regular file that is not a link. If `nil`, there is no such file.
    ///
    /// `path` is relative to the open directory `inFolder`.
    package static func contents(
        ofRegularFile path: [UInt8], inFolder folder: Int32, limit: Int = maximumTextSize
    ) throws(Failure) -> [UInt8]? {
        let descriptor = withCPath(path) { path in
            DescriptorLimit.waiting {
                openat(folder, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY)
            }
        }
        guard descriptor >= 0 else {
            let failure = Failure.last
            // ELOOP for a link, ENXIO for a socket.
            if failure.isMissing || failure.code == ENXIO { return nil }
            throw failure
        }
        defer { close(descriptor) }
        guard try StatSignature(ofDescriptor: descriptor).kind == .file else { return nil }
        return try contents(descriptor: descriptor, .regularFiles, limit: limit)
    }

    /// The target text of a symbolic link.
    ///
    /// `path` is relative to the open directory `inFolder`.
    package static func linkTarget(
        _ path: [UInt8], inFolder folder: Int32 = currentDirectory
    ) throws(Failure) -> [UInt8] {
        var buffer = [UInt8](repeating: 0, count: Int(PATH_MAX))
        let count = withCPath(path) { path in
            buffer.withUnsafeMutableBytes { buffer in
                readlinkat(
                    folder, path, buffer.baseAddress.unsafelyUnwrapped.assumingMemoryBound(to: CChar.self),
                    buffer.count)
            }
        }
        guard count >= 0 else { throw .last }
        return Array(buffer[..<count])
    }

    /// Paths are relative to the working directory of the process.
    package static var currentDirectory: Int32 { AT_FDCWD }
}
