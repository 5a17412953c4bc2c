// SPDX-License-Identifier: Apache-2.0

internal import ContentTree

/// A text in a list that is sorted: where it stands, and what its first eight bytes say of its order.
///
/// Sorting texts themselves would spend its time on counting references. Most are told apart by their beginnings, so
/// that these are compared as numbers, and the texts are looked at only where two begin alike.
struct SortKey {
    enum Order {
        /// By UTF-8 bytes.
        case utf8
        /// By UTF-16 code units.
        case utf16
    }

    let index: Int
    /// The first eight bytes as one big-endian number, which is less where the text comes first.
    let prefix: UInt64

    init(_ index: Int, _ text: String, _ order: Order) {
        self.index = index
        prefix = text.withBytes { bytes in
            let word: UInt64
            if bytes.count >= 8 {
                word = UInt64(bigEndian: UnsafeRawPointer(bytes.start).loadUnaligned(as: UInt64.self))
            } else {
                // A shorter text ends in zeros.
                word = bytes.enumerated().reduce(0) { $0 | UInt64($1.element) << (56 - 8 * $1.offset) }
            }
            // ASCII is the same in both orders.
            return order == .utf8 || word & 0x8080_8080_8080_8080 == 0 ? word : Self.orderedByUTF16(word)
        }
    }

    /// The lead bytes of U+E000…U+FFFF are put behind those of the scalars beyond, as `String.precedesInUTF16` does;
    /// no UTF-8 text has the bytes that they become.
    private static func orderedByUTF16(_ word: UInt64) -> UInt64 {
        stride(from: 56, through: 0, by: -8).reduce(0) { result, shift in
            let byte = word >> UInt64(shift) & 0xFF
            return result << 8 | (byte == 0xEE || byte == 0xEF ? byte + 0x10 : byte)
        }
    }
}

/// The places of `count` texts in their order.
@inline(__always)
func withSortedPlaces(
    of count: Int, by order: SortKey.Order, _ text: (Int) -> String,
    _ body: (UnsafeMutableBufferPointer<SortKey>) -> Void
) {
    func precedes(_ left: SortKey, _ right: SortKey) -> Bool {
        if left.prefix != right.prefix { return left.prefix < right.prefix }
        return order == .utf8
            ? text(left.index).precedesInUTF8(text(right.index))
            : text(left.index).precedesInUTF16(text(right.index))
    }
    withUnsafeTemporaryAllocation(of: SortKey.self, capacity: count) { memory in
        var places = memory
        // Few texts, most of which users wrote in their order, are put in place one by one.
        let isShort = count <= 32
        for index in 0..<count {
            let place = SortKey(index, text(index), order)
            var hole = index
            while isShort, hole > 0, precedes(place, places[hole - 1]) {
                places.initializeElement(at: hole, to: places[hole - 1])
                hole -= 1
            }
            places.initializeElement(at: hole, to: place)
        }
        if !isShort { places.sort(by: precedes) }
        body(places)
    }
}
