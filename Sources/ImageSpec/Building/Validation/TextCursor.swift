// SPDX-License-Identifier: Apache-2.0

internal import ContentTree

/// A position in a text that is read byte by byte.
struct TextCursor {
    let bytes: [UInt8]
    var position = 0

    init(_ text: String) { bytes = Array(text.utf8) }

    var isAtEnd: Bool { position >= bytes.count }

    func peek(_ offset: Int = 0) -> UInt8? {
        position + offset < bytes.count ? bytes[position + offset] : nil
    }

    /// What follows the position.
    var rest: String { text(from: position, to: bytes.count) }

    /// The next word, for a message.
    var nextWord: String { String(rest.prefix { !$0.isWhitespace }) }

    func text(from start: Int, to end: Int) -> String { String(decoding: bytes[start..<end], as: UTF8.self) }

    mutating func skipSpace() {
        while let byte = peek(), PipRequirements.isWhiteSpace(byte) { position += 1 }
    }

    /// Moves past `text` if it is next.
    mutating func take(_ text: StaticString) -> Bool {
        let count = text.utf8CodeUnitCount
        guard position + count <= bytes.count else { return false }
        for index in 0..<count where bytes[position + index] != text.utf8Start[index] { return false }
        position += count
        return true
    }

    mutating func takeAll(_ matches: (UInt8) -> Bool) -> String {
        let start = position
        while let byte = peek(), matches(byte) { position += 1 }
        return text(from: start, to: position)
    }
}
