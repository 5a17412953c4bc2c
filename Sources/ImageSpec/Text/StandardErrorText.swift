// SPDX-License-Identifier: Apache-2.0

internal import ContentTree

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// Text for people on standard error.
package enum StandardErrorText {
    /// Prints text as lines of their own, with control characters escaped. Errors of writing are ignored.
    package static func print(_ text: String) {
        let lines = text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        let shown = lines.map { String(Substring($0)).escapingControlCharacters + "\n" }.joined()
        // In one call, so that lines of several builds do not mix.
        try? FileSystem.writeAll(Array(shown.utf8)[...], to: STDERR_FILENO)
    }
}
