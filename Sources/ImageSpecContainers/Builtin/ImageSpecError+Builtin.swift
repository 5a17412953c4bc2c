// SPDX-License-Identifier: Apache-2.0

import ImageSpec
import ImageSpecLayers

// The errors of images that are made without an engine.

extension ImageSpecError {
    static func fieldNeedsEngine(_ field: String, _ what: String) -> ImageSpecError {
        ImageSpecError(
            .unsupportedField, field: field, "\(what), which the builtin engine does not do",
            fix: "use docker, podman or buildah", underlying: EngineNeed())
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

    /// The same error, with the reasons why no engine can be used instead.
    static func noOtherEngine(_ error: ImageSpecError, _ reasons: [String]) -> ImageSpecError {
        let problem = error.problems[0]
        return ImageSpecError(
            Problem(
                code: problem.code, locations: problem.locations, found: problem.found,
                reason: problem.reason + ", and no container engine can be used instead: "
                    + reasons.joined(separator: "; "),
                fix: problem.fix, output: problem.output, underlying: problem.underlying))
    }

    /// The same error of a base image that a container engine may be able to read.
    var ofBase: ImageSpecError {
        ImageSpecError(
            problems: problems.map {
                Problem(
                    code: $0.code, locations: $0.locations, found: $0.found, reason: $0.reason, fix: $0.fix,
                    output: $0.output, underlying: EngineNeed())
            }) ?? self
    }

    static func imageNotLoaded(_ imageName: String, engine: String, _ outcome: CommandOutcome)
        -> ImageSpecError
    {
        ImageSpecError(
            .toolFailed, about: imageName, "\(engine) cannot load the image: \(outcome.reason)",
            output: outcome.messages)
    }
}
