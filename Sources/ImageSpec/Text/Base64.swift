// SPDX-License-Identifier: Apache-2.0

internal import ContentTree

/// The encodings of RFC 4648, sections 4 and 5.
package enum Base64 {
    /// The standard alphabet, with padding.
    package static func text(_ bytes: [UInt8]) -> String {
        let text = digits(bytes, last: "+/")
        return text + String(repeating: "=", count: (4 - text.utf8.count % 4) % 4)
    }

    /// The alphabet for URLs and file names, without padding.
    package static func urlText(_ bytes: [UInt8]) -> String { digits(bytes, last: "-_") }

    private static func digits(_ bytes: [UInt8], last: String) -> String {
        let alphabet = Array(("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789" + last).utf8)
        var text: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start...].prefix(3)
            let bits = (Array(group) + [0, 0]).prefix(3).reduce(0) { $0 << 8 | Int($1) }
            for digit in 0...group.count { text.append(alphabet[bits >> (18 - 6 * digit) & 63]) }
        }
        return String(decoding: text, as: UTF8.self)
    }
}
