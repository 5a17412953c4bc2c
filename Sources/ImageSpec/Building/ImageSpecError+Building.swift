// SPDX-License-Identifier: Apache-2.0

internal import ContentTree

// The sentences of validation, rendering and build contexts.

extension ImageSpecError {
    /// The same problem, of a base image that is a spec, so many specs below the one that is looked at.
    package func inBaseImage(levels: Int) -> ImageSpecError {
        let prefix = String(repeating: "base_image: ", count: levels)
        return map { ImageSpecError($0.code, prefix + $0.message) }
    }

    // MARK: fields

    /// `value` is nil where it must not be shown.
    static func invalidText(_ field: String, _ value: String?, _ what: String) -> ImageSpecError {
        let shown = value.map { "\"\($0.shortened)\" " } ?? ""
        return ImageSpecError(.invalidField, "\(field): \(shown)\(what)")
    }

    static func credential(_ field: String) -> ImageSpecError {
        ImageSpecError(
            .unsupportedField,
            "\(field): a URL with user info would stand in the image's history for all to read; leave it out of the URL and "
                + "mount a .netrc by pip_secret_mounts, with the target /root/.netrc")
    }

    static func cudaUnsupported(_ field: String) -> ImageSpecError {
        ImageSpecError(
            .unsupportedField,
            "\(field) is not installed by this builder; use a base_image that has it, packages from PyPI that bring it, or "
                + "conda_channels with \"nvidia\" and conda_packages")
    }

    static func unsupportedBeside(_ field: String, _ other: String, _ advice: String) -> ImageSpecError {
        ImageSpecError(.unsupportedField, "\(field) cannot stand beside \(other): \(advice)")
    }

    static func unknownBuilderConfiguration(_ key: String, known: [String]) -> ImageSpecError {
        let keys = known.dropLast().joined(separator: ", ") + (known.last.map { " and " + $0 } ?? "")
        return ImageSpecError(
            .unsupportedField,
            "builder_config: unknown key \"\(key.shortened)\"; the keys are \(keys)")
    }

    static func reservedVariable(_ name: String) -> ImageSpecError {
        ImageSpecError(.invalidField, "env: \(name) is set by the image itself; leave it out")
    }

    static func instructionTooLong(_ start: String) -> ImageSpecError {
        ImageSpecError(
            .unsupportedField,
            "the line \"\(start.shortened)…\" of the Dockerfile is longer than 65,000 bytes, which Docker does not read; put "
                + "a long value or command into a file and copy it")
    }

    static let noopNeedsReference = ImageSpecError(
        .unsupportedField,
        "base_image: the noop builder builds nothing and returns the base image, so it needs one that is a reference, such "
            + "as \"ghcr.io/acme/base:1\"; set it, or use another builder")

    // MARK: requirements

    static func requirementEndsInBackslash(_ file: String, _ line: [UInt8]) -> ImageSpecError {
        .invalidRequirements(
            file, line: nil,
            "the line \"\(String(decoding: line, as: UTF8.self).shortened)\" ends in a backslash before its comment; "
                + "leave the backslash out")
    }

    static func includeThroughOwnFolder(_ file: String, _ included: String) -> ImageSpecError {
        .invalidRequirements(
            file, line: nil,
            "it includes \"\(included.shortened)\" by the name of a folder above the main file, which the image does not "
                + "know; write the path without it")
    }

    // MARK: build contexts

    static func contextAmongSources(_ path: String, field: String) -> ImageSpecError {
        ImageSpecError(
            .unwritableOutput,
            "\"\(path.shortened)\" lies among the files of \(field), and what is written there would change the image's name; "
                + "choose a place elsewhere, or leave it out by a line in .gitignore or .dockerignore")
    }

    package static func unwritable(_ path: [UInt8], _ reason: String) -> ImageSpecError {
        ImageSpecError(
            .unwritableOutput,
            "\"\(String(decoding: path, as: UTF8.self).shortened)\" cannot be written: \(reason); put that right, or choose another "
                + "place")
    }

    static func parentMissing(_ directory: String, parent: String) -> ImageSpecError {
        ImageSpecError(
            .unwritableOutput,
            "\"\(directory.shortened)\" cannot be made: the folder \"\(parent.shortened)\" does not exist; make that one "
                + "first, or choose another place")
    }

    static func notAnArchive(_ path: String) -> ImageSpecError {
        ImageSpecError(
            .unwritableOutput,
            "\"\(path.shortened)\" exists and is not a tar archive, so it is not replaced; remove it, or choose another file"
        )
    }

    static func unwritableArchive(_ reason: String) -> ImageSpecError {
        ImageSpecError(.unwritableOutput, "the tar archive cannot be written: \(reason)")
    }

    static let writingCancelled = ImageSpecError(
        .unwritableOutput, "the build context was not written to its end, because that was cancelled")

    static func notEmpty(_ directory: String) -> ImageSpecError {
        ImageSpecError(
            .unwritableOutput,
            "\"\(directory.shortened)\" is not empty; a build context needs an empty folder, or one that does not exist yet"
        )
    }
}

extension String {
    /// A value as messages show it: on one line, and not without end.
    package var shortened: String { shortened(to: 120) }

    /// The same with another end.
    package func shortened(to limit: Int) -> String {
        var text = ""
        for (count, scalar) in unicodeScalars.enumerated() {
            if count == limit { return text + "…" }
            text.unicodeScalars.append(scalar.value < 0x20 || scalar.value == 0x7F ? "\u{FFFD}" : scalar)
        }
        return text
    }
}
