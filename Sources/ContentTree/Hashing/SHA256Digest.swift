// SPDX-License-Identifier: Apache-2.0

/// A SHA-256 digest: 32 bytes in four words, so that it is copied and compared without an allocation.
///
/// The words contain the bytes in memory order.
package struct SHA256Digest: Hashable, Sendable {
    package static let byteCount = 32
    package static let hexCount = 64

    package var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)

    package init() {}

    package static func == (left: SHA256Digest, right: SHA256Digest) -> Bool { left.words == right.words }

    package func hash(into hasher: inout Hasher) {
        // Eight bytes of a SHA-256 digest are distinct enough.
        hasher.combine(words.0)
    }

    package func withBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        withUnsafeBytes(of: words, body)
    }

    /// Appends the 64 lower-case hexadecimal digits.
    func appendHex(to bytes: inout [UInt8]) {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: Self.hexCount) { digits in
            _ = writeHex(to: digits)
            bytes.append(contentsOf: digits)
        }
    }

    /// 64 lower-case hexadecimal digits.
    package var hex: String {
        String(unsafeUninitializedCapacity: Self.hexCount, initializingUTF8With: writeHex)
    }

    private func writeHex(to output: UnsafeMutableBufferPointer<UInt8>) -> Int {
        withBytes { digest in
            for index in 0..<Self.byteCount {
                output[2 &* index] = hexDigit(digest[index] >> 4)
                output[2 &* index &+ 1] = hexDigit(digest[index] & 15)
            }
        }
        return Self.hexCount
    }
}

/// The hexadecimal digit of a value below 16. Without a branch, because the digits of a digest cannot be predicted.
@inlinable @inline(__always)
package func hexDigit(_ value: UInt8) -> UInt8 {
    value &+ UInt8(ascii: "0") &+ ((value &+ 6) >> 4) &* 39
}
