// SPDX-License-Identifier: Apache-2.0

internal import ContentTree

extension ImageSpecError {
    /// What to do about a problem.
    public struct Fix: Hashable, Sendable {
        /// A fix that a program can apply or describe by its own means.
        ///
        /// A struct rather than an enum, so that new actions do not break a `switch` in client code.
        public struct Action: Hashable, Sendable {
            package enum Kind: String, Sendable { case assumeExists, writeSnapshot, chooseOutput }

            package let kind: Kind

            /// Assume that the image exists, or build it whether it exists or not. See ``ImageSpec/BuildPolicy``.
            public static let assumeExists = Action(kind: .assumeExists)
            /// Write a new snapshot of what was named.
            public static let writeSnapshot = Action(kind: .writeSnapshot)
            /// Write to another file, or to standard output.
            public static let chooseOutput = Action(kind: .chooseOutput)
        }

        /// For people, such as "remove it"; continues the sentence of ``ImageSpecError/Problem/reason``.
        public let text: String
        /// For programs; nil for most fixes.
        public let action: Action?

        package init(_ text: String, action: Action? = nil) {
            self.text = text.shownInMessage
            self.action = action
        }
    }
}

extension ImageSpecError.Fix: ExpressibleByStringInterpolation, CustomStringConvertible {
    /// A fix for people.
    public init(stringLiteral text: String) { self.init(text) }

    /// The text.
    public var description: String { text }
}
