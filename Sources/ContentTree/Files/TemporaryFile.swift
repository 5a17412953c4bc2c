// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// A file beside another one that takes its place, or comes to be there, once it is whole. Until then it has a name that
/// nobody else has, and is removed with this object.
package final class TemporaryFile {
    package let path: [UInt8]
    private let target: [UInt8]
    private let mode: mode_t?
    /// Of the file whose place it takes.
    private let replaced: stat?
    /// -1 once it is closed.
    package private(set) var descriptor: Int32
    private var isInPlace = false

    /// Makes the file beside the one whose place it takes, which is no link.
    ///
    /// It has `mode` in the end; nil: that of the one which is replaced, or else what the umask leaves of 666.
    package init(beside target: [UInt8], mode: FileMode? = nil) throws(FileSystem.Failure) {
        self.target = target
        self.mode = mode
        var status = stat()
        replaced = FileSystem.withCPath(target, { stat($0, &status) }) == 0 ? status : nil
        // Nobody else reads what is to replace a file that nobody else may read.
        let creationMode: mode_t = mode == nil && replaced == nil ? 0o666 : 0o600
        (descriptor, path) = try Self.make(beside: target, creationMode)
    }

    /// In the same directory, since only within a file system can the file take the place. Not that one's name with something
    /// after it, which may be too long for a name; but with the same ending, so that a line such as `*.tar` in a .gitignore
    /// leaves both out.
    private static func make(
        beside target: [UInt8], _ mode: mode_t
    ) throws(FileSystem.Failure) -> (descriptor: Int32, path: [UInt8]) {
        let folder = Array(target.lastIndex(of: UInt8(ascii: "/")).map { target[...$0] } ?? [])
        let name = target[folder.count...]
        let ending = name.lastIndex(of: UInt8(ascii: ".")).map { name[$0...] } ?? []
        while true {
            let letters = String(UInt64.random(in: .min ... .max), radix: 36)
            let path = folder + Array(".imagespec-\(letters)".utf8) + (ending.count > 16 ? [] : ending)
            let descriptor = FileSystem.withCPath(path) {
                open($0, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode)
            }
            if descriptor >= 0 { return (descriptor, path) }
            let failure = FileSystem.Failure.last
            guard failure.code == EEXIST || failure.code == EINTR else { throw failure }
        }
    }

    deinit {
        if descriptor >= 0 { close(descriptor) }
        if !isInPlace { _ = FileSystem.withCPath(path, unlink) }
    }

    package func write(_ bytes: ArraySlice<UInt8>) throws(FileSystem.Failure) {
        try FileSystem.writeAll(bytes, to: descriptor)
    }

    /// Gives the file its owner and mode, and closes it. `isDurable` is for what must outlast the machine's sudden end.
    package func finish(isDurable: Bool) throws(FileSystem.Failure) {
        if let replaced, fchown(descriptor, replaced.st_uid, replaced.st_gid) != 0 {
            // Not everybody may give files away.
            _ = fchown(descriptor, uid_t.max, replaced.st_gid)
        }
        // After the owner, since a change of that takes bits of the mode away.
        if let mode = mode ?? replaced.map({ $0.st_mode & 0o7777 }), fchmod(descriptor, mode) != 0 {
            throw .last
        }
        if isDurable, fsync(descriptor) != 0 { throw .last }
        let result = close(descriptor)
        descriptor = -1
        // Some file systems say only now that there was no room.
        if result != 0 { throw .last }
    }

    /// Gives the file, which is finished, its name.
    package func takePlace() throws(FileSystem.Failure) {
        let result = FileSystem.withCPath(path) { from in FileSystem.withCPath(target) { rename(from, $0) } }
        guard result == 0 else { throw .last }
        isInPlace = true
    }
}

/// What a process that ends at once has to take away: a file that is not whole.
package final class UnfinishedFile: Sendable {
    private let path = Locked<[UInt8]>([])

    package init() {}

    package func begin(_ path: [UInt8]) { self.path.withLock { $0 = path } }

    /// Removes the file, if there is one.
    package func remove() {
        let path = path.withLock { $0 }
        if !path.isEmpty { _ = FileSystem.withCPath(path, unlink) }
    }
}
