// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
import ImageSpec
import Yams

/// Edits one value in YAML text, at the positions that the parser reports.
struct YAMLEditor {
    private let source: YAMLSource
    private var bytes: [UInt8] { source.bytes }
    /// The keys that lead to the value.
    private let path: [String]

    init(_ bytes: [UInt8], path: [String]) throws(ImageSpecError) {
        source = try YAMLSource(bytes)
        self.path = path
    }

    /// The edit that sets the value to a string. An alias is followed to its anchor.
    func edit(_ text: String) throws(ImageSpecError) -> TextEdit {
        try edit(path[...], text, in: source.root, key: nil)
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
            // A key without a value, or with null.
            guard let key, case .null = PlainScalar(scalar.string) else { throw unsupported(node) }
            let entry = YAMLEntry(path: path, text: text)
            if !scalar.string.isEmpty { return TextEdit(try plainRange(scalar, node), "{\(entry.flow)}") }
            let indentation = String(repeating: " ", count: source.column(key) + 2)
            return try insertion(afterLineOf: key, entry.block(indentation: indentation, source.lineBreak))
        default: throw unsupported(node)
        }
    }

    // MARK: replacing

    /// The scalar keeps its quotes.
    private func replacement(of node: Node, by text: String) throws(ImageSpecError) -> TextEdit {
        guard case .scalar(let scalar) = node else { throw unsupported(node) }
        let start = source.contentStart(node)
        switch scalar.style {
        case .singleQuoted, .doubleQuoted:
            let isDouble = scalar.style == .doubleQuoted
            let quote = UInt8(ascii: isDouble ? "\"" : "'")
            guard start < bytes.count, bytes[start] == quote else { throw unsupported(node) }
            var end = start + 1
            while end < bytes.count, bytes[end] != quote {
                end += isDouble && bytes[end] == UInt8(ascii: "\\") ? 2 : 1
            }
            guard end < bytes.count else { throw unsupported(node) }
            return TextEdit((start + 1)..<end, text)
        case .literal, .folded:
            // The text is the first line below the header.
            guard let header = bytes[start...].firstIndex(of: UInt8(ascii: "\n")),
                let content = bytes[(header + 1)...].firstIndex(where: { $0 != 0x20 })
            else { throw unsupported(node) }
            let value = Array(scalar.string.utf8.prefix { $0 != UInt8(ascii: "\n") })
            guard bytes[content...].starts(with: value) else { throw unsupported(node) }
            return TextEdit(content..<(content + value.count), text)
        default:
            if scalar.string.isEmpty {
                return TextEdit(at: try endOfColon(before: node), " " + YAMLEntry.scalar(text))
            }
            return TextEdit(try plainRange(scalar, node), text)
        }
    }

    /// The position behind the colon of a key without a value. The mark of the value may be behind white space.
    private func endOfColon(before node: Node) throws(ImageSpecError) -> Int {
        var position = source.offset(node)
        while position > 0, bytes[position - 1].isJSONWhiteSpace { position -= 1 }
        guard position > 0, bytes[position - 1] == UInt8(ascii: ":") else { throw unsupported(node) }
        return position
    }

    private func plainRange(_ scalar: Node.Scalar, _ node: Node) throws(ImageSpecError) -> Range<Int> {
        let start = source.contentStart(node)
        let value = Array(scalar.string.utf8)
        guard bytes[start...].starts(with: value) else { throw unsupported(node) }
        return start..<(start + value.count)
    }

    // MARK: inserting

    private func insertion(
        _ path: ArraySlice<String>, _ text: String, in mapping: Node.Mapping, key: Node?
    ) throws(ImageSpecError) -> TextEdit {
        let node = Node.mapping(mapping)
        let start = source.contentStart(node)
        if start < bytes.count, bytes[start] == UInt8(ascii: "{") {
            var position = start + 1
            guard !mapping.isEmpty else {
                return TextEdit(at: position, YAMLEntry(path: path, text: text).flow)
            }
            while position < bytes.count, bytes[position] == 0x20 { position += 1 }
            return TextEdit(at: position, YAMLEntry(path: path, text: text).flow + ", ")
        }
        guard let first = mapping.first?.key else { throw unsupported(node) }
        let indentation = String(repeating: " ", count: source.column(first))
        let entry = YAMLEntry(path: path, text: text).block(indentation: indentation, source.lineBreak)
        // First in a nested mapping, above the comments of its first entry; last in the spec itself.
        if let key, path.count == 1 {
            return source.line(key) < source.line(first) && source.offset(key) < start
                ? try insertion(afterLineOf: key, entry)
                : TextEdit(at: source.lines[source.line(first)], entry)
        }
        return appending(entry, to: mapping, indentation: source.column(first))
    }

    private func insertion(afterLineOf key: Node, _ entry: String) throws(ImageSpecError) -> TextEdit {
        let next = source.line(key) + 1
        guard next < source.lines.count else {
            // A line break is one character to Swift, also if it is two bytes.
            return TextEdit(at: bytes.count, source.lineBreak + entry.dropLast())
        }
        return TextEdit(at: source.lines[next], entry)
    }

    /// Appends an entry to a mapping in block style, behind the last line that is indented like its keys or deeper.
    private func appending(_ entry: String, to mapping: Node.Mapping, indentation: Int) -> TextEdit {
        var last = source.lastLine(.mapping(mapping))
        for line in (last + 1)..<max(source.lines.count, last + 1) {
            let end = line + 1 < source.lines.count ? source.lines[line + 1] : bytes.count
            let text = bytes[source.lines[line]..<end]
            let isBlank = text.allSatisfy(\.isJSONWhiteSpace)
            if isBlank { continue }
            if text.starts(with: "---".utf8) || text.starts(with: "...".utf8) { break }
            if text.prefix(while: { $0 == 0x20 }).count < indentation { break }
            last = line
        }
        guard last + 1 < source.lines.count else {
            let isOpen = bytes.last != UInt8(ascii: "\n")
            return TextEdit(at: bytes.count, (isOpen ? source.lineBreak : "") + entry)
        }
        return TextEdit(at: source.lines[last + 1], entry)
    }

    private func unsupported(_ node: Node) -> ImageSpecError {
        .cannotReplace(path, line: source.line(node) + 1)
    }
}
