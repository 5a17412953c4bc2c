// SPDX-License-Identifier: Apache-2.0

internal import ContentTree

extension ImageSpec {
    /// A named image of an ``ImageConfig``.
    ///
    /// Source: flytekit `Image`.
    public struct Image: Hashable, Sendable {
        /// The name that code refers to: `default`, a name that users choose, or the ``ImageSpec/id`` of a spec.
        public let name: String
        /// The registry and repository, such as `ghcr.io/acme/trainer`.
        public let fqn: String
        /// The tag. `nil` if the image has a digest, or neither.
        public let tag: String?
        /// The digest, such as `sha256:…`. `nil` if the image has a tag, or neither.
        public let digest: String?

        /// Creates an image from a reference, such as `ghcr.io/acme/trainer:1.0`.
        ///
        /// Everything before the `@` of a digest, or before the `:` of a tag, is the ``fqn``. The reference is not checked.
        /// Source: flytekit `Image.look_up_image_info` with `allow_no_tag_or_digest`.
        public init(name: String, reference: String) {
            let bytes = Array(reference.utf8)
            func text(_ bytes: ArraySlice<UInt8>) -> String { String(decoding: bytes, as: UTF8.self) }
            self.name = name
            if let at = bytes.lastIndex(of: UInt8(ascii: "@")) {
                (fqn, tag, digest) = (text(bytes[..<at]), nil, text(bytes[(at + 1)...]))
            } else if let colon = bytes.lastIndex(of: UInt8(ascii: ":")),
                !bytes[colon...].contains(UInt8(ascii: "/"))
            {
                (fqn, tag, digest) = (text(bytes[..<colon]), text(bytes[(colon + 1)...]), nil)
            } else {
                (fqn, tag, digest) = (reference, nil, nil)
            }
        }

        init(name: String, fqn: String, tag: String?, digest: String?) {
            self.name = name
            self.fqn = fqn
            self.tag = tag
            self.digest = digest
        }

        /// The digest or the tag. `nil` if there is neither.
        public var version: String? { digest.nonEmpty ?? tag }

        /// The reference: ``fqn`` with `@` and the digest, or `:` and the tag.
        public var full: String {
            if let digest = digest.nonEmpty { return fqn + "@" + digest }
            return tag.map { fqn + ":" + $0 } ?? fqn
        }
    }
}
