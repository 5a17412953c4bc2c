// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
import ImageSpec
import ImageSpecBuilding
import ImageSpecLayers

/// The images that a container engine has.
struct LocalImages: Sendable {
    var engine: DetectedEngine
    var finder: EngineFinder

    /// Looks for an image.
    func inspect(_ name: String) async throws -> ImageSpec.Inspection {
        let arguments: [String]
        switch engine.dialect {
        case .buildx, .buildKit:
            arguments = ["image", "inspect", "--format", Self.format("{{.Id}}", ".Config.Labels"), name]
        case .podman:
            arguments = ["image", "inspect", "--format", Self.format("{{.Id}}", ".Labels"), name]
        case .buildah:
            arguments = [
                "inspect", "--type", "image", "--format",
                Self.format("{{.FromImageID}}", ".OCIv1.Config.Labels"), name,
            ]
        case .buildctl:
            return inspection(.unknown(reason: "buildctl does not keep images on this machine"))
        }
        let command = Command(executable: engine.path, arguments: arguments, environment: finder.environment)
        let outcome =
            try await finder.runner.answer(command, within: .seconds(120))
            ?? CommandOutcome(status: .exited(1), messages: ["\(command.executable) does not answer"])
        guard outcome.isSuccess else { return inspection(Self.existence(reason: outcome.reason)) }
        // A digest and perhaps an id.
        let words = (outcome.output.first ?? "").split(separator: " ")
        let digest = words.first.map { $0.contains(":") ? String($0) : "sha256:" + $0 }
        return inspection(.present(digest: digest), specID: words.count > 1 ? String(words[1]) : nil)
    }

    private func inspection(
        _ existence: ImageSpec.Existence, specID: String? = nil
    ) -> ImageSpec.Inspection {
        ImageSpec.Inspection(existence, specID: specID, engine: engine.name)
    }

    private static func format(_ digest: String, _ labels: String) -> String {
        "\(digest) {{with \(labels)}}{{index . \"\(ImageSpec.idLabel)\"}}{{end}}"
    }

    /// The meaning of a failure. Only messages that say that there is no such image mean that it is absent.
    static func existence(reason: String) -> ImageSpec.Existence {
        let text = reason.lowercased()
        let absences = ["no such image", "image not known"]
        return absences.contains(where: text.contains) ? .absent : .unknown(reason: reason)
    }
}

/// Asks the registries of specs' images. A value, so that tests can put their own answers in its place. The last argument is a
/// file of credentials; nil for the usual ones.
struct RegistryImages: Sendable {
    /// Whether an image is there.
    var existence: @Sendable (_ image: String, _ credentialsFile: String?) async -> ImageSpec.Existence
    /// Whether an image is there, and its label with the id of its spec, if it can be determined.
    var inspect:
        @Sendable (_ image: String, _ platform: String, _ credentialsFile: String?) async ->
            ImageSpec.Inspection
    /// The platforms of an image; nil if they cannot be determined in a short time.
    var platforms: @Sendable (_ image: String, _ credentialsFile: String?) async -> [ImagePlatform]?
}

extension RegistryImages {
    /// The longest time that a build waits to learn the platforms of its base image.
    private static let platformLimit = Duration.seconds(10)

    /// Asks for real.
    static let system = RegistryImages { RegistryClients.shared[$0] }

    /// Asks for real, with one client, whose own credentials are the only ones.
    init(_ client: ImageSpec.RegistryClient) { self.init { _ in client } }

    private init(_ client: @escaping @Sendable (_ credentialsFile: String?) -> ImageSpec.RegistryClient) {
        self.init(
            existence: { image, file in await client(file).existence(of: image) },
            inspect: { image, platform, file in
                do {
                    let reference = try ImageSpec.ImageReference(image)
                    let session = client(file).session
                    let found = try await withoutWaitingOnceCancelled {
                        try await session.inspect(reference, label: ImageSpec.idLabel, platform: platform)
                    }
                    return ImageSpec.Inspection(found.existence, specID: found.label)
                } catch {
                    return ImageSpec.Inspection(.unknown(reason: RegistrySession.reason(error)))
                }
            },
            platforms: { image, file in
                guard let reference = try? ImageSpec.ImageReference(image), !reference.isScratch else {
                    return nil
                }
                let session = client(file).session
                let found = try? await withoutWaitingOnceCancelled {
                    try await session.platforms(of: reference, within: Self.platformLimit)
                }
                return found.flatMap { $0 }
            })
    }
}
