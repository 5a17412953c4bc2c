// SPDX-License-Identifier: Apache-2.0

public import ImageSpec
public import ImageSpecDiff

#if canImport(FoundationEssentials)
public import FoundationEssentials
#else
public import Foundation
#endif

extension ImageSpec {
    /// The differences between the recorded names of images and their names now.
    public struct NameChanges: Error, Hashable, Sendable {
        /// An image whose name is not as recorded.
        public struct Change: Hashable, Sendable {
            /// The label of the spec.
            public let label: String
            /// The recorded name. `nil` if none was recorded.
            public let recorded: String?
            /// The name of the image. `nil` if the spec is not checked any more.
            public let current: String?
            /// The differences by field and file. `nil` if one of the names is missing, or if the recorded snapshot cannot be
            /// read.
            public let diff: Diff?
        }

        /// The file with the recorded names.
        public let file: String
        /// The images whose names are not as recorded.
        public let changes: [Change]
        /// Whether the names were recorded anew.
        public let areRecorded: Bool

        static let variable = "IMAGESPEC_RECORD_NAMES"
    }
}

extension ImageSpec.NameChanges: CustomStringConvertible {
    /// The changes with their fields and files, at most 20 for each kind of effect, and what to do.
    public var description: String {
        let names = changes.count == 1 ? "1 image name" : "\(changes.count) image names"
        let verb = changes.count == 1 ? "is" : "are"
        let heading =
            areRecorded
            ? "recorded \(names) in \(file):"
            : changes.allSatisfy { $0.recorded == nil }
                ? "\(names) \(verb) not recorded in \(file):"
                : "\(names) \(verb) not as recorded in \(file):"
        let advice =
            areRecorded
            ? "Review the changes, and run the tests without \(Self.variable)."
            : "If this is intended, record the names: \(Self.variable)=1 swift test"
        return ([heading, ""] + changes.map(\.description) + ["", advice]).joined(separator: "\n")
    }
}

extension ImageSpec.NameChanges.Change: CustomStringConvertible {
    /// Both names, and the fields and files that changed.
    public var description: String {
        guard let current else {
            return "\(label): \(recorded ?? "") (no longer checked; another call needs a file of its own)"
        }
        guard let recorded else { return "\(label): \(current) (new)" }
        let heading = "\(label): \(recorded) → \(current)"
        guard let diff else {
            return heading + "\n  The recorded snapshot is damaged: the differences are not known."
        }
        let lines = diff.changesText(limit: 20).split(separator: "\n")
        return ([heading] + lines.map { "  " + $0 }).joined(separator: "\n")
    }
}

extension ImageSpec.NameChanges: LocalizedError {
    /// The description, because XCTest may show the localised description of an error.
    public var errorDescription: String? { description }
}
