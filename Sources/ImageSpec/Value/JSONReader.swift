// SPDX-License-Identifier: Apache-2.0

internal import ContentTree

extension ImageSpec.JSONValue {
    /// Reads JSON text (RFC 8259, UTF-8).
    ///
    /// Stricter than most readers, so that all readers of a spec agree. Duplicate keys, unpaired surrogates, integers
    /// beyond ±(2^53 − 1), numbers that overflow, and text after the value are errors. The order of keys and integer
    /// spelling are kept.
    /// - Throws: ``ImageSpecError/Code/invalidDocument`` with the line and column.
    public init(json text: String) throws(ImageSpecError) {
        try self.init(json: Array(text.utf8))
    }

    /// Reads JSON from UTF-8 bytes; see ``init(json:)-(String)``.
    /// - Throws: ``ImageSpecError/Code/invalidDocument`` with the line and column.
    public init(json bytes: [UInt8]) throws(ImageSpecError) {
        var reader = JSONReader(bytes: bytes)
        self = try reader.document()
    }
}

private struct JSONReader {
    /// Deeper nesting than any spec has, and far from the end of a thread's stack.
    static let maximumDepth = 200

    package let bytes: [UInt8]
    package var position = 0

    package mutating func document() throws(ImageSpecError) -> ImageSpec.JSONValue {
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) {
            throw error("JSON must not begin with a byte order mark", fix: "remove it")
        }
        let value = try value(depth: 0)
        skipWhiteSpace()
        guard position == bytes.count else {
            throw error("text after the end of the document", fix: "remove it")
        }
        return value
    }

    private mutating func value(depth: Int) throws(ImageSpecError) -> ImageSpec.JSONValue {
        guard depth < Self.maximumDepth else {
            throw error("nesting exceeds the limit of \(Self.maximumDepth) levels")
        }
        skipWhiteSpace()
        switch peek() {
        case UInt8(ascii: "{"): return .object(try object(depth: depth))
        case UInt8(ascii: "["): return .array(try array(depth: depth))
        case UInt8(ascii: "\""): return .string(try string())
        case let byte?
        where byte == UInt8(ascii: "-") || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte):
            return .number(try number())
        case nil: throw error("expected a value, found the end of the document")
        default:
            if take("true") { return .bool(true) }
            if take("false") { return .bool(false) }
            if take("null") { return .null }
            for word in ["NaN", "Infinity"] where bytes[position...].starts(with: word.utf8) {
                throw error("\(word) is not a valid JSON number", fix: "to write text, put it in quotes")
            }
            throw error("expected a value, found \(describe(position))", fix: "put text in double quotes")
        }
    }

    private mutating func object(depth: Int) throws(ImageSpecError)
        -> ImageSpec.OrderedDictionary<ImageSpec.JSONValue>
    {
        var object = ImageSpec.OrderedDictionary<ImageSpec.JSONValue>()
        var seen = Set<ByteString>()
        position += 1
        skipWhiteSpace()
        if takeByte("}") { return object }
        while true {
            skipWhiteSpace()
            guard peek() == UInt8(ascii: "\"") else {
                throw error("expected a key in quotes, found \(describe(position))")
            }
            let start = position
            let key = try string()
            guard seen.insert(ByteString(key)).inserted else {
                position = start
                throw error("duplicate key \"\(key)\"", fix: "remove one of them")
            }
            skipWhiteSpace()
            guard takeByte(":") else { throw error("expected ':', found \(describe(position))") }
            object.appendNew(key, try value(depth: depth + 1))
            skipWhiteSpace()
            if takeByte(",") { continue }
            if takeByte("}") { return object }
            throw error("expected ',' or '}', found \(describe(position))")
        }
    }

    private mutating func array(depth: Int) throws(ImageSpecError) -> [ImageSpec.JSONValue] {
        var list: [ImageSpec.JSONValue] = []
        position += 1
        skipWhiteSpace()
        if takeByte("]") { return list }
        while true {
            list.append(try value(depth: depth + 1))
            skipWhiteSpace()
            if takeByte(",") { continue }
            if takeByte("]") { return list }
            throw error("expected ',' or ']', found \(describe(position))")
        }
    }

    private mutating func string() throws(ImageSpecError) -> String {
        let start = position
        position += 1
        // Most strings have no escape and are taken as they are.
        var text: [UInt8] = []
        if let end = bytes[position...].firstIndex(where: { $0 < 0x20 || $0 == 0x22 || $0 == 0x5C }) {
            if bytes[end] == 0x22, let string = String(validating: bytes[position..<end], as: UTF8.self) {
                position = end + 1
                return string
            }
            text = Array(bytes[position..<end])
            position = end
        }
        while true {
            guard let byte = peek() else {
                position = start
                throw error("unterminated string")
            }
            switch byte {
            case UInt8(ascii: "\""):
                position += 1
                guard let string = String(validating: text, as: UTF8.self) else {
                    position = start
                    throw error("invalid UTF-8 in a string", fix: "save the file as UTF-8")
                }
                return string
            case UInt8(ascii: "\\"):
                try escape(into: &text)
            case 0..<0x20:
                throw error("a string contains \(describe(position))", fix: "write it as an escape sequence")
            default:
                text.append(byte)
                position += 1
            }
        }
    }

    private mutating func escape(into text: inout [UInt8]) throws(ImageSpecError) {
        let start = position
        position += 1
        guard let byte = peek() else { throw error("unterminated string") }
        position += 1
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
            if (0xD800..<0xDC00).contains(unit), take("\\u") {
                let low = try hexadecimalUnit()
                if (0xDC00..<0xE000).contains(low) {
                    scalar = 0x10000 + (UInt32(unit) - 0xD800) << 10 + (UInt32(low) - 0xDC00)
                }
            }
            guard let scalar = Unicode.Scalar(scalar) else {
                position = start
                throw error(
                    "unpaired surrogate, which UTF-8 cannot encode", fix: "write both escapes of the pair")
            }
            text.append(contentsOf: Character(scalar).utf8)
        default:
            position = start
            throw error("invalid escape sequence", fix: "write a backslash as \\\\")
        }
    }

    private mutating func hexadecimalUnit() throws(ImageSpecError) -> UInt16 {
        let end = position + 4
        guard end <= bytes.count,
            bytes[position..<end].allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit }),
            let unit = UInt16(String(decoding: bytes[position..<end], as: UTF8.self), radix: 16)
        else {
            throw error(
                "\\u must be followed by four hexadecimal digits",
                fix: "to write a literal \"\\u\", use \"\\\\u\"")
        }
        position = end
        return unit
    }

    private mutating func number() throws(ImageSpecError) -> ImageSpec.JSONValue.Number {
        let start = position
        var isInteger = true
        _ = takeByte("-")
        if !takeByte("0") {
            guard digits() else { throw error("expected a digit, found \(describe(position))") }
        }
        if takeByte(".") {
            isInteger = false
            guard digits() else { throw error("expected a digit, found \(describe(position))") }
        }
        if takeByte("e") || takeByte("E") {
            isInteger = false
            if !takeByte("+") { _ = takeByte("-") }
            guard digits() else { throw error("expected a digit, found \(describe(position))") }
        }
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        do throws(ImageSpecError) {
            if isInteger {
                guard let integer = Int(text) else { throw .numberOutOfRange(text) }
                // Python and YAML read -0 as the integer 0.
                return try .init(integer)
            }
            guard let double = Double(text), double.isFinite else { throw .numberOutOfRange(text) }
            return try .init(double)
        } catch let problem {
            position = start
            throw problem.at(line: place.line, column: place.column)
        }
    }

    // MARK: the text

    private func peek() -> UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func skipWhiteSpace() {
        while let byte = peek(), byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D {
            position += 1
        }
    }

    private mutating func takeByte(_ scalar: Unicode.Scalar) -> Bool {
        guard peek() == UInt8(ascii: scalar) else { return false }
        position += 1
        return true
    }

    private mutating func take(_ word: StaticString) -> Bool {
        let matches = word.withUTF8Buffer { bytes[position...].starts(with: $0) }
        if matches { position += word.utf8CodeUnitCount }
        return matches
    }

    private mutating func digits() -> Bool {
        let start = position
        while let byte = peek(), (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { position += 1 }
        return position > start
    }

    private func describe(_ position: Int) -> String {
        guard position < bytes.count else { return "the end of the document" }
        let byte = bytes[position]
        guard (0x21...0x7E).contains(byte) else { return "the byte 0x" + String(byte, radix: 16) }
        return "'\(Character(Unicode.Scalar(byte)))'"
    }

    private func error(_ reason: String, fix: ImageSpecError.Fix? = nil) -> ImageSpecError {
        let (line, column) = place
        return .invalidJSON(reason, fix: fix, line: line, column: column)
    }

    /// The line and column of the current position, from 1.
    private var place: (line: Int, column: Int) {
        let before = bytes[..<position]
        return (before.count { $0 == 0x0A } + 1, before.reversed().prefix { $0 != 0x0A }.count + 1)
    }
}
