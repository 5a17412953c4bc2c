// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
public import ImageSpec

extension ImageSpec {
    /// An image that a spec names by a tag, which can move, and the reference that names one image for good.
    public struct Pin: Hashable, Sendable {
        /// The keys of the document that lead to the place, as in `["base_image", "builder_config", "uv_image"]`.
        public let path: [String]
        /// What stands there, or what rendering takes where nothing does.
        public let reference: String
        /// What is to stand there: `name:tag@sha256:…`. Whoever reads it pulls by the digest; the tag is for people.
        public let pinned: String

        /// A pin.
        public init(path: [String], reference: String, pinned: String) {
            self.path = path
            self.reference = reference
            self.pinned = pinned
        }

        /// The place, as messages name it: `base_image.builder_config.uv_image`.
        public var field: String { path.joined(separator: ".") }
    }

    /// What pinning finds.
    public struct Pins: Hashable, Sendable {
        /// The references to replace, in the order of the rendering, inner bases first. Empty where all are pinned.
        public var pins: [Pin] = []
        /// The base images of specs that name none, which cannot be pinned because they stand nowhere.
        public var implicit: [ImplicitImage] = []

        /// A base image that a spec does not name.
        public struct ImplicitImage: Hashable, Sendable {
            /// The keys of the document that would lead to it.
            public let path: [String]
            /// What rendering takes.
            public let reference: String

            /// The place, as messages name it: `base_image`.
            public var field: String { path.joined(separator: ".") }
        }
    }

    /// Finds the digests of the images that the build of this spec uses: base images that are references, and of the
    /// images of `builder_config` those that its Dockerfile names, given or by default.
    ///
    /// Renders the spec, and asks for each reference once. A reference without a tag is written with the tag `latest`, which
    /// it means. The digest is that of what the registry has under the tag: for an image of several platforms the index.
    /// - Parameters:
    ///   - context: where relative paths of the spec count from.
    ///   - updating: asks anew for the tags of references that are pinned already. One without a tag stays as it is.
    ///   - digest: finds the digest of a reference `name:tag`.
    /// - Returns: what to replace, and what cannot be.
    /// - Throws: the errors of `Dockerfile.init(_:in:)` and of `digest`;
    ///   ``ImageSpecError/Code/toolFailed`` where what it returns is no digest;
    ///   ``ImageSpecError/Code/invalidReference`` where the spec has something else behind an `@`.
    public func pins(
        in context: Context = .current, updating: Bool = false,
        digest: (String) async throws -> String
    ) async throws -> Pins {
        var result = Pins()
        var digests: [String: String] = [:]
        for image in try usedImages(in: context) {
            let reference = TaggedReference(image.reference)
            if let digest = reference.digest, !ManifestDigest.isKnown(digest) {
                throw ImageSpecError.noDigestBehindAt(image.reference)
                    .inField(image.path.joined(separator: "."))
            }
            guard reference.canBePinned, !reference.isPinned || (updating && reference.tag != nil) else {
                continue
            }
            let field = image.path.joined(separator: ".")
            guard image.canBeWritten else {
                result.implicit.append(.init(path: image.path, reference: image.reference))
                continue
            }
            let name = reference.name + ":" + (reference.tag ?? "latest")
            let found: String
            if let known = digests[name] {
                found = known
            } else {
                do {
                    found = try await digest(name)
                } catch let error as ImageSpecError {
                    throw error.inField(field)
                }
                guard ManifestDigest.isKnown(found) else {
                    throw ImageSpecError.noDigest(name).inField(field)
                }
                digests[name] = found
            }
            let pinned = name + "@" + found
            if pinned != image.reference {
                result.pins.append(Pin(path: image.path, reference: image.reference, pinned: pinned))
            }
        }
        return result
    }

    /// Returns a copy with pinned references in their places.
    /// - Throws: ``ImageSpecError/Code/invalidDocument`` where a place is none of this spec.
    public func withPins(_ pins: [Pin]) throws(ImageSpecError) -> ImageSpec {
        var document = self.document
        for pin in pins { document = document.replacing(pin.path[...], with: .string(pin.pinned)) }
        let copy = try ImageSpec(document: document)
        return isForcePush ? copy.forcePush() : copy
    }
}

/// A reference, taken apart: `name[:tag][@digest]`.
struct TaggedReference {
    let name: String
    let tag: String?
    /// The text behind the `@`, which may be no digest.
    let digest: String?
    var isPinned: Bool { digest != nil }

    init(_ text: String) {
        let parts = text.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
        let tagged = parts[0]
        digest = parts.count > 1 ? String(parts[1]) : nil
        let path = tagged.lastIndex(of: "/").map { tagged[$0...] } ?? tagged
        if let colon = path.lastIndex(of: ":") {
            name = String(tagged[..<colon])
            tag = String(tagged[tagged.index(after: colon)...])
        } else {
            name = String(tagged)
            tag = nil
        }
    }

    /// `scratch` is no image, but its absence.
    var canBePinned: Bool { name != "scratch" }
}

extension ImageSpecError {
    fileprivate func inField(_ field: String) -> ImageSpecError {
        ImageSpecError(code, "\(field): \(message)")
    }

    fileprivate static func noDigest(_ reference: String) -> ImageSpecError {
        ImageSpecError(
            .toolFailed,
            "\(reference): not a valid digest; expected sha256: and 64 lower-case hexadecimal digits, as reported by the "
                + "registry")
    }
}
