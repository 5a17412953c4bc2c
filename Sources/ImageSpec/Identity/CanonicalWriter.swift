// SPDX-License-Identifier: Apache-2.0

internal import ContentTree

/// Writes JSON in the canonical form of RFC 8785 (JCS): no white space, the shortest escapes, keys in order.
///
/// The caller writes the keys of an object in their order; ``object(_:)`` sorts them.
package struct CanonicalWriter: ~Copyable {
    private var buffer = ByteBuffer(capacity: 1024)
    private var needsComma = false

    private init() {}

    /// The bytes of a document.
    package static func bytes(_ write: (inout CanonicalWriter) -> Void) -> [UInt8] {
        var writer = CanonicalWriter()
        write(&writer)
        return writer.buffer.bytes
    }

    /// A document as text.
    package static func text(_ write: (inout CanonicalWriter) -> Void) -> String {
        String(decoding: bytes(write), as: UTF8.self)
    }

    // MARK: structure

    mutating func beginObject() { begin("{") }
    mutating func endObject() { end("}") }
    mutating func beginArray() { begin("[") }
    mutating func endArray() { end("]") }

    /// A key; the value must follow.
    package mutating func key(_ name: String) {
        string(name)
        buffer.append(UInt8(ascii: ":"))
        needsComma = false
    }

    private mutating func begin(_ bracket: Unicode.Scalar) {
        separate()
        buffer.append(UInt8(ascii: bracket))
        needsComma = false
    }

    private mutating func end(_ bracket: Unicode.Scalar) {
        buffer.append(UInt8(ascii: bracket))
        needsComma = true
    }

    private mutating func separate() {
        if needsComma { buffer.append(UInt8(ascii: ",")) }
        needsComma = true
    }

    // MARK: scalars

    package mutating func string(_ text: String) {
        separate()
        buffer.append(UInt8(ascii: "\""))
        text.withBytes { text in
            // Hardly any text needs an escape.
            if text.contains(where: Self.needsEscape) {
                for byte in text { appendEscaped(byte) }
            } else {
                buffer.append(text)
            }
        }
        buffer.append(UInt8(ascii: "\""))
    }

    /// A number or a word such as `true`.
    package mutating func word(_ text: String) {
        separate()
        text.withBytes { buffer.append($0) }
    }

    private static func needsEscape(_ byte: UInt8) -> Bool {
        byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\")
    }

    private mutating func appendEscaped(_ byte: UInt8) {
        guard Self.needsEscape(byte) else { return buffer.append(byte) }
        let escape =
            switch byte {
            case 0x08: "b"
            case 0x09: "t"
            case 0x0A: "n"
            case 0x0C: "f"
            case 0x0D: "r"
            case 0..<0x20: "u" + Hexadecimal.text(byte, width: 4)
            default: String(Unicode.Scalar(byte))
            }
        buffer.append(UInt8(ascii: "\\"))
        escape.withBytes { buffer.append($0) }
    }
}
