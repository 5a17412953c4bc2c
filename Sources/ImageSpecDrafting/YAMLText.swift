// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
import ImageSpec

/// How texts are written in YAML, so that every reader of YAML 1.1 and 1.2 reads them back.
enum YAMLText {
    /// The text as a scalar: plain where nothing can go wrong, else in quotes. nil if YAML has no way to write it that our
    /// reader takes: a NUL, which no field may hold, and U+FEFF, which some readers drop.
    static func scalar(_ text: String) -> String? {
        if text.unicodeScalars.contains(where: { $0 == "\0" || $0 == "\u{FEFF}" }) { return nil }
        if isPlain(text) { return text }
        if text.unicodeScalars.allSatisfy(\.isPrintable) {
            // By scalars: a quote under an accent is a quote to YAML, and no character of its own to Swift.
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
                let digits = String(scalar.value, radix: 16, uppercase: true)
                let width = scalar.value > 0xFFFF ? 8 : 4
                quoted += (width == 8 ? "\\U" : "\\u")
                quoted += String(repeating: "0", count: width - digits.count) + digits
            }
        }
        return quoted + "\""
    }

    /// Letters first, and nothing after them that means anything to any version of YAML.
    private static func isPlain(_ text: String) -> Bool {
        let words: Set = ["true", "false", "yes", "no", "on", "off", "y", "n", "null"]
        func isLetter(_ byte: UInt8) -> Bool { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20) }
        guard let first = text.utf8.first, isLetter(first) || first == UInt8(ascii: "_"),
            text.utf8.last != UInt8(ascii: ":"), !words.contains(text.lowercased())
        else { return false }
        return text.utf8.allSatisfy { byte in
            isLetter(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                || "_./:@+=<>!~-".utf8.contains(byte)
        }
    }

    /// Lines of comments.
    static func comment(_ text: String) -> String { "# " + text.onOneLine(limit: 200) + "\n" }
}
