// SPDX-License-Identifier: Apache-2.0

// Swift's `==`, `<` and `hash(into:)` on strings work up to Unicode equivalence: the composed and the
// decomposed "é" are one string. An identity must tell them apart, so everything here compares bytes.

extension String {
    func hasSameBytes(as other: String) -> Bool {
        var left = self
        var right = other
        return left.withUTF8 { left in right.withUTF8 { right in left.elementsEqual(right) } }
    }

    /// Order by UTF-8 bytes, which is order by Unicode scalars.
    func precedesInUTF8(_ other: String) -> Bool {
        utf8.lexicographicallyPrecedes(other.utf8)
    }

    /// Order by UTF-16 code units, which RFC 8785 asks of keys.
    ///
    /// It differs from the order of UTF-8 bytes only between U+E000…U+FFFF (lead bytes EE and EF)
    /// and the scalars beyond U+FFFF (lead bytes F0 and up), which are written as surrogates.
    func precedesInUTF16(_ other: String) -> Bool {
        func rank(_ byte: UInt8) -> UInt16 {
            byte == 0xEE || byte == 0xEF ? UInt16(byte) + 0x100 : UInt16(byte)
        }
        return utf8.lexicographicallyPrecedes(other.utf8) { rank($0) < rank($1) }
    }
}

extension Hasher {
    mutating func combineBytes(of text: String) {
        var text = text
        text.withUTF8 { bytes in
            combine(bytes.count)
            combine(bytes: UnsafeRawBufferPointer(bytes))
        }
    }
}

/// A string that is equal to another one only if their bytes are.
struct ByteString: Hashable, Sendable {
    let text: String

    init(_ text: String) { self.text = text }

    static func == (left: ByteString, right: ByteString) -> Bool { left.text.hasSameBytes(as: right.text) }

    func hash(into hasher: inout Hasher) { hasher.combineBytes(of: text) }
}

extension ImageSpec {
    /// A value of an ``OrderedDictionary``: compared byte for byte, where Swift's `==` on strings is not.
    public protocol ByteHashable: Sendable {
        /// Whether two values are the same to the byte.
        static func areIdentical(_ left: Self, _ right: Self) -> Bool
        /// Feeds a value's bytes to a hasher; identical values feed the same.
        static func combine(_ value: Self, into hasher: inout Hasher)
    }
}

extension String: ImageSpec.ByteHashable {
    /// Whether two strings have the same UTF-8 bytes.
    public static func areIdentical(_ left: String, _ right: String) -> Bool { left.hasSameBytes(as: right) }

    /// Feeds the UTF-8 bytes of a string to a hasher.
    public static func combine(_ value: String, into hasher: inout Hasher) { hasher.combineBytes(of: value) }
}
