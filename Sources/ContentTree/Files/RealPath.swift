// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

// Where paths lead. All results are bytes, because a directory name need not be UTF-8.
extension FileSystem {
    /// The real path: absolute, without links, `.` and `..`.
    package static func realPath(_ path: String) throws(Failure) -> [UInt8] {
        try realPath(Array(path.utf8))
    }

    package static func realPath(_ path: [UInt8]) throws(Failure) -> [UInt8] {
        guard let resolved = withCPath(path, { realpath($0, nil) }) else { throw .last }
        defer { free(resolved) }
        return Array(UnsafeRawBufferPointer(start: resolved, count: strlen(resolved)))
    }

    /// The real path of the part of a path that exists, followed by the rest of its normalized text.
    ///
    /// A path that is not absolute is relative to `workingDirectory`. Source: C++17, `std::filesystem::weakly_canonical`.
    static func weaklyCanonicalPath(_ path: String, from workingDirectory: String) -> [UInt8] {
        let text = Path.lexicallyNormalized(Path.join(workingDirectory, path))
        let slash = UInt8(ascii: "/")
        var parts = text.utf8.split(separator: slash).map(Array.init)
        var missing: [[UInt8]] = []
        while true {
            let joined = Array(parts.joined(separator: [slash]))
            let existing =
                Path.isAbsolute(text) ? [slash] + joined : joined.isEmpty ? [UInt8(ascii: ".")] : joined
            if let real = try? realPath(existing) {
                let rest = missing.reversed().flatMap { [slash] + $0 }
                return real == [slash] && !rest.isEmpty ? rest : real + rest
            }
            guard let last = parts.popLast() else { return Array(text.utf8) }
            missing.append(last)
        }
    }

    /// The real path of a file's directory, followed by the file's own name.
    package static func realPlace(_ path: [UInt8]) throws(Failure) -> [UInt8] {
        let folder = try realPath(folder(of: path))
        return (folder == [UInt8(ascii: "/")] ? [] : folder) + [UInt8(ascii: "/")] + name(of: path)
    }

    /// Where a dangling link leads; the path itself if it is not a link.
    package static func targetOfLinks(_ path: [UInt8]) throws(Failure) -> [UInt8] {
        var place = path
        // As many links as Linux follows.
        for _ in 0..<40 {
            let target: [UInt8]
            do throws(Failure) {
                target = try linkTarget(place)
            } catch {
                if error.code == EINVAL || error.isMissing && !error.isTooLong { return place }
                throw error
            }
            let isAbsolute = target.first == UInt8(ascii: "/")
            place = isAbsolute ? target : folder(of: place) + [UInt8(ascii: "/")] + target
        }
        throw Failure(code: ELOOP)
    }

    /// The device and inode of a directory. If `nil`, there is no such directory. Follows links.
    static func folderNumbers(_ path: [UInt8]) -> (device: UInt64, inode: UInt64)? {
        var status = stat()
        guard withCPath(path, { stat($0, &status) }) == 0, kind(ofMode: status.st_mode) == .folder else {
            return nil
        }
        return (UInt64(truncatingIfNeeded: status.st_dev), UInt64(truncatingIfNeeded: status.st_ino))
    }

    /// Whether a directory, or the place where it would be created, is one of these directories or inside one of them.
    package static func lies(_ path: String, inOneOf folders: [String], from workingDirectory: String) -> Bool
    {
        guard !folders.isEmpty, !path.utf8.contains(0) else { return false }
        // By device and inode: a directory that is mounted twice has several real paths.
        let wanted = folders.compactMap { $0.utf8.contains(0) ? nil : folderNumbers(Array($0.utf8)) }
        var place = (try? realPath(path)) ?? weaklyCanonicalPath(path, from: workingDirectory)
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

    /// Opens a directory that is not a link. Returns -1 with `errno` if that fails.
    ///
    /// A path that is not absolute is relative to `folder`; the empty path is that directory.
    static func openFolder(_ path: [UInt8], in folder: Int32 = AT_FDCWD) -> Int32 {
        withCPath(path.isEmpty ? [UInt8(ascii: ".")] : path) { path in
            DescriptorLimit.waiting { openat(folder, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW) }
        }
    }
}
