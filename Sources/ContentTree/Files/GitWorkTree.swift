// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

extension FileSystem {
    /// The root of the git work tree that contains a directory, given by its real path. If `nil`, there is none.
    ///
    /// A `.git` that belongs neither to the caller, nor to root, nor to the owner of the directory does not count: in `/tmp`,
    /// another user can create one.
    package static func gitWorkTree(of directory: [UInt8]) -> [UInt8]? {
        func owner(_ path: [UInt8]) -> uid_t? {
            var status = stat()
            return withCPath(path) { lstat($0, &status) } == 0 ? status.st_uid : nil
        }
        var place = directory == [UInt8(ascii: "/")] ? [] : directory
        while true {
            if let user = owner(place + "/.git".utf8),
                user == 0 || user == geteuid() || user == owner(directory)
            {
                return place.isEmpty ? [UInt8(ascii: "/")] : place
            }
            guard let slash = place.lastIndex(of: UInt8(ascii: "/")) else { return nil }
            place.removeSubrange(slash...)
        }
    }

    /// Whether two paths lead to the same directory.
    package static func isSameFolder(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        guard !right.contains(0), let left = folderNumbers(left), let right = folderNumbers(right) else {
            return false
        }
        return left == right
    }

    /// The real path of an open file, as the system knows it.
    ///
    /// Unlike the path by which the file was opened, this cannot lead elsewhere by now. Without `/proc`, `path`, by which
    /// it was opened, must still lead to it.
    package static func realPath(
        ofDescriptor descriptor: Int32, openedAs path: @autoclosure () -> [UInt8]
    ) throws(Failure) -> [UInt8] {
        #if canImport(Darwin)
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        guard fcntl(descriptor, F_GETPATH, &buffer) == 0 else { throw .last }
        return buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        #else
        if let real = try? linkTarget(Array("/proc/self/fd/\(descriptor)".utf8)),
            real.first == UInt8(ascii: "/")
        {
            return real
        }
        let real = try realPath(path())
        var opened = stat()
        var found = stat()
        guard fstat(descriptor, &opened) == 0, withCPath(real, { lstat($0, &found) }) == 0 else {
            throw .last
        }
        guard opened.st_dev == found.st_dev, opened.st_ino == found.st_ino else { throw .changed }
        return real
        #endif
    }
}
