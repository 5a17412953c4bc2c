// SPDX-License-Identifier: Apache-2.0

internal import ContentTree

extension String {
    /// One word for a POSIX shell, quoted only if necessary.
    package var shellQuoted: String {
        let isPlain = utf8.allSatisfy { $0.isASCIILetterOrDigit || "@%_+=:,./-".utf8.contains($0) }
        return isPlain && !isEmpty ? self : "'" + withinSingleQuotes + "'"
    }

    /// The text between the single quotes of a shell.
    var withinSingleQuotes: String {
        // By bytes: a quote with a combining mark behind it is one character to Swift, and a quote to the shell.
        let parts = utf8.split(separator: UInt8(ascii: "'"), omittingEmptySubsequences: false)
        return parts.map { String(decoding: $0, as: UTF8.self) }.joined(separator: #"'\''"#)
    }
}
