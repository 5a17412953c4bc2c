// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

extension FileSystem {
    /// Replaces a file, which must not be a link, or creates it, so that it always has the old or the new content, even after a
    /// crash of the machine.
    ///
    /// If `mode` is `nil`, the file has that of the file that is replaced, or else 0666 and the umask. If the file does not have
    /// the content that is `expected`, it is unchanged.
    /// - Throws: ``Failure/changed`` if the file has other content.
    package static func replaceFile(
        _ path: [UInt8], with bytes: [UInt8], mode: FileMode? = nil, expected: [UInt8]? = nil
    ) throws(Failure) {
        let file = try AtomicFile(path, mode: mode)
        try file.write(bytes[...])
        try file.finish(isDurable: true)
        if let expected, try contents(path) != expected { throw .changed }
        try file.commit()
        synchronize(folder: folder(of: path))
    }

    /// Creates a file that does not exist yet, complete or not at all, with mode 0666 and the umask.
    /// - Throws: `EEXIST` if it exists.
    package static func createFile(_ path: [UInt8], with bytes: [UInt8]) throws(Failure) {
        let file = try AtomicFile(path)
        try file.write(bytes[...])
        try file.finish(isDurable: true)
        try file.commitNew()
        synchronize(folder: folder(of: path))
    }

    /// Makes the new name durable. Not every file system can; the file is complete in any case.
    private static func synchronize(folder: [UInt8]) {
        let descriptor = withCPath(folder) { open($0, O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
        guard descriptor >= 0 else { return }
        fsync(descriptor)
        close(descriptor)
    }
}
