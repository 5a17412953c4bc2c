// SPDX-License-Identifier: Apache-2.0

internal import ContentTree

/// A value of a TOML document. A number, a boolean or a date keeps its spelling.
package enum TOMLValue: Equatable, Sendable {
    case string(String)
    case other(String)
    case array([TOMLValue])
    case table([String: TOMLValue])

    package subscript(_ keys: String...) -> TOMLValue? {
        keys.reduce(self) { value, key in
            guard case .table(let table)? = value else { return nil }
            return table[key]
        }
    }

    package var string: String? { if case .string(let text) = self { text } else { nil } }

    /// The texts of a list that holds nothing else.
    package var strings: [String]? {
        guard case .array(let values) = self else { return nil }
        let texts = values.compactMap(\.string)
        return texts.count == values.count ? texts : nil
    }

    package var table: [String: TOMLValue]? { if case .table(let table) = self { table } else { nil } }

    /// The members of a list; empty for any other value.
    var list: [TOMLValue] { if case .array(let values) = self { values } else { [] } }

    /// A boolean; `nil` for any other value.
    var bool: Bool? {
        switch self {
        case .other("true"): true
        case .other("false"): false
        default: nil
        }
    }
}

/// What is wrong with a TOML document, and where.
package struct TOMLProblem: Error {
    package var line: Int
    package var what: String
}

/// Reads TOML 1.0 (https://toml.io/en/v1.0.0), for `pyproject.toml` and lock files; on request the additions of TOML 1.1,
/// which uv reads and Python's `tomllib` does not.
///
/// Strict: anything unknown is an error. Only the digits of numbers and dates are not checked.
package struct TOMLReader {
    /// Deeper than any project file nests, and far from the end of a stack.
    private static let maximumDepth = 20

    /// A table while it is read; how it came to be decides what may be added to it.
    private final class Table {
        enum Origin {
            /// Named on the way to another one.
            case implicit
            case header, dottedKey
        }

        enum Node {
            case value(TOMLValue)
            case table(Table)
            case tables([Table])
        }

        var origin: Origin
        var nodes: [String: Node] = [:]

        init(_ origin: Origin) { self.origin = origin }

        var value: TOMLValue {
            .table(
                nodes.mapValues { node in
                    switch node {
                    case .value(let value): value
                    case .table(let table): table.value
                    case .tables(let tables): .array(tables.map(\.value))
                    }
                })
        }
    }

    private let bytes: [UInt8]
    private var position = 0

    /// Whether line breaks and a trailing comma in inline tables, `\e` and `\xHH` are allowed.
    private let hasTOML11: Bool

    private init(_ bytes: [UInt8], hasTOML11: Bool) {
        self.bytes = bytes
        self.hasTOML11 = hasTOML11
    }

    package static func read(_ text: String) throws(TOMLProblem) -> TOMLValue {
        try read(Array(text.utf8), hasTOML11: false)
    }

    /// The same of UTF-8 bytes.
    static func read(_ bytes: [UInt8], hasTOML11: Bool) throws(TOMLProblem) -> TOMLValue {
        var reader = TOMLReader(bytes, hasTOML11: hasTOML11)
        return try reader.document()
    }

    private mutating func document() throws(TOMLProblem) -> TOMLValue {
        let root = Table(.header)
        var current = root
        while true {
            try skipEmptyLines()
            if position == bytes.count { return root.value }
            if take("[") {
                let isArray = take("[")
                let keys = try self.keys()
                guard take("]"), !isArray || take("]") else {
                    throw problem("unclosed table header")
                }
                current = try isArray ? element(of: keys, in: root) : table(keys, in: root)
            } else {
                try pair(in: current, depth: 0)
            }
            try endLine()
        }
    }

    // MARK: tables

    private func table(_ keys: [String], in root: Table) throws(TOMLProblem) -> Table {
        let (parent, key) = try parent(of: keys, in: root)
        switch parent.nodes[key] {
        case nil:
            let table = Table(.header)
            parent.nodes[key] = .table(table)
            return table
        case .table(let table) where table.origin == .implicit:
            table.origin = .header
            return table
        default: throw problem("duplicate table [\(keys.joined(separator: "."))]")
        }
    }

    private func element(of keys: [String], in root: Table) throws(TOMLProblem) -> Table {
        let (parent, key) = try parent(of: keys, in: root)
        let table = Table(.header)
        switch parent.nodes[key] {
        case nil: parent.nodes[key] = .tables([table])
        case .tables(let tables): parent.nodes[key] = .tables(tables + [table])
        default: throw problem("\(keys.joined(separator: ".")) is not an array of tables")
        }
        return table
    }

    /// The table that a header's last key stands in.
    private func parent(of keys: [String], in root: Table) throws(TOMLProblem) -> (Table, String) {
        var table = root
        for key in keys.dropLast() {
            switch table.nodes[key] {
            case nil:
                let next = Table(.implicit)
                table.nodes[key] = .table(next)
                table = next
            case .table(let next): table = next
            case .tables(let tables): table = tables.last ?? table
            case .value: throw problem("\(key) is not a table")
            }
        }
        return (table, keys.last ?? "")
    }

    private mutating func pair(in table: Table, depth: Int) throws(TOMLProblem) {
        let keys = try self.keys()
        guard take("=") else { throw problem("expected = after a key") }
        skipSpace()
        let value = try self.value(depth: depth)
        var table = table
        for key in keys.dropLast() {
            switch table.nodes[key] {
            case nil:
                let next = Table(.dottedKey)
                table.nodes[key] = .table(next)
                table = next
            case .table(let next) where next.origin == .dottedKey: table = next
            default: throw problem("\(key) is already defined")
            }
        }
        let key = keys.last ?? ""
        guard table.nodes.updateValue(.value(value), forKey: key) == nil else {
            throw problem("duplicate key \(key)")
        }
    }

    private mutating func keys() throws(TOMLProblem) -> [String] {
        var keys: [String] = []
        repeat {
            skipSpace()
            if take("\"") {
                keys.append(try basicString())
            } else if take("'") {
                keys.append(try literalString())
            } else {
                let key = takeAll { byte in
                    Self.isLetter(byte) || Self.isDigit(byte) || byte == UInt8(ascii: "_")
                        || byte == UInt8(ascii: "-")
                }
                guard !key.isEmpty else { throw problem("expected a key") }
                keys.append(key)
            }
            skipSpace()
            guard keys.count <= Self.maximumDepth else { throw problem("key with too many parts") }
        } while take(".")
        return keys
    }

    // MARK: values

    private mutating func value(depth: Int) throws(TOMLProblem) -> TOMLValue {
        guard depth < Self.maximumDepth else { throw problem("nesting too deep") }
        if take("\"\"\"") { return .string(try multilineString(quote: "\"", hasEscapes: true)) }
        if take("'''") { return .string(try multilineString(quote: "'", hasEscapes: false)) }
        if take("\"") { return .string(try basicString()) }
        if take("'") { return .string(try literalString()) }
        if take("[") { return .array(try array(depth: depth)) }
        if take("{") { return try inlineTable(depth: depth) }
        return .other(try bareValue())
    }

    private mutating func array(depth: Int) throws(TOMLProblem) -> [TOMLValue] {
        var values: [TOMLValue] = []
        while true {
            try skipEmptyLines()
            if take("]") { return values }
            values.append(try value(depth: depth + 1))
            try skipEmptyLines()
            if take("]") { return values }
            guard take(",") else { throw problem("expected , or ] in a list") }
        }
    }

    private mutating func inlineTable(depth: Int) throws(TOMLProblem) -> TOMLValue {
        let table = Table(.header)
        try skipWithinTable()
        if take("}") { return table.value }
        repeat {
            try pair(in: table, depth: depth + 1)
            try skipWithinTable()
            guard take(",") else { break }
            try skipWithinTable()
        } while !(hasTOML11 && peek() == UInt8(ascii: "}"))
        guard take("}") else { throw problem("expected , or } in a table") }
        return table.value
    }

    private mutating func skipWithinTable() throws(TOMLProblem) {
        if hasTOML11 { try skipEmptyLines() } else { skipSpace() }
    }

    /// A number, a boolean or a date, as it is spelled.
    private mutating func bareValue() throws(TOMLProblem) -> String {
        var text = takeAll { Self.isLetter($0) || Self.isDigit($0) || "+-_.:".utf8.contains($0) }
        let unsigned = text.utf8.drop { $0 == UInt8(ascii: "+") || $0 == UInt8(ascii: "-") }
        let isKnown =
            ["true", "false"].contains(text) || ["inf", "nan"].contains(String(Substring(unsigned)))
            || unsigned.first.map(Self.isDigit) ?? false
        guard isKnown, text.utf8.count - unsigned.count <= 1 else { throw problem("expected a value") }
        // A date and its time may have a space between them.
        if text.utf8.count == 10, text.contains("-"), peek() == UInt8(ascii: " "), position + 1 < bytes.count,
            Self.isDigit(bytes[position + 1])
        {
            position += 1
            text += " " + takeAll { Self.isDigit($0) || "+-:.Z".utf8.contains($0) }
        }
        return text
    }

    // MARK: strings

    private mutating func basicString() throws(TOMLProblem) -> String {
        var text: [UInt8] = []
        while let byte = peek() {
            position += 1
            switch byte {
            case UInt8(ascii: "\""): return String(decoding: text, as: UTF8.self)
            case UInt8(ascii: "\\"): text += try escape()
            default:
                try checkCharacter(byte)
                text.append(byte)
            }
        }
        throw problem("unterminated string")
    }

    private mutating func literalString() throws(TOMLProblem) -> String {
        var text: [UInt8] = []
        while let byte = peek() {
            position += 1
            if byte == UInt8(ascii: "'") { return String(decoding: text, as: UTF8.self) }
            try checkCharacter(byte)
            text.append(byte)
        }
        throw problem("unterminated string")
    }

    private mutating func multilineString(quote: Unicode.Scalar, hasEscapes: Bool) throws(TOMLProblem)
        -> String
    {
        let quote = UInt8(ascii: quote)
        var text: [UInt8] = []
        _ = takeLineEnd()
        while let byte = peek() {
            if byte == quote {
                let count = bytes[position...].prefix(6).prefix { $0 == quote }.count
                // Up to two quotes may stand before the three that close.
                guard count < 3 else {
                    guard count < 6 else { throw problem("too many quotes") }
                    position += count
                    return String(decoding: text + Array(repeating: quote, count: count - 3), as: UTF8.self)
                }
                position += count
                text += Array(repeating: quote, count: count)
            } else if takeLineEnd() {
                text.append(UInt8(ascii: "\n"))
            } else {
                position += 1
                guard hasEscapes, byte == UInt8(ascii: "\\") else {
                    try checkCharacter(byte)
                    text.append(byte)
                    continue
                }
                let start = position
                skipSpace()
                if takeLineEnd() {
                    repeat { skipSpace() } while takeLineEnd()
                } else {
                    position = start
                    text += try escape()
                }
            }
        }
        throw problem("unterminated string")
    }

    private mutating func escape() throws(TOMLProblem) -> [UInt8] {
        guard let byte = peek() else { throw problem("unterminated string") }
        position += 1
        switch byte {
        case UInt8(ascii: "b"): return [0x08]
        case UInt8(ascii: "t"): return [0x09]
        case UInt8(ascii: "n"): return [0x0A]
        case UInt8(ascii: "f"): return [0x0C]
        case UInt8(ascii: "r"): return [0x0D]
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): return [byte]
        case UInt8(ascii: "e") where hasTOML11: return [0x1B]
        case UInt8(ascii: "x") where hasTOML11: return try escape(digits: 2)
        case UInt8(ascii: "u"): return try escape(digits: 4)
        case UInt8(ascii: "U"): return try escape(digits: 8)
        default: throw problem("unknown escape sequence")
        }
    }

    private mutating func escape(digits count: Int) throws(TOMLProblem) -> [UInt8] {
        let digits = bytes[position...].prefix(count)
        guard digits.count == count, digits.allSatisfy(Self.isHexDigit),
            let number = UInt32(String(decoding: digits, as: UTF8.self), radix: 16),
            let scalar = Unicode.Scalar(number)
        else { throw problem("invalid Unicode escape") }
        position += count
        return Array(String(Character(scalar)).utf8)
    }

    private func checkCharacter(_ byte: UInt8) throws(TOMLProblem) {
        if (byte < 0x20 && byte != 0x09) || byte == 0x7F {
            throw problem("line break or control character in a string")
        }
    }

    // MARK: white space

    private mutating func skipSpace() {
        while let byte = peek(), byte == 0x20 || byte == 0x09 { position += 1 }
    }

    private mutating func takeLineEnd() -> Bool { take("\n") || take("\r\n") }

    private mutating func skipComment() throws(TOMLProblem) {
        skipSpace()
        guard take("#") else { return }
        while let byte = peek(), byte != 0x0A, !bytes[position...].starts(with: [0x0D, 0x0A]) {
            try checkCharacter(byte)
            position += 1
        }
    }

    private mutating func skipEmptyLines() throws(TOMLProblem) {
        repeat { try skipComment() } while takeLineEnd()
    }

    private mutating func endLine() throws(TOMLProblem) {
        try skipComment()
        guard position == bytes.count || takeLineEnd() else {
            throw problem("text after the value")
        }
    }

    // MARK: bytes

    private func peek() -> UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func take(_ text: String) -> Bool {
        guard bytes[position...].starts(with: text.utf8) else { return false }
        position += text.utf8.count
        return true
    }

    private mutating func takeAll(_ matches: (UInt8) -> Bool) -> String {
        let found = bytes[position...].prefix(while: matches)
        position += found.count
        return String(decoding: found, as: UTF8.self)
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }

    private static func isHexDigit(_ byte: UInt8) -> Bool {
        isDigit(byte) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte | 0x20)
    }

    private func problem(_ what: String) -> TOMLProblem {
        TOMLProblem(line: bytes[..<min(position, bytes.count)].count { $0 == 0x0A } + 1, what: what)
    }
}
