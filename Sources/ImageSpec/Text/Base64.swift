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

    /// The bytes of a text in the standard alphabet. Padding may be missing, and white space may be anywhere. `nil` for other
    /// characters.
    package static func decoded(_ text: String) -> [UInt8]? {
        var bytes: [UInt8] = []
        var bits: UInt32 = 0
        var count = 0
        var isPadded = false
        for byte in text.utf8 {
            let value: UInt8
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"): value = byte - UInt8(ascii: "A")
            case UInt8(ascii: "a")...UInt8(ascii: "z"): value = byte - UInt8(ascii: "a") + 26
            case UInt8(ascii: "0")...UInt8(ascii: "9"): value = byte - UInt8(ascii: "0") + 52
            case UInt8(ascii: "+"): value = 62
            case UInt8(ascii: "/"): value = 63
            case UInt8(ascii: "="):
                isPadded = true
                continue
            case 0x20, 0x09, 0x0A, 0x0D: continue
            default: return nil
            }
            if isPadded { return nil }
            bits = bits << 6 | UInt32(value)
            count += 1
            if count % 4 != 1 {
                let shift = UInt32([4, 2, 0][(count + 2) % 4])
                bytes.append(UInt8(truncatingIfNeeded: bits >> shift))
            }
        }
        // A single character is less than a byte.
        return count % 4 == 1 ? nil : bytes
    }

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
