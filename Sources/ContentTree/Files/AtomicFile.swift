// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// A new file that gets its name when it is complete, and replaces a file of that name. Until then, nothing or the old file
/// has the name. If it is not committed, it disappears with this object.
///
/// The file has no name before that if the file system has such files (`O_TMPFILE`), so that a killed process leaves
/// nothing behind. Otherwise it has a temporary name in the same directory, which is in ``TemporaryFiles``.
package final class AtomicFile {
    private let directory: OpenFile
    private let name: [UInt8]
    private let mode: FileMode?
    private let keepsOwner: Bool
    private let form: Form
    private let temporaryFiles: TemporaryFiles
    /// The metadata of the file that is replaced.
    private let replaced: stat?
    /// -1 after it is closed.
    package private(set) var descriptor: Int32
    private var temporary: Temporary?
    private var isDurable = false

    /// Creates the file for a path, which must not be a link.
    ///
    /// If `mode` is `nil`, the complete file has the mode of the file that it replaces, or else 0666 and the umask.
    package convenience init(_ path: [UInt8], mode: FileMode? = nil) throws(FileSystem.Failure) {
        let folder = FileSystem.withCPath(FileSystem.folder(of: path)) { openDirectory($0) }
        guard folder >= 0 else { throw .last }
        try self.init(FileSystem.name(of: path), in: OpenFile(folder), mode: mode)
    }

    /// How the file exists before it is complete.
    enum Form {
        /// Without a name, or with a temporary one if the file system has no unnamed files.
        case unnamed
        /// With a temporary name, as on such a file system.
        case named
        /// Without a name, on a system where it cannot be given one.
        case unlinkable
    }

    /// Creates the file for a name in an open directory.
    ///
    /// With `keepsOwner`, the file gets the owner of the one that it replaces, if this user may do that. Only tests pass a
    /// `form`.
    init(
        _ name: [UInt8], in directory: OpenFile, mode: FileMode? = nil, keepsOwner: Bool = true,
        form: Form = .unnamed, temporaryFiles: TemporaryFiles = .shared
    ) throws(FileSystem.Failure) {
        self.name = name
        self.directory = directory
        self.mode = mode
        self.keepsOwner = keepsOwner
        self.form = form
        self.temporaryFiles = temporaryFiles
        var status = stat()
        let result = FileSystem.withCPath(name) {
            fstatat(directory.descriptor, $0, &status, AT_SYMLINK_NOFOLLOW)
        }
        replaced = result == 0 && FileSystem.kind(ofMode: status.st_mode) == .file ? status : nil
        // A file that other users cannot read is not readable while it is replaced either.
        let creationMode: FileMode = mode == nil && replaced == nil ? 0o666 : 0o600
        if form != .named, let unnamed = createUnnamed(in: directory.descriptor, creationMode) {
            descriptor = unnamed
            return
        }
        (descriptor, temporary) = try Self.createNamed(for: name, in: directory, creationMode, temporaryFiles)
    }

    /// Creates a file with a temporary name. The name is registered first, so that there is no moment at which a signal would
    /// leave the file.
    private static func createNamed(
        for name: [UInt8], in directory: OpenFile, _ mode: FileMode, _ files: TemporaryFiles
    ) throws(FileSystem.Failure) -> (descriptor: Int32, Temporary) {
        while true {
            let temporary = Temporary(for: name, in: directory, files)
            let descriptor = FileSystem.withCPath(temporary.name) {
                openat(directory.descriptor, $0, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode)
            }
            if descriptor >= 0 { return (descriptor, temporary) }
            let failure = FileSystem.Failure.last
            temporary.unregister()
            guard failure.code == EEXIST || failure.code == EINTR else { throw failure }
        }
    }

    /// A temporary name, which a signal that ends the process removes.
    private struct Temporary {
        let name: [UInt8]
        private let files: TemporaryFiles
        private let registration: TemporaryFiles.Registration?

        init(for name: [UInt8], in directory: OpenFile, _ files: TemporaryFiles) {
            self.name = AtomicFile.temporaryName(for: name)
            self.files = files
            registration = files.add(self.name, in: directory.descriptor)
        }

        func unregister() { if let registration { files.remove(registration) } }
    }

    deinit {
        if descriptor >= 0 { close(descriptor) }
        if let temporary {
            _ = FileSystem.withCPath(temporary.name) { unlinkat(directory.descriptor, $0, 0) }
            forgetTemporary()
        }
    }

    /// Writes bytes after those that were written before.
    package func write(_ bytes: ArraySlice<UInt8>) throws(FileSystem.Failure) {
        try FileSystem.writeAll(bytes, to: descriptor)
    }

    /// Moves to the beginning, so that the next bytes replace the first ones.
    func rewind() throws(FileSystem.Failure) {
        guard lseek(descriptor, 0, SEEK_SET) == 0 else { throw .last }
    }

    /// Sets owner and mode of the complete file. `isDurable` also waits until it is on the disk.
    package func finish(isDurable: Bool) throws(FileSystem.Failure) {
        self.isDurable = isDurable
        if keepsOwner, let replaced, fchown(descriptor, replaced.st_uid, replaced.st_gid) != 0 {
            // Only root may give files to other users.
            _ = fchown(descriptor, uid_t.max, replaced.st_gid)
        }
        // After the owner, because changing that clears bits of the mode.
        if let mode = mode ?? replaced.map({ $0.st_mode & 0o7777 }), fchmod(descriptor, mode) != 0 {
            throw .last
        }
        if isDurable, fsync(descriptor) != 0 { throw .last }
        // Without a name, the file exists only while it is open.
        if temporary == nil { return }
        let result = close(descriptor)
        descriptor = -1
        // Some file systems report only now that they are full.
        if result != 0 { throw .last }
    }

    /// Gives the finished file its name, and replaces a file that has it.
    package func commit() throws(FileSystem.Failure) {
        if temporary == nil {
            // The name is usually unused.
            if link(name) { return }
            // No call replaces a file by one without a name.
            if errno != EEXIST || !linkTemporarily() { try copyToNamed() }
        }
        try rename()
    }

    /// Gives the finished file its name unless another file has it.
    /// - Throws: `EEXIST` if one does.
    package func commitNew() throws(FileSystem.Failure) {
        if temporary == nil {
            if link(name) { return }
            guard errno != EEXIST else { throw .last }
            try copyToNamed()
        }
        // Not a link to the temporary file: not every file system without unnamed files has links.
        let reserved = FileSystem.withCPath(name) {
            openat(directory.descriptor, $0, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        }
        guard reserved >= 0 else { throw .last }
        close(reserved)
        do throws(FileSystem.Failure) {
            try rename()
        } catch {
            _ = FileSystem.withCPath(name) { unlinkat(directory.descriptor, $0, 0) }
            throw error
        }
    }

    /// Gives a file without a name a name that does not exist. Returns false with `errno` if that fails.
    private func link(_ name: [UInt8]) -> Bool {
        if form == .unlinkable {
            errno = ENOENT
            return false
        }
        return FileSystem.withCPath(name) { linkUnnamed(descriptor, in: directory.descriptor, as: $0) }
    }

    private func linkTemporarily() -> Bool {
        let temporary = Temporary(for: name, in: directory, temporaryFiles)
        if link(temporary.name) {
            self.temporary = temporary
            return true
        }
        temporary.unregister()
        return false
    }

    /// Copies a file without a name that cannot be given one: AppArmor denies that to processes that it confines, as in
    /// containers.
    private func copyToNamed() throws(FileSystem.Failure) {
        let unnamed = OpenFile(descriptor)
        descriptor = -1
        (descriptor, temporary) = try Self.createNamed(for: name, in: directory, 0o600, temporaryFiles)
        guard lseek(unnamed.descriptor, 0, SEEK_SET) == 0 else { throw .last }
        var buffer = [UInt8](repeating: 0, count: 256 * 1024)
        while true {
            let count = buffer.withUnsafeMutableBytes { read(unnamed.descriptor, $0.baseAddress, $0.count) }
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { throw .last }
            if count == 0 { break }
            try write(buffer[..<count])
        }
        let status = try StatSignature(ofDescriptor: unnamed.descriptor)
        guard fchmod(descriptor, FileMode(truncatingIfNeeded: status.mode) & 0o7777) == 0 else { throw .last }
        try finish(isDurable: isDurable)
    }

    private func rename() throws(FileSystem.Failure) {
        guard let temporary else { return }
        let result = FileSystem.withCPath(temporary.name) { from in
            FileSystem.withCPath(name) { renameat(directory.descriptor, from, directory.descriptor, $0) }
        }
        guard result == 0 else { throw .last }
        forgetTemporary()
    }

    private func forgetTemporary() {
        temporary?.unregister()
        temporary = nil
    }
}
