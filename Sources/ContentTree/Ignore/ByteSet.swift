// SPDX-License-Identifier: Apache-2.0

/// A set of byte values.
struct ByteSet: Hashable, Sendable {
    private var words = SIMD4<UInt64>()

    static let slash = UInt8(ascii: "/")
    /// The bytes that `?` of gitignore stands for: all that a name can contain.
    static let exceptSlash: ByteSet = {
        var set = ByteSet(0...255)
        set.remove(slash)
        return set
    }()

    init() {}

    init(_ range: ClosedRange<UInt8>) {
        for byte in range { insert(byte) }
    }

    var isEmpty: Bool { words == SIMD4() }
    var complement: ByteSet {
        var set = self
        set.words = ~words
        return set
    }

    func contains(_ byte: UInt8) -> Bool { words[Int(byte >> 6)] >> UInt64(byte & 63) & 1 == 1 }
    mutating func insert(_ byte: UInt8) { words[Int(byte >> 6)] |= 1 << UInt64(byte & 63) }
    mutating func remove(_ byte: UInt8) { words[Int(byte >> 6)] &= ~(1 << UInt64(byte & 63)) }
    mutating func formUnion(_ other: ByteSet) { words |= other.words }
}
