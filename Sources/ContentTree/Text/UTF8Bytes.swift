// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

// Swift's `==`, `<` and `hash(into:)` on strings work up to Unicode equivalence: the composed and the
// decomposed "é" are one string. An identity must tell them apart, so everything here compares bytes.

extension String {
    package func hasSameBytes(as other: String) -> Bool {
        withBytes { left in
            other.withBytes { right in
                left.count == right.count
                    && (left.isEmpty || memcmp(left.start, right.start, left.count) == 0)
            }
        }
    }

    /// Order by UTF-8 bytes, which is order by Unicode scalars.
    package func precedesInUTF8(_ other: String) -> Bool {
        withBytes { left in
            other.withBytes { right in
                let shared = min(left.count, right.count)
                let order = shared == 0 ? 0 : memcmp(left.start, right.start, shared)
                return order == 0 ? left.count < right.count : order < 0
            }
        }
    }

    /// Order by UTF-16 code units, which RFC 8785 asks of keys.
    ///
    /// It differs from the order of UTF-8 bytes only between U+E000…U+FFFF (lead bytes EE and EF)
    /// and the scalars beyond U+FFFF (lead bytes F0 and up), which are written as surrogates.
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

    /// The UTF-8 bytes. Inlinable, because a generic function that another module calls without seeing its body takes several times
    /// as long. Copied first where the string does not hold them side by side, as one from Objective-C.
    @inlinable @inline(__always)
    package func withBytes<Result>(_ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result {
        if let result = utf8.withContiguousStorageIfAvailable(body) { return result }
        #if canImport(Darwin)
        var copy = self
        return copy.withUTF8(body)
        #else
        // Swift's own strings, and there are no others here, always do. Without a copy on the way the compiler sees that no
        // reference need be counted.
        preconditionFailure("a string without contiguous UTF-8")
        #endif
    }
}

extension [UInt8] {
    /// Order by bytes: below zero where this comes first, zero for the same bytes.
    ///
    /// As `lexicographicallyPrecedes`, which goes byte by byte and takes several times as long for a path.
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
    /// Where the elements lie, of which there must be one.
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

/// A string that is equal to another one only if their bytes are.
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
    @inlinable package var isASCIILetterOrDigit: Bool { isASCIIDigit || (self | 0x20).isASCIILowercaseLetter }
    @inlinable package var isASCIIControl: Bool { self < 0x20 || self == 0x7F }
}
