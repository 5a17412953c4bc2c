// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
internal import ImageSpec

/// A range of versions in the notation of PEP 440 (`>=3.10,<3.13`) or of poetry (`^3.10`).
package struct VersionRange {
    private enum Notation {
        case standard([VersionSpecifier])
        case poetry(PoetryConstraint)
    }

    private let notation: Notation

    /// Returns `nil` if the text is in neither notation.
    package init?(_ text: String) {
        if let specifiers = try? VersionSpecifier.list(text) {
            notation = .standard(specifiers)
        } else if let constraint = PoetryConstraint(text) {
            notation = .poetry(constraint)
        } else {
            return nil
        }
    }

    /// Whether a version with these numbers is in the range.
    package func contains(_ numbers: [Int]) -> Bool {
        let version = PackageVersion(release: numbers)
        return switch notation {
        case .standard(let specifiers): specifiers.allSatisfy { $0.contains(version) }
        case .poetry(let constraint): constraint.contains(version)
        }
    }
}
