// SPDX-License-Identifier: Apache-2.0

package import ContentTree

extension ImageSpec {
    /// The identity of an image: its tag, and the document that the tag is computed from.
    public struct Identity: Hashable, Sendable {
        private let spec: ImageSpec

        /// See ``ImageSpec/id``. Computed at each call.
        public var id: String { spec.id }
        /// The lower-case hexadecimal SHA-256 of ``tagDocument``, 64 characters.
        public let contentDigest: String
        /// The canonical JSON (RFC 8785) of the image content.
        public let tagDocument: String
        /// The declared or default platform of the image.
        public let platform: String
        /// The tag of the image.
        public let tag: String
        /// The image name without the tag: `[registry/]name`.
        public let repository: String

        package init(spec: ImageSpec, _ content: ContentIdentity) throws(ImageSpecError) {
            self.spec = spec
            contentDigest = content.contentDigest.hex
            tagDocument = String(decoding: content.document, as: UTF8.self)
            platform = content.platform
            tag = try spec.parsedTagFormat()?.tag(specHash: contentDigest) ?? contentDigest
            repository = spec.repository
        }

        /// `[registry/]name:tag`.
        /// - Throws: ``ImageSpecError/Code/invalidReference``.
        public func imageName() throws(ImageSpecError) -> String {
            if let problem = spec.repositoryProblem { throw problem }
            return repository + ":" + tag
        }
    }
}

/// The content digest of a spec, and the document that it is the digest of.
package struct ContentIdentity: Sendable {
    package let document: [UInt8]
    package let contentDigest: SHA256Digest
    package let platform: String

    package init(spec: ImageSpec, contents: ResolvedInputs) {
        platform = contents.platform
        document = IdentityDocument.tag(of: spec, contents)
        contentDigest = SHA256Digest(of: document)
    }
}
