// SPDX-License-Identifier: Apache-2.0

internal import ContentTree

extension ImageSpec {
    /// The SHA-256 of bytes, as 64 lower-case hexadecimal digits.
    package static func sha256Hex(of bytes: [UInt8]) -> String { SHA256Digest(of: bytes).hex }
}
