// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// The limit on the open files of this process (`ulimit -n`).
enum DescriptorLimit {
    /// How many more files can be opened now; more than enough if there is no limit.
    static var available: Int {
        let limit = sysconf(Int32(_SC_OPEN_MAX))
        guard limit > 0 else { return .max }
        // If the open files cannot be counted, a process has at least its standard streams and a few others.
        let open = (try? FileSystem.entries(ofDirectory: Array("/dev/fd".utf8)).count) ?? 16
        return max(0, limit - open)
    }

    private static let firstPause = 1_000_000
    private static let longestPause = 64_000_000
    private static let patience = 3_000_000_000

    /// Repeats a call that opens a file while the process or the system has too many open files, for up to three seconds:
    /// other threads and processes are about to close theirs.
    ///
    /// The call returns a descriptor, or -1 with `errno`.
    static func waiting(_ open: () -> Int32) -> Int32 {
        var descriptor = open()
        var pause = firstPause
        var waited = 0
        while descriptor < 0, errno == EMFILE || errno == ENFILE, waited < patience {
            var time = timespec(tv_sec: 0, tv_nsec: pause)
            nanosleep(&time, nil)
            waited += pause
            pause = min(2 * pause, longestPause)
            descriptor = open()
        }
        return descriptor
    }
}
