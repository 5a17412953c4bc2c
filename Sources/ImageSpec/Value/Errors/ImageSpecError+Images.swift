// SPDX-License-Identifier: Apache-2.0

// Errors about image configs.

extension ImageSpecError {
    static func unknownImage(_ name: String, known: [String]) -> ImageSpecError {
        ImageSpecError(
            .missingInput, "the image config has no image \"\(name.shortened)\"",
            fix: Suggestion.nearest(to: name, among: known).map { "did you mean \"\($0)\"?" }
                ?? "add it to the images of the config")
    }

    static func unknownImageAttribute(_ attribute: String) -> ImageSpecError {
        ImageSpecError(
            .invalidReference, "unknown attribute \"\(attribute.shortened)\" in an image template",
            fix: "use fqn or version")
    }

    static func imageWithoutVersion(_ reference: String) -> ImageSpecError {
        ImageSpecError(
            .missingInput,
            "the image \"\(reference.shortened)\" has neither a tag nor a digest, and neither does the default image",
            fix: "add a tag or a digest")
    }

    static func tagAndDigest(_ field: String, _ name: String) -> ImageSpecError {
        ImageSpecError(
            .invalidDocument, field: field, "the image \"\(name.shortened)\" has both a tag and a digest",
            fix: "remove one of them")
    }

    package static let noDefaultImage = ImageSpecError(
        .missingInput, "the image config has no default_image, and the code specifies no image spec",
        fix: "add one of them")
}
