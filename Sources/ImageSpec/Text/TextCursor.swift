// SPDX-License-Identifier: Apache-2.0

internal import ContentTree

/// A position in UTF-8 text that is read from front to back.
package struct TextCursor {
    package let bytes: [UInt8]
    package var position = 0

    package init(_ bytes: [UInt8]) { self.bytes = bytes }

    package init(_ text: String) { self.init(Array(text.utf8)) }

    package var isAtEnd: Bool { position >= bytes.count }

    /// The line of the position, from 1.
    package var line: Int { bytes.prefix(position).count { $0 == UInt8(ascii: "\n") } + 1 }

    /// The column of the position, from 1, in bytes.
    var column: Int { bytes.prefix(position).reversed().prefix { $0 != UInt8(ascii: "\n") }.count + 1 }

    package func peek(_ offset: Int = 0) -> UInt8? {
        position + offset < bytes.count ? bytes[position + offset] : nil
    }

    /// The text behind the position.
    package var rest: String { text(from: position, to: bytes.count) }

    /// The next word, for a message.
    package var nextWord: String { String(rest.prefix { !$0.isWhitespace }) }

    package func text(from start: Int, to end: Int) -> String {
        String(decoding: bytes[start..<end], as: UTF8.self)
    }

    func isNext(_ text: StaticString) -> Bool {
        text.withUTF8Buffer { bytes[min(position, bytes.count)...].starts(with: $0) }
    }

    /// Moves past `text` if it is next.
    package mutating func take(_ text: StaticString) -> Bool {
        guard isNext(text) else { return false }
        position += text.utf8CodeUnitCount
        return true
    }

    /// Moves past the bytes that match, and returns them.
    package mutating func takeAll(_ matches: (UInt8) -> Bool) -> String {
        let start = position
        skip(matches)
        return text(from: start, to: position)
    }

    /// Moves past the bytes that match.
    package mutating func skip(_ matches: (UInt8) -> Bool) {
        while let byte = peek(), matches(byte) { position += 1 }
    }

    /// Moves past white space.
    package mutating func skipSpace() { skip(\.isASCIIWhiteSpace) }
}
