// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// The directory that caches lie in, open. It belongs to the user, and nobody else can write to it.
struct DigestCacheFolder: Sendable {
    private static let daysUntilUnused = 30
    private static let secondsOfDay: Int64 = 86_400

    let descriptor: FolderDescriptor

    /// Opens the directory; nil if it does not exist or is not the user's own.
    init?(_ path: String) {
        guard !path.utf8.contains(0) else { return nil }
        let number = openat(AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard number >= 0 else { return nil }
        descriptor = FolderDescriptor(number)
        var status = stat()
        guard fstat(number, &status) == 0, Self.isOurs(status) else { return nil }
    }

    /// Opens the directory, and makes it, and the one that it lies in, if they do not exist.
    static func made(_ path: String) -> DigestCacheFolder? {
        if let folder = DigestCacheFolder(path) { return folder }
        guard !path.utf8.contains(0) else { return nil }
        // $XDG_CACHE_HOME may not exist yet; what is above it has to.
        let parent = Path.folder(of: path)
        make(parent)
        make(path)
        return DigestCacheFolder(path)
    }

    /// Makes a directory, but none of root's in what is somebody else's, as it would be with `sudo` and the user's `HOME`.
    private static func make(_ path: String) {
        var status = stat()
        guard stat(path, &status) != 0, stat(Path.folder(of: path), &status) == 0,
            status.st_uid == geteuid() || status.st_uid == 0
        else { return }
        mkdir(path, 0o700)
    }

    /// Whether something belongs to the user and nobody else may write to it.
    private static func isOurs(_ status: stat) -> Bool {
        status.st_uid == geteuid() && status.st_mode & (S_IWGRP | S_IWOTH) == 0
    }

    /// Opens a cache; -1 where there is none, or none that can be trusted.
    func open(_ name: String) -> (descriptor: FolderDescriptor, size: Int)? {
        let number = openat(descriptor.number, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        guard number >= 0 else { return nil }
        let file = FolderDescriptor(number)
        var status = stat()
        guard fstat(number, &status) == 0, FileSystem.kind(ofMode: status.st_mode) == .file,
            Self.isOurs(status)
        else { return nil }
        // Its time says when it was last used, to the day.
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        if Int64(now.tv_sec) - StatSignature(status).modified / 1_000_000_000 > Self.secondsOfDay {
            futimens(number, nil)
        }
        return (file, Int(status.st_size))
    }

    private static let temporarySuffix = ".digests-unfinished"
    private static let temporaryDigits = 16

    /// A new file with an unused name. It begins with the magic number, so that it can be removed if the run is interrupted.
    func makeTemporary() -> (number: Int32, name: String)? {
        for _ in 0..<4 {
            let digits = String(UInt64.random(in: .min ... .max), radix: 16)
            let name =
                String(repeating: "0", count: Self.temporaryDigits - digits.utf8.count) + digits
                + Self.temporarySuffix
            let number = openat(
                descriptor.number, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
            if number >= 0 {
                var magic = DigestCacheFormat.magic
                if pwrite(number, &magic, 8, 0) == 8 { return (number, name) }
                close(number)
                remove(name)
                return nil
            }
            if errno != EEXIST { return nil }
        }
        return nil
    }

    func remove(_ name: String) { unlinkat(descriptor.number, name, 0) }

    func rename(_ name: String, to newName: String) -> Bool {
        renameat(descriptor.number, name, descriptor.number, newName) == 0
    }

    /// Whether a file is certainly one of ours, of this version or another: its name is one that only we give, it belongs to the
    /// user, and it begins with the magic number. The variable that names the directory may name any directory of the user.
    private func isOwnFile(_ name: String) -> Bool {
        let number = openat(descriptor.number, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        guard number >= 0 else { return false }
        defer { close(number) }
        var status = stat()
        var start: UInt64 = 0
        guard fstat(number, &status) == 0, status.st_uid == geteuid(),
            FileSystem.kind(ofMode: status.st_mode) == .file, pread(number, &start, 8, 0) == 8
        else { return false }
        // The version is in the last two bytes.
        return (start ^ DigestCacheFormat.magic) & 0x0000_FFFF_FFFF_FFFF == 0
    }

    /// A name of digits and a suffix.
    private static func isName(_ name: String, digits: Int, _ suffix: String) -> Bool {
        name.utf8.count == digits + suffix.utf8.count && name.hasSuffix(suffix)
            && name.utf8.prefix(digits).allSatisfy {
                $0.isASCIIDigit || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains($0)
            }
    }

    /// Removes caches that were not used for thirty days, and what interrupted runs have left.
    func removeUnused() {
        let copy = openat(descriptor.number, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard copy >= 0, let stream = fdopendir(copy) else {
            if copy >= 0 { close(copy) }
            return
        }
        defer { closedir(stream) }
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                String(cString: UnsafeRawPointer($0).assumingMemoryBound(to: CChar.self))
            }
            let isTemporary = Self.isName(name, digits: Self.temporaryDigits, Self.temporarySuffix)
            let isCache = Self.isName(name, digits: SHA256Digest.hexCount, DigestCacheKey.suffix)
            guard isTemporary || isCache else { continue }
            var status = stat()
            guard fstatat(descriptor.number, name, &status, AT_SYMLINK_NOFOLLOW) == 0,
                FileSystem.kind(ofMode: status.st_mode) == .file
            else { continue }
            let days =
                (Int64(now.tv_sec) - StatSignature(status).modified / 1_000_000_000) / Self.secondsOfDay
            if days >= (isTemporary ? 1 : Self.daysUntilUnused), isOwnFile(name) { remove(name) }
        }
    }
}

/// Which tree a cache is of.
struct DigestCacheKey: Sendable {
    static let suffix = ".digests"

    let digest: SHA256Digest
    /// The name of the cache in its directory.
    var name: String { digest.hex + Self.suffix }

    /// `rules` is the digest of what else decides which entries the tree has, as far as it is not in the tree itself. It
    /// belongs to the key where the entries were chosen; else it may change, and the digests of files still count.
    init(root: [UInt8], kind: String, choice: SHA256Digest? = nil) {
        var hasher = SHA256Hasher()
        hasher.update(Array("imagespec digest cache 1\0".utf8) + Array(kind.utf8) + [0])
        choice?.withBytes { hasher.update($0) }
        hasher.update(root)
        digest = hasher.finalize()
    }
}
