// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
import ImageSpec
import Yams

/// Finds the places of values in YAML text, by the marks of the parser.
struct YAMLText {
    private let bytes: [UInt8]
    private let root: Node
    /// Where the lines begin, as marks count them.
    private let lines: [Int]
    private let lineBreak: String
    /// The keys that lead to the value.
    private let path: [String]

    init(_ bytes: [UInt8], path: [String]) throws(ImageSpecError) {
        let text = String(decoding: bytes, as: UTF8.self)
        do {
            let content = YAMLByteOrderMarks.textBehindMark(text)
            guard let root = try Parser(yaml: content, resolver: .basic, encoding: .utf8).singleRoot() else {
                throw ImageSpecError.emptyYAML
            }
            self.root = root
        } catch let error as YamlError {
            throw .yaml(error)
        } catch let error as ImageSpecError {
            throw error
        } catch {
            throw .invalidYAML("\(error)", nil)
        }
        self.bytes = bytes
        self.path = path
        var lines = Self.lineStarts(text)
        if text.unicodeScalars.first == "\u{FEFF}" { lines[0] = UTF8.width("\u{FEFF}") }
        self.lines = lines
        lineBreak = text.unicodeScalars.contains("\r") ? "\r\n" : "\n"
    }

    /// The edit that puts a string there. An alias leads to the text that it stands for.
    func edit(_ text: String) throws(ImageSpecError) -> TextEdit {
        try edit(path[...], text, in: root, key: nil)
    }

    private func edit(
        _ path: ArraySlice<String>, _ text: String, in node: Node, key: Node?
    ) throws(ImageSpecError) -> TextEdit {
        guard let name = path.first else { return try replacement(of: node, by: text) }
        switch node {
        case .mapping(let mapping):
            if let pair = mapping.first(where: { $0.key.string == name }) {
                return try edit(path.dropFirst(), text, in: pair.value, key: pair.key)
            }
            return try insertion(path, text, in: mapping, key: key)
        case .scalar(let scalar):
            // A key that has nothing, or null.
            guard let key, case .null = PlainScalar(scalar.string) else { throw unusual(node) }
            if !scalar.string.isEmpty {
                return TextEdit(try plainRange(scalar, node), "{" + Self.flow(path, text) + "}")
            }
            let indentation = String(repeating: " ", count: column(key) + 2)
            return try insertion(
                afterLineOf: key, Self.block(path, text, indentation: indentation, lineBreak))
        default: throw unusual(node)
        }
    }

    // MARK: replacing

    /// A scalar stays in the quotes that it has.
    private func replacement(of node: Node, by text: String) throws(ImageSpecError) -> TextEdit {
        guard case .scalar(let scalar) = node else { throw unusual(node) }
        let start = contentStart(node)
        switch scalar.style {
        case .singleQuoted, .doubleQuoted:
            let isDouble = scalar.style == .doubleQuoted
            let quote = UInt8(ascii: isDouble ? "\"" : "'")
            guard start < bytes.count, bytes[start] == quote else { throw unusual(node) }
            var end = start + 1
            while end < bytes.count, bytes[end] != quote {
                end += isDouble && bytes[end] == UInt8(ascii: "\\") ? 2 : 1
            }
            guard end < bytes.count else { throw unusual(node) }
            return TextEdit((start + 1)..<end, text)
        case .literal, .folded:
            // One line of text below the header.
            guard let header = bytes[start...].firstIndex(of: UInt8(ascii: "\n")),
                let content = bytes[(header + 1)...].firstIndex(where: { $0 != 0x20 })
            else { throw unusual(node) }
            let value = Array(scalar.string.utf8.prefix { $0 != UInt8(ascii: "\n") })
            guard bytes[content...].starts(with: value) else { throw unusual(node) }
            return TextEdit(content..<(content + value.count), text)
        default:
            if scalar.string.isEmpty {
                return TextEdit(at: try endOfColon(before: node), " " + Self.value(text))
            }
            return TextEdit(try plainRange(scalar, node), text)
        }
    }

    /// Behind the colon of a key that has no value, whose mark is there or, in braces, behind white space.
    private func endOfColon(before node: Node) throws(ImageSpecError) -> Int {
        var position = offset(node)
        while position > 0, Self.isWhiteSpace(bytes[position - 1]) { position -= 1 }
        guard position > 0, bytes[position - 1] == UInt8(ascii: ":") else { throw unusual(node) }
        return position
    }

    private func plainRange(_ scalar: Node.Scalar, _ node: Node) throws(ImageSpecError) -> Range<Int> {
        let start = contentStart(node)
        let value = Array(scalar.string.utf8)
        guard bytes[start...].starts(with: value) else { throw unusual(node) }
        return start..<(start + value.count)
    }

    // MARK: inserting

    private func insertion(
        _ path: ArraySlice<String>, _ text: String, in mapping: Node.Mapping, key: Node?
    ) throws(ImageSpecError) -> TextEdit {
        let node = Node.mapping(mapping)
        let start = contentStart(node)
        if start < bytes.count, bytes[start] == UInt8(ascii: "{") {
            var position = start + 1
            guard !mapping.isEmpty else { return TextEdit(at: position, Self.flow(path, text)) }
            while position < bytes.count, bytes[position] == 0x20 { position += 1 }
            return TextEdit(at: position, Self.flow(path, text) + ", ")
        }
        guard let first = mapping.first?.key else { throw unusual(node) }
        let indentation = String(repeating: " ", count: column(first))
        let entry = Self.block(path, text, indentation: indentation, lineBreak)
        // A short mapping gets its entry in front, above the comments of the first one; a spec at its end.
        if let key, path.count == 1 {
            return line(key) < line(first) && offset(key) < start
                ? try insertion(afterLineOf: key, entry)
                : TextEdit(at: lines[line(first)], entry)
        }
        return appending(entry, to: mapping, indentation: column(first))
    }

    private func insertion(afterLineOf key: Node, _ entry: String) throws(ImageSpecError) -> TextEdit {
        let next = line(key) + 1
        guard next < lines.count else {
            // A line break is one character, however it is written.
            return TextEdit(at: bytes.count, lineBreak + entry.dropLast())
        }
        return TextEdit(at: lines[next], entry)
    }

    /// After the last line of a mapping in block style: the lines that are indented as its keys are, or deeper.
    private func appending(_ entry: String, to mapping: Node.Mapping, indentation: Int) -> TextEdit {
        var last = lastLine(.mapping(mapping), line(.mapping(mapping)))
        for line in (last + 1)..<max(lines.count, last + 1) {
            let end = line + 1 < lines.count ? lines[line + 1] : bytes.count
            let text = bytes[lines[line]..<end]
            let isBlank = text.allSatisfy { [0x20, 0x09, 0x0A, 0x0D].contains($0) }
            if isBlank { continue }
            if text.starts(with: "---".utf8) || text.starts(with: "...".utf8) { break }
            if text.prefix(while: { $0 == 0x20 }).count < indentation { break }
            last = line
        }
        guard last + 1 < lines.count else {
            let isOpen = bytes.last != UInt8(ascii: "\n")
            return TextEdit(at: bytes.count, (isOpen ? lineBreak : "") + entry)
        }
        return TextEdit(at: lines[last + 1], entry)
    }

    private func lastLine(_ node: Node, _ start: Int) -> Int {
        var last = max(start, line(node))
        switch node {
        case .mapping(let mapping):
            for (key, value) in mapping { last = lastLine(value, lastLine(key, last)) }
        case .sequence(let sequence):
            for element in sequence { last = lastLine(element, last) }
        default: break
        }
        return last
    }

    /// The text in objects of their own for all keys but the last, in braces.
    private static func flow(_ path: ArraySlice<String>, _ text: String) -> String {
        guard let key = path.first else { return "\"\(text)\"" }
        let inner = flow(path.dropFirst(), text)
        return path.count == 1 ? "\(key): \(inner)" : "\(key): {\(inner)}"
    }

    /// The same in lines.
    private static func block(
        _ path: ArraySlice<String>, _ text: String, indentation: String, _ lineBreak: String
    ) -> String {
        guard let key = path.first else { return "" }
        guard path.count == 1 else {
            return "\(indentation)\(key):\(lineBreak)"
                + block(path.dropFirst(), text, indentation: indentation + "  ", lineBreak)
        }
        return "\(indentation)\(key): \(value(text))\(lineBreak)"
    }

    private static func value(_ text: String) -> String {
        let isPlain = text.utf8.first.map { ("a"..."z").contains(Unicode.Scalar($0)) } ?? false
        return isPlain ? text : "\"\(text)\""
    }

    // MARK: places

    /// Lines and columns from 0.
    private func line(_ node: Node) -> Int { min(max(0, (node.mark?.line ?? 1) - 1), lines.count - 1) }
    private func column(_ node: Node) -> Int { max(0, (node.mark?.column ?? 1) - 1) }

    private func offset(_ node: Node) -> Int {
        var position = lines[line(node)]
        for _ in 0..<column(node) where position < bytes.count {
            position += 1
            while position < bytes.count, bytes[position] & 0xC0 == 0x80 { position += 1 }
        }
        return position
    }

    /// Where a node begins behind its anchor and tag.
    private func contentStart(_ node: Node) -> Int {
        var position = offset(node)
        while position < bytes.count, [UInt8(ascii: "&"), UInt8(ascii: "!")].contains(bytes[position]) {
            while position < bytes.count, !Self.isWhiteSpace(bytes[position]) { position += 1 }
            while position < bytes.count {
                if Self.isWhiteSpace(bytes[position]) {
                    position += 1
                } else if bytes[position] == UInt8(ascii: "#") {
                    while position < bytes.count, bytes[position] != UInt8(ascii: "\n") { position += 1 }
                } else {
                    break
                }
            }
        }
        return position
    }

    private static func isWhiteSpace(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D
    }

    private func unusual(_ node: Node) -> ImageSpecError {
        .cannotReplace(path, line: line(node) + 1)
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
}
