// SPDX-License-Identifier: Apache-2.0

extension ImageSpecError {
    /// The kind of the error.
    ///
    /// A struct rather than an enum, so that new codes do not break a `switch` in client code.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        package enum Kind: String, Sendable {
            case invalidDocument, unknownField, invalidField, invalidReference, invalidRequirements
            case invalidIgnoreFile, unsupportedField, missingInput, unreadableInput, unwritableOutput
            case sourceChanged, builderNotRegistered, existenceUnknown, toolUnavailable, toolFailed
            case baseNotBuilt, outsideProject
        }

        package let kind: Kind

        /// The name of the code in Swift.
        public var description: String { kind.rawValue }

        /// A spec document is invalid: its syntax, a duplicate key, a wrong type or a number out of range.
        public static let invalidDocument = Code(kind: .invalidDocument)
        /// A spec document has an unknown field.
        public static let unknownField = Code(kind: .unknownField)
        /// The value of a field is invalid.
        public static let invalidField = Code(kind: .invalidField)
        /// The image name is not a valid OCI reference.
        public static let invalidReference = Code(kind: .invalidReference)
        /// A requirements file is invalid or not supported.
        public static let invalidRequirements = Code(kind: .invalidRequirements)
        /// A pattern in a `.dockerignore` is malformed, or the file is not UTF-8.
        public static let invalidIgnoreFile = Code(kind: .invalidIgnoreFile)
        /// A field is not supported by the builder, or not in combination with another field.
        public static let unsupportedField = Code(kind: .unsupportedField)
        /// A file or directory in the spec does not exist or is of the wrong kind.
        public static let missingInput = Code(kind: .missingInput)
        /// A file or directory exists but cannot be read.
        public static let unreadableInput = Code(kind: .unreadableInput)
        /// A file or directory in the spec, or the target of a link, is outside the project directory and not allowed by
        /// ``ImageSpec/Context/within``.
        public static let outsideProject = Code(kind: .outsideProject)
        /// An output cannot be written.
        public static let unwritableOutput = Code(kind: .unwritableOutput)
        /// A source file changed after the image was named.
        public static let sourceChanged = Code(kind: .sourceChanged)
        /// The builder of a spec is not registered.
        public static let builderNotRegistered = Code(kind: .builderNotRegistered)
        /// Whether an image exists cannot be determined.
        public static let existenceUnknown = Code(kind: .existenceUnknown)
        /// A required tool, such as a container engine, is missing or does not work.
        public static let toolUnavailable = Code(kind: .toolUnavailable)
        /// A tool failed, for example during a build or push.
        public static let toolFailed = Code(kind: .toolFailed)
        /// An image was not built because its base image failed.
        public static let baseNotBuilt = Code(kind: .baseNotBuilt)
    }
}
