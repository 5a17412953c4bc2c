// SPDX-License-Identifier: Apache-2.0

internal import ContentTree

extension UInt8 {
    /// Whether the byte is a hexadecimal digit of either case.
    package var isASCIIHexDigit: Bool {
        isASCIIDigit || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(self | 0x20)
    }

    /// Whether the byte is a space, tab, line feed, vertical tab, form feed or carriage return.
    package var isASCIIWhiteSpace: Bool { self == 0x20 || (0x09...0x0D).contains(self) }

    /// Whether the byte is white space in JSON and YAML: a space, tab, line feed or carriage return.
    package var isJSONWhiteSpace: Bool { self == 0x20 || self == 0x09 || self == 0x0A || self == 0x0D }
}

extension BidirectionalCollection<UInt8> {
    /// The bytes without white space at both ends.
    package var withoutSurroundingWhiteSpace: SubSequence {
        guard let start = firstIndex(where: { !$0.isASCIIWhiteSpace }),
            let last = lastIndex(where: { !$0.isASCIIWhiteSpace })
        else { return self[endIndex...] }
        return self[start...last]
    }
}

extension String {
    /// The text without ASCII white space at both ends.
    package var trimmingSpace: String {
        String(decoding: utf8.withoutSurroundingWhiteSpace, as: UTF8.self)
    }
}
