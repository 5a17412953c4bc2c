// SPDX-License-Identifier: Apache-2.0

internal import ContentTree

// Strings and numbers.
extension JSONReader {
    mutating func string() throws(ImageSpecError) -> String {
        let start = cursor.position
        cursor.position += 1
        // Most strings have no escapes.
        var text: [UInt8] = []
        let rest = cursor.bytes[cursor.position...]
        if let end = rest.firstIndex(where: { $0 < 0x20 || $0 == 0x22 || $0 == 0x5C }) {
            cursor.position = end
            if rest[end] == 0x22, let string = String(validating: rest[..<end], as: UTF8.self) {
                cursor.position += 1
                return string
            }
            text = Array(rest[..<end])
        }
        while true {
            guard let byte = cursor.peek() else {
                cursor.position = start
                throw error("unterminated string")
            }
            switch byte {
            case UInt8(ascii: "\""):
                cursor.position += 1
                guard let string = String(validating: text, as: UTF8.self) else {
                    cursor.position = start
                    throw error("invalid UTF-8 in a string", fix: "save the file as UTF-8")
                }
                return string
            case UInt8(ascii: "\\"):
                try escape(into: &text)
            case 0..<0x20:
                let escape = byte == 0x0A ? "\\n" : byte == 0x09 ? "\\t" : "\\u" + Self.fourDigits(byte)
                throw error(
                    "a string contains the control character U+" + Self.fourDigits(byte),
                    fix: ImageSpecError.Fix("write it as the escape sequence \(escape)"))
            default:
                text.append(byte)
                cursor.position += 1
            }
        }
    }

    /// A code point in the form that is usual after `U+` and `\u`.
    private static func fourDigits(_ byte: UInt8) -> String {
        let digits = String(byte, radix: 16, uppercase: true)
        return String(repeating: "0", count: 4 - digits.count) + digits
    }

    private mutating func escape(into text: inout [UInt8]) throws(ImageSpecError) {
        let start = cursor.position
        cursor.position += 1
        guard let byte = cursor.peek() else { throw error("unterminated string") }
        cursor.position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "f"): text.append(0x0C)
        case UInt8(ascii: "n"): text.append(0x0A)
        case UInt8(ascii: "r"): text.append(0x0D)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "u"):
            let unit = try hexadecimalUnit()
            var scalar = UInt32(unit)
            if (0xD800..<0xDC00).contains(unit), cursor.take("\\u") {
                let low = try hexadecimalUnit()
                if (0xDC00..<0xE000).contains(low) {
                    scalar = 0x10000 + (UInt32(unit) - 0xD800) << 10 + (UInt32(low) - 0xDC00)
                }
            }
            guard let scalar = Unicode.Scalar(scalar) else {
                cursor.position = start
                throw error(
                    "unpaired surrogate, which UTF-8 cannot encode", fix: "write both escapes of the pair")
            }
            text.append(contentsOf: Character(scalar).utf8)
        default:
            cursor.position = start
            throw error("invalid escape sequence", fix: "write a backslash as \\\\")
        }
    }

    private mutating func hexadecimalUnit() throws(ImageSpecError) -> UInt16 {
        let digits = cursor.bytes[cursor.position...].prefix(4)
        guard digits.count == 4, digits.allSatisfy(\.isASCIIHexDigit),
            let unit = UInt16(String(decoding: digits, as: UTF8.self), radix: 16)
        else {
            throw error(
                "\\u must be followed by four hexadecimal digits",
                fix: "to write a literal \"\\u\", use \"\\\\u\"")
        }
        cursor.position += 4
        return unit
    }

    mutating func number() throws(ImageSpecError) -> ImageSpec.JSONValue.Number {
        let start = cursor.position
        var isInteger = true
        _ = cursor.take("-")
        if !cursor.take("0") {
            guard takeDigits() else { throw error("expected a digit, found \(found)") }
        }
        if cursor.take(".") {
            isInteger = false
            guard takeDigits() else { throw error("expected a digit, found \(found)") }
        }
        if cursor.take("e") || cursor.take("E") {
            isInteger = false
            if !cursor.take("+") { _ = cursor.take("-") }
            guard takeDigits() else { throw error("expected a digit, found \(found)") }
        }
        let text = cursor.text(from: start, to: cursor.position)
        do throws(ImageSpecError) {
            if isInteger {
                guard let integer = Int(text) else { throw .numberOutOfRange(text) }
                // Python and YAML read -0 as the integer 0.
                return try .init(integer)
            }
            guard let double = Double(text), double.isFinite else { throw .numberOutOfRange(text) }
            return try .init(double)
        } catch let problem {
            cursor.position = start
            throw problem.at(line: cursor.line, column: cursor.column)
        }
    }

    private mutating func takeDigits() -> Bool {
        let start = cursor.position
        cursor.skip(\.isASCIIDigit)
        return cursor.position > start
    }
}
