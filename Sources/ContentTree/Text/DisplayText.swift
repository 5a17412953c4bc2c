// SPDX-License-Identifier: Apache-2.0

/// Text from files and users on a line of output.
package enum DisplayText {
    /// Longer values are cut.
    private static let limit = 200

    /// A value, in quotes if it could be misread. JSON has its own quotes.
    package static func value(_ text: String, isJSON: Bool = false) -> String {
        var cut = text
        var end = ""
        if text.unicodeScalars.count > limit {
            cut = ""
            cut.unicodeScalars.append(contentsOf: text.unicodeScalars.prefix(limit))
            end = "…"
        }
        let isAmbiguous =
            text.isEmpty || text.utf8.first == 0x20 || text.utf8.last == 0x20
            || text.unicodeScalars.contains("→")
        if isJSON && !hasControls(cut) { return cut + end }
        let quoted = quotedPath(Array(cut.utf8))
        let isQuoted = quoted.first == UInt8(ascii: "\"")
        return (isAmbiguous && !isQuoted ? "\"" + cut + "\"" : String(decoding: quoted, as: UTF8.self)) + end
    }

    package static func path(_ path: [UInt8]) -> String { String(decoding: quotedPath(path), as: UTF8.self) }

    /// A key of an object, as it follows a full stop.
    package static func key(_ key: String) -> String {
        let isPlain =
            !key.isEmpty && key.utf8.allSatisfy { $0.isASCIILetterOrDigit || "_-".utf8.contains($0) }
        if isPlain { return key }
        let quoted = quotedPath(Array(key.utf8))
        return quoted.first == UInt8(ascii: "\"") ? String(decoding: quoted, as: UTF8.self) : "\"\(key)\""
    }

    private static func hasControls(_ text: String) -> Bool {
        text.unicodeScalars.contains(where: \.isControlCharacter)
    }

    /// A path, in double quotes with C escapes if it needs them.
    ///
    /// Source: git-config(1), `core.quotePath` when false. Control and format characters above U+007F, which git does not escape,
    /// are escaped too.
    package static func quotedPath(_ path: [UInt8]) -> [UInt8] {
        let isPlain = path.allSatisfy {
            $0 >= 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\")
        }
        if isPlain { return path }

        var quoted: [UInt8] = []
        var needsQuotes = false
        func escape(_ text: some Sequence<UInt8>) {
            quoted.append(UInt8(ascii: "\\"))
            quoted += text
            needsQuotes = true
        }
        var rest = path[...]
        while let byte = rest.first {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): escape([byte])
            case 0x07: escape("a".utf8)
            case 0x08: escape("b".utf8)
            case 0x09: escape("t".utf8)
            case 0x0A: escape("n".utf8)
            case 0x0B: escape("v".utf8)
            case 0x0C: escape("f".utf8)
            case 0x0D: escape("r".utf8)
            case 0x20..<0x7F: quoted.append(byte)
            default:
                if let scalar = leadingScalar(of: rest), !scalar.isControlCharacter, !scalar.isASCII {
                    let count = UTF8.width(scalar)
                    quoted += rest.prefix(count)
                    rest = rest.dropFirst(count)
                    continue
                }
                escape(octal(byte))
            }
            rest = rest.dropFirst()
        }
        return needsQuotes ? [UInt8(ascii: "\"")] + quoted + [UInt8(ascii: "\"")] : path
    }

    /// The scalar that bytes begin with. If `nil`, they do not begin with UTF-8.
    private static func leadingScalar(of bytes: ArraySlice<UInt8>) -> Unicode.Scalar? {
        var decoder = UTF8()
        var iterator = bytes.makeIterator()
        guard case .scalarValue(let scalar) = decoder.decode(&iterator) else { return nil }
        return scalar
    }

    private static func octal(_ byte: UInt8) -> [UInt8] {
        [byte >> 6, byte >> 3 & 7, byte & 7].map { UInt8(ascii: "0") + $0 }
    }
}

extension String {
    /// The text with an escape, as in Swift, for each character that is not visible but changes how a line is shown or where
    /// it ends: control and format characters (such as those that change the direction of text), and line and paragraph
    /// separators. All other characters stay, backslashes too.
    package var escapingControlCharacters: String {
        // Nearly all text is ASCII without control characters.
        if utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) { return self }
        return unicodeScalars.reduce(into: "") { result, scalar in
            switch scalar {
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            default:
                if scalar.isControlCharacter {
                    result += "\\u{" + String(scalar.value, radix: 16) + "}"
                } else {
                    result.unicodeScalars.append(scalar)
                }
            }
        }
    }
}

extension Unicode.Scalar {
    /// Whether the character is a control or format character, or separates lines or paragraphs.
    package var isControlCharacter: Bool {
        if isASCII { return value < 0x20 || value == 0x7F }
        return switch properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator: true
        default: false
        }
    }
}
