// SPDX-License-Identifier: Apache-2.0

internal import ContentTree

// Errors about documents: their syntax and the types of their values.

extension ImageSpecError {
    static func invalidJSON(_ reason: String, fix: Fix? = nil, line: Int, column: Int) -> ImageSpecError {
        ImageSpecError(.invalidDocument, at: [Location(line: line, column: column)], reason, fix: fix)
    }

    package static func numberOutOfRange(_ number: String) -> ImageSpecError {
        ImageSpecError(
            .invalidDocument, found: number,
            "the number \(number) is outside ±(2^53 − 1), the range that every JSON reader represents exactly",
            fix: "write it as a string")
    }

    /// The value at a path has another type than the field.
    static func wrongType(
        _ path: DocumentPath, _ value: ImageSpec.JSONValue, expected: ImageSpec.ExpectedType
    ) -> ImageSpecError {
        let found =
            switch value {
            case .number(let number): "the number \(number.value.ecmaScriptText)"
            case .array(let list) where expected == .pair:
                "a list of \(list.count) value\(list.count == 1 ? "" : "s")"
            default: value.kind
            }
        return ImageSpecError(
            .invalidDocument, field: path.steps.isEmpty ? nil : path.description, found: found,
            "\(path.steps.isEmpty ? "the document must be" : "expected") \(expected.rawValue), found \(found)",
            fix: fix(for: value, at: path, expected: expected))
    }

    /// How to write a value of another type, if it is clear what was meant.
    private static func fix(
        for value: ImageSpec.JSONValue, at path: DocumentPath, expected: ImageSpec.ExpectedType
    ) -> Fix? {
        switch (expected, value) {
        case _ where path.steps.isEmpty: "write keys with their values, as in \"name: value\""
        case (.string, .number(let number)):
            number.value == 3.1 && path.steps.last == .key("python_version")
                ? "write \"3.10\" in quotes, because the number 3.10 is 3.1"
                : Fix("write \"\(number.value.ecmaScriptText)\" in quotes")
        case (.string, .bool(let value)): Fix("write \"\(value)\" in quotes")
        case (.string, .array(let members)) where path.steps.last == .key("platform"):
            strings(members).map { Fix("write \"\($0.joined(separator: ",").shortened)\"") }
        case (.string, .null): "remove it"
        // In YAML, a colon and a space turn text into an object.
        case (.string, .object(let object)) where object.count == 1:
            "put text that begins with { or contains a colon in quotes"
        case (.objectOfStrings, .array(let members)): assignmentAdvice(strings(members)?.first ?? "")
        case (.objectOfStrings, .string(let text)): assignmentAdvice(text)
        case (.listOfStrings, .object): "write each entry as a separate string, as in [\"a\", \"b\"]"
        case (.listOfStrings, .string(let text)):
            path.steps.last == .key("entrypoint")
                ? listOfWords(text) : listAdvice(text, isCommand: path.steps.last == .key("commands"))
        default: nil
        }
    }

    /// The members of a list, if all of them are strings and there are any.
    private static func strings(_ members: [ImageSpec.JSONValue]) -> [String]? {
        let strings = members.compactMap { if case .string(let text) = $0 { text } else { nil } }
        return strings.isEmpty || strings.count < members.count ? nil : strings
    }

    /// How to write `NAME=value` as a member of an object.
    private static func assignmentAdvice(_ text: String) -> Fix {
        guard let equals = text.utf8.firstIndex(of: UInt8(ascii: "=")), equals > text.startIndex else {
            return #"write names and values, as in {"NAME": "value"}"#
        }
        let (name, value) = (text[..<equals], text[text.index(after: equals)...])
        return Fix("write \(String(name).shortened): \"\(String(value).shortened)\"")
    }

    /// How to write a command line as a list of its words.
    private static func listOfWords(_ text: String) -> Fix {
        let words = ArgumentText.words(text) ?? []
        guard !words.isEmpty, text.utf8.count < 80 else {
            return #"write each word as a separate string, as in ["python", "-m", "app"]"#
        }
        let quoted = words.map {
            String(decoding: ImageSpec.JSONValue.string($0).canonicalForm, as: UTF8.self)
        }
        return Fix("write [\(quoted.joined(separator: ", "))]")
    }

    /// How to write a string as a list. White space may separate entries, but not in a command.
    private static func listAdvice(_ text: String, isCommand: Bool) -> Fix {
        let isEntry = isCommand || !text.unicodeScalars.contains { $0.properties.isWhitespace || $0 == "," }
        guard isEntry, !text.isEmpty else {
            return #"write each entry as a separate string, as in ["a", "b"]"#
        }
        let entry: ImageSpec.JSONValue = [.string(text.shortened)]
        return Fix("write " + String(decoding: entry.canonicalForm, as: UTF8.self))
    }

    static func unknownCopyMode(_ path: DocumentPath, _ value: String) -> ImageSpecError {
        let known = ImageSpec.SourceCopyMode.allCases.map(\.rawValue).joined(separator: ", ")
        return ImageSpecError(
            .invalidDocument, field: path.description, found: value,
            "unknown copy mode \"\(value.shortened)\"", fix: "use one of \(known)")
    }

    static func unknownField(_ path: DocumentPath, nearest: String?) -> ImageSpecError {
        let fix: Fix =
            switch path.steps.last {
            case .key("dockerfile"), .key("Dockerfile"):
                "remove it; the Dockerfile is generated from the spec"
            case .key(let name) where otherNames[name] != nil:
                Fix("did you mean \"\(otherNames[name] ?? "")\"?")
            // Most are a line below env that lost its indentation.
            case .key(let name) where isNameOfVariable(name): "if it belongs to env, indent it"
            default:
                nearest.map { "did you mean \"\($0)\"?" }
                    ?? Fix("the fields are " + ImageSpec.Field.all.map(\.name).joined(separator: ", "))
            }
        return ImageSpecError(.unknownField, field: path.description, "unknown field", fix: fix)
    }

    /// Fields by what other tools call them, which no spelling suggests.
    private static let otherNames = [
        "image": "base_image", "from": "base_image", "base": "base_image", "tag": "tag_format",
        "apt": "apt_packages",
        "conda": "conda_packages", "pip": "packages", "dependencies": "packages", "python": "python_version",
        "files": "copy", "run": "commands", "environment": "env", "architecture": "platform",
        "arch": "platform",
    ]

    /// Whether a key is written as environment variables mostly are.
    private static func isNameOfVariable(_ name: String) -> Bool {
        name.utf8.contains { $0.isASCIIUppercaseLetter }
            && name.utf8.allSatisfy {
                $0.isASCIIUppercaseLetter || $0.isASCIIDigit || $0 == UInt8(ascii: "_")
            }
    }

    static func unknownConfigKey(_ key: String) -> ImageSpecError {
        ImageSpecError(
            .unknownField, field: key, "unknown key in the image config",
            fix: "the keys are default_image and images")
    }

    /// A snapshot was given in place of a spec.
    static let snapshotAsSpec = ImageSpecError(
        .invalidDocument, "this is a snapshot, not a spec", fix: "compare it with a spec")

    /// The recorded names of a test were given in place of a spec.
    static let namesAsSpec = ImageSpecError(
        .invalidDocument, "this is a file with recorded names, not a spec or a snapshot",
        fix: "run the tests to see what changed; to compare, pass a snapshot")
}

extension ImageSpec {
    /// The type that the value of a field must have, as messages name it.
    enum ExpectedType: String {
        case string = "a string"
        case listOfStrings = "a list of strings"
        case objectOfStrings = "an object of strings"
        case object = "an object"
        case listOfPairs = "a list of pairs"
        case listOfImages = "a list of images"
        case pair = "a list of two strings, [source, target]"
        case stringOrObject = "a string or an object (another spec)"
    }
}
