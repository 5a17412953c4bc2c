// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
internal import ImageSpec

// Strings: on one line or several, in double quotes with escapes or in single quotes without.
extension TOMLReader {
    /// The rest of a string on one line, behind its opening quote.
    mutating func string(_ quote: Unicode.Scalar) throws(TOMLProblem) -> String {
        var text: [UInt8] = []
        while let byte = cursor.peek() {
            cursor.position += 1
            switch byte {
            case UInt8(ascii: quote): return String(decoding: text, as: UTF8.self)
            case UInt8(ascii: "\\") where quote == "\"": text += try escape()
            default:
                try checkCharacter(byte)
                text.append(byte)
            }
        }
        throw problem("unterminated string")
    }

    /// The rest of a string on several lines, behind its three opening quotes.
    mutating func multilineString(_ quote: Unicode.Scalar) throws(TOMLProblem) -> String {
        let quoteByte = UInt8(ascii: quote)
        var text: [UInt8] = []
        _ = takeLineEnd()
        while let byte = cursor.peek() {
            if byte == quoteByte {
                let count = cursor.bytes[cursor.position...].prefix(6).prefix { $0 == quoteByte }.count
                guard count < 6 else { throw problem("too many quotes") }
                cursor.position += count
                // The last three close the string; up to two before them belong to it.
                text += Array(repeating: quoteByte, count: count < 3 ? count : count - 3)
                if count >= 3 { return String(decoding: text, as: UTF8.self) }
            } else if takeLineEnd() {
                text.append(UInt8(ascii: "\n"))
            } else {
                cursor.position += 1
                if byte != UInt8(ascii: "\\") || quote != "\"" {
                    try checkCharacter(byte)
                    text.append(byte)
                } else if !takeLineContinuation() {
                    text += try escape()
                }
            }
        }
        throw problem("unterminated string")
    }

    /// Moves past the white space and line ends behind a backslash that ends a line.
    private mutating func takeLineContinuation() -> Bool {
        let start = cursor.position
        skipSpace()
        guard takeLineEnd() else {
            cursor.position = start
            return false
        }
        repeat { skipSpace() } while takeLineEnd()
        return true
    }

    private mutating func escape() throws(TOMLProblem) -> [UInt8] {
        guard let byte = cursor.peek() else { throw problem("unterminated string") }
        cursor.position += 1
        switch byte {
        case UInt8(ascii: "b"): return [0x08]
        case UInt8(ascii: "t"): return [0x09]
        case UInt8(ascii: "n"): return [0x0A]
        case UInt8(ascii: "f"): return [0x0C]
        case UInt8(ascii: "r"): return [0x0D]
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): return [byte]
        case UInt8(ascii: "e") where hasTOML11: return [0x1B]
        case UInt8(ascii: "x") where hasTOML11: return try escape(digits: 2)
        case UInt8(ascii: "u"): return try escape(digits: 4)
        case UInt8(ascii: "U"): return try escape(digits: 8)
        default: throw problem("unknown escape sequence")
        }
    }

    private mutating func escape(digits count: Int) throws(TOMLProblem) -> [UInt8] {
        let digits = cursor.bytes[cursor.position...].prefix(count)
        guard digits.count == count, digits.allSatisfy(\.isASCIIHexDigit),
            let number = UInt32(String(decoding: digits, as: UTF8.self), radix: 16),
            let scalar = Unicode.Scalar(number)
        else { throw problem("invalid Unicode escape") }
        cursor.position += count
        return Array(String(Character(scalar)).utf8)
    }

    func checkCharacter(_ byte: UInt8) throws(TOMLProblem) {
        if byte.isASCIIControl && byte != 0x09 {
            throw problem("line break or control character in a string")
        }
    }
}
