// SPDX-License-Identifier: Apache-2.0

internal import ContentTree

/// The name of something in the layer cache: a digest of what it is made from.
package struct CacheKey: Hashable, Sendable {
    /// Hexadecimal digits.
    package let hex: String

    /// A key for parts in this order. The first one names what is stored, and its format.
    package init(_ parts: [[UInt8]]) {
        var hasher = SHA256Hasher()
        for part in parts {
            hasher.update(Array("\(part.count):".utf8))
            hasher.update(part)
        }
        hex = hasher.finalize().hex
    }

    /// The key with these digits; nil if they are none.
    init?(hex: String) {
        guard hex.utf8.count == SHA256Digest.hexCount, hex.allSatisfy(\.isHexDigit) else { return nil }
        self.hex = hex
    }

    package init(_ parts: String...) { self.init(parts.map { Array($0.utf8) }) }
}
