// SPDX-License-Identifier: Apache-2.0

import ImageSpec

// The errors of images that are made without an engine.

extension ImageSpecError {
    static func fieldNeedsEngine(_ field: String, _ what: String) -> ImageSpecError {
        ImageSpecError(
            .unsupportedField, field: field, "\(what), which the builtin engine does not do",
            fix: "use docker, podman or buildah")
    }

    static func optionNeedsOtherEngine(_ key: String) -> ImageSpecError {
        ImageSpecError(
            .unsupportedField, field: "builder_options.\(key)", "not supported by the builtin engine",
            fix: "use another engine, or remove the option")
    }

    static func noPlaceForImage(_ imageName: String, _ reasons: String) -> ImageSpecError {
        ImageSpecError(
            .toolUnavailable, about: imageName,
            "the image is not pushed, and there is no engine to load it into: \(reasons)",
            fix: Fix("set registry, or write the image to a file", action: .writeImage))
    }

    static func imageNotLoaded(_ imageName: String, engine: String, _ outcome: CommandOutcome)
        -> ImageSpecError
    {
        ImageSpecError(
            .toolFailed, about: imageName, "\(engine) cannot load the image: \(outcome.reason)",
            output: Array(outcome.messages.suffix(20)))
    }
}
