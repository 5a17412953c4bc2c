// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
import ImageSpec
import Yams

/// Finds texts that begin with U+FEFF.
///
/// Yams creates strings with Foundation, which drops a leading U+FEFF as a byte order mark. Two different specs would have
/// the same name, so such texts are rejected.
struct YAMLByteOrderMarks {
    /// The lines, as the marks of the parser count them.
    private let lines: [[Unicode.Scalar]]

    /// `nil` if the text has no escape sequence for U+FEFF.
    init?(_ text: String) {
        guard text.lowercased().contains("feff") else { return nil }
        var lines: [[Unicode.Scalar]] = [[]]
        var previous: Unicode.Scalar?
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\n" where previous == "\r": break
            case "\n", "\r", "\u{85}", "\u{2028}", "\u{2029}": lines.append([])
            default: lines[lines.count - 1].append(scalar)
            }
            previous = scalar
        }
        self.lines = lines
    }

    /// The text behind a byte order mark, which libyaml does not skip if it is given the encoding.
    static func textBehindMark(_ text: String) -> String {
        guard text.unicodeScalars.first == "\u{FEFF}" else { return text }
        return String(text.unicodeScalars.dropFirst())
    }

    /// Rejects the character anywhere but at the beginning of the document, where it is a byte order mark.
    static func check(_ text: String) throws(ImageSpecError) {
        let scalars = text.unicodeScalars
        if scalars.dropFirst().contains("\u{FEFF}") { throw .byteOrderMark(nil) }
    }

    /// Rejects a text in double quotes that begins with an escape sequence for U+FEFF.
    func check(_ scalar: Node.Scalar) throws(ImageSpecError) {
        guard scalar.style == .doubleQuoted, let mark = scalar.mark, lines.indices.contains(mark.line - 1)
        else { return }
        let text = lines[mark.line - 1].dropFirst(mark.column - 1)
        guard let quote = text.firstIndex(of: "\"") else { return }
        let escape = text[quote...].dropFirst()
        let count = escape.starts(with: ["\\", "u"]) ? 4 : escape.starts(with: ["\\", "U"]) ? 8 : 0
        var digits = String.UnicodeScalarView()
        digits.append(contentsOf: escape.dropFirst(2).prefix(count))
        if UInt32(String(digits), radix: 16) == 0xFEFF { throw .byteOrderMark(mark) }
    }
}

extension ImageSpecError {
    fileprivate static func byteOrderMark(_ mark: Mark?) -> ImageSpecError {
        invalidYAML(
            "a value begins with a byte order mark (U+FEFF), which YAML readers drop",
            fix: "remove it, or use JSON", mark)
    }
}
