// SPDX-License-Identifier: Apache-2.0

// The sentences of build engines.

extension ImageSpecError {
    package static func builderNotRegistered(_ name: String, known: [String]) -> ImageSpecError {
        let names = known.map { "\"\($0)\"" }.joined(separator: ", ")
        let advice =
            Suggestion.nearest(to: name, among: known).map { "did you mean \"\($0)\"?" }
            ?? "register it, or remove builder"
        return ImageSpecError(
            .builderNotRegistered,
            "builder: \"\(name.shortened)\" is not registered (registered: \(names)); \(advice)"
        )
    }

    static func existenceUnknown(
        _ imageName: String, _ reason: String, failsFast: Bool
    ) -> ImageSpecError {
        let advice =
            failsFast
            ? "unset FLYTE_IMG_FAST_FAIL to continue without this check"
            : "to assume that it exists, use --assume-present; to build it anyway, use --force (assumesExists and "
                + "isForcePush in a BuildPolicy)"
        return ImageSpecError(
            .existenceUnknown,
            "cannot determine whether \(imageName) exists: \(reason.shortened(to: 600)); \(advice)")
    }

    static func baseNotBuilt(_ imageName: String, base: String) -> ImageSpecError {
        ImageSpecError(
            .baseNotBuilt,
            "\(imageName): not built: its base image \(base) failed"
        )
    }

    static let noDefaultImage = ImageSpecError(
        .missingInput,
        "the image config has no default_image, and the code specifies no image spec; add one of them")
}
