// SPDX-License-Identifier: Apache-2.0

// The sentences of build engines.

extension ImageSpecError {
    package static func builderNotRegistered(_ name: String, known: [String]) -> ImageSpecError {
        let names = known.map { "\"\($0)\"" }.joined(separator: ", ")
        // The default builder of ImageSpecContainers runs them.
        let isEngine = ["docker", "podman", "buildah", "buildctl", "buildkit", "builtin"].contains(name)
        let advice: Fix =
            isEngine
            ? Fix("remove builder, and set the option engine of builder_options", action: .chooseEngine)
            : Suggestion.nearest(to: name, among: known).map { "did you mean \"\($0)\"?" }
                ?? "register it, or remove builder"
        return ImageSpecError(
            .builderNotRegistered, field: "builder",
            "\"\(name.shortened)\" is not registered (registered: \(names))", fix: advice)
    }

    static var noDefaultBuilder: ImageSpecError {
        ImageSpecError(
            .builderNotRegistered, field: "builder",
            "not set, and this engine has no builder for such specs",
            fix:
                "use BuildEngine.containers() of ImageSpecContainers, register a builder, or set builder to \"noop\" to use the base image as it is"
        )
    }

    static func existenceUnknown(
        _ imageName: String, _ reason: String, failsFast: Bool
    ) -> ImageSpecError {
        ImageSpecError(
            .existenceUnknown, "cannot determine whether \(imageName) exists: \(reason.shortened(to: 600))",
            fix: failsFast
                ? "unset FLYTE_IMG_FAST_FAIL to continue without this check"
                : Fix(
                    "set assumesExists in the BuildPolicy to assume that it exists, or isForcePush to build it anyway",
                    action: .assumeExists))
    }

    static func baseNotBuilt(
        _ imageName: String, base: String, underlying: any Error
    ) -> ImageSpecError {
        ImageSpecError(
            .baseNotBuilt, about: imageName, "not built: its base image \(base) failed",
            underlying: underlying)
    }

    static let noDefaultImage = ImageSpecError(
        .missingInput, "the image config has no default_image, and the code specifies no image spec",
        fix: "add one of them")
}
