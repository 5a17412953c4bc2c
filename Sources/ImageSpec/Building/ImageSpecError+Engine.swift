// SPDX-License-Identifier: Apache-2.0

// The sentences of build engines.

extension ImageSpecError {
    package static func builderNotRegistered(_ name: String, known: [String]) -> ImageSpecError {
        let names = known.map { "\"\($0)\"" }.joined(separator: ", ")
        let advice =
            Suggestion.nearest(to: name, among: known).map { "did you mean \"\($0)\"?" }
            ?? "leave builder out, or register it"
        return ImageSpecError(
            .builderNotRegistered,
            "builder: \"\(name.shortened)\" is not registered with this engine, which has \(names); \(advice)"
        )
    }

    static func existenceUnknown(
        _ imageName: String, _ reason: String, failsFast: Bool
    ) -> ImageSpecError {
        let advice =
            failsFast
            ? "put that right, or unset FLYTE_IMG_FAST_FAIL, which asks to stop here"
            : "put that right, take it to exist by --assume-present, or build it in any case by --force (assumesExists and "
                + "isForcePush of the policy)"
        return ImageSpecError(
            .existenceUnknown,
            "whether \(imageName) exists cannot be told: \(reason.shortened(to: 600)); \(advice)")
    }

    static func baseNotBuilt(_ imageName: String, base: String) -> ImageSpecError {
        ImageSpecError(
            .baseNotBuilt,
            "\(imageName): not built, because \(base) failed, which it is based on; put that right, and build again"
        )
    }

    static let noDefaultImage = ImageSpecError(
        .missingInput,
        "the image config has no default_image, and the code names no spec; add one of them")
}
