// SPDX-License-Identifier: Apache-2.0

package import ImageSpec

/// The image that another one is built on, for one platform. Its layers were not read.
package struct BaseImage: Sendable {
    package let reference: ImageSpec.ImageReference
    package let repository: any ImageRepository
    /// The lowest first.
    package let layers: [BlobDescriptor]
    package let configuration: ImageConfiguration

    package init(
        reference: ImageSpec.ImageReference, repository: any ImageRepository, layers: [BlobDescriptor],
        configuration: ImageConfiguration
    ) {
        self.reference = reference
        self.repository = repository
        self.layers = layers
        self.configuration = configuration
    }

    /// Finds an image in its repository.
    /// - Throws: if it does not exist, or not for the platform.
    package static func find(
        _ reference: ImageSpec.ImageReference, for platform: ImagePlatform,
        in repository: any ImageRepository,
        cache: LayerCacheDirectory?
    ) async throws -> BaseImage {
        let found: StoredManifest?
        do {
            found = try await repository.manifest(reference.identifier)
        } catch let error as ImageSpecError {
            throw error.inside(ImageSpecError.Location(subject: "base image \(reference)"))
        }
        guard let stored = found else { throw ImageSpecError.noBaseImage("\(reference)") }
        var document = try parsed(stored, reference)
        if stored.mediaType == MediaType.index || stored.mediaType == MediaType.dockerIndex
            || document["manifests"] != nil
        {
            document = try await manifest(in: document, reference, for: platform, repository)
        }
        guard let configuration = document["config"].flatMap(Self.descriptor),
            let list = document["layers"]?.array
        else {
            throw ImageSpecError.invalidBaseImage(
                "\(reference)", "its manifest has no configuration or layers")
        }
        let layers = list.compactMap(descriptor)
        guard layers.count == list.count else {
            throw ImageSpecError.invalidBaseImage("\(reference)", "its manifest has an invalid layer")
        }
        let bytes = try await contents(of: configuration, in: repository, cache: cache)
        guard let json = try? ImageSpec.JSONValue(json: bytes), let value = ImageConfiguration(json) else {
            throw ImageSpecError.invalidBaseImage("\(reference)", "its configuration is invalid")
        }
        guard value.diffIDs.count == layers.count else {
            throw ImageSpecError.invalidBaseImage(
                "\(reference)", "its manifest and its configuration have different layers")
        }
        // An image that is not in an index has the platform that it has.
        if let found = value.platform, !platform.accepts(found.json) {
            throw ImageSpecError.noBasePlatform("\(reference)", "\(platform)", known: ["\(found)"])
        }
        return BaseImage(reference: reference, repository: repository, layers: layers, configuration: value)
    }

    private static func parsed(
        _ manifest: StoredManifest, _ reference: ImageSpec.ImageReference
    ) throws -> ImageSpec.JSONValue {
        guard let document = try? ImageSpec.JSONValue(json: manifest.bytes), document.object != nil else {
            throw ImageSpecError.invalidBaseImage("\(reference)", "its manifest is not valid JSON")
        }
        return document
    }

    private static func manifest(
        in index: ImageSpec.JSONValue, _ reference: ImageSpec.ImageReference, for platform: ImagePlatform,
        _ repository: any ImageRepository
    ) async throws -> ImageSpec.JSONValue {
        let manifests = index["manifests"]?.array ?? []
        guard let found = manifests.first(where: { $0["platform"].map(platform.accepts) ?? false }),
            let digest = found["digest"]?.string
        else {
            let known = manifests.compactMap { $0["platform"] }.compactMap { platform -> String? in
                guard let system = platform["os"]?.string, system != "unknown",
                    let architecture = platform["architecture"]?.string
                else { return nil }
                return "\(system)/\(architecture)" + (platform["variant"]?.string.map { "/" + $0 } ?? "")
            }
            throw ImageSpecError.noBasePlatform("\(reference)", "\(platform)", known: known)
        }
        guard let stored = try await repository.manifest(digest) else {
            throw ImageSpecError.noBaseImage("\(reference)")
        }
        return try parsed(stored, reference)
    }

    private static func descriptor(_ value: ImageSpec.JSONValue) -> BlobDescriptor? {
        guard let digest = value["digest"]?.string.flatMap(ImageSpec.ImageReference.Digest.init),
            let size = value["size"]?.integer
        else { return nil }
        return BlobDescriptor(
            mediaType: MediaType.layer(for: value["mediaType"]?.string ?? ""), digest: digest, size: size)
    }

    private static func contents(
        of blob: BlobDescriptor, in repository: any ImageRepository, cache: LayerCacheDirectory?
    ) async throws -> [UInt8] {
        let key = CacheKey("configuration.v1", "\(blob.digest)")
        if let known = cache?.read(.configuration, key),
            ImageSpec.ImageReference.Digest(of: known) == blob.digest
        {
            return known
        }
        guard blob.size <= 16 << 20 else {
            throw ImageSpecError.invalidLayer("its configuration is too large")
        }
        let bytes = try await repository.contents(of: blob)
        cache?.write(bytes, .configuration, key)
        return bytes
    }
}
