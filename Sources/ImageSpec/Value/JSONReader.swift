// SPDX-License-Identifier: Apache-2.0

internal import ContentTree

/// Reads JSON with the rules of ``ImageSpec/ImageSpec/JSONValue/init(json:)-(String)``.
package struct JSONReader {
    /// Deeper than any spec nests, and far from the end of a thread's stack.
    private static let maximumDepth = 200

    /// U+FEFF in UTF-8.
    package static let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]

    var cursor: TextCursor

    init(_ bytes: [UInt8]) { cursor = TextCursor(bytes) }

    mutating func document() throws(ImageSpecError) -> ImageSpec.JSONValue {
        // Editors on Windows write it. RFC 8259, section 8.1, allows readers to ignore it.
        if cursor.bytes.starts(with: Self.byteOrderMark) { cursor.position = Self.byteOrderMark.count }
        let value = try value(depth: 0)
        skipWhiteSpace()
        guard cursor.isAtEnd else {
            throw error("text after the end of the document", fix: "remove it")
        }
        return value
    }

    private mutating func value(depth: Int) throws(ImageSpecError) -> ImageSpec.JSONValue {
        guard depth < Self.maximumDepth else {
            throw error("nesting exceeds the limit of \(Self.maximumDepth) levels")
        }
        skipWhiteSpace()
        switch cursor.peek() {
        case UInt8(ascii: "{"): return .object(try object(depth: depth))
        case UInt8(ascii: "["): return .array(try array(depth: depth))
        case UInt8(ascii: "\""): return .string(try string())
        case let byte? where byte == UInt8(ascii: "-") || byte.isASCIIDigit: return .number(try number())
        case nil: throw error("expected a value, found the end of the document")
        default:
            if cursor.take("true") { return .bool(true) }
            if cursor.take("false") { return .bool(false) }
            if cursor.take("null") { return .null }
            for word: StaticString in ["NaN", "Infinity"] where cursor.isNext(word) {
                throw error("\(word) is not a valid JSON number", fix: "to write text, put it in quotes")
            }
            throw error("expected a value, found \(found)", fix: "put text in double quotes")
        }
    }

    private mutating func object(depth: Int) throws(ImageSpecError)
        -> ImageSpec.OrderedDictionary<ImageSpec.JSONValue>
    {
        var object = ImageSpec.OrderedDictionary<ImageSpec.JSONValue>()
        var seen = Set<ByteString>()
        cursor.position += 1
        skipWhiteSpace()
        if cursor.take("}") { return object }
        while true {
            skipWhiteSpace()
            guard cursor.peek() == UInt8(ascii: "\"") else {
                if seen.count > 0, cursor.peek() == UInt8(ascii: "}") { throw trailingComma }
                throw error("expected a key in quotes, found \(found)")
            }
            let start = cursor.position
            let key = try string()
            guard seen.insert(ByteString(key)).inserted else {
                cursor.position = start
                throw error("duplicate key \"\(key)\"", fix: "remove one of them")
            }
            skipWhiteSpace()
            guard cursor.take(":") else { throw error("expected ':', found \(found)") }
            object.appendNew(key, try value(depth: depth + 1))
            skipWhiteSpace()
            if cursor.take(",") { continue }
            if cursor.take("}") { return object }
            throw error("expected ',' or '}', found \(found)")
        }
    }

    private mutating func array(depth: Int) throws(ImageSpecError) -> [ImageSpec.JSONValue] {
        var list: [ImageSpec.JSONValue] = []
        cursor.position += 1
        skipWhiteSpace()
        if cursor.take("]") { return list }
        while true {
            skipWhiteSpace()
            if !list.isEmpty, cursor.peek() == UInt8(ascii: "]") { throw trailingComma }
            list.append(try value(depth: depth + 1))
            skipWhiteSpace()
            if cursor.take(",") { continue }
            if cursor.take("]") { return list }
            throw error("expected ',' or ']', found \(found)")
        }
    }

    // MARK: the text

    private var trailingComma: ImageSpecError { error("trailing comma before \(found)", fix: "remove it") }

    private mutating func skipWhiteSpace() { cursor.skip(\.isJSONWhiteSpace) }

    /// The next character, for a message.
    var found: String {
        guard let byte = cursor.peek() else { return "the end of the document" }
        guard (0x21...0x7E).contains(byte) else { return "the byte 0x" + String(byte, radix: 16) }
        return "'\(Character(Unicode.Scalar(byte)))'"
    }

    func error(_ reason: String, fix: ImageSpecError.Fix? = nil) -> ImageSpecError {
        .invalidJSON(reason, fix: fix, line: cursor.line, column: cursor.column)
    }
}
