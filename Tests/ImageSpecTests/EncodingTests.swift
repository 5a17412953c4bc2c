// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import ContentTree
@testable import ImageSpec
@testable import ImageSpecBuilding

@Suite struct EncodingTests {
    /// RFC 4648, section 10.
    @Test(arguments: [
        ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
        ("foobar", "Zm9vYmFy"),
    ])
    func base64IsThatOfTheRFC(text: String, expected: String) {
        #expect(Base64.text(Array(text.utf8)) == expected)
        #expect(Base64.urlText(Array(text.utf8)) == expected.replacing("=", with: ""))
        #expect(Base64.decoded(expected) == Array(text.utf8))
        #expect(Base64.decoded(expected.replacing("=", with: "") + "\r\n") == Array(text.utf8))
    }

    @Test(arguments: ["Z", "Zm9vY", "Zg=v", "Zm-v", "Zm_v", "é", "Zm9v."])
    func otherTextIsNotBase64(text: String) {
        #expect(Base64.decoded(text) == nil)
    }

    @Test func theAlphabetsDifferInTwoCharacters() {
        #expect(Base64.text([0xFB, 0xFF, 0xBF]) == "+/+/")
        #expect(Base64.urlText([0xFB, 0xFF, 0xBF]) == "-_-_")
    }

    @Test func hexadecimalDigitsReadBack() {
        let bytes = Array(UInt8.min...UInt8.max)
        let text = Hexadecimal.text(bytes)
        #expect(text.hasPrefix("000102") && text.hasSuffix("fdfeff") && text.utf8.count == 512)
        #expect(Hexadecimal.bytes(text) == bytes)
        #expect(Hexadecimal.bytes("") == [])
    }

    @Test(arguments: ["0", "000", "0g", "0G", "FF", " 00", "0x", "é0", "/0", ":0", "`0"])
    func otherTextIsNotHexadecimal(text: String) {
        #expect(Hexadecimal.bytes(text) == nil)
    }

    @Test(arguments: [(0, 2, "00"), (0xA, 2, "0a"), (0x1F600, 4, "1f600"), (0x85, 4, "0085")])
    func numbersArePaddedWithZeros(number: Int, width: Int, expected: String) {
        #expect(Hexadecimal.text(number, width: width) == expected)
    }

    @Test func digitsOfEitherCaseAreKnown() {
        let digits = Set("0123456789abcdefABCDEF".utf8)
        for byte in UInt8.min...UInt8.max {
            #expect(byte.isASCIIHexDigit == digits.contains(byte), "\(byte)")
        }
    }

    @Test(arguments: [
        ("", "''"), ("a/b.c", "a/b.c"), ("a b", "'a b'"), ("it's", #"'it'\''s'"#), ("$a", "'$a'"),
        ("é", "'é'"),
        ("'\u{301}", "''\\''\u{301}'"),
    ])
    func wordsAreQuotedForAShell(text: String, expected: String) {
        #expect(Array(text.shellQuoted.utf8) == Array(expected.utf8))
    }
}
