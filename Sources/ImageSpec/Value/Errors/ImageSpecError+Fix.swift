// SPDX-License-Identifier: Apache-2.0

internal import ContentTree

extension ImageSpecError {
    /// What to do about a problem.
    public struct Fix: Hashable, Sendable {
        /// A fix that a program can apply or describe by its own means.
        ///
        /// A struct rather than an enum, so that new actions do not break a `switch` in client code.
        public struct Action: Hashable, Sendable {
            package enum Kind: String, Sendable {
                case assumeExists, writeSnapshot, chooseOutput, allowDirectory, writeImage, chooseEngine,
                    chooseDirectory
            }

            package let kind: Kind
            /// The directory that ``allowDirectory(_:)`` is about; otherwise nil.
            public let directory: String?

            private init(kind: Kind, directory: String? = nil) {
                self.kind = kind
                self.directory = directory
            }

            /// Assume that the image exists, or build it whether it exists or not. See ``ImageSpec/BuildPolicy``.
            public static let assumeExists = Action(kind: .assumeExists)
            /// Write a new snapshot of what was named.
            public static let writeSnapshot = Action(kind: .writeSnapshot)
            /// Write to another file, or to standard output.
            public static let chooseOutput = Action(kind: .chooseOutput)
            /// Allow the spec to use files of a directory outside its project, if it is trusted; see
            /// ``ImageSpec/Context/within``.
            public static func allowDirectory(_ path: String) -> Action {
                Action(kind: .allowDirectory, directory: path)
            }
            /// Write the image to a file.
            public static let writeImage = Action(kind: .writeImage)
            /// Choose the container engine, which is not a builder.
            public static let chooseEngine = Action(kind: .chooseEngine)
            /// Choose the directory of relative paths; see ``ImageSpec/Context/workingDirectory``.
            public static let chooseDirectory = Action(kind: .chooseDirectory)
        }

        /// For people, such as "remove it"; continues the sentence of ``ImageSpecError/Problem/reason``.
        public let text: String
        /// For programs; nil for most fixes.
        public let action: Action?

        /// The fix for a spec file that does not exist, and has no name that is almost like another.
        package static let passSpec: Fix = "pass the path of a spec file"

        package init(_ text: String, action: Action? = nil) {
            self.text = text.shownInMessage
            self.action = action
        }
    }
}

extension ImageSpecError.Fix {
    /// Allows the files of a directory outside the project.
    static func allowing(_ directory: [UInt8]) -> ImageSpecError.Fix {
        let shown = String(decoding: directory, as: UTF8.self)
        // A program must not be told another path.
        let exact = String(validating: directory, as: UTF8.self)
        return ImageSpecError.Fix(
            "if you trust the spec, allow files in \"\(shown)\"", action: exact.map { .allowDirectory($0) })
    }
}

extension ImageSpecError.Fix: ExpressibleByStringInterpolation, CustomStringConvertible {
    /// Creates a fix without an action.
    public init(stringLiteral text: String) { self.init(text) }

    /// The text.
    public var description: String { text }
}
