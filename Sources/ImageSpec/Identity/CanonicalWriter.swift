// SPDX-License-Identifier: Apache-2.0

/// Writes JSON in the canonical form of RFC 8785 (JCS): the bytes of its structure and strings.
///
/// The caller writes the keys of an object in their order.
///
/// A document is tried out on little memory of the stack, on the assumption that it is short and that no text needs an escape,
/// which nearly always holds. Where one of the two turns out to be wrong, it is written anew. So nothing has to be asked for each
/// text, and nothing is allocated or freed on the way, which lets the compiler see that no text's references need be
/// counted: together half of the time of an `id`.
struct CanonicalWriter: ~Copyable {
    /// Bytes behind the capacity, so that what is written can be looked at in whole vectors.
    private static let slack = 16
    /// As much as lies on the stack; most documents need no more.
    private static let firstCapacity = 1024 - slack

    private let memory: UnsafeMutablePointer<UInt8>
    private let capacity: Int
    private let escapes: Bool
    /// What was written so far, or would have been with more room.
    private var count = 0
    private var needsComma = false
    /// The quotes around strings and keys.
    private var quotes = 0

    private init(_ memory: UnsafeMutableBufferPointer<UInt8>, escapes: Bool) {
        self.memory = UnsafeMutablePointer(mutating: UnsafeBufferPointer(memory).start)
        self.escapes = escapes
        capacity = memory.count - Self.slack
    }

    /// Hands over the bytes of a document. `write` writes it, with the same result each time that it is called.
    @inline(__always)
    static func withDocument<Result>(
        _ write: (inout CanonicalWriter) -> Void, _ body: (UnsafeBufferPointer<UInt8>) -> Result
    ) -> Result {
        var capacity = firstCapacity
        var escapes = false
        while true {
            let result = withUnsafeTemporaryAllocation(of: UInt8.self, capacity: capacity + slack) {
                memory -> Result? in
                var writer = CanonicalWriter(memory, escapes: escapes)
                write(&writer)
                if writer.count > writer.capacity {
                    capacity = writer.count
                    return nil
                }
                if !escapes, !writer.isPlain() {
                    escapes = true
                    return nil
                }
                return body(UnsafeBufferPointer(start: writer.memory, count: writer.count))
            }
            if let result { return result }
        }
    }

    /// The bytes of a document.
    static func bytes(_ write: (inout CanonicalWriter) -> Void) -> [UInt8] { withDocument(write, Array.init) }

    /// A document as text.
    static func text(_ write: (inout CanonicalWriter) -> Void) -> String {
        withDocument(write) { String(decoding: $0, as: UTF8.self) }
    }

    /// Whether no text has a byte that needs an escape: whether there are no others than the quotes that were put around texts.
    private func isPlain() -> Bool {
        typealias Vector = SIMD16<UInt8>
        let quote = Vector(repeating: UInt8(ascii: "\""))
        let backslash = Vector(repeating: UInt8(ascii: "\\"))
        let space = Vector(repeating: 0x20)
        let bytes = UnsafeMutableRawPointer(memory)
        // What follows the last byte is looked at, too.
        bytes.storeBytes(of: space, toByteOffset: count, as: Vector.self)
        var found = 0
        var needsEscape = SIMDMask<Vector.MaskStorage>()
        var offset = 0
        while offset < count {
            var quotes = Vector.zero
            // As many as a byte can count.
            let end = min(count, offset &+ 255 &* Vector.scalarCount)
            while offset < end {
                let vector = bytes.loadUnaligned(fromByteOffset: offset, as: Vector.self)
                // A mask's bytes are 0 and -1. (Its other operations go from byte to byte.)
                quotes = quotes &- unsafeBitCast(vector .== quote, to: Vector.self)
                needsEscape = needsEscape .| (vector .== backslash) .| (vector .< space)
                offset &+= Vector.scalarCount
            }
            found &+= Int(SIMD16<UInt16>(truncatingIfNeeded: quotes).wrappedSum())
        }
        return found == quotes && !any(needsEscape)
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
        let length = name.utf8CodeUnitCount
        if hasRoom(for: length &+ 4) {
            separate()
            put("\"")
            (memory + count).update(from: name.utf8Start, count: length)
            count &+= length
            put("\"")
            put(":")
            quotes &+= 2
        }
        needsComma = false
    }

    mutating func key(_ name: String) {
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
    mutating func string(_ text: String) {
        text.withBytes { string($0) }
    }

    /// A string given by its UTF-8 bytes.
    mutating func string(_ text: UnsafeBufferPointer<UInt8>) {
        // The longest escape has six bytes.
        guard hasRoom(for: (escapes ? 6 &* text.count : text.count) &+ 3) else { return }
        separate()
        put("\"")
        if escapes {
            for byte in text { escaped(byte) }
        } else {
            copy(text)
        }
        put("\"")
        quotes &+= 2
    }

    /// A number or a word such as `true`.
    mutating func word(_ text: String) {
        text.withBytes { bytes in
            guard hasRoom(for: bytes.count &+ 1) else { return }
            separate()
            copy(bytes)
        }
    }

    /// In whole words, the last with bytes that the one before it had too: most texts are too short for a call of memcpy.
    @inline(__always)
    private mutating func copy(_ text: UnsafeBufferPointer<UInt8>) {
        guard let start = text.baseAddress else { return }
        let source = UnsafeRawPointer(start)
        let target = UnsafeMutableRawPointer(memory + count)
        func copyWord<Word: BitwiseCopyable>(_ offset: Int, _: Word.Type) {
            target.storeBytes(
                of: source.loadUnaligned(fromByteOffset: offset, as: Word.self), toByteOffset: offset,
                as: Word.self)
        }
        let length = text.count
        if length >= 8 {
            var offset = 0
            while offset < length &- 8 {
                copyWord(offset, UInt64.self)
                offset &+= 8
            }
            copyWord(length &- 8, UInt64.self)
        } else if length >= 4 {
            copyWord(0, UInt32.self)
            copyWord(length &- 4, UInt32.self)
        } else {
            for offset in 0..<length { copyWord(offset, UInt8.self) }
        }
        count &+= length
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
