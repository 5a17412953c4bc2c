// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// The open directory of cache files. It belongs to the user, and no other user can write to it.
package struct DigestCacheDirectory: Sendable {
    private static let daysUntilUnused = 30
    private static let secondsPerDay: Int64 = 86_400

    private let directory: OpenFile

    /// Opens the directory. If `nil`, it does not exist or does not belong to the user.
    init?(_ path: String) {
        guard !path.utf8.contains(0) else { return nil }
        let descriptor = DescriptorLimit.waiting {
            openat(AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        }
        guard descriptor >= 0 else { return nil }
        directory = OpenFile(descriptor)
        var status = stat()
        guard fstat(descriptor, &status) == 0, Self.isOwn(status) else { return nil }
    }

    /// Whether a directory can hold caches: it belongs to the user, or it was created now.
    package static func exists(at path: String) -> Bool { create(path) != nil }

    /// Opens the directory. Creates it and its parent if they do not exist.
    static func create(_ path: String) -> DigestCacheDirectory? {
        if let directory = DigestCacheDirectory(path) { return directory }
        guard !path.utf8.contains(0) else { return nil }
        // $XDG_CACHE_HOME may not exist yet; its parent must.
        make(Path.folder(of: path))
        make(path)
        return DigestCacheDirectory(path)
    }

    /// Creates a directory, but none that belongs to root in the directory of another user, as with `sudo` and the user's
    /// `HOME`.
    private static func make(_ path: String) {
        var status = stat()
        guard stat(path, &status) != 0, stat(Path.folder(of: path), &status) == 0,
            status.st_uid == geteuid() || status.st_uid == 0
        else { return }
        mkdir(path, 0o700)
    }

    /// Whether something belongs to the user, and no other user can write to it.
    private static func isOwn(_ status: stat) -> Bool {
        status.st_uid == geteuid() && status.st_mode & (S_IWGRP | S_IWOTH) == 0
    }

    /// Opens a cache file. If `nil`, there is none, or it cannot be trusted.
    func open(_ key: DigestCacheKey) -> (file: OpenFile, size: Int)? {
        guard let (file, status) = openRegular(key.name), Self.isOwn(status) else { return nil }
        // Its modification time is the day of its last use.
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        if Int64(now.tv_sec) - StatSignature(status).modified / 1_000_000_000 > Self.secondsPerDay {
            futimens(file.descriptor, nil)
        }
        return (file, Int(status.st_size))
    }

    private func openRegular(_ name: String) -> (OpenFile, stat)? {
        let descriptor = openat(
            directory.descriptor, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY)
        guard descriptor >= 0 else { return nil }
        let file = OpenFile(descriptor)
        var status = stat()
        guard fstat(descriptor, &status) == 0, FileSystem.kind(ofMode: status.st_mode) == .file else {
            return nil
        }
        return (file, status)
    }

    /// A new cache file. If `nil`, none can be created.
    func newFile(for key: DigestCacheKey) -> AtomicFile? {
        // The owner of a file that is replaced may be another user.
        try? AtomicFile(Array(key.name.utf8), in: directory, mode: 0o600, keepsOwner: false)
    }

    /// Deletes caches that were not used for thirty days, and what killed runs left on file systems without unnamed files.
    func removeUnused() {
        let copy = openat(directory.descriptor, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard copy >= 0 else { return }
        defer { close(copy) }
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        for entry in (try? FileSystem.entries(ofOpenDirectory: copy)) ?? [] {
            let isTemporary = AtomicFile.isTemporaryName(
                entry.name, ending: Array(DigestCacheKey.suffix.utf8))
            guard isTemporary || DigestCacheKey.isName(entry.name),
                let name = String(validating: entry.name, as: UTF8.self),
                let (file, status) = openRegular(name)
            else { continue }
            let age = Int64(now.tv_sec) - StatSignature(status).modified / 1_000_000_000
            let days = age / Self.secondsPerDay
            if days >= (isTemporary ? 1 : Self.daysUntilUnused),
                Self.isCacheFile(file, status)
            {
                unlinkat(directory.descriptor, name, 0)
            }
        }
    }

    /// Whether a file with the name of a cache file is certainly one, of any version: the directory may be any directory of
    /// the user.
    private static func isCacheFile(_ file: OpenFile, _ status: stat) -> Bool {
        var start: UInt64 = 0
        guard status.st_uid == geteuid(), pread(file.descriptor, &start, 8, 0) == 8 else { return false }
        // The last two bytes are the version.
        return (start ^ DigestCacheFormat.magic) & 0x0000_FFFF_FFFF_FFFF == 0
    }
}
