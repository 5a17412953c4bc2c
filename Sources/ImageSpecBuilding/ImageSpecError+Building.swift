// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
internal import ImageSpec

// The sentences of validation, rendering and build contexts.

extension ImageSpecError {
    // MARK: fields

    static func credential(_ field: String) -> ImageSpecError {
        ImageSpecError(
            .unsupportedField, field: field,
            "the URL contains credentials, which would be readable in the image history",
            fix: "remove them and mount a .netrc with pip_secret_mounts, with the target /root/.netrc")
    }

    static func cudaUnsupported(_ field: String) -> ImageSpecError {
        ImageSpecError(
            .unsupportedField, field: field, "not installed by this builder",
            fix:
                "use a base_image that contains it, or packages from PyPI that include it, or install it with conda_packages from the channel \"nvidia\" (conda_channels)"
        )
    }

    static func unsupportedBeside(
        _ field: String, _ other: String, _ reason: String, fix: ImageSpecError.Fix
    ) -> ImageSpecError {
        ImageSpecError(
            .unsupportedField, field: field, "cannot be combined with \(other): \(reason)", fix: fix)
    }

    static func unknownBuilderConfiguration(_ key: String, known: [String]) -> ImageSpecError {
        let keys = known.dropLast().joined(separator: ", ") + (known.last.map { " and " + $0 } ?? "")
        return ImageSpecError(
            .unsupportedField, field: "builder_config.\(key.shortened)", "unknown key",
            fix: "the keys are \(keys)")
    }

    static func reservedVariable(_ name: String) -> ImageSpecError {
        ImageSpecError(
            .invalidField, field: "env.\(name)", "this variable is reserved", fix: "remove it")
    }

    static func instructionTooLong(_ start: String) -> ImageSpecError {
        ImageSpecError(
            .unsupportedField,
            "the Dockerfile line \"\(start.shortened)…\" is longer than 65,000 bytes, which Docker cannot read",
            fix: "move the long value or command to a file and copy it")
    }

    static let noopNeedsReference = ImageSpecError(
        .unsupportedField, field: "base_image",
        "the noop builder builds nothing and returns the base image, which must be a reference, such as \"ghcr.io/acme/base:1\"",
        fix: "set it, or use another builder")

    // MARK: requirements

    static func requirementEndsInBackslash(_ file: String, _ line: [UInt8]) -> ImageSpecError {
        .invalidRequirements(
            file, line: nil,
            "the line \"\(String(decoding: line, as: UTF8.self).shortened)\" ends in a backslash before its comment",
            fix: "remove the backslash")
    }

    static func includeThroughOwnFolder(_ file: String, _ included: String) -> ImageSpecError {
        .invalidRequirements(
            file, line: nil,
            "\"\(included.shortened)\" is included by a path that leaves the directory of the main requirements file and does not exist in the image",
            fix: "write a path that stays in that directory")
    }

    // MARK: build contexts

    static func contextAmongSources(_ path: String, field: String) -> ImageSpecError {
        ImageSpecError(
            .unwritableOutput,
            "\"\(path.shortened)\" is among the files of \(field), so writing to it would change the image name",
            fix: "choose another path, or add it to .gitignore or .dockerignore")
    }

    static func notAnArchive(_ path: String) -> ImageSpecError {
        ImageSpecError(
            .unwritableOutput, "\"\(path.shortened)\" exists and is not a tar archive, so it is not replaced",
            fix: "remove it, or choose another file")
    }

    static func unwritableArchive(_ reason: String) -> ImageSpecError {
        ImageSpecError(
            .unwritableOutput, "cannot write the tar archive: \(reason)")
    }

    static let writingCancelled = ImageSpecError(
        .unwritableOutput, "writing the build context was cancelled")

    static func notEmpty(_ directory: String) -> ImageSpecError {
        ImageSpecError(
            .unwritableOutput, "\"\(directory.shortened)\" is not empty",
            fix: "use an empty or new directory for the build context")
    }
}
