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

/// What tells that a file or directory is still what it was, as far as the file system says so.
///
/// What changes a file gives it a new time, and `isOlder` sees to it that the clock can tell that from what was before. Three
/// kinds of change escape, as they do in git, since no time tells of them: those through a shared memory mapping after the
/// page was first touched; those by one `write` call that began before the file was read and ends after it, as the time is
/// that of its begin; and another file system at the same place with the same inodes and times, as reproducible images of file systems
/// have them.
///
/// Caches hold it as it lies in memory.
struct StatSignature: Equatable, Sendable {
    static let byteCount = 48

    /// Bytes.
    var size: Int64 = 0
    /// Of the content, in nanoseconds since 1970.
    var modified = Int64.max
    /// Of anything about the file; unlike `modified` no program can set it.
    var changed = Int64.max
    var inode: UInt64 = 0
    var device: UInt64 = 0
    var mode: UInt32 = 0
    /// Zero: so that no byte of a stamp is undefined.
    private var padding: UInt32 = 0

    /// A stamp that is never trusted.
    init() {}

    init(_ status: stat) {
        size = Int64(status.st_size)
        #if canImport(Darwin)
        modified = Self.nanoseconds(status.st_mtimespec)
        changed = Self.nanoseconds(status.st_ctimespec)
        #else
        modified = Self.nanoseconds(status.st_mtim)
        changed = Self.nanoseconds(status.st_ctim)
        #endif
        inode = UInt64(truncatingIfNeeded: status.st_ino)
        device = UInt64(truncatingIfNeeded: status.st_dev)
        mode = UInt32(status.st_mode)
    }

    /// A time that does not fit, some 292 years from 1970, becomes one that is never trusted.
    static func nanoseconds(_ time: timespec) -> Int64 {
        let (seconds, overflow) = Int64(time.tv_sec).multipliedReportingOverflow(by: 1_000_000_000)
        return overflow ? .max : seconds &+ Int64(time.tv_nsec)
    }

    /// The present, by the clock that local file systems take their times from. It goes in ticks of some milliseconds.
    static var now: Int64 {
        var time = timespec()
        #if canImport(Darwin)
        let result = clock_gettime(CLOCK_REALTIME, &time)
        #else
        let result = clock_gettime(CLOCK_REALTIME_COARSE, &time)
        #endif
        return result == 0 ? nanoseconds(time) : .min
    }

    /// Whether a later change is sure to have another stamp, if this one was taken at `time` or later, before the content
    /// was read.
    ///
    /// A file that changed in the tick in which it was read could change again in it, and have the same times.
    func isOlder(than time: Int64) -> Bool {
        // A time of whole seconds may be one that was cut: some file systems have no finer ones.
        let tick: Int64 = changed % 1_000_000_000 == 0 ? 2_000_000_000 : 0
        return modified < time && changed < time &- tick
    }
}

extension FileSystem {
    /// Whether a file system is known to give each change a time of this machine's clock.
    ///
    /// A network file system's times are those of another machine; one in user space, or FAT, may have none that count.
    static func hasExactTimes(_ descriptor: Int32) -> Bool {
        #if canImport(Darwin)
        var status = statfs()
        guard fstatfs(descriptor, &status) == 0 else { return false }
        return withUnsafeBytes(of: &status.f_fstypename) { $0.prefix { $0 != 0 }.elementsEqual("apfs".utf8) }
        #else
        // linux/magic.h: ext2 to ext4, XFS, Btrfs, tmpfs, overlayfs, F2FS, ZFS, bcachefs, ramfs.
        let known: [UInt] = [
            0xEF53, 0x5846_5342, 0x9123_683E, 0x0102_1994, 0x794C_7630, 0xF2F5_2010, 0x2FC1_2FC1, 0xCA45_1A4E,
            0x8584_58F6,
        ]
        return known.contains(UInt(imagespec_file_system_type(descriptor)))
        #endif
    }
}
