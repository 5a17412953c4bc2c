// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// Writes JSON in the canonical form of RFC 8785 (JCS) into a byte buffer.
///
/// The caller writes the keys of an object in their order; values of options, whose keys are the user's,
/// are sorted here.
struct CanonicalWriter {
    private(set) var bytes: [UInt8] = []
    private var needsComma = false

    init() { bytes.reserveCapacity(1024) }

    // MARK: structure

    mutating func beginObject() { begin("{") }
    mutating func endObject() { end("}") }
    mutating func beginArray() { begin("[") }
    mutating func endArray() { end("]") }

    /// A key that needs no escape; the value must follow.
    mutating func key(_ name: StaticString) {
        separate()
        bytes.append(UInt8(ascii: "\""))
        name.withUTF8Buffer { bytes.append(contentsOf: $0) }
        bytes.append(UInt8(ascii: "\""))
        bytes.append(UInt8(ascii: ":"))
        needsComma = false
    }

    mutating func key(_ name: String) {
        string(name)
        bytes.append(UInt8(ascii: ":"))
        needsComma = false
    }

    private mutating func begin(_ bracket: Unicode.Scalar) {
        separate()
        bytes.append(UInt8(ascii: bracket))
        needsComma = false
    }

    private mutating func end(_ bracket: Unicode.Scalar) {
        bytes.append(UInt8(ascii: bracket))
        needsComma = true
    }

    private mutating func separate() {
        if needsComma { bytes.append(UInt8(ascii: ",")) }
        needsComma = true
    }

    // MARK: values

    mutating func string(_ text: String) {
        text.withBytes { string($0) }
    }

    /// A string given by its UTF-8 bytes.
    mutating func string(_ text: UnsafeBufferPointer<UInt8>) {
        separate()
        bytes.append(UInt8(ascii: "\""))
        if text.contains(where: { $0 < 0x20 || $0 == UInt8(ascii: "\"") || $0 == UInt8(ascii: "\\") }) {
            for byte in text { escaped(byte) }
        } else {
            bytes.append(contentsOf: text)
        }
        bytes.append(UInt8(ascii: "\""))
    }

    private mutating func escaped(_ byte: UInt8) {
        func escape(_ letter: Unicode.Scalar) {
            bytes.append(UInt8(ascii: "\\"))
            bytes.append(UInt8(ascii: letter))
        }
        switch byte {
        case UInt8(ascii: "\""): escape("\"")
        case UInt8(ascii: "\\"): escape("\\")
        case 0x08: escape("b")
        case 0x09: escape("t")
        case 0x0A: escape("n")
        case 0x0C: escape("f")
        case 0x0D: escape("r")
        case 0..<0x20:
            bytes.append(contentsOf: (byte < 0x10 ? "\\u000" : "\\u00").utf8)
            bytes.append(contentsOf: String(byte, radix: 16).utf8)
        default: bytes.append(byte)
        }
    }

    mutating func list(_ values: [String]) {
        beginArray()
        for value in values { string(value) }
        endArray()
    }

    /// A list in which neither order nor duplicates count: its members by UTF-8 bytes, each once.
    ///
    /// Sorting strings would spend its time on counting references, so their bytes are laid side by side and
    /// what is sorted are the places, with the first eight bytes to tell most of them apart.
    mutating func set(_ values: [String]) {
        guard values.count > 1 else { return list(values) }
        var text: [UInt8] = []
        var members: [SetMember] = []
        text.reserveCapacity(values.reduce(0) { $0 + $1.utf8.count })
        members.reserveCapacity(values.count)
        for value in values {
            value.withBytes { bytes in
                members.append(SetMember(start: text.count, bytes: bytes))
                text.append(contentsOf: bytes)
            }
        }
        beginArray()
        text.withUnsafeBufferPointer { text in
            members.sort { $0.precedes($1, in: text) }
            var previous: SetMember?
            for member in members where previous.map({ $0.precedes(member, in: text) }) ?? true {
                string(UnsafeBufferPointer(rebasing: text[member.start..<member.start + member.count]))
                previous = member
            }
        }
        endArray()
    }

    private struct SetMember {
        let start: Int
        let count: Int
        /// The first eight bytes as one big-endian number; a shorter text ends in zeros.
        let prefix: UInt64

        init(start: Int, bytes: UnsafeBufferPointer<UInt8>) {
            self.start = start
            count = bytes.count
            var prefix: UInt64 = 0
            for index in 0..<8 { prefix = prefix << 8 | (index < bytes.count ? UInt64(bytes[index]) : 0) }
            self.prefix = prefix
        }

        func precedes(_ other: SetMember, in text: UnsafeBufferPointer<UInt8>) -> Bool {
            if prefix != other.prefix { return prefix < other.prefix }
            let shared = min(count, other.count)
            if shared > 8, let base = text.baseAddress {
                let order = memcmp(base + start + 8, base + other.start + 8, shared - 8)
                if order != 0 { return order < 0 }
            }
            return count < other.count
        }
    }

    /// The members of a set-like list: each once, by UTF-8 bytes.
    static func canonicalSet(_ values: [String]) -> [String] {
        Set(values.map(ByteString.init)).map(\.text).sorted { $0.precedesInUTF8($1) }
    }

    mutating func object(_ object: ImageSpec.OrderedDictionary<String>) {
        beginObject()
        for (name, value) in object.sorted(by: { $0.key.precedesInUTF16($1.key) }) {
            key(name)
            string(value)
        }
        endObject()
    }

    mutating func object(_ object: ImageSpec.OrderedDictionary<ImageSpec.JSONValue>) {
        beginObject()
        for (name, value) in object.sorted(by: { $0.key.precedesInUTF16($1.key) }) {
            key(name)
            self.value(value)
        }
        endObject()
    }

    mutating func value(_ value: ImageSpec.JSONValue) {
        switch value {
        case .null: word("null")
        case .bool(let value): word(value ? "true" : "false")
        case .number(let number): word(Self.ecmaScript(number.value))
        case .string(let text): string(text)
        case .object(let object): self.object(object)
        case .array(let list):
            beginArray()
            for element in list { self.value(element) }
            endArray()
        }
    }

    private mutating func word(_ text: String) {
        separate()
        bytes.append(contentsOf: text.utf8)
    }

    // MARK: numbers

    /// A finite double as ECMAScript's `Number::toString` prints it (ECMA-262, 6.1.6.1.20).
    ///
    /// Swift finds the same shortest digits; only where the point and the exponent go is different.
    static func ecmaScript(_ value: Double) -> String {
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
    static func shortestDigits(_ value: Double) -> (digits: [UInt8], pointPosition: Int) {
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
        var writer = CanonicalWriter()
        writer.value(self)
        return writer.bytes
    }
}
