// SPDX-License-Identifier: Apache-2.0

// The sentences of build engines.

extension ImageSpecError {
    static func builderNotRegistered(_ name: String, known: [String]) -> ImageSpecError {
        let names = known.map { "\"\($0)\"" }.joined(separator: ", ")
        return ImageSpecError(
            .builderNotRegistered,
            "builder: \"\(name.shortened)\" is not registered with this engine, which has \(names); leave builder out, or "
                + "register it")
    }

    static func existenceUnknown(
        _ imageName: String, _ reason: String, isFailingFast: Bool
    ) -> ImageSpecError {
        let advice =
            isFailingFast
            ? "log in to the registry, or unset FLYTE_IMG_FAST_FAIL, which asks to stop here"
            : "log in to the registry, or take it to exist by --assume-present (assumesPresent of the policy)"
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
