// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
import ImageSpec

// The sentences of container engines.

extension ImageSpecError {
    static func cannotRun(_ executable: String, _ reason: String) -> ImageSpecError {
        // The reason may be a sentence of its own.
        let reason = reason.hasSuffix(".") ? String(reason.dropLast()) : reason
        return ImageSpecError(
            .toolFailed, "\(executable) cannot be run: \(reason); see that it is a program for this machine")
    }

    static func noTemporaryDirectory(_ path: String, _ reason: String) -> ImageSpecError {
        ImageSpecError(
            .unwritableOutput,
            "\"\(path)\": no temporary folder can be made there: \(reason); make room there, or set "
                + "TMPDIR to another folder")
    }

    static func noEngine(_ wanted: ImageSpec.ContainerEngine?, _ reasons: [String]) -> ImageSpecError {
        let what = wanted.map { "\($0.rawValue) does not work" } ?? "no container engine works"
        let advice =
            wanted == nil
            ? "install one of them, or have it started" : "install it, have it started, or use another"
        return ImageSpecError(.toolUnavailable, "\(what): \(reasons.joined(separator: "; ")); \(advice)")
    }

    // MARK: fields

    static func invalidOption(_ key: String, _ what: String) -> ImageSpecError {
        ImageSpecError(.invalidField, "builder_options: \(key): \(what)")
    }

    static func unknownOption(_ key: String, known: [String]) -> ImageSpecError {
        let advice =
            Suggestion.nearest(to: key, among: known).map { "did you mean \"\($0)\"?" } ?? "leave it out"
        return ImageSpecError(
            .unsupportedField,
            "builder_options: \"\(key)\" is no option of this builder, which knows \(known.joined(separator: ", ")); \(advice)"
        )
    }

    static func enginesDiffer(
        _ option: ImageSpec.ContainerEngine, _ chosen: ImageSpec.ContainerEngine
    ) -> ImageSpecError {
        ImageSpecError(
            .unsupportedField,
            "builder_options: engine is \(option.rawValue), but \(chosen.rawValue) is asked for; leave one of them out"
        )
    }

    static func platformsUnsupported(_ platforms: [String], _ what: String) -> ImageSpecError {
        ImageSpecError(.unsupportedField, "platform: \(platforms.joined(separator: ",")): \(what)")
    }

    static func invalidRegistryConfig(_ path: String, _ what: String) -> ImageSpecError {
        ImageSpecError(.missingInput, "registry_config: \"\(path)\" \(what)")
    }

    static func registryConfigURL(_ path: String) -> ImageSpecError {
        invalidRegistryConfig(path, "is a URL, not a file; download it and give its local path")
    }

    // MARK: builds

    static func renamed(_ expected: String, _ found: String) -> ImageSpecError {
        ImageSpecError(
            .sourceChanged,
            "files of \(expected) changed after it was named, and now it would be \(found); try again when nothing "
                + "writes to them")
    }

    static func buildFailed(_ imageName: String, engine: String, _ failure: BuildFailure) -> ImageSpecError {
        let lines = failure.lines.map { "  " + $0 }
        let start = "\(imageName): \(engine) failed at \"\(failure.stage)\": \(failure.reason)"
        let hint = failure.hint.map { ["hint: " + $0] } ?? []
        return ImageSpecError(.toolFailed, ([start] + lines + hint).joined(separator: "\n"))
    }

    // MARK: the running environment

    static func pythonVersionGiven(_ version: String) -> ImageSpecError {
        ImageSpecError(
            .invalidField,
            "python_version: \"\(version)\" is given, but the running environment decides it; leave it out")
    }

    static func noPython(_ what: String) -> ImageSpecError {
        ImageSpecError(.toolUnavailable, "\(what); name the interpreter of the environment")
    }

    static func notInstalled(_ packages: [String], python: String) -> ImageSpecError {
        let names = packages.map { "\"\($0)\"" }.joined(separator: ", ")
        return ImageSpecError(
            .missingInput,
            "\(names): not installed for \(python), so there is no version to pin; install it, or leave it out"
        )
    }
}
