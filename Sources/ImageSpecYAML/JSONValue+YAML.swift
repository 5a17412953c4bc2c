// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
public import ImageSpec
import Yams

extension ImageSpec.JSONValue {
    /// Reads YAML text: one document of mappings with string keys, sequences and scalars.
    ///
    /// All readers of a spec must agree, so values that YAML 1.1 (PyYAML, which flytekit uses) and YAML 1.2 read differently
    /// are errors that explain what to write: `yes`, `no`, `on`, `off`; numbers such as `010`, `0o17`,
    /// `1_000`, `1e3`, `1:30`; dates; merge keys (`<<`). Also errors: duplicate keys, keys that are not strings, tags
    /// except `!!str`, `!!int`, `!!float`, `!!bool`, `!!null`, `!!seq` and `!!map`, a second document, an empty one, and numbers
    /// outside the range of ``ImageSpec/ImageSpec/JSONValue/Number``. The order of keys is kept. An alias is read as
    /// a copy of its anchor.
    ///
    /// Keys that differ only in their Unicode normalisation are duplicates here, but not in JSON.
    /// - Throws: `invalidDocument` with line and column, one line per invalid scalar.
    public init(yaml text: String) throws(ImageSpecError) {
        let (value, problems) = try YAMLReader.read(text)
        if let error = ImageSpecError(problems: problems) { throw error }
        self = value
    }

    /// Reads YAML from UTF-8 bytes; see ``init(yaml:)-(String)``.
    /// - Throws: `invalidDocument` with the line and column.
    public init(yaml bytes: [UInt8]) throws(ImageSpecError) {
        guard let text = String(validating: bytes, as: UTF8.self) else { throw .notUTF8(bytes) }
        try self.init(yaml: text)
    }
}

/// Converts the nodes of Yams to JSON values. Yams finds the nodes; the types of scalars are decided here.
struct YAMLReader {
    /// The depth limit of the JSON reader, and limits for documents that grow by aliases.
    static let maximumDepth = 200
    static let maximumNodes = 100_000
    static let maximumExpandedSize = 20_000_000

    private var nodes = 0
    private let byteOrderMarks: YAMLByteOrderMarks?
    /// Errors of scalars, in their order. The rest of the document can be read in spite of them.
    private var problems: [ImageSpecError] = []

    private init(byteOrderMarks: YAMLByteOrderMarks?) { self.byteOrderMarks = byteOrderMarks }

    /// The document, and the errors of its scalars, which are replaced by their text.
    /// - Throws: errors that prevent the rest of the text from being read.
    static func read(
        _ text: String
    ) throws(ImageSpecError) -> (value: ImageSpec.JSONValue, problems: [ImageSpecError]) {
        try checkAliases(text)
        try YAMLByteOrderMarks.check(text)
        var reader = YAMLReader(
            byteOrderMarks: YAMLByteOrderMarks(YAMLByteOrderMarks.textBehindMark(text)))
        let value = try reader.document(text)
        return (value, reader.problems)
    }

    private mutating func document(_ text: String) throws(ImageSpecError) -> ImageSpec.JSONValue {
        guard let root = try YAMLSource.root(of: text) else { throw .emptyYAML }
        let value = try value(root, depth: 0)
        if case .null = value { throw .emptyYAML }
        return value
    }

    private mutating func value(_ node: Node, depth: Int) throws(ImageSpecError) -> ImageSpec.JSONValue {
        nodes += 1
        guard depth < Self.maximumDepth else { throw .tooDeep(node.mark) }
        guard nodes <= Self.maximumNodes else {
            throw .invalidYAML(
                "the document has more than \(Self.maximumNodes) values, including those repeated by aliases",
                node.mark)
        }
        switch node {
        case .scalar(let scalar):
            do throws(ImageSpecError) {
                try byteOrderMarks?.check(scalar)
                return try Self.scalar(scalar)
            } catch {
                problems.append(error)
                return .string(scalar.string)
            }
        case .sequence(let sequence):
            try Self.check(sequence.tag, isOneOf: [.implicit, .nonSpecific, .seq], sequence.mark)
            var list: [ImageSpec.JSONValue] = []
            for element in sequence { list.append(try value(element, depth: depth + 1)) }
            return .array(list)
        case .mapping(let mapping):
            try Self.check(mapping.tag, isOneOf: [.implicit, .nonSpecific, .map], mapping.mark)
            return .object(try object(mapping, depth: depth))
        case .alias(let alias):
            // Yams replaces aliases by their nodes when it reads; this case exists for writing.
            throw .invalidYAML("alias without an anchor", alias.mark)
        }
    }

    private mutating func object(
        _ mapping: Node.Mapping, depth: Int
    ) throws(ImageSpecError) -> ImageSpec.OrderedDictionary<ImageSpec.JSONValue> {
        var object = ImageSpec.OrderedDictionary<ImageSpec.JSONValue>()
        var seen = Set<[UInt8]>()
        for (key, node) in mapping {
            let name = try Self.key(key)
            if case .scalar(let scalar) = key { try byteOrderMarks?.check(scalar) }
            // Yams rejects these as well, but the dictionary must not depend on that.
            guard seen.insert(Array(name.utf8)).inserted else { throw .repeatedKey(name, key.mark) }
            object.appendNew(name, try value(node, depth: depth + 1))
        }
        return object
    }

    private static func key(_ node: Node) throws(ImageSpecError) -> String {
        guard case .scalar(let scalar) = node else {
            throw .invalidYAML("a key must be a string, not a list or mapping", node.mark)
        }
        if scalar.style == .plain, scalar.string == "<<" { throw .mergeKey(scalar.mark) }
        guard case .string(let name) = try Self.scalar(scalar, isKey: true) else {
            throw .invalidYAML(
                "the key \(scalar.string.isEmpty ? "" : scalar.string + " ")is not a string",
                fix: "put it in quotes", scalar.mark)
        }
        return name
    }

    private static func scalar(_ scalar: Node.Scalar, isKey: Bool = false) throws(ImageSpecError)
        -> ImageSpec.JSONValue
    {
        guard scalar.style == .plain else {
            try check(scalar.tag, isOneOf: [.implicit, .nonSpecific, .str], scalar.mark)
            return .string(scalar.string)
        }
        try check(
            scalar.tag, isOneOf: [.implicit, .nonSpecific, .str, .int, .float, .bool, .null], scalar.mark)
        let tag = Tag.Name(rawValue: scalar.tag.rawValue)
        // Yams sets this tag on every key without one when it looks for duplicates.
        if tag == .str && !isKey { return .string(scalar.string) }

        let value = try plain(scalar)
        switch (tag, value) {
        case (.int, .number(let number)) where number.isInteger: return value
        case (.float, .number(let number)): return .number(try ImageSpec.JSONValue.Number(number.value))
        case (.bool, .bool), (.null, .null), (.implicit, _), (.nonSpecific, _), (.str, _): return value
        default: throw .wrongTag(shown(scalar.tag), scalar.string, scalar.mark)
        }
    }

    /// A scalar without quotes and tag, if all versions of YAML read it alike.
    private static func plain(_ scalar: Node.Scalar) throws(ImageSpecError) -> ImageSpec.JSONValue {
        let text = scalar.string
        do throws(ImageSpecError) {
            switch PlainScalar(text) {
            case .null: return .null
            case .bool(let value): return .bool(value)
            case .text: return .string(text)
            case .integer:
                guard let integer = Int(text) else { throw .numberOutOfRange(text) }
                return try .init(integer)
            case .float:
                guard let double = Double(text) else { throw .numberOutOfRange(text) }
                return try .init(double)
            case .notFinite: throw .notFinite(text)
            case .ambiguous(let reading): throw .ambiguous(text, reading)
            }
        } catch {
            throw error.at(scalar.mark)
        }
    }

    private static func check(_ tag: Tag, isOneOf known: [Tag.Name], _ mark: Mark?) throws(ImageSpecError) {
        guard known.contains(Tag.Name(rawValue: tag.rawValue)) else { throw .unknownTag(shown(tag), mark) }
    }

    /// A tag in its short form.
    private static func shown(_ tag: Tag) -> String {
        let prefix = "tag:yaml.org,2002:"
        return tag.rawValue.hasPrefix(prefix) ? "!!" + tag.rawValue.dropFirst(prefix.count) : tag.rawValue
    }

    /// Rejects text that could grow without limit by its aliases.
    ///
    /// Yams compares the keys of a mapping node by node while it reads, and a key may be a list of aliases to lists of aliases:
    /// `n` of them multiply the text by up to 3^(n/3). So they are counted before. Only names with an anchor count, which
    /// excludes `*.pyc` in a command.
    static func checkAliases(_ text: String) throws(ImageSpecError) {
        let anchors = Set(names(after: "&", in: text))
        if anchors.isEmpty { return }
        let aliases = names(after: "*", in: text).count { anchors.contains($0) }
        var size = text.utf8.count
        for _ in 0..<(aliases / 3) where size <= maximumExpandedSize { size *= 3 }
        if size > maximumExpandedSize { throw .tooManyAliases(aliases) }
    }

    /// The names behind an indicator at the beginning of a node.
    private static func names(after indicator: Unicode.Scalar, in text: String) -> [[UInt8]] {
        let bytes = Array(text.utf8)
        return bytes.indices.compactMap { index in
            guard bytes[index] == UInt8(ascii: indicator) else { return nil }
            let isPrecededByName = index > 0 && isNameByte(bytes[index - 1])
            let name = Array(bytes[(index + 1)...].prefix(while: isNameByte))
            return isPrecededByName || name.isEmpty ? nil : name
        }
    }

    /// Whether a byte can be part of the name of an anchor.
    private static func isNameByte(_ byte: UInt8) -> Bool {
        byte.isASCIILetterOrDigit || "_-".utf8.contains(byte)
    }
}
