// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import ContentTree
@testable import ImageSpec
@testable import ImageSpecFlytekit

/// Python's view of texts, numbers and formats, where it differs from Swift's.
@Suite struct FlytekitTextTests {
    private static func representation(_ value: JSON) -> String {
        var writer = PythonRepresentation()
        writer.value(value)
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    /// The table is of all code points that Python 3.11 escapes.
    @Test func everyCodePointIsPrintableExactlyWhereItIsForPython() throws {
        let file = try #require(
            Bundle.module.url(forResource: "Fixtures/flytekit/python311_nonprintable", withExtension: "json"))
        let table = try JSON(json: String(contentsOf: file, encoding: .utf8))
        let ranges = try #require(table["ranges"]?.list)
        var escaped = Set<UInt32>()
        for range in ranges {
            let bounds = range.list?.compactMap(\.integer) ?? []
            try #require(bounds.count == 2)
            escaped.formUnion(UInt32(bounds[0])...UInt32(bounds[1]))
        }
        var differences: [UInt32] = []
        for codePoint in UInt32(0)...0x10FFFF
        where PythonText.CodePoint(codePoint).isPrintable == escaped.contains(codePoint) {
            differences.append(codePoint)
        }
        #expect(escaped.count > 900_000)
        #expect(differences == [])
    }

    @Test(arguments: [
        ("it's", #""it's""#), (#"say "hi""#, #"'say "hi"'"#), (#"'""#, #"'\'"'"#), ("\\", #"'\\'"#),
        ("\t\r\n\u{0}\u{7F}", #"'\t\r\n\x00\x7f'"#), ("\u{A0}\u{AD}é", #"'\xa0\xadé'"#),
        ("\u{200D}\u{FEFF}\u{E000}", #"'\u200d\ufeff\ue000'"#), ("\u{E0001}😀", #"'\U000e0001😀'"#),
        ("e\u{301}é", "'e\u{301}é'"), ("", "''"),
    ])
    func textsAreWrittenAsReprDoes(text: String, expected: String) {
        #expect(Array(Self.representation(.string(text)).utf8) == Array(expected.utf8))
    }

    @Test(arguments: [
        ("1", "1"), ("-1", "-1"), ("-0", "0"), ("1.0", "1.0"), ("1e0", "1.0"), ("-0.0", "-0.0"),
        ("0.1", "0.1"),
        ("1e-4", "0.0001"), ("1e-5", "1e-05"), ("1.5e-5", "1.5e-05"), ("123456.75", "123456.75"),
        ("9007199254740991", "9007199254740991"), ("9007199254740991.0", "9007199254740991.0"),
        ("1000000000000000.0", "1000000000000000.0"), ("5e-324", "5e-324"), ("2.5e-100", "2.5e-100"),
        ("true", "True"), ("null", "None"), (#"[1, [2.0], {}]"#, "[1, [2.0], {}]"),
        (#"{"b": 1, "a": null}"#, "{'b': 1, 'a': None}"),
    ])
    func valuesAreWrittenAsReprDoes(json: String, expected: String) throws {
        #expect(Self.representation(try JSON(json: json)) == expected)
    }

    @Test(arguments: [
        ("ΑΣ", "ας"), ("Σ", "σ"), ("ΑΣΑ", "ασα"), ("Α.Σ", "α.ς"), ("Σ Α", "σ α"), ("ΑΣ'", "ας'"),
        ("İ", "i\u{307}"),
        ("\u{212A}", "k"), ("ÀÉ", "àé"), ("ẞ", "ß"), ("Ⅷ", "ⅷ"),
        // Whose properties changed after Unicode 14.0.
        ("ʕΣ", "ʕς"), ("A\u{1171E}Σ", "a\u{1171E}ς"), ("\u{1C89}", "\u{1C89}"),
    ])
    func lettersAreLoweredAsPythonDoes(text: String, expected: String) {
        #expect(Array(text.pythonLowercased.utf8) == Array(expected.utf8))
    }

    @Test(arguments: [
        ("{spec_hash}", "Ab-_"), ("v1-{spec_hash:.2}.x", "v1-Ab.x"), ("{spec_hash:.0}", ""),
        ("{spec_hash:.02}{spec_hash:.1}", "AbA"), ("{spec_hash:.99}", "Ab-_"), ("latest", "latest"),
    ])
    func aTagFormatTakesTheHashOrItsFirstCharacters(format: String, expected: String) throws {
        #expect(try FlytekitTagFormat.tag(format, specHash: "Ab-_") == expected)
    }

    /// The rest of Python's format language, whether or not Python would accept it.
    @Test(arguments: [
        "{{{spec_hash}}}", "{{", "}}", "{spec_hash!r}", "{spec_hash:>30}", "{spec_hash:s}", "{spec_hash:}",
        "{spec_hash:.}", "{spec_hash:.-1}", "{spec_hash:.+1}", "{spec_hash:.2s}", "{spec_hash:.١}",
        "{spec_hash[0]}",
        "{spec_hash.upper}", "{spec_hash:.99999999999999999999}", "{spec_hash:{spec_hash}}", "{other}", "{0}",
        "{}",
        "{", "}", "a}b", "{spec_hash", "{spec_hash}{", "{\u{301}spec_hash}",
    ])
    func anyOtherTagFormatIsRefused(format: String) {
        let error = #expect(throws: ImageSpecError.self) {
            try FlytekitTagFormat.tag(format, specHash: "Ab-_")
        }
        #expect(error?.code == .invalidField)
        let message = error?.message ?? ""
        #expect(message.hasPrefix("tag_format: ") && message.contains("{spec_hash:.N}"), "\(message)")
    }
}
