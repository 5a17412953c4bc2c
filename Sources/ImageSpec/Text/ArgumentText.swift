// SPDX-License-Identifier: Apache-2.0

internal import ContentTree

/// A text that contains several arguments, such as `pip_extra_args`.
package enum ArgumentText {
    /// The words of a text, split at white space. `'…'` and `"…"` keep a word together. There are no escapes, variables or
    /// patterns. `nil` if a quote is not closed.
    package static func words(_ text: String) -> [String]? {
        var words: [String] = []
        var word: [UInt8]?
        var quote: UInt8?
        func endWord() {
            if let word { words.append(String(decoding: word, as: UTF8.self)) }
            word = nil
        }
        for byte in text.utf8 {
            if let open = quote {
                if byte == open { quote = nil } else { word?.append(byte) }
            } else if byte == UInt8(ascii: "'") || byte == UInt8(ascii: "\"") {
                quote = byte
                word = word ?? []
            } else if byte.isASCIIWhiteSpace {
                endWord()
            } else {
                word = (word ?? []) + [byte]
            }
        }
        endWord()
        return quote == nil ? words : nil
    }
}
