// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

extension FileSystem {
    /// Writes a new file beside `path`, which is no link, and gives it that name: nothing is ever half there, whenever the
    /// machine stops.
    ///
    /// The file has `mode`; nil: that of the one which is replaced, or else what the umask leaves of 666. Where something
    /// else than `expected` stands there by now, that stays.
    package static func replaceFile(
        _ path: [UInt8], with bytes: [UInt8], mode: FileMode? = nil, expected: [UInt8]? = nil
    ) throws(Failure) {
        let file = try TemporaryFile(beside: path, mode: mode)
        try file.write(bytes[...])
        try file.finish(isDurable: true)
        if let expected, try contents(path) != expected { throw .changed }
        try file.takePlace()
        synchronize(folder: folder(of: path))
    }

    /// So that the new name survives too. Some file systems cannot; the file itself is whole in any case.
    private static func synchronize(folder: [UInt8]) {
        let descriptor = withCPath(folder) { open($0, O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
        guard descriptor >= 0 else { return }
        fsync(descriptor)
        close(descriptor)
    }
}

// MARK: where files are written

extension FileSystem {
    /// What a link leads to that leads to nothing; of what is no link, the path itself.
    package static func targetOfLinks(_ path: [UInt8]) throws(Failure) -> [UInt8] {
        var place = path
        // As many as Linux follows.
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

    /// The real path of a file's directory, with the file's own name.
    package static func realPlace(_ path: [UInt8]) throws(Failure) -> [UInt8] {
        let folder = try realPath(folder(of: path))
        let slash = path.lastIndex(of: UInt8(ascii: "/"))
        let name = path[(slash.map { $0 + 1 } ?? path.startIndex)...]
        return (folder == [UInt8(ascii: "/")] ? [] : folder) + [UInt8(ascii: "/")] + name
    }

    /// The directory that a file's path names; `.` where it names none.
    package static func folder(of path: [UInt8]) -> [UInt8] {
        guard let slash = path.lastIndex(of: UInt8(ascii: "/")) else { return [UInt8(ascii: ".")] }
        return Array(path[..<max(slash, path.startIndex + 1)])
    }
}

extension FileSystem.Failure {
    /// No call fails with it.
    package static let changed = FileSystem.Failure(code: -1)
}
