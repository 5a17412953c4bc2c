// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
import ImageSpec
import Yams

// The sentences about YAML files.

extension ImageSpecError {
    static var unknownFileNameExtension: ImageSpecError {
        ImageSpecError(
            .invalidDocument, "unknown file extension", fix: "use .json, .yaml or .yml")
    }

    static var emptyYAML: ImageSpecError {
        ImageSpecError(
            .invalidDocument, "the document is empty", fix: "write {} for a spec without fields")
    }

    static func invalidYAML(_ reason: String, fix: Fix? = nil, _ mark: Mark?) -> ImageSpecError {
        ImageSpecError(
            .invalidDocument, at: mark.map { [Location(line: $0.line, column: $0.column)] } ?? [], reason,
            fix: fix)
    }

    static func tooDeep(_ mark: Mark?) -> ImageSpecError {
        invalidYAML("nesting exceeds the limit of \(YAMLReader.maximumDepth) levels", mark)
    }

    static func repeatedKey(_ key: String, _ mark: Mark?) -> ImageSpecError {
        invalidYAML("duplicate key \"\(key)\"", fix: "remove one of them", mark)
    }

    static func mergeKey(_ mark: Mark?) -> ImageSpecError {
        invalidYAML(
            "YAML 1.2 does not support the merge key <<",
            fix: "write the keys out, or use a base_image that is a spec", mark)
    }

    static func ambiguous(_ text: String, _ reading: PlainScalar.Reading) -> ImageSpecError {
        let alternative =
            switch reading {
            case .boolean: " if it is text; otherwise write true or false"
            case .number: " if it is text; otherwise write the number in plain decimal digits"
            case .date: ""
            }
        return ImageSpecError(
            .invalidDocument, "YAML readers disagree on whether \"\(text)\" is \(reading.rawValue)",
            fix: "put it in quotes\(alternative)")
    }

    static func notFinite(_ text: String) -> ImageSpecError {
        ImageSpecError(
            .invalidDocument, "\(text) is not a finite number", fix: "to write text, put it in quotes")
    }

    static func unknownTag(_ tag: String, _ mark: Mark?) -> ImageSpecError {
        invalidYAML("unsupported tag \(tag)", fix: "remove it", mark)
    }

    static func wrongTag(_ tag: String, _ text: String, _ mark: Mark?) -> ImageSpecError {
        invalidYAML("\"\(text)\" does not match its tag \(tag)", fix: "remove the tag", mark)
    }

    static func tooManyAliases(_ count: Int) -> ImageSpecError {
        ImageSpecError(
            .invalidDocument, "too many aliases (\(count)), which could expand without limit",
            fix: "write the values instead of aliases")
    }

    static func notUTF8(_ bytes: [UInt8]) -> ImageSpecError {
        var line = 1
        var column = 1
        var decoder = UTF8()
        var iterator = bytes.makeIterator()
        while case .scalarValue(let scalar) = decoder.decode(&iterator) {
            column += 1
            if scalar == "\n" { (line, column) = (line + 1, 1) }
        }
        return ImageSpecError(
            .invalidDocument, "invalid UTF-8", fix: "save the file as UTF-8"
        ).at(
            line: line, column: column)
    }

    /// The error at a place of the text.
    func at(_ mark: Mark?) -> ImageSpecError {
        guard let mark else { return self }
        return at(line: mark.line, column: mark.column)
    }

    /// What Yams found wrong, in one line.
    static func yaml(_ error: YamlError) -> ImageSpecError {
        switch error {
        case .parser(_, let problem, let mark, _) where problem.hasPrefix("Maximum nesting level"):
            return tooDeep(mark)
        case .scanner(let context, let problem, let mark, let text),
            .parser(let context, let problem, let mark, let text),
            .composer(let context, let problem, let mark, let text):
            if let error = indentation(problem, mark, text) { return error }
            let what = [context?.text, problem].compactMap(\.self).joined(separator: ", ")
            return invalidYAML(what, fix: advice(problem), mark)
        case .duplicatedKeysInMapping(let keys, let context):
            return invalidYAML(
                "duplicate key \"\(keys.first ?? "")\", which appears again below", fix: "remove one of them",
                context.mark)
        case .reader(let problem, let offset, let value, let text):
            let character = value >= 0 ? ": U+" + Self.hexadecimal(Int(value)) : ""
            let error = invalidYAML(
                problem + character, fix: "remove it, or write it as an escape sequence in double quotes", nil
            )
            guard let offset else { return error }
            let before = text.prefix(offset)
            return error.at(
                line: before.count(where: \.isNewline) + 1,
                column: before.reversed().prefix { !$0.isNewline }.count + 1)
        default:
            return invalidYAML("\(error)", nil)
        }
    }

    /// The error of a line with the wrong indentation; nil for other mistakes, which the parser reports in the same words.
    private static func indentation(_ problem: String, _ mark: Mark, _ text: String) -> ImageSpecError? {
        let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
        guard lines.indices.contains(mark.line - 1) else { return nil }
        let line = lines[mark.line - 1]
        if problem.contains("cannot start any token") || problem.contains("tab character"),
            line.prefix(while: { " \t".contains($0) }).contains("\t")
        {
            return invalidYAML("the line is indented with a tab", fix: "YAML allows only spaces", mark)
        }
        // At the first colon of a line it is a key, which does not belong where the lines above are indented less.
        if problem.contains("mapping values are not allowed"),
            !line.prefix(max(0, mark.column - 1)).contains(":")
        {
            return invalidYAML("unexpected key", fix: "check the indentation", mark)
        }
        return nil
    }

    /// At least four digits, as in U+0001.
    private static func hexadecimal(_ value: Int) -> String {
        let digits = String(value, radix: 16, uppercase: true)
        return String(repeating: "0", count: max(0, 4 - digits.count)) + digits
    }

    /// What mostly helps where Yams finds a problem; its own words say only what a parser expected.
    private static func advice(_ problem: String) -> Fix? {
        let known: [(text: String, fix: Fix)] = [
            ("mapping values are not allowed", "put text that contains a colon in quotes"),
            (
                "cannot start any token",
                "indent with spaces, and put text that begins with a special character in quotes"
            ),
            ("undefined alias", "put text that begins with * in quotes"),
            ("another document", "a spec file contains one document"),
            ("unexpected end of stream", "close the quote or bracket"),
            ("did not find expected", "check brackets, quotes and indentation"),
        ]
        return known.first { problem.contains($0.text) }?.fix
    }
}
