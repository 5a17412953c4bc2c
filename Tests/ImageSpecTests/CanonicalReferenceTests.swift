// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import ContentTree
@testable import ImageSpec

/// The writer of canonical JSON beside one that goes by single characters and has Swift's own order of code units.
@Suite struct CanonicalReferenceTests {
    /// RFC 8785, one character and one comparison at a time.
    enum Reference {
        static func text(_ value: JSON) -> String {
            switch value {
            case .null: "null"
            case .bool(let value): value ? "true" : "false"
            case .number(let number): number.value.ecmaScriptText
            case .string(let text): string(text)
            case .array(let list): "[" + list.map(text).joined(separator: ",") + "]"
            case .object(let object):
                "{"
                    + object.sorted { $0.key.utf16.lexicographicallyPrecedes($1.key.utf16) }
                    .map { string($0.key) + ":" + text($0.value) }.joined(separator: ",") + "}"
            }
        }

        static func string(_ text: String) -> String {
            text.unicodeScalars.reduce(into: "\"") { result, scalar in
                switch scalar {
                case "\"": result += "\\\""
                case "\\": result += "\\\\"
                case "\u{8}": result += "\\b"
                case "\t": result += "\\t"
                case "\n": result += "\\n"
                case "\u{C}": result += "\\f"
                case "\r": result += "\\r"
                case "\u{0}"..<"\u{20}":
                    let digits = String(scalar.value, radix: 16)
                    result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
                default: result.unicodeScalars.append(scalar)
                }
            } + "\""
        }

        static func set(_ values: [String]) -> String {
            var members: [String] = []
            for value in values.sorted(by: { $0.utf8.lexicographicallyPrecedes($1.utf8) })
            where members.last.map({ !$0.utf8.elementsEqual(value.utf8) }) ?? true {
                members.append(value)
            }
            return "[" + members.map(string).joined(separator: ",") + "]"
        }
    }

    /// Text of up to `length` scalars, mostly letters, with what needs an escape and what sorts oddly at any place.
    static func text(_ length: Int, _ random: inout SeededGenerator) -> String {
        let odd: [Unicode.Scalar] = [
            "\"", "\\", "\u{0}", "\u{1}", "\u{8}", "\t", "\n", "\u{1F}", " ", "\u{7F}", "é", "\u{301}",
            "\u{D7FF}",
            "\u{E000}", "\u{FFFF}", "😀", "\u{10FFFF}",
        ]
        let oddness = Int.random(in: 0...8, using: &random)
        var text = String.UnicodeScalarView()
        for _ in 0..<Int.random(in: 0...length, using: &random) {
            let isOdd = Int.random(in: 0..<16, using: &random) < oddness
            text.append((isOdd ? odd : ["a", "b", "c"]).randomElement(using: &random) ?? "a")
        }
        return String(text)
    }

    static func value(_ depth: Int, _ random: inout SeededGenerator) throws -> JSON {
        switch Int.random(in: 0..<(depth == 0 ? 4 : 6), using: &random) {
        case 0: return [nil, true, false].randomElement(using: &random) ?? nil
        case 1:
            return try .init(Int.random(in: -9_007_199_254_740_991...9_007_199_254_740_991, using: &random))
        case 2:
            return try .init(
                [0, -0.0, 1, -17, 0.5, 2_147_483_648, -2_147_483_649].randomElement(using: &random) ?? 0)
        case 3: return .string(text(40, &random))
        case 4:
            return .array(
                try (0..<Int.random(in: 0..<5, using: &random)).map { _ in try value(depth - 1, &random) })
        default:
            var object = ImageSpec.OrderedDictionary<JSON>()
            for _ in 0..<Int.random(in: 0..<12, using: &random) {
                object[text(12, &random)] = try value(depth - 1, &random)
            }
            return .object(object)
        }
    }

    @Test(arguments: 0..<8 as Range<UInt64>)
    func valuesAreWrittenAsByTheReference(seed: UInt64) throws {
        var random = SeededGenerator(state: seed)
        for _ in 0..<200 {
            let value = try Self.value(4, &random)
            #expect(value.canonicalForm == Array(Reference.text(value).utf8))
        }
    }

    @Test func anEscapeIsFoundAtEveryPlaceOfATextOfEveryLength() {
        for length in 0..<40 {
            for place in 0..<max(1, length) {
                for byte: Unicode.Scalar in ["\"", "\\", "\u{0}", "\u{1F}", "!", "[", "\u{7F}"] {
                    var scalars = [Unicode.Scalar](repeating: "x", count: length)
                    if length > 0 { scalars[place] = byte }
                    let text = scalars.reduce(into: "") { $0.unicodeScalars.append($1) }
                    #expect(JSON.string(text).canonicalForm == Array(Reference.string(text).utf8))
                }
            }
        }
    }

    @Test(arguments: 0..<4 as Range<UInt64>)
    func setsAreWrittenAsByTheReference(seed: UInt64) {
        var random = SeededGenerator(state: seed)
        for _ in 0..<200 {
            // Texts of few letters, so that many begin alike or are the same.
            let values = (0..<Int.random(in: 0..<80, using: &random)).map { _ in Self.text(11, &random) }
            #expect(
                CanonicalWriter.bytes { $0.list(CanonicalWriter.canonicalSet(values)) }
                    == Array(Reference.set(values).utf8))
        }
    }

    @Test func documentsOfAnySizeAreWritten() {
        for text in [String(repeating: "x", count: 1_000_003), String(repeating: "\u{1}", count: 100_003)] {
            #expect(
                JSON.array([.string(text), 1]).canonicalForm == Array("[\(Reference.string(text)),1]".utf8))
        }
    }
}
