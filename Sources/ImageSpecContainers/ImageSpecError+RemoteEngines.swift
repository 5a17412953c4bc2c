// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
import ImageSpec

// The errors of remote engines, and of options that not every engine supports.

extension ImageSpecError {
    static func unknownCacheKey(_ name: String, in key: String, known: [String]) -> ImageSpecError {
        let advice =
            Suggestion.nearest(to: name, among: known).map { "did you mean \"\($0)\"?" } ?? "remove it"
        return ImageSpecError(
            .unsupportedField, field: "builder_options.\(key).\(name)", "unknown key",
            fix: "\(advice) (keys: \(known.joined(separator: ", ")))")
    }

    static func optionUnsupported(
        _ key: String, engine: String, _ what: String, able: String
    ) -> ImageSpecError {
        ImageSpecError(
            .unsupportedField, field: "builder_options.\(key)", "\(engine) \(what)",
            fix: "use \(able), or remove the option")
    }

    static func daemonHasNoFixedTimes(_ builder: String, engine: String) -> ImageSpecError {
        let who = builder.isEmpty ? "the current builder of buildx" : "the builder \(builder)"
        return ImageSpecError(
            .unsupportedField, field: "builder_options.source_date_epoch",
            "\(who) uses the docker driver (\(engine)), which cannot set fixed file times in layers",
            fix:
                "create a builder with \"docker buildx create --driver docker-container --name NAME\" and select it with the option builder or the variable BUILDX_BUILDER; or use buildctl, podman or buildah; or remove the option"
        )
    }

    static func optionNeedsPush(_ key: String) -> ImageSpecError {
        ImageSpecError(
            .unsupportedField, field: "builder_options.\(key)",
            "attestations are stored in the registry with the image",
            fix: "set registry and push the image, or remove the option")
    }

    static func optionNeedsEngine(
        _ key: String, _ needed: ImageSpec.ContainerEngine, _ chosen: ImageSpec.ContainerEngine
    ) -> ImageSpecError {
        ImageSpecError(
            .unsupportedField, field: "builder_options.\(key)",
            "requires \(needed.rawValue), but \(chosen.rawValue) was requested",
            fix: "remove the option, or use \(needed.rawValue)")
    }

    static func imageNotKept(_ imageName: String) -> ImageSpecError {
        ImageSpecError(
            .unsupportedField, about: imageName, "buildctl does not keep images on this machine",
            fix: "set registry and push the image, or use another engine")
    }

    static func missingOptionFile(_ key: String, _ path: String) -> ImageSpecError {
        ImageSpecError(
            .missingInput, field: "builder_options.\(key)", "cannot read the file \"\(path)\"",
            fix: "create it, or change the path")
    }

    static func noEndpoint(_ key: String, _ reasons: [String]) -> ImageSpecError {
        ImageSpecError(
            .toolUnavailable, field: "builder_options.\(key)",
            "no \(key.hasPrefix("builder") ? "builder" : "daemon") responds: \(reasons.joined(separator: "; "))",
            fix: connectionFix(reasons) ?? "start one, or use another")
    }

    /// The engine that the client selects by itself.
    static func engineNotAnswering(_ engine: String, _ reason: String) -> ImageSpecError {
        ImageSpecError(
            .toolUnavailable, "the daemon or builder of \(engine) does not respond: \(reason)",
            fix: connectionFix([reason]) ?? "start it, or select another")
    }

    /// An engine that stopped answering during a build.
    static func engineLost(
        _ engine: String, _ failure: ImageSpecError, _ reason: String
    ) -> ImageSpecError {
        let problem = failure.problems[0]
        return ImageSpecError(
            Problem(
                code: .toolUnavailable, locations: problem.locations, found: nil,
                reason: "\(problem.reason); the daemon or builder of \(engine) no longer responds: \(reason)",
                fix: "restart the daemon or builder and try again", output: problem.output,
                underlying: failure))
    }

    static func localBase(_ base: String, builder: String) -> ImageSpecError {
        ImageSpecError(
            .unsupportedField, field: "base_image", found: base,
            "\(base) has no registry and stays on this machine, where \(builder) cannot read it",
            fix: "set registry in the base spec, or use the docker daemon, podman or buildah")
    }

    /// The fix if a certificate is the reason that an engine does not answer.
    private static func connectionFix(_ reasons: [String]) -> Fix? {
        let signs = ["tls:", "x509", "server preface"]
        guard reasons.contains(where: { reason in signs.contains(where: reason.contains) }) else {
            return nil
        }
        return
            "set tls_ca, tls_cert and tls_key to certificates that the daemon accepts, and tls_server_name if its certificate has another name"
    }
}
