// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
import ImageSpec

/// Edits one value in JSON text. The text was read before, so its syntax is known to be valid.
struct JSONEditor {
    private let bytes: [UInt8]
    /// The keys that lead to the value.
    private let path: [String]

    init(_ bytes: [UInt8], path: [String]) {
        self.bytes = bytes
        self.path = path
    }

    private struct Member {
        var name: String
        var key: Range<Int>
        var value: Range<Int>
    }

    private var start: Int {
        bytes.starts(with: JSONReader.byteOrderMark) ? JSONReader.byteOrderMark.count : 0
    }

    /// The edit that sets the value to a string.
    func edit(_ text: String) throws(ImageSpecError) -> TextEdit {
        try edit(path[...], text, in: skipWhiteSpace(start), depth: 1)
    }

    private func edit(
        _ path: ArraySlice<String>, _ text: String, in object: Int, depth: Int
    ) throws(ImageSpecError) -> TextEdit {
        let members = members(of: object)
        guard let key = path.first, byte(object) == UInt8(ascii: "{") else {
            throw .cannotReplace(self.path, line: TextEdit(at: object, "").line(in: bytes))
        }
        let rest = path.dropFirst()
        if let member = members.first(where: { $0.name == key }) {
            if rest.isEmpty { return TextEdit(member.value, Self.quoted(text)) }
            if byte(member.value.lowerBound) == UInt8(ascii: "{") {
                return try edit(rest, text, in: member.value.lowerBound, depth: depth + 1)
            }
            guard bytes[member.value].elementsEqual("null".utf8) else {
                throw .cannotReplace(self.path, line: TextEdit(member.value, "").line(in: bytes))
            }
            return TextEdit(
                member.value, value(rest, text, indentation: indentation(before: member), depth: depth))
        }
        guard let last = members.last, let first = members.first else {
            let written = "\(Self.quoted(key)): \(value(rest, text, indentation: nil, depth: depth))"
            return TextEdit(at: object + 1, written)
        }
        // Written like the last member: the same white space before its key, and between key and value.
        let space = String(
            decoding: bytes[spaceStart(before: last.key.lowerBound)..<last.key.lowerBound], as: UTF8.self)
        let separator = String(decoding: bytes[last.key.upperBound..<last.value.lowerBound], as: UTF8.self)
        let isOnly = members.count == 1 && !space.utf8.contains(UInt8(ascii: "\n"))
        let written = value(
            rest, text, indentation: indentation(before: first), depth: depth, separator: separator)
        return TextEdit(
            at: last.value.upperBound, ",\(isOnly ? " " : space)\(Self.quoted(key))\(separator)\(written)")
    }

    /// A string, in an object for each key before it. The objects are on lines of their own if the members around them are.
    private func value(
        _ path: ArraySlice<String>, _ text: String, indentation: String?, depth: Int, separator: String = ": "
    ) -> String {
        guard let key = path.first else { return Self.quoted(text) }
        var inner: String?
        if let indentation {
            // The indentation of a member at this depth, divided among the levels.
            let unit = indentation.count / max(1, depth)
            inner = indentation + indentation.suffix(max(1, unit))
        }
        let innermost = value(
            path.dropFirst(), text, indentation: inner, depth: depth + 1, separator: separator)
        let member = "\(Self.quoted(key))\(separator)\(innermost)"
        guard let indentation, let inner else { return "{\(member)}" }
        let lineEnd = bytes.contains(UInt8(ascii: "\r")) ? "\r\n" : "\n"
        return "{\(lineEnd)\(inner)\(member)\(lineEnd)\(indentation)}"
    }

    /// The white space before a key that begins its line; `nil` for any other key.
    private func indentation(before member: Member) -> String? {
        let start = spaceStart(before: member.key.lowerBound)
        let space = bytes[start..<member.key.lowerBound]
        guard let lineFeed = space.lastIndex(of: UInt8(ascii: "\n")) else { return nil }
        return String(decoding: space[(lineFeed + 1)...], as: UTF8.self)
    }

    private func spaceStart(before position: Int) -> Int {
        var start = position
        while start > 0, bytes[start - 1].isJSONWhiteSpace { start -= 1 }
        return start
    }

    private static func quoted(_ text: String) -> String { "\"\(text)\"" }

    // MARK: skipping

    private func members(of object: Int) -> [Member] {
        guard byte(object) == UInt8(ascii: "{") else { return [] }
        var members: [Member] = []
        var position = skipWhiteSpace(object + 1)
        while byte(position) == UInt8(ascii: "\"") {
            let key = position..<end(of: position)
            let start = skipWhiteSpace(skipWhiteSpace(key.upperBound) + 1)
            let value = start..<end(of: start)
            let name: String
            if case .string(let text)? = try? ImageSpec.JSONValue(json: Array(bytes[key])) {
                name = text
            } else {
                name = ""
            }
            members.append(Member(name: name, key: key, value: value))
            position = skipWhiteSpace(value.upperBound)
            if byte(position) == UInt8(ascii: ",") { position = skipWhiteSpace(position + 1) }
        }
        return members
    }

    /// The end of the value that begins at a position. Brackets are only counted, since they are known to match.
    private func end(of start: Int) -> Int {
        var position = start
        var depth = 0
        while let byte = byte(position) {
            switch byte {
            case UInt8(ascii: "\""):
                position += 1
                while let byte = self.byte(position), byte != UInt8(ascii: "\"") {
                    position += byte == UInt8(ascii: "\\") ? 2 : 1
                }
            case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                if depth == 0 { return position }
                depth -= 1
            case UInt8(ascii: ","):
                if depth == 0 { return position }
            default:
                if depth == 0, byte.isJSONWhiteSpace { return position }
                position += 1
                continue
            }
            position += 1
            if depth == 0, byte != UInt8(ascii: ",") { return position }
        }
        return position
    }

    private func byte(_ position: Int) -> UInt8? { position < bytes.count ? bytes[position] : nil }

    private func skipWhiteSpace(_ start: Int) -> Int {
        var position = start
        while let byte = byte(position), byte.isJSONWhiteSpace { position += 1 }
        return position
    }
}
