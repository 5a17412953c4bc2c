// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
import ImageSpec
import Yams

// The sentences about YAML files.

extension ImageSpecError {
    static var unknownFileNameExtension: ImageSpecError {
        ImageSpecError(
            .invalidDocument,
            "the name of a spec file ends in .json, .yaml or .yml, so that its format is known; rename it")
    }

    static var emptyYAML: ImageSpecError {
        ImageSpecError(.invalidDocument, "the document is empty; a spec without any field is written {}")
    }

    static func invalidYAML(_ what: String, _ mark: Mark?) -> ImageSpecError {
        ImageSpecError(.invalidDocument, what).at(mark)
    }

    static func tooDeep(_ mark: Mark?) -> ImageSpecError {
        invalidYAML("nested more than \(YAMLReader.maximumDepth) levels deep; no field needs that", mark)
    }

    static func repeatedKey(_ key: String, _ mark: Mark?) -> ImageSpecError {
        invalidYAML("the key \"\(key)\" stands twice in one mapping; leave one of them out", mark)
    }

    static func mergeKey(_ mark: Mark?) -> ImageSpecError {
        invalidYAML(
            "the merge key <<, which YAML 1.2 does not have; write the keys out, or use a base_image that is a spec",
            mark)
    }

    static func ambiguous(_ text: String, _ reading: PlainScalar.Reading) -> ImageSpecError {
        let alternative =
            switch reading {
            case .boolean: ", or write true or false"
            case .number: ", or write the number in plain decimal digits"
            case .date: ""
            }
        return ImageSpecError(
            .invalidDocument,
            "some YAML readers take \(text) for \(reading.rawValue), others do not; put it in quotes\(alternative)"
        )
    }

    static func notFinite(_ text: String) -> ImageSpecError {
        ImageSpecError(
            .invalidDocument, "\(text) is no number that JSON has; if it is text, put it in quotes")
    }

    static func unknownTag(_ tag: String, _ mark: Mark?) -> ImageSpecError {
        invalidYAML("the tag \(tag) has no meaning here; leave it out", mark)
    }

    static func wrongTag(_ tag: String, _ text: String, _ mark: Mark?) -> ImageSpecError {
        invalidYAML("\"\(text)\" is not what its tag \(tag) says; leave the tag out", mark)
    }

    static func tooManyAliases(_ count: Int) -> ImageSpecError {
        ImageSpecError(
            .invalidDocument,
            "\(count) aliases could stand for more text than any spec has; write what they stand for in their places"
        )
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
        return ImageSpecError(.invalidDocument, "text that is not UTF-8; save the file as UTF-8").at(
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
        case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _),
            .composer(let context, let problem, let mark, _):
            let what = [context?.text, problem].compactMap(\.self).joined(separator: ", ")
            return invalidYAML(what + advice(problem), mark)
        case .duplicatedKeysInMapping(let keys, let context):
            return repeatedKey(keys.first ?? "", context.mark)
        case .reader(let problem, let offset, let value, let text):
            let character = value >= 0 ? ": U+" + String(value, radix: 16, uppercase: true) : ""
            let error = invalidYAML(
                problem + character + "; leave it out, or write it as an escape in double quotes", nil)
            guard let offset else { return error }
            let before = text.prefix(offset)
            return error.at(
                line: before.count(where: \.isNewline) + 1,
                column: before.reversed().prefix { !$0.isNewline }.count + 1)
        default:
            return invalidYAML("\(error)", nil)
        }
    }

    /// What mostly helps where Yams finds a problem; its own words say only what a parser expected.
    private static func advice(_ problem: String) -> String {
        let known = [
            ("mapping values are not allowed", "put text that has a colon in quotes"),
            ("cannot start any token", "indent with spaces, and put text that begins with a sign in quotes"),
            ("undefined alias", "put text that begins with * in quotes"),
            ("another document", "a spec file holds one"),
            ("unexpected end of stream", "close what is open"),
            ("did not find expected", "see that brackets, quotes and indentation are closed"),
        ]
        return known.first { problem.contains($0.0) }.map { "; " + $0.1 } ?? ""
    }
}
