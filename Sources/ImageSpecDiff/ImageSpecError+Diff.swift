// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
package import ImageSpec

// Errors about snapshots.

extension ImageSpecError {
    private static let writeAnew = Fix("write it again", action: .writeSnapshot)

    static let notASnapshot = ImageSpecError(
        .invalidDocument, "not a snapshot", fix: Fix("write one first", action: .writeSnapshot))

    /// `problem` says where the JSON ends too early, or what is wrong with it.
    static func truncatedSnapshot(_ problem: Problem) -> ImageSpecError {
        ImageSpecError(
            .invalidDocument, at: problem.locations,
            "the snapshot is truncated or was edited: \(problem.reason)",
            fix: writeAnew)
    }

    static let editedSnapshot = ImageSpecError(
        .invalidDocument, "the snapshot was edited: its checksum does not match", fix: writeAnew)

    static let malformedSnapshot = ImageSpecError(
        .invalidDocument, "the snapshot does not match its format (\(ImageSpec.Snapshot.format))",
        fix: writeAnew)

    static func unsupportedSnapshotFormat(_ format: String) -> ImageSpecError {
        ImageSpecError(
            .invalidDocument,
            "unsupported snapshot format \"\(format.shortened)\"; this release reads \(ImageSpec.Snapshot.format)",
            fix: Fix("write it again, or use the release that wrote it", action: .writeSnapshot))
    }

    /// `found` continues the sentence that begins with the path: "is not a snapshot".
    package static func notOverwritten(_ path: String, found: String) -> ImageSpecError {
        ImageSpecError(
            .unwritableOutput, "\"\(path.shortened)\" \(found), so it was not overwritten",
            fix: "choose another path, or remove the file")
    }

    static func snapshotAmongInputs(_ path: String, field: String) -> ImageSpecError {
        let ignored =
            field == "source_root" ? ", or add it to .gitignore or .dockerignore" : ""
        return ImageSpecError(
            .unwritableOutput,
            "\"\(path.shortened)\" is among the files of \(field), so writing the snapshot there would change the tag",
            fix: "choose another path\(ignored)")
    }
}
