// SPDX-License-Identifier: Apache-2.0

internal import ContentTree

/// Lower-case hexadecimal digits.
package enum Hexadecimal {
    /// The digits of bytes, two for each.
    package static func text(_ bytes: some Sequence<UInt8>) -> String {
        String(decoding: bytes.flatMap { [hexDigit($0 >> 4), hexDigit($0 & 15)] }, as: UTF8.self)
    }

    /// The digits of a number, with zeros in front up to `width`.
    package static func text(_ number: some BinaryInteger, width: Int) -> String {
        let digits = String(number, radix: 16)
        return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
    }

    /// The bytes that digits stand for; `nil` for any other text.
    package static func bytes(_ text: String) -> [UInt8]? {
        let digits = Array(text.utf8)
        guard digits.count.isMultiple(of: 2), digits.allSatisfy(isDigit) else { return nil }
        return stride(from: 0, to: digits.count, by: 2).map {
            value(ofDigit: digits[$0]) << 4 | value(ofDigit: digits[$0 + 1])
        }
    }

    /// Whether a byte is a lower-case digit.
    @inlinable
    package static func isDigit(_ byte: UInt8) -> Bool {
        byte &- UInt8(ascii: "0") < 10 || byte &- UInt8(ascii: "a") < 6
    }

    /// The value of a lower-case digit; without a branch, because the digits of a digest are unpredictable.
    @inlinable
    package static func value(ofDigit byte: UInt8) -> UInt8 { byte & 15 &+ (byte >> 6) &* 9 }
}
