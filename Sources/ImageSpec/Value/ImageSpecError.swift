// SPDX-License-Identifier: Apache-2.0

package import ContentTree

/// The error type of this package.
///
/// ``code`` is for programs and ``message`` for people: it names the field or path, the problem and the fix. Messages
/// never contain credentials.
public struct ImageSpecError: Error, Sendable {
    /// The kind of the error.
    ///
    /// A struct rather than an enum, so that new codes do not break a `switch` in client code.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        package enum Kind: String, Sendable {
            case invalidDocument, unknownField, invalidField, invalidReference, invalidRequirements
            case invalidIgnoreFile, unsupportedField, missingInput, unreadableInput, unwritableOutput
            case sourceChanged, builderNotRegistered, existenceUnknown, toolUnavailable, toolFailed
            case baseNotBuilt
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

    /// The kind of the error.
    public let code: Code
    /// The location, the problem and the fix. One line per problem.
    public let message: String
    /// The individual problems if there are several; otherwise empty.
    private let parts: [ImageSpecError]

    package init(_ code: Code, _ message: String) {
        self.code = code
        // Quoted text may be a URL that contains a password.
        self.message = URLUserInfo.redacted(message)
        parts = []
    }

    /// Combines problems: the code of the first one, and the messages of all, one per line. `nil` if there are none.
    package init?(problems: [ImageSpecError]) {
        guard let first = problems.first else { return nil }
        if problems.count == 1 {
            self = first
            return
        }
        code = first.code
        message = problems.map(\.message).joined(separator: "\n")
        parts = problems.flatMap(\.problems)
    }

    /// The individual problems.
    package var problems: [ImageSpecError] { parts.isEmpty ? [self] : parts }

    /// Applies a change to each problem.
    package func map(_ change: (ImageSpecError) -> ImageSpecError) -> ImageSpecError {
        ImageSpecError(problems: problems.map(change)) ?? self
    }
}

extension ImageSpecError: CustomStringConvertible {
    /// The message.
    public var description: String { message }
}

// All messages are built in factories such as these.

extension ImageSpecError {
    // MARK: documents

    static func invalidJSON(_ what: String, line: Int, column: Int) -> ImageSpecError {
        ImageSpecError(.invalidDocument, "line \(line), column \(column): \(what)")
    }

    package static func numberOutOfRange(_ number: String) -> ImageSpecError {
        ImageSpecError(
            .invalidDocument,
            "the number \(number) is outside ±(2^53 − 1), the range that every JSON reader represents exactly; write it as a string"
        )
    }

    static func wrongType(_ path: String, _ value: ImageSpec.JSONValue, expected: String) -> ImageSpecError {
        var found = value.kind
        switch value {
        case .number(let number): found = "the number \(number.value.ecmaScriptText)"
        case .array(let list) where expected.hasPrefix("a list of two"): found = "a list of \(list.count)"
        default: break
        }
        var message = "\(path): expected \(expected), found \(found)"
        switch value {
        case .number where path.hasSuffix("python_version"):
            message += "; put the version in quotes, because 3.10 and 3.1 are the same number"
        case .number, .bool:
            if expected == "a string" { message += "; put it in quotes" }
        case .null where expected == "a string": message += "; remove it"
        // In YAML a colon and a space make an object of what was meant as text.
        case .object(let object) where expected == "a string" && object.count == 1:
            message += "; put text that contains a colon in quotes"
        case .array where expected == ImageSpec.objectOfStrings,
            .string where expected == ImageSpec.objectOfStrings:
            message += "; write names and values, as in {\"NAME\": \"value\"}"
        case .object where expected == ImageSpec.listOfStrings:
            message += "; write each entry as a separate string, as in [\"a\", \"b\"]"
        case .string(let text) where expected == ImageSpec.listOfStrings:
            message += "; " + listAdvice(text, isCommand: path.hasSuffix("commands"))
        default: break
        }
        return ImageSpecError(.invalidDocument, message)
    }

    /// How to write a string as a list. White space may separate entries, but not in a command.
    private static func listAdvice(_ text: String, isCommand: Bool) -> String {
        let isEntry = isCommand || !text.unicodeScalars.contains { $0.properties.isWhitespace || $0 == "," }
        guard isEntry, !text.isEmpty else {
            return #"write each entry as a separate string, as in ["a", "b"]"#
        }
        let entry: ImageSpec.JSONValue = [.string(text.shortened)]
        return "write " + String(decoding: entry.canonicalForm, as: UTF8.self)
    }

    static func unknownCopyMode(_ path: String, _ value: String) -> ImageSpecError {
        let known = ImageSpec.SourceCopyMode.allCases.map(\.rawValue).joined(separator: ", ")
        return ImageSpecError(
            .invalidDocument, "\(path): unknown copy mode \"\(value)\"; use one of \(known)")
    }

    static func unknownField(_ path: String, nearest: String?) -> ImageSpecError {
        let advice =
            nearest.map { "did you mean \"\($0)\"?" }
            ?? "the fields are " + ImageSpec.Field.all.map(\.name).joined(separator: ", ")
        return ImageSpecError(
            .unknownField, "unknown field \"\(path.replacingNewlines)\"; \(advice)")
    }

    static func unknownConfigKey(_ key: String) -> ImageSpecError {
        ImageSpecError(
            .unknownField, "unknown key \"\(key)\" in the image config; the keys are default_image and images"
        )
    }

    /// The same error with a line and column.
    package func at(line: Int, column: Int) -> ImageSpecError {
        ImageSpecError(code, "line \(line), column \(column): \(message)")
    }

    /// The same error with the file name in each line.
    package func inFile(_ path: String) -> ImageSpecError {
        map { problem in
            let lines = problem.message.split(separator: "\n", omittingEmptySubsequences: false)
            return ImageSpecError(
                problem.code, lines.map { "\(path.replacingNewlines): \($0)" }.joined(separator: "\n"))
        }
    }

    // MARK: inputs

    package static func cannotUse(
        field: String, path: String, expected: String, _ failure: FileSystem.Failure
    )
        -> ImageSpecError
    {
        let wrongKind = expected == "directory" ? FileSystem.Failure.notAFolder : .notAFile
        if failure.code == wrongKind.code {
            return self.wrongKind(field: field, path: path, expected: expected)
        }
        if failure.isMissing { return missing(field: field, path: path, expected: expected) }
        return unreadable(field: field, path: path, reason: failure.reason)
    }

    static func cannotUseSpec(_ path: String, _ failure: FileSystem.Failure) -> ImageSpecError {
        if failure.code == FileSystem.Failure.notAFile.code {
            return ImageSpecError(.missingInput, "\(shown(path)) is a directory; expected a spec file")
        }
        if failure.isMissing {
            return ImageSpecError(.missingInput, "\(shown(path)) does not exist; expected a spec file")
        }
        return ImageSpecError(
            .unreadableInput, "cannot read \(shown(path)): \(failure.reason)")
    }

    package static func missing(field: String, path: String, expected: String) -> ImageSpecError {
        ImageSpecError(.missingInput, "\(field): \(shown(path)) does not exist; expected a \(expected)")
    }

    /// A URL is not a path, though it could be read as one.
    static func urlAsPath(field: String, _ url: String, expected: String) -> ImageSpecError {
        let isFile = url.asciiLowercased.utf8.starts(with: "file:".utf8)
        let advice =
            isFile ? "write the path without \"file://\"" : "download it and give its local path"
        return ImageSpecError(
            .missingInput, "\(field): \"\(url.replacingNewlines)\" is a URL, not a \(expected); \(advice)")
    }

    static func wrongKind(field: String, path: String, expected: String) -> ImageSpecError {
        ImageSpecError(
            .missingInput, "\(field): \(shown(path)) is not a \(expected); use the path of a \(expected)")
    }

    static func unreadable(field: String, path: String, reason: String) -> ImageSpecError {
        ImageSpecError(
            .unreadableInput,
            "\(field): cannot read \(shown(path)): \(reason)")
    }

    static func unreadableFile(_ path: String, _ failure: FileSystem.Failure) -> ImageSpecError {
        ImageSpecError(.unreadableInput, "cannot read \"\(path)\": \(failure.reason)")
    }

    static func unreadableStandardInput(reason: String) -> ImageSpecError {
        ImageSpecError(
            .unreadableInput,
            "cannot read standard input: \(reason); pass the path of a spec file instead of -")
    }

    static func missingModule(_ path: String) -> ImageSpecError {
        ImageSpecError(
            .missingInput,
            "loaded modules: \(shown(path)) does not exist or is not a file; remove it from the list")
    }

    package static func sourceChanged(_ path: String, _ what: String) -> ImageSpecError {
        ImageSpecError(
            .sourceChanged,
            "\(shown(path)) changed while it was in use: \(what); retry when no process is writing to it")
    }

    // MARK: fields

    static func sourceRootRequired(mode: ImageSpec.SourceCopyMode) -> ImageSpecError {
        ImageSpecError(
            .invalidField,
            "source_copy_mode is \(mode.rawValue), but source_root is not set; set source_root, or use no_copy"
        )
    }

    static func invalidCopyPath(_ path: String, _ what: String) -> ImageSpecError {
        ImageSpecError(
            .invalidField,
            "copy: \"\(path)\" \(what); use a path relative to the directory of the spec file, or to the working "
                + "directory, that stays below it")
    }

    static func invalidTagFormat(_ format: String, _ what: String) -> ImageSpecError {
        ImageSpecError(
            .invalidField,
            "tag_format: \"\(format)\" \(what); use {spec_hash} or {spec_hash:.N} with N from 8 to 64, as in \"{spec_hash:.12}-dev\""
        )
    }

    static func invalidTag(_ format: String, _ what: String) -> ImageSpecError {
        ImageSpecError(
            .invalidField,
            "tag_format: \"\(format.shortened)\" \(what); a tag has at most 128 letters, digits, '_', '.' and '-', and must not "
                + "begin with '.' or '-'"
        )
    }

    static func invalidRequirements(_ path: String, line: Int?, _ what: String) -> ImageSpecError {
        let place = line.map { ", line \($0)" } ?? ""
        return ImageSpecError(.invalidRequirements, "requirements: \(path)\(place): \(what)")
    }

    /// A path as messages show it: relative to the working directory of the process if it is below it, followed by that
    /// directory.
    private static func shown(_ path: String) -> String {
        let here = CurrentProcess.workingDirectory
        let prefix = here.utf8.last == UInt8(ascii: "/") ? here : here + "/"
        let isBelow = path.utf8.starts(with: prefix.utf8)
        let short = isBelow ? String(Substring(path.utf8.dropFirst(prefix.utf8.count))) : path
        // A path that was joined to the directory of a spec can have "./" in it; one that ends in a slash keeps that.
        var plain = Path.normalized(short)
        if short.utf8.last == UInt8(ascii: "/"), plain.utf8.last != UInt8(ascii: "/") { plain += "/" }
        let text = "\"" + plain.replacingNewlines + "\""
        return Path.isAbsolute(short) ? text : text + " (in " + here + ")"
    }
}

extension String {
    /// Line breaks would make one message look like two.
    fileprivate var replacingNewlines: String {
        String(map { $0.isNewline ? "␤" : $0 })
    }
}
