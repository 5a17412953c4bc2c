// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
import ImageSpec
import Yams

/// YAML text with its nodes, and the positions of the nodes in its bytes.
struct YAMLSource {
    let bytes: [UInt8]
    let root: Node
    /// The byte positions of the lines, as the marks of the parser count lines.
    let lines: [Int]
    let lineBreak: String

    init(_ bytes: [UInt8]) throws(ImageSpecError) {
        let text = String(decoding: bytes, as: UTF8.self)
        guard let root = try Self.root(of: text) else { throw .emptyYAML }
        self.root = root
        self.bytes = bytes
        var lines = Self.lineStarts(text)
        // Marks do not count a byte order mark.
        if text.unicodeScalars.first == "\u{FEFF}" { lines[0] = UTF8.width("\u{FEFF}") }
        self.lines = lines
        lineBreak = text.unicodeScalars.contains("\r") ? "\r\n" : "\n"
    }

    /// Parses a text; `nil` if it is empty.
    static func root(of text: String) throws(ImageSpecError) -> Node? {
        do {
            // The resolver without rules leaves the types of plain scalars to `PlainScalar`. Without an encoding, Yams reads one
            // from the environment.
            return try Parser(
                yaml: YAMLByteOrderMarks.textBehindMark(text), resolver: .basic, encoding: .utf8
            ).singleRoot()
        } catch let error as YamlError {
            throw .yaml(error)
        } catch {
            throw .invalidYAML("\(error)", nil)
        }
    }

    private static func lineStarts(_ text: String) -> [Int] {
        var starts = [0]
        var position = 0
        var previous: Unicode.Scalar?
        for scalar in text.unicodeScalars {
            position += UTF8.width(scalar)
            switch scalar {
            case "\n" where previous == "\r": starts[starts.count - 1] = position
            case "\n", "\r", "\u{85}", "\u{2028}", "\u{2029}": starts.append(position)
            default: break
            }
            previous = scalar
        }
        return starts
    }

    // MARK: positions

    /// The line of a node, from 0.
    func line(_ node: Node) -> Int { min(max(0, (node.mark?.line ?? 1) - 1), lines.count - 1) }

    /// The column of a node, from 0.
    func column(_ node: Node) -> Int { max(0, (node.mark?.column ?? 1) - 1) }

    /// The position of a node. Columns count characters.
    func offset(_ node: Node) -> Int {
        var position = lines[line(node)]
        for _ in 0..<column(node) where position < bytes.count {
            position += 1
            while position < bytes.count, bytes[position] & 0xC0 == 0x80 { position += 1 }
        }
        return position
    }

    /// The position of a node's content, behind its anchor and tag.
    func contentStart(_ node: Node) -> Int {
        var cursor = TextCursor(bytes)
        cursor.position = offset(node)
        while let byte = cursor.peek(), "&!".utf8.contains(byte) {
            cursor.skip { !$0.isJSONWhiteSpace }
            while let byte = cursor.peek() {
                if byte.isJSONWhiteSpace {
                    cursor.position += 1
                } else if byte == UInt8(ascii: "#") {
                    cursor.skip { $0 != UInt8(ascii: "\n") }
                } else {
                    break
                }
            }
        }
        return cursor.position
    }

    /// The last line of a node with everything in it, at least `start`.
    func lastLine(_ node: Node, from start: Int = 0) -> Int {
        var last = max(start, line(node))
        switch node {
        case .mapping(let mapping):
            for (key, value) in mapping { last = lastLine(value, from: lastLine(key, from: last)) }
        case .sequence(let sequence):
            for element in sequence { last = lastLine(element, from: last) }
        default: break
        }
        return last
    }
}
