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
                "run: docker buildx create --driver docker-container --name NAME, and select that builder with the option builder or the variable BUILDX_BUILDER; or use buildctl, podman or buildah; or remove the option"
        )
    }

    static func optionNeedsPush(_ key: String) -> ImageSpecError {
        ImageSpecError(
            .unsupportedField, field: "builder_options.\(key)",
            "attestations are stored in the registry with the image",
            fix: "set registry and push, or remove the option")
    }

    static func optionNeedsEngine(
        _ key: String, _ needed: ImageSpec.ContainerEngine, _ chosen: ImageSpec.ContainerEngine
    ) -> ImageSpecError {
        ImageSpecError(
            .unsupportedField, field: "builder_options.\(key)",
            "requires \(needed.rawValue), but \(chosen.rawValue) was requested", fix: "remove one of them")
    }

    static func imageNotKept(_ imageName: String) -> ImageSpecError {
        ImageSpecError(
            .unsupportedField, about: imageName, "buildctl does not keep images on this machine",
            fix: "set registry and push, or use another engine")
    }

    static func missingOptionFile(_ key: String, _ path: String) -> ImageSpecError {
        ImageSpecError(
            .missingInput, field: "builder_options.\(key)", "cannot read the file \"\(path)\"",
            fix: "create it, or change the path")
    }

    static func noEndpoint(_ key: String, _ reasons: [String]) -> ImageSpecError {
        ImageSpecError(
            .toolUnavailable, field: "builder_options.\(key)",
            "no endpoint answers: \(reasons.joined(separator: "; "))", fix: "start one, or use another")
    }
}
