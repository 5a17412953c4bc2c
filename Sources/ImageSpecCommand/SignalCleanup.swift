// SPDX-License-Identifier: Apache-2.0

internal import ContentTree

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// Deletes temporary files when a signal ends the tool.
enum SignalCleanup {
    /// The signals of a terminal or a supervisor that ends a process.
    static let signals = [SIGINT, SIGTERM, SIGHUP, SIGQUIT]

    /// Installs a handler for each of the signals that is not ignored. The process then ends by the signal, as without a
    /// handler.
    static func install() {
        // Created now: a handler must not allocate it.
        _ = TemporaryFiles.shared
        for number in signals where !isIgnored(number) {
            signal(number) { number in
                TemporaryFiles.shared.deleteAll()
                // Delivered when the handler returns.
                signal(number, SIG_DFL)
                raise(number)
            }
        }
    }

    /// Whether the caller of the tool ignores a signal, as `nohup` does. If not, its action is the default one afterwards.
    static func isIgnored(_ number: Int32) -> Bool {
        // Either a function, or one of two small numbers.
        let isIgnored = unsafeBitCast(signal(number, SIG_IGN), to: Int.self) == 1
        if !isIgnored { signal(number, SIG_DFL) }
        return isIgnored
    }
}
