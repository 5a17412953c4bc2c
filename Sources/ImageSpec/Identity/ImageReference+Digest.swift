// SPDX-License-Identifier: Apache-2.0

package import ContentTree

extension ImageSpec.ImageReference {
    /// The digest of a manifest, an index or a blob: `sha256:` and 64 lower-case hexadecimal digits.
    ///
    /// Source: https://github.com/opencontainers/go-digest, whose algorithms engines accept: SHA-256, SHA-384 and SHA-512.
    public struct Digest: Hashable, Sendable {
        /// A hash function.
        public enum Algorithm: String, Hashable, Sendable, CaseIterable {
            /// SHA-256, which nearly all registries use.
            case sha256
            /// SHA-384.
            case sha384
            /// SHA-512.
            case sha512

            /// The number of hexadecimal digits.
            var digitCount: Int {
                switch self {
                case .sha256: 64
                case .sha384: 96
                case .sha512: 128
                }
            }
        }

        /// The hash function.
        public let algorithm: Algorithm
        /// The hexadecimal digits, in lower case.
        public let hex: String

        /// Parses `algorithm:hex`. Returns `nil` if that is not a valid digest.
        public init?(_ text: String) {
            guard let colon = text.utf8.firstIndex(of: UInt8(ascii: ":")),
                let algorithm = Algorithm(rawValue: String(text[..<colon]))
            else { return nil }
            let digits = text.utf8[text.utf8.index(after: colon)...]
            guard digits.count == algorithm.digitCount, digits.allSatisfy(Self.isDigit) else { return nil }
            self.algorithm = algorithm
            hex = String(Substring(digits))
        }

        /// A SHA-256 that was computed.
        package init(_ digest: SHA256Digest) {
            algorithm = .sha256
            hex = digest.hex
        }

        /// Computes the SHA-256 of some bytes.
        package init(of bytes: [UInt8]) { self.init(SHA256Digest(of: bytes)) }

        private static func isDigit(_ byte: UInt8) -> Bool {
            byte.isASCIIDigit || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
        }
    }
}

extension ImageSpec.ImageReference.Digest: CustomStringConvertible {
    /// `algorithm:hex`.
    public var description: String { algorithm.rawValue + ":" + hex }
}
