// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
import ImageSpec

// The sentences of engines that are elsewhere, and of what not every engine can do.

extension ImageSpecError {
    static func unknownCacheKey(_ name: String, in key: String, known: [String]) -> ImageSpecError {
        let advice =
            Suggestion.nearest(to: name, among: known).map { "did you mean \"\($0)\"?" } ?? "leave it out"
        return ImageSpecError(
            .unsupportedField,
            "builder_options: \(key): \"\(name)\" is no key of a cache, which has \(known.joined(separator: ", ")); \(advice)"
        )
    }

    static func optionUnsupported(
        _ key: String, engine: String, _ what: String, able: String
    ) -> ImageSpecError {
        ImageSpecError(
            .unsupportedField,
            "builder_options: \(key): \(engine) \(what); \(able) can; use one of them, or leave it out")
    }

    static func daemonHasNoFixedTimes(_ builder: String, engine: String) -> ImageSpecError {
        let who = builder.isEmpty ? "the builder that buildx takes" : "the builder \(builder)"
        return ImageSpecError(
            .unsupportedField,
            "builder_options: source_date_epoch: \(who) is the docker daemon's own (\(engine)), which gives files in layers no "
                + "fixed times; make one by docker buildx create --driver docker-container --name NAME and name it by the "
                + "option builder or the variable BUILDX_BUILDER, use buildctl, podman or buildah, or leave it out"
        )
    }

    static func optionNeedsPush(_ key: String) -> ImageSpecError {
        ImageSpecError(
            .unsupportedField,
            "builder_options: \(key): attestations are kept in a registry beside the image; set registry and push, or "
                + "leave it out")
    }

    static func optionNeedsEngine(
        _ key: String, _ needed: ImageSpec.ContainerEngine, _ chosen: ImageSpec.ContainerEngine
    ) -> ImageSpecError {
        ImageSpecError(
            .unsupportedField,
            "builder_options: \(key): it is for \(needed.rawValue), but \(chosen.rawValue) is asked for; leave one of them out"
        )
    }

    static func imageNotKept(_ imageName: String) -> ImageSpecError {
        ImageSpecError(
            .unsupportedField,
            "\(imageName): buildctl keeps no image on this machine; set registry and push, or use another engine"
        )
    }

    static func missingOptionFile(_ key: String, _ path: String) -> ImageSpecError {
        ImageSpecError(
            .missingInput,
            "builder_options: \(key): \"\(path)\" is no file that can be read; make it, or change the path")
    }

    static func noEndpoint(_ key: String, _ reasons: [String]) -> ImageSpecError {
        ImageSpecError(
            .toolUnavailable,
            "builder_options: \(key): none answers: \(reasons.joined(separator: "; ")); have one started, or name another"
        )
    }
}
