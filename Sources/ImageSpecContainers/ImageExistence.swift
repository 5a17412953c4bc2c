// SPDX-License-Identifier: Apache-2.0

import ImageSpec

/// Finds out whether an image is there, by the programs of this machine.
///
/// The one place that asks; whatever can answer better takes its place.
struct ImageFinder: Sendable {
    struct Found: Hashable, Sendable {
        var existence: ImageSpec.Existence
        /// What the image's label says, where it is known.
        var specID: String?
    }

    var engine: WorkingEngine
    var finder: EngineFinder
    var authenticationFile: String?

    private var runner: CommandRunner { finder.runner }

    /// Looks in the image's registry.
    ///
    /// By skopeo where it is installed, which fetches no layers; else by fetching the image: `docker manifest inspect` does
    /// not know every kind of manifest, and buildah and podman have no such command.
    func inRegistry(_ name: String, platform: String) async throws -> Found {
        for skopeo in finder.programs("skopeo") {
            let outcome = try await answer(
                Command(
                    executable: skopeo,
                    arguments: platformOptions(platform)
                        + ["inspect", "--no-tags", "--format", Self.format("{{.Digest}}", ".Labels")]
                        + authentication + transportSecurity(of: name) + ["docker://" + name],
                    environment: finder.environment))
            return found(outcome)
        }
        let authentication = engine.kind == .docker ? [] : authentication + transportSecurity(of: name)
        let outcome = try await answer(
            Command(
                executable: engine.path, arguments: ["pull", "--quiet"] + authentication + [name],
                environment: finder.environment),
            within: .seconds(3600))
        guard outcome.isSuccess else { return found(outcome) }
        var result = try await onThisMachine(name)
        // The digest is that of the image here, not that of the manifest there.
        if case .present = result.existence { result.existence = .present(digest: nil) }
        return result
    }

    /// Looks at the images that the engine has.
    func onThisMachine(_ name: String) async throws -> Found {
        let arguments =
            switch engine.dialect {
            case .buildx, .buildKit:
                ["image", "inspect", "--format", Self.format("{{.Id}}", ".Config.Labels"), name]
            case .podman: ["image", "inspect", "--format", Self.format("{{.Id}}", ".Labels"), name]
            case .buildah:
                [
                    "inspect", "--type", "image", "--format",
                    Self.format("{{.FromImageID}}", ".OCIv1.Config.Labels"), name,
                ]
            }
        return found(
            try await answer(
                Command(executable: engine.path, arguments: arguments, environment: finder.environment)))
    }

    private static func format(_ digest: String, _ labels: String) -> String {
        "\(digest) {{with \(labels)}}{{index . \"\(ImageSpec.idLabel)\"}}{{end}}"
    }

    private func answer(
        _ command: Command, within limit: Duration = .seconds(120)
    ) async throws -> CommandOutcome {
        try await runner.answer(command, within: limit)
            ?? CommandOutcome(status: .exited(1), messages: ["\(command.executable) does not answer"])
    }

    /// Reads an answer: a digest and perhaps an id, or a reason.
    private func found(_ outcome: CommandOutcome) -> Found {
        guard outcome.isSuccess else { return Found(existence: Self.existence(reason: Self.reason(outcome))) }
        let words = (outcome.output.first ?? "").split(separator: " ")
        let digest = words.first.map { $0.contains(":") ? String($0) : "sha256:" + $0 }
        return Found(
            existence: .present(digest: digest), specID: words.count > 1 ? String(words[1]) : nil)
    }

    /// Skopeo names the image before it says what is wrong; whoever reads that knows which it is.
    private static func reason(_ outcome: CommandOutcome) -> String {
        let reason = outcome.reason
        guard reason.hasPrefix("Error parsing image name \""), let end = reason.firstRange(of: "\": ") else {
            return reason
        }
        return String(reason[end.upperBound...])
    }

    /// What the reason of a failure means. Only words that say that there is no such image mean that it is absent; a
    /// registry that wants a password may have it or not.
    static func existence(reason: String) -> ImageSpec.Existence {
        let text = reason.lowercased()
        let denials = ["denied", "unauthorized", "authentication", "may require"]
        let absences = [
            "manifest unknown", "name unknown", "no such image", "image not known", "not found: manifest",
        ]
        if absences.contains(where: text.contains) && !denials.contains(where: text.contains) {
            return .absent
        }
        return .unknown(reason: reason)
    }

    /// An index is looked into for one platform, which need not be that of this machine.
    private func platformOptions(_ platform: String) -> [String] {
        let parts = platform.split(separator: "/").map(String.init)
        var options: [String] = []
        if parts.count > 1 { options += ["--override-os", parts[0], "--override-arch", parts[1]] }
        if parts.count > 2 { options += ["--override-variant", parts[2]] }
        return options
    }

    private var authentication: [String] { authenticationFile.map { ["--authfile", $0] } ?? [] }

    private func transportSecurity(of name: String) -> [String] {
        ImageName(name).isOnLoopback ? ["--tls-verify=false"] : []
    }
}
