// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

extension FileSystem {
    /// Writes all bytes to a file, pipe or socket. If the output is non-blocking, waits until it accepts them.
    package static func writeAll(_ bytes: ArraySlice<UInt8>, to descriptor: Int32) throws(Failure) {
        var rest = bytes
        while !rest.isEmpty {
            let count = try writeSome(rest, to: descriptor)
            rest = rest.dropFirst(count)
            if count == 0 { _ = isReady(descriptor, within: -1) }
        }
    }

    /// Writes what the output accepts in one call. Returns 0 if it is non-blocking and full.
    static func writeSome(_ bytes: ArraySlice<UInt8>, to descriptor: Int32) throws(Failure) -> Int {
        try withoutFileSizeSignal { () throws(Failure) in
            while true {
                let count = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
                if count > 0 { return count }
                // A call that is passed bytes writes some or fails.
                if count == 0 { throw Failure(code: EIO) }
                switch errno {
                case EINTR: continue
                case EAGAIN: return 0
                default: throw .last
                }
            }
        }
    }

    /// Whether an output accepts bytes, or has failed and will report that. Waits forever for -1 milliseconds.
    static func isReady(_ descriptor: Int32, within milliseconds: Int32) -> Bool {
        var event = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        let count = poll(&event, 1, milliseconds)
        return count > 0 || (count < 0 && errno != EINTR)
    }

    /// Runs a call that writes to a file, so that exceeding the limit on file sizes (`ulimit -f`) is the error `EFBIG` and not a
    /// signal that ends the process.
    ///
    /// The signal is blocked on this thread only: its action belongs to the program that uses this library.
    private static func withoutFileSizeSignal<Result>(
        _ write: () throws(Failure) -> Result
    ) throws(Failure) -> Result {
        var signals = sigset_t()
        var before = sigset_t()
        sigemptyset(&signals)
        sigaddset(&signals, SIGXFSZ)
        pthread_sigmask(SIG_BLOCK, &signals, &before)
        defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
        do throws(Failure) {
            return try write()
        } catch {
            if error.code == EFBIG && sigismember(&before, SIGXFSZ) == 0 {
                // Unblocking the signal would deliver it.
                var pending = sigset_t()
                var received: Int32 = 0
                sigpending(&pending)
                if sigismember(&pending, SIGXFSZ) == 1 { sigwait(&signals, &received) }
            }
            throw error
        }
    }
}
