// SPDX-License-Identifier: Apache-2.0

/// The one error type of this package.
///
/// ``code`` is for programs, ``message`` for people: it names the field or path, what was found there,
/// and what to do about it. Messages never hold credentials.
public struct ImageSpecError: Error, Sendable {
    /// What kind of thing went wrong.
    ///
    /// A struct rather than an enum, so that a new code never breaks a `switch` of a client.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        enum Kind: String, Sendable {
            case invalidDocument, unknownField, invalidField, invalidReference, invalidRequirements
            case invalidIgnoreFile, unsupportedField, missingInput, unreadableInput, unwritableOutput
            case sourceChanged
        }

        let kind: Kind

        /// The code's name, as it is written in Swift.
        public var description: String { kind.rawValue }

        /// A spec document cannot be read: its syntax, a key twice, a wrong type, a number out of range.
        public static let invalidDocument = Code(kind: .invalidDocument)
        /// A spec document has a field that an image spec does not have.
        public static let unknownField = Code(kind: .unknownField)
        /// A field's value is not allowed.
        public static let invalidField = Code(kind: .invalidField)
        /// The image name is not a reference that the OCI grammar allows.
        public static let invalidReference = Code(kind: .invalidReference)
        /// The text of a requirements file cannot be used.
        public static let invalidRequirements = Code(kind: .invalidRequirements)
        /// A pattern of a `.dockerignore` is malformed, or the file is not UTF-8.
        public static let invalidIgnoreFile = Code(kind: .invalidIgnoreFile)
        /// A field that this builder or rendering does not support, or not beside another one.
        public static let unsupportedField = Code(kind: .unsupportedField)
        /// A file or folder that the spec names does not exist, or is of the wrong kind.
        public static let missingInput = Code(kind: .missingInput)
        /// A file or folder exists, but cannot be read.
        public static let unreadableInput = Code(kind: .unreadableInput)
        /// An output cannot be written.
        public static let unwritableOutput = Code(kind: .unwritableOutput)
        /// A source file changed between being named and being written.
        public static let sourceChanged = Code(kind: .sourceChanged)
    }

    /// What kind of thing went wrong.
    public let code: Code
    /// Where, what was found, and what to do. One line a problem.
    public let message: String

    init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }
}

extension ImageSpecError: CustomStringConvertible {
    /// The message.
    public var description: String { message }
}
