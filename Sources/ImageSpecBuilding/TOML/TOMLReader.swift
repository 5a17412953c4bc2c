// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
internal import ImageSpec

/// Reads TOML 1.0 (https://toml.io/en/v1.0.0) for `pyproject.toml` and lock files, and the additions of TOML 1.1 on request:
/// uv reads them, Python's `tomllib` does not.
///
/// Strict: anything unknown is an error. Only the digits of numbers and dates are not checked.
package struct TOMLReader {
    /// Deeper than any project file nests, and far from the end of a thread's stack.
    private static let maximumDepth = 20

    var cursor: TextCursor
    /// Whether line breaks and a trailing comma in inline tables, `\e` and `\xHH` are allowed.
    let hasTOML11: Bool

    package static func read(_ text: String) throws(TOMLProblem) -> TOMLValue {
        try read(Array(text.utf8), hasTOML11: false)
    }

    /// Reads UTF-8 bytes.
    static func read(_ bytes: [UInt8], hasTOML11: Bool) throws(TOMLProblem) -> TOMLValue {
        var reader = TOMLReader(cursor: TextCursor(bytes), hasTOML11: hasTOML11)
        return try reader.document()
    }

    private mutating func document() throws(TOMLProblem) -> TOMLValue {
        let root = TOMLTable(.header)
        var current = root
        while true {
            try skipEmptyLines()
            if cursor.isAtEnd { return root.value }
            if cursor.take("[") {
                current = try header(in: root)
            } else {
                try pair(in: current, depth: 0)
            }
            try endLine()
        }
    }

    private mutating func header(in root: TOMLTable) throws(TOMLProblem) -> TOMLTable {
        let isElement = cursor.take("[")
        let keys = try self.keys()
        guard cursor.take("]"), !isElement || cursor.take("]") else { throw problem("unclosed table header") }
        do throws(TOMLTable.Conflict) {
            return try isElement ? root.addElement(keys) : root.addTable(keys)
        } catch {
            throw problem(error.what)
        }
    }

    private mutating func pair(in table: TOMLTable, depth: Int) throws(TOMLProblem) {
        let keys = try self.keys()
        guard cursor.take("=") else { throw problem("expected = after a key") }
        skipSpace()
        let value = try self.value(depth: depth)
        do throws(TOMLTable.Conflict) {
            try table.add(value, at: keys)
        } catch {
            throw problem(error.what)
        }
    }

    private mutating func keys() throws(TOMLProblem) -> [String] {
        var keys: [String] = []
        repeat {
            skipSpace()
            if cursor.take("\"") {
                keys.append(try string("\""))
            } else if cursor.take("'") {
                keys.append(try string("'"))
            } else {
                let key = cursor.takeAll { $0.isASCIILetterOrDigit || "_-".utf8.contains($0) }
                guard !key.isEmpty else { throw problem("expected a key") }
                keys.append(key)
            }
            skipSpace()
            guard keys.count <= Self.maximumDepth else { throw problem("key with too many parts") }
        } while cursor.take(".")
        return keys
    }

    // MARK: values

    private mutating func value(depth: Int) throws(TOMLProblem) -> TOMLValue {
        guard depth < Self.maximumDepth else { throw problem("nesting too deep") }
        if cursor.take("\"\"\"") { return .string(try multilineString("\"")) }
        if cursor.take("'''") { return .string(try multilineString("'")) }
        if cursor.take("\"") { return .string(try string("\"")) }
        if cursor.take("'") { return .string(try string("'")) }
        if cursor.take("[") { return .array(try array(depth: depth)) }
        if cursor.take("{") { return try inlineTable(depth: depth) }
        return .other(try bareValue())
    }

    private mutating func array(depth: Int) throws(TOMLProblem) -> [TOMLValue] {
        var values: [TOMLValue] = []
        while true {
            try skipEmptyLines()
            if cursor.take("]") { return values }
            values.append(try value(depth: depth + 1))
            try skipEmptyLines()
            if cursor.take("]") { return values }
            guard cursor.take(",") else { throw problem("expected , or ] in a list") }
        }
    }

    private mutating func inlineTable(depth: Int) throws(TOMLProblem) -> TOMLValue {
        let table = TOMLTable(.header)
        try skipInTable()
        if cursor.take("}") { return table.value }
        repeat {
            try pair(in: table, depth: depth + 1)
            try skipInTable()
            guard cursor.take(",") else { break }
            try skipInTable()
        } while !(hasTOML11 && cursor.peek() == UInt8(ascii: "}"))
        guard cursor.take("}") else { throw problem("expected , or } in a table") }
        return table.value
    }

    private mutating func skipInTable() throws(TOMLProblem) {
        if hasTOML11 { try skipEmptyLines() } else { skipSpace() }
    }

    /// A number, a boolean or a date.
    private mutating func bareValue() throws(TOMLProblem) -> String {
        var text = cursor.takeAll { $0.isASCIILetterOrDigit || "+-_.:".utf8.contains($0) }
        let unsigned = text.utf8.drop { "+-".utf8.contains($0) }
        let isKnown =
            ["true", "false"].contains(text) || ["inf", "nan"].contains(String(Substring(unsigned)))
            || unsigned.first?.isASCIIDigit ?? false
        guard isKnown, text.utf8.count - unsigned.count <= 1 else { throw problem("expected a value") }
        // A space may separate a date from its time.
        if text.utf8.count == 10, text.contains("-"), cursor.peek() == UInt8(ascii: " "),
            cursor.peek(1)?.isASCIIDigit ?? false
        {
            cursor.position += 1
            text += " " + cursor.takeAll { $0.isASCIIDigit || "+-:.Z".utf8.contains($0) }
        }
        return text
    }

    // MARK: white space

    mutating func skipSpace() { cursor.skip { $0 == 0x20 || $0 == 0x09 } }

    mutating func takeLineEnd() -> Bool { cursor.take("\n") || cursor.take("\r\n") }

    private mutating func skipComment() throws(TOMLProblem) {
        skipSpace()
        guard cursor.take("#") else { return }
        while let byte = cursor.peek(), byte != 0x0A, !(byte == 0x0D && cursor.peek(1) == 0x0A) {
            try checkCharacter(byte)
            cursor.position += 1
        }
    }

    private mutating func skipEmptyLines() throws(TOMLProblem) {
        repeat { try skipComment() } while takeLineEnd()
    }

    private mutating func endLine() throws(TOMLProblem) {
        try skipComment()
        guard cursor.isAtEnd || takeLineEnd() else { throw problem("text after the value") }
    }

    func problem(_ what: String) -> TOMLProblem { TOMLProblem(line: cursor.line, what: what) }
}
