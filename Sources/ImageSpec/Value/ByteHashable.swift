// SPDX-License-Identifier: Apache-2.0

internal import ContentTree

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
