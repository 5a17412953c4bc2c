// SPDX-License-Identifier: Apache-2.0

internal import ContentTree

/// Writes JSON in the canonical form of RFC 8785 (JCS): the bytes of its structure and strings.
///
/// The caller writes the keys of an object in their order.
///
/// A document is tried with room for four kilobytes, and written anew in the rare case that this does not do. So nothing is
/// allocated or freed on the way, which lets the compiler see that no text's references need be counted.
package struct CanonicalWriter: ~Copyable {
    /// Room for nearly all documents.
    private static let usualCapacity = 4096

    private let memory: UnsafeMutablePointer<UInt8>
    private let capacity: Int
    /// What was written so far, or would have been with more room.
    private var count = 0
    private var needsComma = false

    private init(_ memory: UnsafeMutablePointer<UInt8>, capacity: Int) {
        self.memory = memory
        self.capacity = capacity
    }

    /// Hands over the bytes of a document. `write` writes it, with the same result each time that it is called.
    @inline(__always)
    static func withDocument<Result>(
        _ write: (inout CanonicalWriter) -> Void, _ body: (UnsafeBufferPointer<UInt8>) -> Result
    ) -> Result {
        var capacity = usualCapacity
        while true {
            let memory = UnsafeMutablePointer<UInt8>.allocate(capacity: capacity)
            defer { memory.deallocate() }
            var writer = CanonicalWriter(memory, capacity: capacity)
            write(&writer)
            if writer.count <= capacity {
                return body(UnsafeBufferPointer(start: memory, count: writer.count))
            }
            // Where room was short, escapes were not counted.
            capacity = max(writer.count, 2 * capacity)
        }
    }

    /// The bytes of a document.
    package static func bytes(_ write: (inout CanonicalWriter) -> Void) -> [UInt8] {
        withDocument(write, Array.init)
    }

    /// A document as text.
    package static func text(_ write: (inout CanonicalWriter) -> Void) -> String {
        withDocument(write) { String(decoding: $0, as: UTF8.self) }
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
    package mutating func key(_ name: StaticString) {
        let length = name.utf8CodeUnitCount
        if hasRoom(for: length &+ 4) {
            separate()
            put("\"")
            (memory + count).update(from: name.utf8Start, count: length)
            count &+= length
            put("\"")
            put(":")
        }
        needsComma = false
    }

    package mutating func key(_ name: String) {
        string(name)
        if hasRoom(for: 1) { put(":") }
        needsComma = false
    }

    private mutating func begin(_ bracket: Unicode.Scalar) {
        if hasRoom(for: 2) {
            separate()
            put(bracket)
        }
        needsComma = false
    }

    private mutating func end(_ bracket: Unicode.Scalar) {
        if hasRoom(for: 1) { put(bracket) }
        needsComma = true
    }

    @inline(__always)
    private mutating func separate() {
        if needsComma { put(",") }
        needsComma = true
    }

    // MARK: values

    @inline(__always)
    package mutating func string(_ text: String) {
        text.withBytes { string($0) }
    }

    /// A string given by its UTF-8 bytes.
    package mutating func string(_ text: UnsafeBufferPointer<UInt8>) {
        guard hasRoom(for: text.count &+ 3) else { return }
        separate()
        put("\"")
        if !copiesPlain(text) {
            // The longest escape has six bytes.
            guard hasRoom(for: 6 &* text.count &+ 1) else { return }
            for byte in text { escaped(byte) }
        }
        put("\"")
    }

    /// A number or a word such as `true`.
    package mutating func word(_ text: String) {
        text.withBytes { bytes in
            guard hasRoom(for: bytes.count &+ 1) else { return }
            separate()
            _ = copiesPlain(bytes)
        }
    }

    /// Copies a text; false where a byte of it needs an escape, so that it is still to be written.
    ///
    /// Vectors are copied whole, the last with bytes that the one before it had too, and only at the end it is asked what was
    /// in them: nearly no text needs an escape.
    @inline(__always)
    private mutating func copiesPlain(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
        guard let start = text.baseAddress else { return true }
        let source = UnsafeRawPointer(start)
        let target = UnsafeMutableRawPointer(memory + count)
        let length = text.count
        func copied<Part: BitwiseCopyable>(_ offset: Int, _: Part.Type) -> Part {
            let part = source.loadUnaligned(fromByteOffset: offset, as: Part.self)
            target.storeBytes(of: part, toByteOffset: offset, as: Part.self)
            return part
        }
        var found: SIMDMask<SIMD16<Int8>>
        if length >= 16 {
            found = Self.escapes(copied(length &- 16, SIMD16<UInt8>.self))
            var offset = 0
            while offset < length &- 16 {
                found = found .| Self.escapes(copied(offset, SIMD16<UInt8>.self))
                offset &+= 16
            }
        } else if length >= 8 {
            let words = SIMD2(copied(0, UInt64.self), copied(length &- 8, UInt64.self))
            found = Self.escapes(unsafeBitCast(words, to: SIMD16<UInt8>.self))
        } else if length >= 4 {
            let words = SIMD2(copied(0, UInt32.self), copied(length &- 4, UInt32.self))
            found = Self.escapes(
                unsafeBitCast(SIMD4(lowHalf: words, highHalf: words), to: SIMD16<UInt8>.self))
        } else {
            for offset in 0..<length {
                let byte = copied(offset, UInt8.self)
                if byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { return false }
            }
            count &+= length
            return true
        }
        // As `any(found)`, which is a call.
        let words = unsafeBitCast(found, to: SIMD2<UInt64>.self)
        if words[0] | words[1] != 0 { return false }
        count &+= length
        return true
    }

    /// Which bytes need an escape.
    @inline(__always)
    private static func escapes(_ bytes: SIMD16<UInt8>) -> SIMDMask<SIMD16<Int8>> {
        // Vectors on both sides: with a single byte there the comparison goes from byte to byte.
        (bytes .== SIMD16(repeating: UInt8(ascii: "\""))) .| (bytes .== SIMD16(repeating: UInt8(ascii: "\\")))
            .| (bytes .< SIMD16(repeating: 0x20))
    }

    private mutating func escaped(_ byte: UInt8) {
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): put("\\", byte)
        case 0x08: put("\\", UInt8(ascii: "b"))
        case 0x09: put("\\", UInt8(ascii: "t"))
        case 0x0A: put("\\", UInt8(ascii: "n"))
        case 0x0C: put("\\", UInt8(ascii: "f"))
        case 0x0D: put("\\", UInt8(ascii: "r"))
        case 0..<0x20:
            put("\\", UInt8(ascii: "u"))
            put("0", UInt8(ascii: "0"))
            put(hexDigit(byte >> 4))
            put(hexDigit(byte & 15))
        default: put(byte)
        }
    }

    // MARK: memory

    /// Whether there is room for so many bytes more; where there is none, they are counted, and nothing more is written.
    ///
    /// Each `put` is preceded by one of these for all that follow until the next.
    @inline(__always)
    private mutating func hasRoom(for more: Int) -> Bool {
        if count &+ more <= capacity { return true }
        // Beyond the capacity for good.
        count = max(count, capacity) &+ more
        return false
    }

    @inline(__always)
    private mutating func put(_ byte: UInt8) {
        memory[count] = byte
        count &+= 1
    }

    @inline(__always)
    private mutating func put(_ character: Unicode.Scalar) { put(UInt8(ascii: character)) }

    private mutating func put(_ character: Unicode.Scalar, _ byte: UInt8) {
        put(character)
        put(byte)
    }
}
