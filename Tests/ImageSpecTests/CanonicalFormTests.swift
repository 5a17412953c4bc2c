// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import ContentTree
@testable import ImageSpec

@Suite struct CanonicalFormTests {
    // RFC 8785, appendix B: bit patterns of doubles and their text.
    @Test(
        arguments: [
            (0x0000_0000_0000_0000, "0"), (0x8000_0000_0000_0000, "0"), (0x0000_0000_0000_0001, "5e-324"),
            (0x8000_0000_0000_0001, "-5e-324"), (0x7fef_ffff_ffff_ffff, "1.7976931348623157e+308"),
            (0xffef_ffff_ffff_ffff, "-1.7976931348623157e+308"), (0x4340_0000_0000_0000, "9007199254740992"),
            (0xc340_0000_0000_0000, "-9007199254740992"), (0x4430_0000_0000_0000, "295147905179352830000"),
            (0x44b5_2d02_c7e1_4af5, "9.999999999999997e+22"), (0x44b5_2d02_c7e1_4af6, "1e+23"),
            (0x44b5_2d02_c7e1_4af7, "1.0000000000000001e+23"),
            (0x444b_1ae4_d6e2_ef4e, "999999999999999700000"),
            (0x444b_1ae4_d6e2_ef4f, "999999999999999900000"), (0x444b_1ae4_d6e2_ef50, "1e+21"),
            (0x3eb0_c6f7_a0b5_ed8c, "9.999999999999997e-7"), (0x3eb0_c6f7_a0b5_ed8d, "0.000001"),
            (0x41b3_de43_5555_5553, "333333333.3333332"), (0x41b3_de43_5555_5554, "333333333.33333325"),
            (0x41b3_de43_5555_5555, "333333333.3333333"), (0x41b3_de43_5555_5556, "333333333.3333334"),
            (0x41b3_de43_5555_5557, "333333333.33333343"),
            (0xbecb_f647_612f_3696, "-0.0000033333333333333333"),
            (0x4314_3ff3_c1cb_0959, "1424953923781206.2"),
        ] as [(UInt64, String)])
    func numbersAreWrittenAsECMAScriptDoes(bits: UInt64, text: String) {
        #expect(Double(bitPattern: bits).ecmaScriptText == text)
    }

    @Test func numbersReadBack() {
        var random = SeededGenerator(state: 7)
        for _ in 0..<20_000 {
            let value = Double(bitPattern: random.next())
            guard value.isFinite else { continue }
            let text = value.ecmaScriptText
            #expect(Double(text) == value, "\(text)")
        }
    }

    @Test func stringsAreEscapedAsLittleAsCanBe() {
        let text = CanonicalWriter.text {
            $0.string("\u{0}\u{1}\u{8}\t\n\u{b}\u{c}\r\u{1f} \"\\/\u{7f}é\u{2028}😀</")
        }
        #expect(text == #""\u0000\u0001\b\t\n\u000b\f\r\u001f \"\\/"# + "\u{7f}é\u{2028}😀</\"")
    }

    @Test func keysAreOrderedByUTF16() {
        // U+1F600 is written with surrogates, which come before U+E000…U+FFFF.
        let keys = ["\u{FFFF}", "😀", "\u{E000}", "\u{D7FF}", "b", "a\u{0}", "a", "", "é", "e\u{301}"]
        let sorted = keys.sorted { $0.precedesInUTF16($1) }
        let byUTF16 = keys.sorted { $0.utf16.lexicographicallyPrecedes($1.utf16) }
        #expect(sorted.map { Array($0.utf8) } == byUTF16.map { Array($0.utf8) })
    }

    @Test func setsAreSortedByBytesAndHoldEachMemberOnce() {
        let set = CanonicalWriter.canonicalSet(["b", "a", "B", "é", "e\u{301}", "a", "😀", "\u{FFFF}", "b"])
        #expect(
            set.map { Array($0.utf8) }
                == ["B", "a", "b", "e\u{301}", "é", "\u{FFFF}", "😀"].map { Array($0.utf8) })
    }

    @Test func theDigestsAreThoseOfFIPS180() {
        #expect(
            SHA256Digest(of: Array("abc".utf8)).hex
                == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        var hasher = SHA256Hasher()
        for _ in 0..<1000 { hasher.update([UInt8](repeating: UInt8(ascii: "a"), count: 1000)) }
        #expect(hasher.finalize().hex == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")
    }
}
