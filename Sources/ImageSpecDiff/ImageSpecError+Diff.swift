// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
internal import ImageSpec

// The sentences about records.

extension ImageSpecError {
    private static let writeAnew = "write it anew with 'imagespec tag --record'"

    static let noRecord = ImageSpecError(
        .invalidDocument, "this is no record of a tag; 'imagespec tag --record' writes one")

    /// `error` says where the JSON ends too early, or what is wrong with it.
    static func tornRecord(_ error: ImageSpecError) -> ImageSpecError {
        ImageSpecError(
            .invalidDocument, "the record was cut off or edited: \(error.message); \(writeAnew)")
    }

    static let editedRecord = ImageSpecError(
        .invalidDocument,
        "the record is not as it was written: its checksum is not that of its lines; \(writeAnew)")

    static let incompleteRecord = ImageSpecError(
        .invalidDocument,
        "the record does not hold what one of its version (\(ImageSpec.Snapshot.format)) does; \(writeAnew)")

    static func otherRecordVersion(_ format: String) -> ImageSpecError {
        ImageSpecError(
            .invalidDocument,
            "the record has the format \"\(format.shortened)\", and this release reads \(ImageSpec.Snapshot.format); \(writeAnew), "
                + "or read it with the release that wrote it")
    }

    /// `found` is what was found out about the file: "is no record".
    static func recordInPlaceOfOther(_ path: String, found: String) -> ImageSpecError {
        ImageSpecError(
            .unwritableOutput,
            "\"\(path.shortened)\" is there and \(found), so the record is not written in its place; choose another place, or "
                + "remove the file")
    }

    static func recordAmongInputs(_ path: String, field: String) -> ImageSpecError {
        let ignored =
            field == "source_root" ? ", or leave it out by a line in .gitignore or .dockerignore" : ""
        return ImageSpecError(
            .unwritableOutput,
            "\"\(path.shortened)\" lies among the files of \(field), so that writing the record there would change the tag; "
                + "choose another place\(ignored)")
    }
}
