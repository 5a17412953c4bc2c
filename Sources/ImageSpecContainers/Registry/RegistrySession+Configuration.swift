// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
import ImageSpec
import ImageSpecBuilding
import ImageSpecLayers

// What manifests and configurations of images contain: labels and platforms.

extension RegistrySession {
    /// Whether an image is there, and a label of it, in one request less than by asking for one after the other. The label is
    /// nil if it cannot be determined; of an image for several platforms, it is that of one.
    func inspect(
        _ reference: ImageSpec.ImageReference, label name: String, platform: String
    ) async throws -> (existence: ImageSpec.Existence, label: String?) {
        let deadline = deadline
        let response = try await askWithCredentials(
            .get, "manifests/" + reference.identifier, of: reference, until: deadline
        ).answer.response
        switch response.status {
        case 200:
            let existence = existence(manifest: response, reference)
            guard case .present = existence, let manifest = Self.object(response) else {
                return (existence, nil)
            }
            let label = try? await label(name, of: manifest, reference, platform: platform, until: deadline)
            return (existence, label.flatMap { $0 })
        case 404: return (.absent, nil)
        // Some registries limit how often manifests are read, and let anybody look whether they are there.
        default: return (try await existence(of: reference), nil)
        }
    }

    /// The platforms of an image.
    /// - Returns: nil if the image does not exist; empty if it does not say which platforms it is for.
    func platforms(
        of reference: ImageSpec.ImageReference, within limit: Duration
    ) async throws -> [ImagePlatform]? {
        let deadline = min(deadline, .now + limit)
        let outcome = try await askWithCredentials(
            .get, "manifests/" + reference.identifier, of: reference, until: deadline)
        let response = outcome.answer.response
        switch response.status {
        case 200: break
        case 404: return nil
        default: throw ImageSpecError.refused(reference, outcome, login(reference))
        }
        guard let manifest = Self.object(response) else { throw ImageSpecError.noManifest(reference) }
        if case .array(let manifests)? = manifest["manifests"] {
            var platforms: [ImagePlatform] = []
            for case .object(let entry) in manifests {
                // Attestations have unknown/unknown.
                guard case .object(let fields)? = entry["platform"], let platform = Self.platform(fields),
                    platform.architecture != "unknown", !platforms.contains(platform)
                else { continue }
                platforms.append(platform)
            }
            return platforms
        }
        let configuration = try await configuration(of: manifest, reference, until: deadline)
        return [configuration.flatMap(Self.platform)].compactMap { $0 }
    }

    /// A label of an image, of that for one platform if it has several; nil if there is none.
    private func label(
        _ name: String, of manifest: ImageSpec.OrderedDictionary<ImageSpec.JSONValue>,
        _ reference: ImageSpec.ImageReference, platform: String, until deadline: ContinuousClock.Instant
    ) async throws -> String? {
        var manifest = manifest
        if case .array(let manifests)? = manifest["manifests"] {
            guard let platform = ImagePlatform(platform),
                let digest = Self.digest(in: manifests, for: platform),
                let inner = try await json("manifests/" + digest, of: reference, deadline)
            else { return nil }
            manifest = inner
        }
        if let label = ManifestAnnotations.label(name, in: manifest) { return label }
        return try await configuration(of: manifest, reference, until: deadline).flatMap {
            Self.label(name, in: $0)
        }
    }

    /// The configuration of an image for one platform; nil if there is none.
    private func configuration(
        of manifest: ImageSpec.OrderedDictionary<ImageSpec.JSONValue>,
        _ reference: ImageSpec.ImageReference, until deadline: ContinuousClock.Instant
    ) async throws -> ImageSpec.OrderedDictionary<ImageSpec.JSONValue>? {
        guard case .object(let config)? = manifest["config"], case .string(let digest)? = config["digest"],
            ImageSpec.ImageReference.Digest(digest) != nil
        else { return nil }
        return try await json("blobs/" + digest, of: reference, deadline)
    }

    private func json(
        _ path: String, of reference: ImageSpec.ImageReference, _ deadline: ContinuousClock.Instant
    ) async throws -> ImageSpec.OrderedDictionary<ImageSpec.JSONValue>? {
        let response = try await askWithCredentials(.get, path, of: reference, until: deadline).answer
            .response
        return response.status == 200 ? Self.object(response) : nil
    }

    private static func object(
        _ response: HTTPResponse
    ) -> ImageSpec.OrderedDictionary<ImageSpec.JSONValue>? {
        guard case .object(let object)? = try? ImageSpec.JSONValue(json: response.body) else { return nil }
        return object
    }

    private static func label(
        _ name: String, in configuration: ImageSpec.OrderedDictionary<ImageSpec.JSONValue>
    ) -> String? {
        guard case .object(let settings)? = configuration["config"],
            case .object(let labels)? = settings["Labels"], case .string(let label)? = labels[name]
        else { return nil }
        return label
    }

    /// The platform of an entry of an index, or of a configuration.
    private static func platform(
        _ fields: ImageSpec.OrderedDictionary<ImageSpec.JSONValue>
    ) -> ImagePlatform? {
        func text(_ key: String) -> String {
            if case .string(let text)? = fields[key] { text } else { "" }
        }
        return ImagePlatform(
            system: text("os"), architecture: text("architecture"), variant: text("variant"))
    }

    private static func digest(in manifests: [ImageSpec.JSONValue], for platform: ImagePlatform) -> String? {
        for case .object(let entry) in manifests {
            guard case .object(let fields)? = entry["platform"], case .string(let digest)? = entry["digest"],
                ImageSpec.ImageReference.Digest(digest) != nil, Self.platform(fields) == platform
            else { continue }
            return digest
        }
        return nil
    }
}
