// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

// Swift's `==`, `<` and `hash(into:)` on strings use Unicode equivalence: the composed and the decomposed "é" are equal. In an
// identity they are different, so everything here compares bytes.

extension String {
    package func hasSameBytes(as other: String) -> Bool {
        withBytes { left in
            other.withBytes { right in
                left.count == right.count
                    && (left.isEmpty || memcmp(left.start, right.start, left.count) == 0)
            }
        }
    }

    /// Compares by UTF-8 bytes, which is the order of Unicode scalars.
    package func precedesInUTF8(_ other: String) -> Bool {
        withBytes { left in
            other.withBytes { right in
                let shared = min(left.count, right.count)
                let order = shared == 0 ? 0 : memcmp(left.start, right.start, shared)
                return order == 0 ? left.count < right.count : order < 0
            }
        }
    }

    /// Compares by UTF-16 code units, as RFC 8785 requires for keys.
    ///
    /// The order differs from that of UTF-8 bytes only between U+E000…U+FFFF (lead bytes EE and EF) and the scalars beyond U+FFFF
    /// (lead bytes F0 and up), which UTF-16 writes as surrogates.
    package func precedesInUTF16(_ other: String) -> Bool {
        func rank(_ byte: UInt8) -> UInt16 {
            byte == 0xEE || byte == 0xEF ? UInt16(byte) + 0x100 : UInt16(byte)
        }
        return withBytes { left in
            other.withBytes { right in left.lexicographicallyPrecedes(right) { rank($0) < rank($1) } }
        }
    }

    package func hasByte(_ byte: UInt8) -> Bool {
        withBytes { !$0.isEmpty && memchr($0.start, Int32(byte), $0.count) != nil }
    }

    /// The UTF-8 bytes. Inlinable, because a generic function of another module is several times slower if its body is not visible.
    /// A string from Objective-C, whose bytes are not contiguous, is copied first.
    @inlinable @inline(__always)
    package func withBytes<Result>(_ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result {
        if let result = utf8.withContiguousStorageIfAvailable(body) { return result }
        #if canImport(Darwin)
        var copy = self
        return copy.withUTF8(body)
        #else
        // Native strings, the only ones here, are contiguous. Without a copy the compiler can omit reference counting.
        preconditionFailure("a string without contiguous UTF-8")
        #endif
    }
}

extension [UInt8] {
    /// Compares by bytes. Negative if this is first, zero for equal bytes.
    ///
    /// Several times as fast as `lexicographicallyPrecedes` for a path, which compares byte by byte.
    package func order(to other: [UInt8]) -> Int {
        withUnsafeBytes { left in
            other.withUnsafeBytes { right in
                guard let leftStart = left.baseAddress, let rightStart = right.baseAddress,
                    case let order = Int(memcmp(leftStart, rightStart, Swift.min(left.count, right.count))),
                    order != 0
                else { return left.count - right.count }
                return order
            }
        }
    }
}

extension UnsafeBufferPointer {
    /// The address of the first element, which must exist.
    @inlinable
    package var start: UnsafePointer<Element> { baseAddress.unsafelyUnwrapped }
}

extension Hasher {
    package mutating func combineBytes(of text: String) {
        text.withBytes { bytes in
            combine(bytes.count)
            combine(bytes: UnsafeRawBufferPointer(bytes))
        }
    }
}

/// A string that is equal to another one only if they have the same bytes.
package struct ByteString: Hashable, Sendable {
    package let text: String

    package init(_ text: String) { self.text = text }

    package static func == (left: ByteString, right: ByteString) -> Bool {
        left.text.hasSameBytes(as: right.text)
    }

    package func hash(into hasher: inout Hasher) { hasher.combineBytes(of: text) }
}

extension UInt8 {
    @inlinable package var isASCIIDigit: Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self) }
    @inlinable package var isASCIILowercaseLetter: Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(self)
    }
    @inlinable package var isASCIIUppercaseLetter: Bool {
        UInt8(ascii: "A") <= self && self <= UInt8(ascii: "Z")
    }
    @inlinable package var isASCIILetterOrDigit: Bool { isASCIIDigit || (self | 0x20).isASCIILowercaseLetter }
    @inlinable package var isASCIIControl: Bool { self < 0x20 || self == 0x7F }
}
