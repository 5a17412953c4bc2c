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

// The only code that lists directories.
extension FileSystem {
    /// An entry of a directory.
    package struct DirectoryEntry: Sendable {
        package var name: [UInt8]
        /// The kind that the directory records, of a link itself. If `nil`, the file system does not record it.
        package var kind: Kind?
    }

    /// The entries of a directory, except `.` and `..`, in no order.
    package static func entries(ofDirectory path: [UInt8]) throws(Failure) -> [DirectoryEntry] {
        let descriptor = withCPath(path) { open($0, O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
        guard descriptor >= 0 else { throw .last }
        defer { close(descriptor) }
        return try entries(ofOpenDirectory: descriptor)
    }

    /// The entries of an open directory, which is read from its current position to its end.
    package static func entries(ofOpenDirectory directory: Int32) throws(Failure) -> [DirectoryEntry] {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: listingSize, alignment: 8)
        defer { buffer.deallocate() }
        var entries: [DirectoryEntry] = []
        try forEachEntry(ofOpenDirectory: directory, buffer) { name, length, type in
            let bytes = UnsafeRawBufferPointer(start: name, count: length)
            entries.append(DirectoryEntry(name: Array(bytes), kind: kind(ofEntryType: type)))
        }
        return entries
    }

    /// The size of a buffer for listing: bytes of names that one call returns.
    static let listingSize = 64 * 1024

    /// The kind that a directory records for an entry (`d_type`). If `nil`, it is unknown.
    static func kind(ofEntryType type: UInt8) -> Kind? {
        switch Int(type) {
        case Int(DT_REG): .file
        case Int(DT_DIR): .folder
        case Int(DT_LNK): .link
        case Int(DT_UNKNOWN): nil
        default: .other
        }
    }

    /// Calls `body` with the name, its length and the type of each entry of an open directory, except `.` and `..`.
    ///
    /// Names end with a NUL and are valid only during the call.
    @inline(__always)
    static func forEachEntry(
        ofOpenDirectory directory: Int32, _ buffer: UnsafeMutableRawBufferPointer,
        _ body: (_ name: UnsafePointer<CChar>, _ length: Int, _ type: UInt8) -> Void
    ) throws(Failure) {
        #if canImport(Glibc) || canImport(Musl)
        // Without a stream, which costs half a dozen calls and an allocation for each directory.
        while true {
            let size = imagespec_getdents(directory, buffer.baseAddress, UInt(min(buffer.count, listingSize)))
            guard size >= 0 else { throw .last }
            if size == 0 { return }
            var offset = 0
            while offset < size, let entry = buffer.baseAddress.map({ UnsafeRawPointer($0 + offset) }) {
                // struct linux_dirent64: eight bytes each of inode and offset, two of length, one of type, the name.
                let name = (entry + 19).assumingMemoryBound(to: CChar.self)
                report(name, entry.load(fromByteOffset: 18, as: UInt8.self), body)
                offset += Int(entry.loadUnaligned(fromByteOffset: 16, as: UInt16.self))
            }
        }
        #else
        // The stream closes its descriptor.
        let copy = fcntl(directory, F_DUPFD_CLOEXEC, 0)
        guard copy >= 0, let stream = fdopendir(copy) else {
            let failure = Failure.last
            if copy >= 0 { close(copy) }
            throw failure
        }
        defer { closedir(stream) }
        while true {
            errno = 0
            guard let entry = readdir(stream) else {
                if errno != 0 { throw .last }
                return
            }
            let type = entry.pointee.d_type
            withUnsafePointer(to: &entry.pointee.d_name) {
                report(UnsafeRawPointer($0).assumingMemoryBound(to: CChar.self), type, body)
            }
        }
        #endif
    }

    @inline(__always)
    private static func report(
        _ name: UnsafePointer<CChar>, _ type: UInt8, _ body: (UnsafePointer<CChar>, Int, UInt8) -> Void
    ) {
        let length = strlen(name)
        let dot = CChar(bitPattern: UInt8(ascii: "."))
        if name[0] == dot && (length == 1 || (length == 2 && name[1] == dot)) { return }
        body(name, length, type)
    }
}
