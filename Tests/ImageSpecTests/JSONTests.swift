// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import ContentTree
@testable import ImageSpec

@Suite struct JSONTests {
    // What the reader refuses, and what it says of it.
    @Test(arguments: [
        ("", "found the end"), (" ", "found the end"), ("{", "a key in quotes"),
        ("[1,]", "trailing comma before ']'; remove it"), ("[1, 2 , ]", "trailing comma"),
        ("[,]", "a value, found ','"),
        ("{\"a\":1,}", "trailing comma before '}'; remove it"), ("{,}", "a key in quotes"),
        ("{\"a\" 1}", "expected ':'"),
        ("{a:1}", "a key in quotes, found 'a'"),
        ("[1 2]", "expected ',' or ']'"),
        ("{} x", "after the end"), ("{\"a\":1,\"a\":2}", "duplicate key \"a\""),
        ("{\"a\\u0062\":1,\"ab\":2}", "duplicate key"), ("\"\\ud800\"", "unpaired surrogate"),
        ("\"\\udc00\"", "unpaired surrogate"), ("\"\\ud800\\u0041\"", "unpaired surrogate"),
        ("\"\\ud800x\"", "unpaired surrogate"),
        ("\"\\u12\"", "four hexadecimal digits"), ("\"\\x\"", "invalid escape"),
        ("\"a", "unterminated string"),
        ("\"a\nb\"", "a string contains the control character U+000A"), ("01", "after the end"),
        ("-", "a digit"),
        ("1.", "a digit"),
        ("1e", "a digit"),
        (".5", "a value, found '.'"), ("+1", "a value, found '+'"), ("NaN", "NaN is not a valid"),
        ("Infinity", "Infinity is not a valid"),
        ("-Infinity", "a digit"), ("1e400", "outside"), ("9007199254740992", "outside"),
        ("-9007199254740992", "outside"),
        ("9007199254740993", "outside"), ("99999999999999999999999", "outside"), ("1e16", "outside"),
        ("9007199254740992.0", "outside"), ("tru", "a value, found 't'"), ("\u{FEFF}\u{FEFF}{}", "a value"),
        ("{}\u{FEFF}", "text after"),
        (String(repeating: "[", count: 100_000), "200 levels"), ("{\"a\":1}\n\n  ]", "line 3, column 3"),
    ])
    func malformedTextIsRefusedWithItsPlace(text: String, fragment: String) {
        let error = #expect(throws: ImageSpecError.self) { try JSON(json: text) }
        #expect(error?.code == .invalidDocument)
        #expect(error?.message.contains(fragment) == true, "\(error?.message ?? "")")
        #expect(error?.message.contains("line ") == true)
    }

    @Test func bytesThatAreNoUTF8AreRefused() {
        for bytes in [
            [0x22, 0xFF, 0x22], [0x22, 0xED, 0xA0, 0x80, 0x22], [0x22, 0xC0, 0x80, 0x22], [0xFF],
        ] as [[UInt8]] {
            #expect(throws: ImageSpecError.self) { try JSON(json: bytes) }
        }
    }

    @Test func numbersKeepWhetherTheyAreIntegers() throws {
        let list = try #require(
            try JSON(json: "[1, 1.0, 1e0, -0, -0.0, 0.5, 9007199254740991, -9007199254740991]").list)
        let numbers = list.compactMap { value in if case .number(let number) = value { number } else { nil } }
        #expect(numbers.map(\.isInteger) == [true, false, false, true, false, false, true, true])
        #expect(numbers[0] == numbers[1] && numbers[0].hashValue == numbers[1].hashValue)
        #expect(!numbers[0].isIdentical(to: numbers[1]) && numbers[1].isIdentical(to: numbers[2]))
        #expect(numbers[3] == numbers[4] && numbers[3].hashValue == numbers[4].hashValue)
        #expect(
            try numbers[3].isIdentical(to: JSON.Number(0)) && !numbers[4].isIdentical(to: JSON.Number(0.0)))
        let text = "[1,1.0,1.0,0,-0.0,0.5,9007199254740991,-9007199254740991]"
        #expect(try JSON.array(list).json == text && JSON(json: text).isIdentical(to: .array(list)))
    }

    @Test func surrogatePairsAreOneCharacter() throws {
        #expect(try JSON(json: #""\ud83d\ude00\u00e9\/""#) == "😀é/")
    }

    @Test func keysKeepTheirOrderAndTheirBytes() throws {
        let object = try #require(try JSON(json: "{\"b\":1,\"a\":2,\"\u{e9}\":3,\"e\u{301}\":4}").pairs)
        #expect(
            object.keys.map { Array($0.utf8) } == ["b", "a", "\u{e9}", "e\u{301}"].map { Array($0.utf8) })
        #expect(object["\u{e9}"] == 3 && object["e\u{301}"] == 4)
    }

    @Test(arguments: [Double.nan, .infinity, -.infinity, 9_007_199_254_740_992, -1e300])
    func numbersThatNotEveryReaderSeesAlikeAreRefused(value: Double) {
        #expect(throws: ImageSpecError.self) { try JSON(value) }
        if value.isFinite, let integer = Int(exactly: value) {
            #expect(throws: ImageSpecError.self) { try JSON(integer) }
        }
    }

    @Test func valuesSurviveFoundationsCoders() throws {
        let value: JSON = ["a": [1, 2.5, nil, true, "x"], "b": ["c": -1]]
        let data = try JSONEncoder().encode(value)
        // The order of keys does not survive, and nothing else is lost here.
        let back = try JSONDecoder().decode(JSON.self, from: data)
        #expect(back["a"] == value["a"] && back["b"] == value["b"])
        #expect(throws: (any Error).self) {
            try JSONDecoder().decode(JSON.self, from: Data("[9007199254740993]".utf8))
        }
    }

    @Test func orderedDictionaries() {
        var dictionary: ImageSpec.OrderedDictionary<String> = ["b": "1", "a": "2"]
        dictionary["c"] = "3"
        dictionary["b"] = "4"
        #expect(dictionary.keys == ["b", "a", "c"] && dictionary.values == ["4", "2", "3"])
        dictionary["a"] = nil
        dictionary["none"] = nil
        #expect(dictionary == ["b": "4", "c": "3"] && dictionary != ["b": "3", "c": "4"])
        let reversed: ImageSpec.OrderedDictionary<String> = ["c": "3", "b": "4"]
        #expect(dictionary == reversed && dictionary.hashValue == reversed.hashValue)
        #expect(!dictionary.isIdentical(to: reversed) && dictionary.isIdentical(to: ["b": "4", "c": "3"]))
        #expect(
            dictionary.description == #"["b": "4", "c": "3"]"#
                && ImageSpec.OrderedDictionary<JSON>().description == "[:]")
        #expect(dictionary.merging(["c": "5", "d": "6"]) == ["b": "4", "c": "5", "d": "6"])
        #expect(ImageSpec.OrderedDictionary(["z": "1", "y": "2"]).keys == ["y", "z"])
        let composed: ImageSpec.OrderedDictionary<String> = ["k": "\u{e9}"]
        let decomposed: ImageSpec.OrderedDictionary<String> = ["k": "e\u{301}"]
        #expect(composed != decomposed && Set([composed, decomposed, composed]).count == 2)
    }
}
