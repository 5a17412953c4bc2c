// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
import ImageSpec

/// Writes YAML that every reader of YAML 1.1 and 1.2 reads back unchanged.
enum YAMLText {
    /// The text as a scalar, in quotes if necessary. `nil` for a NUL, which no field may contain, and for U+FEFF, which some
    /// readers drop.
    static func scalar(_ text: String) -> String? {
        if text.unicodeScalars.contains(where: { $0 == "\0" || $0 == "\u{FEFF}" }) { return nil }
        if isPlain(text) { return text }
        if text.unicodeScalars.allSatisfy(\.isPrintable) {
            // By scalars: a quote with an accent is one character to Swift, and a quote to YAML.
            let doubled = text.unicodeScalars.reduce(into: "") { text, scalar in
                text.unicodeScalars.append(contentsOf: scalar == "'" ? ["'", "'"] : [scalar])
            }
            return "'" + doubled + "'"
        }
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\": quoted.unicodeScalars.append(contentsOf: ["\\", scalar])
            case "\n": quoted += "\\n"
            case "\t": quoted += "\\t"
            case _ where scalar.isPrintable: quoted.unicodeScalars.append(scalar)
            default:
                let (letter, width) = scalar.value > 0xFFFF ? ("U", 8) : ("u", 4)
                quoted += "\\" + letter + Hexadecimal.text(scalar.value, width: width).uppercased()
            }
        }
        return quoted + "\""
    }

    /// Whether the text begins with a letter and has no meaning of its own in any version of YAML.
    private static func isPlain(_ text: String) -> Bool {
        let words: Set = ["true", "false", "yes", "no", "on", "off", "y", "n", "null"]
        guard let first = text.utf8.first,
            (first | 0x20).isASCIILowercaseLetter || first == UInt8(ascii: "_"),
            text.utf8.last != UInt8(ascii: ":"), !words.contains(text.lowercased())
        else { return false }
        return text.utf8.allSatisfy { $0.isASCIILetterOrDigit || "_./:@+=<>!~-".utf8.contains($0) }
    }

    /// A comment on one line.
    static func comment(_ text: String) -> String { "# " + text.onOneLine(limit: 200) + "\n" }
}
