// SPDX-License-Identifier: Apache-2.0

package import ImageSpec
internal import ImageSpecBuilding

// The errors of images that are made without a container engine.

/// Container engines may be able to make the image. The cause of errors that are about what is made here.
package struct EngineNeed: Error {
    package init() {}
}

extension ImageSpecError {
    /// Whether a container engine may be able to make the image.
    package var needsEngine: Bool { problems.allSatisfy { $0.underlying is EngineNeed } }

    static func invalidLayer(_ what: String) -> ImageSpecError {
        ImageSpecError(.unreadableInput, "cannot read a layer of the image: \(what)")
    }

    static func unreadableLayerFile(_ path: String, _ reason: String) -> ImageSpecError {
        ImageSpecError(.unreadableInput, "cannot read \(path): \(reason)")
    }

    static func layerNotWritten(_ reason: String) -> ImageSpecError {
        ImageSpecError(
            .unwritableOutput, "cannot write a layer: \(reason)",
            fix: "free some space, or set IMAGESPEC_CACHE or TMPDIR to another directory")
    }

    static func layerChanged(_ title: String) -> ImageSpecError {
        ImageSpecError(
            .sourceChanged, "the layer \"\(title)\" changed while the image was built", fix: "try again")
    }

    // MARK: base images

    static var layerUsesZstd: ImageSpecError {
        ImageSpecError(
            .unsupportedField, field: "base_image",
            "its layers are compressed with zstd, which the builtin engine cannot read",
            fix: otherEngines, underlying: EngineNeed())
    }

    static func baseFileTooLarge(_ path: [UInt8]) -> ImageSpecError {
        ImageSpecError(
            .unsupportedField, field: "base_image",
            "/\(String(decoding: path, as: UTF8.self)) is too large for the builtin engine",
            fix: otherEngines, underlying: EngineNeed())
    }

    static var baseHomeTooLarge: ImageSpecError {
        ImageSpecError(
            .unsupportedField, field: "base_image",
            "the files below /root, which are given to the user that runs tasks, are too large for the builtin engine",
            fix: otherEngines, underlying: EngineNeed())
    }

    static func noBaseImage(_ reference: String) -> ImageSpecError {
        ImageSpecError(
            .missingInput, field: "base_image", found: reference, "the image \(reference) does not exist",
            fix: "check its name, or log in to its registry")
    }

    static func noBasePlatform(_ reference: String, _ platform: String, known: [String]) -> ImageSpecError {
        ImageSpecError(
            .missingInput, field: "base_image", found: reference,
            "the image \(reference) does not exist for \(platform)",
            fix: known.isEmpty ? nil : "use one of its platforms: \(known.joined(separator: ", "))")
    }

    static func invalidBaseImage(_ reference: String, _ what: String) -> ImageSpecError {
        ImageSpecError(.unreadableInput, about: reference, what)
    }

    static func linkInBase(_ path: String) -> ImageSpecError {
        unsupportedBase("\(path) is a link in the base image, which the builtin engine does not support")
    }

    static var invalidAccounts: ImageSpecError {
        unsupportedBase(
            "/etc/passwd of the base image has an invalid line for the user \(RenderingConstants.user)")
    }

    static func unknownFileInHome(_ path: [UInt8]) -> ImageSpecError {
        unsupportedBase(
            "/\(String(decoding: path, as: UTF8.self)) is not a regular file, so its owner cannot be changed")
    }

    static func copyThroughLink(_ path: [UInt8]) -> ImageSpecError {
        unsupportedBase(
            "/\(String(decoding: path, as: UTF8.self)) is a link in the base image, through which the builtin engine does not copy"
        )
    }

    private static func unsupportedBase(_ what: String) -> ImageSpecError {
        ImageSpecError(
            .unsupportedField, field: "base_image", what, fix: otherEngines, underlying: EngineNeed())
    }

    /// The engines that can do what the builtin one cannot.
    static let otherEngines: Fix = "use docker, podman or buildah"

    static var baseHasTriggers: ImageSpecError {
        unsupportedBase("the base image has ONBUILD instructions, which the builtin engine does not run")
    }

    // MARK: Python

    static let noUv = ImageSpecError(
        .toolUnavailable,
        "the builtin engine installs packages with uv, which is neither on PATH nor a module of python3",
        fix: "install uv: pip install uv", underlying: EngineNeed())

    static func oldUv(_ version: String) -> ImageSpecError {
        ImageSpecError(
            .toolUnavailable, "the builtin engine requires uv 0.7 or later, and this is uv \(version)",
            fix: "update uv: pip install --upgrade uv", underlying: EngineNeed())
    }

    /// uv runs a Python on this machine for an environment.
    static func noEnvironment(_ lines: [String]) -> ImageSpecError {
        ImageSpecError(
            .toolFailed, "uv cannot create an environment with a Python on this machine",
            fix: "install Python 3", output: lines, underlying: EngineNeed())
    }

    static func uvFailed(_ what: String, _ lines: [String]) -> ImageSpecError {
        let isWheelMissing = lines.contains {
            $0.contains("no usable wheels") || $0.contains("only-binary") || $0.contains("no wheels")
        }
        return ImageSpecError(
            .toolFailed, "uv cannot \(what)",
            fix: isWheelMissing
                ? "the builtin engine installs only wheels; to build a package, \(otherEngines.text)" : nil,
            output: lines, underlying: isWheelMissing ? EngineNeed() : nil)
    }

    static func unsupportedPlatform(_ platform: String) -> ImageSpecError {
        ImageSpecError(
            .unsupportedField, field: "platform", found: platform,
            "the builtin engine installs packages only for linux/amd64 and linux/arm64", fix: otherEngines,
            underlying: EngineNeed())
    }

    static var unknownLibrary: ImageSpecError {
        unsupportedBase("the C library of the base image is unknown, so no wheels can be chosen")
    }

    static func oldLibrary(_ version: String) -> ImageSpecError {
        unsupportedBase(
            "the builtin engine requires glibc 2.17 or later, but the base image has glibc \(version)")
    }

    static func noInterpreter(_ path: String) -> ImageSpecError {
        ImageSpecError(
            .missingInput, field: "base_image", "the base image has no Python at \(path)",
            fix: "use another base image, or set python_version")
    }

    static func noPythonOfVersion(_ version: String) -> ImageSpecError {
        ImageSpecError(
            .unsupportedField, field: "python_version", found: version,
            "the base image has no Python \(version), and the builtin engine does not install Python",
            fix: "use a base image with it, or docker, podman or buildah", underlying: EngineNeed())
    }

    static let baseWithoutPython = ImageSpecError(
        .missingInput, field: "base_image", "the base image has no python3 on its PATH",
        fix: "use another base image, or set python_version and build with docker, podman or buildah")

    // MARK: outputs

    static func notALayout(_ path: String) -> ImageSpecError {
        ImageSpecError(
            .unwritableOutput, "\"\(path)\" is not an OCI layout",
            fix: "use an empty directory, or one that does not exist")
    }

    static func layoutNotWritten(_ path: String, _ reason: String) -> ImageSpecError {
        ImageSpecError(.unwritableOutput, "cannot write \"\(path)\": \(reason)")
    }

    static func damagedBlob(_ path: String) -> ImageSpecError {
        ImageSpecError(.unreadableInput, "\(path) does not have the expected digest or size")
    }
}
