// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// Writes JSON in the canonical form of RFC 8785 (JCS).
///
/// The caller writes the keys of an object in their order; values of options, whose keys are the user's,
/// are sorted here.
///
/// The bytes lie in memory of the writer's own: room is made once for each string and not asked for with each byte,
/// which takes half the time of an array.
struct CanonicalWriter: ~Copyable {
    private var memory: UnsafeMutablePointer<UInt8>
    private var capacity = 1024
    private var count = 0
    private var needsComma = false

    init() { memory = .allocate(capacity: capacity) }

    deinit { memory.deallocate() }

    /// What was written so far.
    var bytes: [UInt8] { withBytes(Array.init) }

    /// What was written so far, as text.
    var text: String { withBytes { String(decoding: $0, as: UTF8.self) } }

    /// The digest of what was written so far.
    var digest: SHA256Digest { withBytes { SHA256Digest(of: UnsafeRawBufferPointer($0)) } }

    private borrowing func withBytes<Result>(_ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result {
        body(UnsafeBufferPointer(start: memory, count: count))
    }

    // MARK: structure

    mutating func beginObject() { begin("{") }
    mutating func endObject() { end("}") }
    mutating func beginArray() { begin("[") }
    mutating func endArray() { end("]") }

    /// A key that needs no escape; the value must follow.
    ///
    /// Inlined, so that each caller copies a length that the compiler knows.
    @inline(__always)
    mutating func key(_ name: StaticString) {
        makeRoom(for: name.utf8CodeUnitCount + 4)
        separate()
        put("\"")
        (memory + count).update(from: name.utf8Start, count: name.utf8CodeUnitCount)
        count &+= name.utf8CodeUnitCount
        put("\"")
        put(":")
        needsComma = false
    }

    mutating func key(_ name: String) {
        string(name)
        makeRoom(for: 1)
        put(":")
        needsComma = false
    }

    private mutating func begin(_ bracket: Unicode.Scalar) {
        makeRoom(for: 2)
        separate()
        put(bracket)
        needsComma = false
    }

    private mutating func end(_ bracket: Unicode.Scalar) {
        makeRoom(for: 1)
        put(bracket)
        needsComma = true
    }

    private mutating func separate() {
        if needsComma { put(",") }
        needsComma = true
    }

    // MARK: values

    @inline(__always)
    mutating func string(_ text: String) {
        text.withBytes { string($0) }
    }

    /// A string given by its UTF-8 bytes.
    mutating func string(_ text: UnsafeBufferPointer<UInt8>) {
        makeRoom(for: text.count &+ 3)
        separate()
        put("\"")
        if !copiesPlain(text) {
            // The longest escape has six bytes.
            makeRoom(for: 6 * text.count + 1)
            for byte in text {
                if Self.needsEscape(byte) { escaped(byte) } else { put(byte) }
            }
        }
        put("\"")
    }

    /// Copies a text; false where a byte of it needs an escape, so that it is still to be written.
    ///
    /// Words are copied whole, the last with bytes that the one before it had too, and only at the end it is asked what was
    /// in them: nearly no text needs an escape.
    @inline(__always)
    private mutating func copiesPlain(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
        guard let start = text.baseAddress, !text.isEmpty else { return true }
        let source = UnsafeRawPointer(start)
        let target = UnsafeMutableRawPointer(memory + count)
        func copied<Word: FixedWidthInteger & BitwiseCopyable>(_ offset: Int, _: Word.Type) -> UInt64 {
            let word = source.loadUnaligned(fromByteOffset: offset, as: Word.self)
            target.storeBytes(of: word, toByteOffset: offset, as: Word.self)
            return UInt64(truncatingIfNeeded: word)
        }
        var found: UInt64 = 0
        if text.count >= 8 {
            let last = text.count &- 8
            var offset = 0
            while offset < last {
                found |= Self.escapes(copied(offset, UInt64.self))
                offset &+= 8
            }
            found |= Self.escapes(copied(last, UInt64.self))
        } else if text.count >= 4 {
            let word = copied(0, UInt32.self) | copied(text.count &- 4, UInt32.self) << 32
            found = Self.escapes(word)
        } else {
            for offset in 0..<text.count where Self.needsEscape(UInt8(copied(offset, UInt8.self))) {
                found = 1
            }
        }
        if found != 0 { return false }
        count &+= text.count
        return true
    }

    private static func needsEscape(_ byte: UInt8) -> Bool {
        byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\")
    }

    /// Not zero where one of eight bytes needs an escape.
    ///
    /// Source: Anderson, Bit Twiddling Hacks, "Determine if a word has a byte less than n".
    @inline(__always)
    private static func escapes(_ word: UInt64) -> UInt64 {
        let ones: UInt64 = 0x0101_0101_0101_0101
        func hasByteBelow(_ limit: UInt64, _ word: UInt64) -> UInt64 { (word &- ones &* limit) & ~word }
        let quote = UInt64(UInt8(ascii: "\""))
        let backslash = UInt64(UInt8(ascii: "\\"))
        let found =
            hasByteBelow(0x20, word) | hasByteBelow(1, word ^ ones &* quote)
            | hasByteBelow(1, word ^ ones &* backslash)
        return found & (ones &* 0x80)
    }

    private mutating func escaped(_ byte: UInt8) {
        put("\\")
        switch byte {
        case 0x08: put("b")
        case 0x09: put("t")
        case 0x0A: put("n")
        case 0x0C: put("f")
        case 0x0D: put("r")
        case 0..<0x20:
            put("u")
            put("0")
            put("0")
            put(hexDigit(byte >> 4))
            put(hexDigit(byte & 15))
        default: put(byte)
        }
    }

    @inline(__always)
    mutating func list(_ values: [String], _ form: (String) -> String = { $0 }) {
        beginArray()
        for value in values { string(form(value)) }
        endArray()
    }

    /// A list in which neither order nor duplicates count: its members by UTF-8 bytes, each once.
    mutating func set(_ values: [String]) {
        beginArray()
        withSortedPlaces(of: values.count, by: .utf8, { values[$0] }) { places in
            var previous: TextPlace?
            for place in places {
                let text = values[place.index]
                if let previous, previous.prefix == place.prefix,
                    values[previous.index].hasSameBytes(as: text)
                {
                    continue
                }
                string(text)
                previous = place
            }
        }
        endArray()
    }

    /// The members of a set-like list: each once, by UTF-8 bytes.
    static func canonicalSet(_ values: [String]) -> [String] {
        Set(values.map(ByteString.init)).map(\.text).sorted { $0.precedesInUTF8($1) }
    }

    mutating func object(_ object: ImageSpec.OrderedDictionary<String>) {
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

    mutating func object(_ object: ImageSpec.OrderedDictionary<ImageSpec.JSONValue>) {
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

    mutating func value(_ value: ImageSpec.JSONValue) {
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

    private mutating func word(_ text: String) {
        makeRoom(for: text.utf8.count + 1)
        separate()
        for byte in text.utf8 { put(byte) }
    }

    // MARK: memory

    /// Each `put` is preceded by one of these for all that follows until the next.
    @inline(__always)
    private mutating func makeRoom(for more: Int) {
        if capacity &- count < more { grow(by: more) }
    }

    @inline(never)
    private mutating func grow(by more: Int) {
        capacity = max(2 * capacity, count + more)
        let larger = UnsafeMutablePointer<UInt8>.allocate(capacity: capacity)
        larger.moveInitialize(from: memory, count: count)
        memory.deallocate()
        memory = larger
    }

    @inline(__always)
    private mutating func put(_ byte: UInt8) {
        memory[count] = byte
        count &+= 1
    }

    @inline(__always)
    private mutating func put(_ character: Unicode.Scalar) { put(UInt8(ascii: character)) }

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
