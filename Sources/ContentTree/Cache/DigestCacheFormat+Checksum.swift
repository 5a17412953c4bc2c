// SPDX-License-Identifier: Apache-2.0

extension DigestCacheFormat {
    /// A 64-bit checksum over whole words. Every single change of a word changes it, because each step is reversible;
    /// several changes cancel out with probability 2^-64.
    static func checksum(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
        let factor: UInt64 = 0x9E37_79B9_7F4A_7C15
        var a = UInt64(bytes.count) &+ 1
        var (b, c, d) = (a &* 3, a &* 5, a &* 7)
        @inline(__always) func step(_ sum: inout UInt64, _ offset: Int) {
            sum = (sum ^ bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)) &* factor
            sum = sum << 29 | sum >> 35
        }
        var offset = 0
        while offset &+ 32 <= bytes.count {
            step(&a, offset)
            step(&b, offset &+ 8)
            step(&c, offset &+ 16)
            step(&d, offset &+ 24)
            offset &+= 32
        }
        while offset &+ 8 <= bytes.count {
            step(&a, offset)
            offset &+= 8
        }
        while offset < bytes.count {
            a = (a ^ UInt64(bytes[offset])) &* factor
            offset &+= 1
        }
        for part in [b, c, d] {
            a = (a ^ part) &* factor
            a = a << 31 | a >> 33
        }
        return a ^ a >> 29
    }

    /// The hash by which the pieces of a directory are found, and those of the directories above it on the way.
    ///
    /// Two paths can have the same hash, so every use compares the paths, or treats both directories as changed.
    static func pathHash(
        _ path: some Sequence<UInt8>, above: (UInt64) -> Void = { _ in }
    ) -> UInt64 {
        let start: UInt64 = 0x2545_F491_4F6C_DD1D
        var hash = start
        var isEmpty = true
        for byte in path {
            if isEmpty { above(start) }
            isEmpty = false
            if byte == UInt8(ascii: "/") { above(hash) }
            hash = (hash ^ UInt64(byte)) &* 0x9E37_79B9_7F4A_7C15
            hash = hash << 27 | hash >> 37
        }
        return hash
    }
}
