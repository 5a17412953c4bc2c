// SPDX-License-Identifier: Apache-2.0

internal import ContentTree

// The forms of values in canonical JSON (RFC 8785). Values of options, whose keys are the user's, are sorted here.
extension CanonicalWriter {
    // MARK: values

    @inline(__always)
    package mutating func list(_ values: [String], _ form: (String) -> String = { $0 }) {
        beginArray()
        for value in values { string(form(value)) }
        endArray()
    }

    /// A list in which neither order nor duplicates count: its members by UTF-8 bytes, each once.
    package mutating func set(_ values: [String]) {
        beginArray()
        withSortedPlaces(of: values.count, by: .utf8, { values[$0] }) { places in
            var previous: SortKey?
            for place in places {
                if let previous, previous.prefix == place.prefix,
                    values[previous.index].hasSameBytes(as: values[place.index])
                {
                    continue
                }
                string(values[place.index])
                previous = place
            }
        }
        endArray()
    }

    /// The members of a set-like list: each once, by UTF-8 bytes.
    static func canonicalSet(_ values: [String]) -> [String] {
        Set(values.map(ByteString.init)).map(\.text).sorted { $0.precedesInUTF8($1) }
    }

    package mutating func object(_ object: ImageSpec.OrderedDictionary<String>) {
        beginObject()
        withSortedPlaces(of: object.count, by: .utf16, { object[$0].key }) { places in
            for place in places {
                let (name, member) = object[place.index]
                key(name)
                string(member)
            }
        }
        endObject()
    }

    package mutating func object(_ object: ImageSpec.OrderedDictionary<ImageSpec.JSONValue>) {
        beginObject()
        withSortedPlaces(of: object.count, by: .utf16, { object[$0].key }) { places in
            for place in places {
                let (name, member) = object[place.index]
                key(name)
                value(member)
            }
        }
        endObject()
    }

    package mutating func value(_ value: ImageSpec.JSONValue) {
        switch value {
        case .null: word("null")
        case .bool(let value): word(value ? "true" : "false")
        case .number(let number): self.number(number)
        case .string(let text): string(text)
        case .object(let object): self.object(object)
        case .array(let list):
            beginArray()
            for element in list { self.value(element) }
            endArray()
        }
    }

    private mutating func number(_ number: ImageSpec.JSONValue.Number) {
        // Integers are what nearly all numbers are, and their digits need no search for the shortest ones.
        if let integer = Int32(exactly: number.value) {
            word(String(integer))
        } else {
            word(Self.ecmaScript(number.value))
        }
    }

    // MARK: numbers

    /// A finite double as ECMAScript's `Number::toString` prints it (ECMA-262, 6.1.6.1.20).
    ///
    /// Swift finds the same shortest digits; only where the point and the exponent go is different.
    package static func ecmaScript(_ value: Double) -> String {
        if value == 0 { return "0" }
        let sign = value < 0 ? "-" : ""
        let (digits, pointPosition) = shortestDigits(value.magnitude)
        let count = digits.count
        let text = String(decoding: digits, as: UTF8.self)
        switch pointPosition {
        case count...21:
            return sign + text + String(repeating: "0", count: pointPosition - count)
        case 1...21:
            return sign + text.prefix(pointPosition) + "." + text.dropFirst(pointPosition)
        case -5...0:
            return sign + "0." + String(repeating: "0", count: -pointPosition) + text
        default:
            let exponent = pointPosition - 1
            let mantissa = count == 1 ? text : text.prefix(1) + "." + text.dropFirst(1)
            return sign + mantissa + (exponent < 0 ? "e-" : "e+") + String(exponent.magnitude)
        }
    }

    /// The shortest decimal digits that read back as `value`, and where the point stands: the value is
    /// 0.DIGITS × 10^position.
    package static func shortestDigits(_ value: Double) -> (digits: [UInt8], pointPosition: Int) {
        var digits: [UInt8] = []
        var pointPosition: Int?
        var exponent = 0
        let parts = value.description.split(separator: "e")
        for byte in parts[0].utf8 {
            if byte == UInt8(ascii: ".") { pointPosition = digits.count } else { digits.append(byte) }
        }
        if parts.count == 2 { exponent = Int(parts[1]) ?? 0 }
        var position = (pointPosition ?? digits.count) + exponent
        let leadingZeros = digits.prefix { $0 == UInt8(ascii: "0") }.count
        digits.removeFirst(leadingZeros)
        position -= leadingZeros
        while digits.last == UInt8(ascii: "0") { digits.removeLast() }
        return (digits, position)
    }
}

extension ImageSpec.JSONValue {
    /// The value as canonical JSON (RFC 8785) in UTF-8.
    package var canonicalForm: [UInt8] {
        CanonicalWriter.bytes { $0.value(self) }
    }
}
