// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
public import ImageSpec

extension ImageSpec {
    /// An image reference with a tag, which can move, and the pinned reference that replaces it.
    public struct Pin: Hashable, Sendable {
        /// The path of keys in the document, such as `["base_image", "builder_config", "uv_image"]`.
        public let path: [String]
        /// The current reference, or the default that rendering uses.
        public let reference: String
        /// The pinned reference, `name:tag@sha256:…`. Engines pull by the digest; the tag is informational.
        public let pinned: String

        /// Creates a pin.
        public init(path: [String], reference: String, pinned: String) {
            self.path = path
            self.reference = reference
            self.pinned = pinned
        }

        /// The field as it appears in messages: `base_image.builder_config.uv_image`.
        public var field: String { path.joined(separator: ".") }
    }

    /// The result of pinning.
    public struct Pins: Hashable, Sendable {
        /// The references to replace, in rendering order, inner bases first. Empty if all are pinned.
        public var pins: [Pin] = []
        /// The default base images of specs without `base_image`, which cannot be pinned because no field contains them.
        public var implicit: [ImplicitImage] = []

        /// A default base image.
        public struct ImplicitImage: Hashable, Sendable {
            /// The path of keys in the document.
            public let path: [String]
            /// The reference that rendering uses.
            public let reference: String

            /// The field as it appears in messages: `base_image`.
            public var field: String { path.joined(separator: ".") }
        }
    }

    /// Returns pinned references for the images that the build of this spec uses: base images that are references, and the
    /// images of `builder_config` that its Dockerfile uses, set or by default.
    ///
    /// Renders the spec, and looks up each reference once. A reference without a tag is pinned with the tag `latest`. For a
    /// multi-platform image, the digest is that of the index.
    /// - Parameters:
    ///   - context: The context that relative paths of the spec are resolved in.
    ///   - fields: The fields to pin, such as `base_image`. If `nil`, all.
    ///   - updating: Whether to update references that are already pinned. Those without a tag are not changed.
    ///   - digest: Returns the digest of a reference `name:tag`.
    /// - Returns: The references to replace, and those that cannot be pinned.
    /// - Throws: the errors of `Dockerfile.init(_:in:)` and of `digest`; ``ImageSpecError/Code/invalidField`` for a field that
    ///   is none of the images;
    ///   ``ImageSpecError/Code/toolFailed`` if that returns an invalid digest.
    public func pins(
        in context: Context = .current, fields: Set<String>? = nil, updating: Bool = false,
        digest: (String) async throws -> String
    ) async throws -> Pins {
        var result = Pins()
        var digests: [String: ImageReference.Digest] = [:]
        let images = try usedImages(in: context)
        let known = images.map { $0.path.joined(separator: ".") }
        if let unknown = (fields ?? []).subtracting(known).min() {
            throw ImageSpecError.noImage(unknown, known)
        }
        for image in images where fields?.contains(image.path.joined(separator: ".")) ?? true {
            let reference = try ImageReference(image.reference)
            guard !reference.isScratch, reference.digest == nil || (updating && reference.tag != nil) else {
                continue
            }
            let field = image.path.joined(separator: ".")
            guard image.canBeWritten else {
                result.implicit.append(.init(path: image.path, reference: image.reference))
                continue
            }
            let name = reference.tagged.description
            let found: ImageReference.Digest
            if let known = digests[name] {
                found = known
            } else {
                let text: String
                do {
                    text = try await digest(name)
                } catch let error as ImageSpecError {
                    throw error.inside(ImageSpecError.Location(field: field))
                }
                guard let known = ImageReference.Digest(text) else {
                    throw ImageSpecError.noDigest(name).inside(ImageSpecError.Location(field: field))
                }
                found = known
                digests[name] = known
            }
            let pinned = reference.pinned(to: found).description
            if pinned != image.reference {
                result.pins.append(Pin(path: image.path, reference: image.reference, pinned: pinned))
            }
        }
        return result
    }

    /// Returns a copy with the pinned references.
    /// - Throws: ``ImageSpecError/Code/invalidDocument`` if a path does not exist in this spec.
    public func withPins(_ pins: [Pin]) throws(ImageSpecError) -> ImageSpec {
        var document = self.document
        for pin in pins { document = document.replacing(pin.path[...], with: .string(pin.pinned)) }
        let copy = try ImageSpec(document: document)
        return isForcePush ? copy.forcePush() : copy
    }
}

extension ImageSpecError {
    fileprivate static func noImage(_ field: String, _ known: [String]) -> ImageSpecError {
        ImageSpecError(
            .invalidField, found: field, "\"\(field.shortened)\" is not an image of this spec",
            fix: Fix("use \(known.joined(separator: " or "))"))
    }

    fileprivate static func noDigest(_ reference: String) -> ImageSpecError {
        ImageSpecError(
            .toolFailed, about: reference, "the registry reported an invalid digest",
            fix: "expected sha256: followed by 64 lower-case hexadecimal digits")
    }
}
