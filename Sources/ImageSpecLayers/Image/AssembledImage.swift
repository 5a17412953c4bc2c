// SPDX-License-Identifier: Apache-2.0

package import ImageSpec
internal import ImageSpecBuilding

/// An image for one platform: its layers, its configuration and its manifest.
package struct AssembledImage: Sendable {
    /// Where the bytes of a layer are.
    package enum Source: Sendable {
        /// In the repository of the base image.
        case base
        /// They are made when they are needed.
        case made(Layer)
    }

    package struct ImageLayer: Sendable {
        package var blob: BlobDescriptor
        package var source: Source
    }

    package let platform: ImagePlatform
    package let base: BaseImage
    /// The lowest first.
    package let layers: [ImageLayer]
    package let configuration: ImageConfiguration
    /// The configuration as it is stored.
    package let configurationBytes: [UInt8]
    package let manifest: StoredManifest

    /// Puts layers on a base image, whose configuration was completed with them.
    init(
        platform: ImagePlatform, base: BaseImage, made: [Layer], configuration: ImageConfiguration
    ) throws {
        self.platform = platform
        self.base = base
        self.configuration = configuration
        layers =
            base.layers.map { ImageLayer(blob: $0, source: .base) }
            + made.map { ImageLayer(blob: $0.content.blob, source: .made($0)) }
        configurationBytes = configuration.json.canonicalForm
        let blob = Self.configurationBlob(of: configurationBytes)
        var document: ImageSpec.OrderedDictionary<ImageSpec.JSONValue> = [
            "schemaVersion": try .init(2), "mediaType": .string(MediaType.manifest),
            "config": try blob.json, "layers": .array(try layers.map { try $0.blob.json }),
        ]
        document["annotations"] = configuration.label(ImageSpec.idLabel).map {
            ManifestAnnotations.json(id: $0, configuration: blob.digest)
        }
        manifest = StoredManifest(
            mediaType: MediaType.manifest, bytes: ImageSpec.JSONValue.object(document).canonicalForm)
    }

    package var configurationBlob: BlobDescriptor { Self.configurationBlob(of: configurationBytes) }

    private static func configurationBlob(of bytes: [UInt8]) -> BlobDescriptor {
        BlobDescriptor(mediaType: MediaType.configuration, digest: .init(of: bytes), size: bytes.count)
    }

    /// The image as the base of another one.
    package func asBase(_ reference: ImageSpec.ImageReference, in repository: any ImageRepository)
        -> BaseImage
    {
        BaseImage(
            reference: reference, repository: repository, layers: layers.map(\.blob),
            configuration: configuration)
    }
}

extension BlobDescriptor {
    /// Source: OCI image specification 1.1, descriptors.
    var json: ImageSpec.JSONValue {
        get throws {
            ["mediaType": .string(mediaType), "digest": .string("\(digest)"), "size": try .init(size)]
        }
    }
}

/// What is stored under the name of an image: its manifest, or an index of the manifests for several platforms.
package struct ImageIndex: Sendable {
    /// In the order of their platforms. Not empty.
    package let images: [AssembledImage]

    package init(_ images: [AssembledImage]) { self.images = images }

    /// What the tag refers to.
    package var top: StoredManifest {
        get throws {
            if images.count == 1 { return images[0].manifest }
            let document: ImageSpec.JSONValue = [
                "schemaVersion": try .init(2), "mediaType": .string(MediaType.index),
                "manifests": .array(
                    try images.map { image in
                        var entry =
                            try BlobDescriptor(
                                mediaType: image.manifest.mediaType, digest: image.manifest.digest,
                                size: image.manifest.bytes.count
                            ).json.object ?? [:]
                        entry["platform"] = image.platform.json
                        return .object(entry)
                    }),
            ]
            return StoredManifest(mediaType: MediaType.index, bytes: document.canonicalForm)
        }
    }
}
