// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
import ImageSpec

// The errors of container engines.

/// Why no engine works. The cause of the error of a search.
struct NoEngine: Error, Hashable {
    /// For each engine.
    var reasons: [String]
}

extension ImageSpecError {
    /// Why no engine works; nil for other errors.
    var noEngine: NoEngine? { problems[0].underlying as? NoEngine }

    static func cannotRun(_ executable: String, _ reason: String) -> ImageSpecError {
        // The reason may be a sentence of its own.
        let reason = reason.hasSuffix(".") ? String(reason.dropLast()) : reason
        return ImageSpecError(
            .toolFailed, "cannot run \(executable): \(reason)",
            fix: "check that it is an executable for this machine",
            underlying: LaunchFailure(reason: reason))
    }

    static func noTemporaryDirectory(_ path: String, _ reason: String) -> ImageSpecError {
        ImageSpecError(
            .unwritableOutput, "cannot create the temporary directory \"\(path)\": \(reason)",
            fix: "free some space, or set TMPDIR to another directory")
    }

    static func noEngine(_ wanted: ImageSpec.ContainerEngine?, _ reasons: [String]) -> ImageSpecError {
        let what = wanted.map { "\($0.rawValue) is not usable" } ?? "no usable container engine"
        let advice: ImageSpecError.Fix =
            wanted == nil
            ? "install or start one of them" : "install or start it, or use another engine"
        return ImageSpecError(
            .toolUnavailable, "\(what): \(reasons.joined(separator: "; "))", fix: advice,
            underlying: NoEngine(reasons: reasons))
    }

    // MARK: fields

    static func invalidOption(_ key: String, _ what: String, fix: ImageSpecError.Fix? = nil) -> ImageSpecError
    {
        ImageSpecError(.invalidField, field: "builder_options.\(key)", what, fix: fix)
    }

    static func unknownOption(_ key: String, known: [String]) -> ImageSpecError {
        let advice =
            Suggestion.nearest(to: key, among: known).map { "did you mean \"\($0)\"?" } ?? "remove it"
        return ImageSpecError(
            .unsupportedField, field: "builder_options.\(key)", "unknown option",
            fix: "\(advice) (options: \(known.joined(separator: ", ")))")
    }

    static func enginesDiffer(
        _ option: ImageSpec.ContainerEngine, _ chosen: ImageSpec.ContainerEngine
    ) -> ImageSpecError {
        ImageSpecError(
            .unsupportedField, field: "builder_options",
            "engine is \(option.rawValue), but \(chosen.rawValue) was requested",
            fix: "remove engine, or use \(option.rawValue)")
    }

    static func platformsUnsupported(_ platforms: [String], _ what: String, fix: ImageSpecError.Fix)
        -> ImageSpecError
    {
        ImageSpecError(
            .unsupportedField, field: "platform", found: platforms.joined(separator: ","), what, fix: fix)
    }

    /// A base image that is not available for some platforms.
    static func platformsMissing(
        _ missing: [String], in base: String, available: [String]
    ) -> ImageSpecError {
        ImageSpecError(
            .unsupportedField, field: "platform", found: missing.joined(separator: ","),
            "the base image \(base) is not available for \(missing.joined(separator: ", ")), only for \(available.joined(separator: ", "))",
            fix: "use one of its platforms, or a base image for \(missing.joined(separator: ", "))")
    }

    /// A base spec that is built for other platforms.
    static func baseSpecPlatforms(_ missing: [String], available: [String]) -> ImageSpecError {
        .platformsUnsupported(
            missing,
            "the base spec is built for \(available.joined(separator: ", ")), not for \(missing.joined(separator: ", "))",
            fix:
                "add these platforms to the base spec, or remove platform from it, so that the base is built for the same platforms"
        )
    }

    static func invalidRegistryConfig(_ path: String, _ what: String, fix: ImageSpecError.Fix)
        -> ImageSpecError
    {
        ImageSpecError(
            .missingInput, field: "registry_config", found: path, "\"\(path)\" \(what)", fix: fix)
    }

    static func registryConfigURL(_ path: String) -> ImageSpecError {
        invalidRegistryConfig(path, "is a URL, not a file", fix: "download it and use the local path")
    }

    // MARK: builds

    static func renamed(_ expected: String, _ found: String) -> ImageSpecError {
        ImageSpecError(
            .sourceChanged, "files of \(expected) changed after its name was computed, which is now \(found)",
            fix: "try again when no program is writing to them")
    }

    static func buildFailed(_ imageName: String, engine: String, _ failure: BuildFailure) -> ImageSpecError {
        ImageSpecError(
            .toolFailed, about: imageName, "\(engine) failed at \"\(failure.stage)\": \(failure.reason)",
            fix: failure.hint.map { ImageSpecError.Fix($0) }, output: failure.lines)
    }

    // MARK: the running environment

    static func pythonVersionGiven(_ version: String) -> ImageSpecError {
        ImageSpecError(
            .invalidField, field: "python_version", found: version,
            "\"\(version)\" is set, but the running environment determines the version",
            fix: "remove python_version")
    }

    static func noPython(_ what: String, underlying: (any Error)? = nil) -> ImageSpecError {
        ImageSpecError(
            .toolUnavailable, what, fix: "pass the path of the environment's interpreter",
            underlying: underlying)
    }

    static func notInstalled(_ packages: [String], python: String) -> ImageSpecError {
        let names = packages.map { "\"\($0)\"" }.joined(separator: ", ")
        return ImageSpecError(
            .missingInput, "\(names): not installed for \(python), so there is no version to pin",
            fix: "install the package, or remove it from the list")
    }
}
