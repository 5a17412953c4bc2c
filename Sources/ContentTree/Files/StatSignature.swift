// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// The metadata of a file or directory that changes when its content does.
///
/// Three kinds of change do not show, as in git: writes through a shared memory mapping after the first one to a page;
/// writes by one `write` call that began before the file was read and ends after it, because the time is that of the
/// beginning; and another file system at the same place with the same inodes and times, as in reproducible disk images.
///
/// Cache files contain it as it is in memory.
package struct StatSignature: Equatable, Sendable {
    static let byteCount = 48

    /// In bytes.
    var size: Int64 = 0
    /// When the content changed, in nanoseconds since 1970.
    var modified = Int64.max
    /// When anything about the file changed. Unlike `modified`, programs cannot set it.
    var changed = Int64.max
    var inode: UInt64 = 0
    var device: UInt64 = 0
    var mode: UInt32 = 0
    /// So that no byte is undefined.
    private var padding: UInt32 = 0

    /// A signature that no file has.
    package init() {}

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

    /// The signature of an open file.
    package init(ofDescriptor descriptor: Int32) throws(FileSystem.Failure) {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw .last }
        self.init(status)
    }

    package var kind: FileSystem.Kind { FileSystem.kind(ofMode: FileMode(truncatingIfNeeded: mode)) }

    package var isExecutable: Bool { mode & UInt32(S_IXUSR) != 0 }

    /// In bytes.
    package var fileSize: Int { Int(size) }

    /// A time that does not fit, more than 292 years from 1970, becomes one that is never reliable.
    static func nanoseconds(_ time: timespec) -> Int64 {
        let (seconds, overflow) = Int64(time.tv_sec).multipliedReportingOverflow(by: 1_000_000_000)
        return overflow ? .max : seconds &+ Int64(time.tv_nsec)
    }

    /// The current time of the clock that local file systems use, which advances in ticks of some milliseconds.
    static var now: Int64 {
        var time = timespec()
        #if canImport(Darwin)
        let result = clock_gettime(CLOCK_REALTIME, &time)
        #else
        let result = clock_gettime(CLOCK_REALTIME_COARSE, &time)
        #endif
        return result == 0 ? nanoseconds(time) : .min
    }

    /// Whether every later change results in another signature, if this one was taken at `time` or later and before the
    /// content was read.
    ///
    /// A file that changed during the tick in which it was read could change again in that tick and have the same times.
    func isSafelyOlder(than time: Int64) -> Bool {
        // Some file systems store whole seconds, others whole pairs of seconds.
        let tick: Int64 = changed % 1_000_000_000 == 0 ? 2_000_000_000 : 0
        return modified < time && changed < time &- tick
    }
}
