// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
internal import ImageSpec

/// Writes values as Python's `repr` does, in UTF-8.
struct PythonRepresentation {
    private(set) var bytes: [UInt8] = []

    mutating func literal(_ text: String) { bytes += text.utf8 }

    /// In single quotes, or in double quotes if that avoids an escape.
    mutating func string(_ text: String) {
        let quote: UInt8 =
            text.utf8.contains(UInt8(ascii: "'")) && !text.utf8.contains(UInt8(ascii: "\""))
            ? UInt8(ascii: "\"") : UInt8(ascii: "'")
        bytes.append(quote)
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\t": literal("\\t")
            case "\n": literal("\\n")
            case "\r": literal("\\r")
            case "\\": literal("\\\\")
            case _ where scalar.value == quote:
                bytes.append(UInt8(ascii: "\\"))
                bytes.append(quote)
            case _ where PythonText.CodePoint(scalar.value).isPrintable:
                bytes += UTF8.encode(scalar) ?? .init()
            default: escape(scalar.value)
            }
        }
        bytes.append(quote)
    }

    private mutating func escape(_ codePoint: UInt32) {
        let (letter, width) = codePoint < 0x100 ? ("x", 2) : codePoint < 0x10000 ? ("u", 4) : ("U", 8)
        literal("\\" + letter + Hexadecimal.text(codePoint, width: width))
    }

    mutating func value(_ value: ImageSpec.JSONValue) {
        switch value {
        case .null: literal("None")
        case .bool(let bool): literal(bool ? "True" : "False")
        case .number(let number): literal(Self.number(number))
        case .string(let text): string(text)
        case .array(let list): self.list(list)
        case .object(let object): dictionary(object) { writer, value in writer.value(value) }
        }
    }

    private mutating func list(_ elements: [ImageSpec.JSONValue]) {
        literal("[")
        for (index, element) in elements.enumerated() {
            if index > 0 { literal(", ") }
            value(element)
        }
        literal("]")
    }

    /// A dictionary of pairs with distinct keys, in their order.
    mutating func dictionary<Pairs: Sequence, Value>(
        _ pairs: Pairs, _ write: (inout PythonRepresentation, Value) -> Void
    ) where Pairs.Element == (key: String, value: Value) {
        literal("{")
        for (index, pair) in pairs.enumerated() {
            if index > 0 { literal(", ") }
            string(pair.key)
            literal(": ")
            write(&self, pair.value)
        }
        literal("}")
    }

    /// The digits of an `int`, or the shortest digits of a `float` that read back, with a point or an exponent.
    static func number(_ number: ImageSpec.JSONValue.Number) -> String {
        if number.isInteger { return String(Int(number.value)) }
        let sign = number.value.sign == .minus ? "-" : ""
        if number.value == 0 { return sign + "0.0" }
        let decimal = DecimalDigits(number.value.magnitude)
        let count = decimal.digits.utf8.count
        switch decimal.pointPosition {
        case -3...0:
            return sign + "0." + String(repeating: "0", count: -decimal.pointPosition) + decimal.digits
        case 1...16 where decimal.pointPosition < count:
            return sign + decimal.withPoint(at: decimal.pointPosition)
        case 1...16:
            return sign + decimal.digits + String(repeating: "0", count: decimal.pointPosition - count) + ".0"
        default:
            let exponent = decimal.pointPosition - 1
            let mantissa = count == 1 ? decimal.digits : decimal.withPoint(at: 1)
            let magnitude = String(exponent.magnitude)
            return sign + mantissa + (exponent < 0 ? "e-" : "e+") + (magnitude.utf8.count < 2 ? "0" : "")
                + magnitude
        }
    }
}
