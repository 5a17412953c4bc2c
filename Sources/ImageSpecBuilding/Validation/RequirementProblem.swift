// SPDX-License-Identifier: Apache-2.0

internal import ImageSpec

/// Why a requirement cannot be installed, and what to write in its place.
struct RequirementProblem: Error, Equatable {
    /// Follows the requirement in a sentence: "has …", "is …".
    var what: String
    var fix: ImageSpecError.Fix
    /// Whether the requirement itself must not be shown.
    var isCredential = false

    init(_ what: String, fix: ImageSpecError.Fix) {
        self.what = what
        self.fix = fix
    }

    /// What is wrong with a requirement, as a sentence.
    func reason(for text: String) -> String { "\"\(text.shortened)\" \(what)" }
}

/// The program that reads requirements and installs them.
enum PackageInstaller: Sendable {
    /// In images that Dockerfiles describe.
    case uv
    /// In images that envd makes. Its version is unknown, so only what no version reads is refused.
    case pip
}
