// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
internal import ImageSpec
internal import ImageSpecBuilding

/// Reads a tar archive that arrives in pieces, with the extensions that layers of images use: pax headers and the long names
/// of GNU tar. Uses memory for one header.
///
/// Source: POSIX.1-2017, pax, "ustar Interchange Format" and "pax Interchange Format"; GNU tar manual, "Basic Tar Format".
package struct TarReader<Visitor: TarVisitor> {
    private enum Position {
        case header
        /// The content of a member, of which so many bytes remain.
        case content(rest: Int, isExtension: Bool)
        case padding(rest: Int)
        /// After the block of zeros that ends an archive; what follows is not part of it.
        case end
    }

    /// Longer extended headers are not names but an attack.
    private static var longestExtension: Int { 1 << 20 }

    private let visitor: Visitor
    private var position = Position.header
    private var block: [UInt8] = []
    private var paddingCount = 0
    /// The extended header that is being read, with its type.
    private var extensionType: UInt8 = 0
    private var extensionBytes: [UInt8] = []
    /// What extended headers set for the next member.
    private var attributes = Attributes()
    /// What global headers set for all members that follow.
    private var globalAttributes = Attributes()

    package init(_ visitor: Visitor) {
        self.visitor = visitor
        block.reserveCapacity(TarHeader.blockSize)
    }

    /// Reads the next bytes.
    package mutating func read(_ bytes: UnsafeRawBufferPointer) throws {
        var rest = bytes
        while !rest.isEmpty {
            switch position {
            case .header:
                let piece = rest.prefix(TarHeader.blockSize - block.count)
                block += piece
                rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(piece.count))
                if block.count == TarHeader.blockSize {
                    try readHeader()
                    block.removeAll(keepingCapacity: true)
                }
            case .content(let count, let isExtension):
                let piece = UnsafeRawBufferPointer(rebasing: rest.prefix(count))
                if isExtension { extensionBytes += piece } else { try visitor.read(piece) }
                rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(piece.count))
                if piece.count < count {
                    position = .content(rest: count - piece.count, isExtension: isExtension)
                } else {
                    try endContent(isExtension: isExtension)
                }
            case .padding(let count):
                let skipped = min(count, rest.count)
                rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(skipped))
                position = skipped < count ? .padding(rest: count - skipped) : .header
            case .end: return
            }
        }
    }

    /// Checks that the archive is complete.
    package func finish() throws {
        switch position {
        // Docker accepts archives without the blocks at their end, and so do layers.
        case .header where block.isEmpty && attributes.isEmpty: return
        case .end: return
        case .header, .content, .padding: throw ImageSpecError.invalidLayer("it is truncated")
        }
    }

    // MARK: headers

    private mutating func readHeader() throws {
        if block.allSatisfy({ $0 == 0 }) {
            position = .end
            return
        }
        let header = HeaderBlock(block)
        guard header.hasValidChecksum else {
            throw ImageSpecError.invalidLayer("a tar header has a wrong checksum")
        }
        guard var size = attributes.size ?? globalAttributes.size ?? header.size else {
            throw ImageSpecError.invalidLayer("a tar header has an invalid size")
        }
        let type = header.type
        switch type {
        case UInt8(ascii: "x"), UInt8(ascii: "g"), UInt8(ascii: "L"), UInt8(ascii: "K"):
            size = header.size ?? 0
            guard size <= Self.longestExtension else {
                throw ImageSpecError.invalidLayer("a name in the tar archive is too long")
            }
            extensionType = type
            extensionBytes = []
            try begin(size, isExtension: true)
            return
        case UInt8(ascii: "S"): throw ImageSpecError.invalidLayer("it contains a sparse file")
        default: break
        }
        let path = attributes.path ?? globalAttributes.path ?? header.path
        let target = attributes.target ?? globalAttributes.target ?? header.target
        var kind: TarMember.Kind
        switch type {
        case 0, UInt8(ascii: "0"), UInt8(ascii: "7"):
            // Before POSIX, only the name told directories.
            kind = path.last == UInt8(ascii: "/") ? .folder : .file
        case UInt8(ascii: "1"): kind = .hardLink
        case UInt8(ascii: "2"): kind = .link
        case UInt8(ascii: "5"): kind = .folder
        default: kind = .other
        }
        // Only files have content, whatever the header says.
        let contentSize = kind == .file ? size : 0
        guard let mode = header.mode, let owner = attributes.owner ?? globalAttributes.owner ?? header.owner,
            let group = attributes.group ?? globalAttributes.group ?? header.group
        else { throw ImageSpecError.invalidLayer("a tar header has an invalid number") }
        let member = TarMember(
            kind: kind, path: Self.normalized(path), mode: mode & 0o7777, owner: owner, group: group,
            size: contentSize, target: kind == .hardLink ? Self.normalized(target) : target)
        guard
            !member.path.split(separator: UInt8(ascii: "/")).contains(where: { $0.elementsEqual("..".utf8) })
        else { throw ImageSpecError.invalidLayer("a name in the tar archive contains \"..\"") }
        attributes = Attributes()
        try visitor.begin(member)
        try begin(contentSize, isExtension: false)
    }

    private mutating func begin(_ size: Int, isExtension: Bool) throws {
        paddingCount = TarHeader.padding(after: size).count
        position = .content(rest: size, isExtension: isExtension)
        if size == 0 { try endContent(isExtension: isExtension) }
    }

    private mutating func endContent(isExtension: Bool) throws {
        position = paddingCount > 0 ? .padding(rest: paddingCount) : .header
        guard isExtension else { return try visitor.end() }
        switch extensionType {
        case UInt8(ascii: "L"): attributes.path = Self.untilZero(extensionBytes[...])
        case UInt8(ascii: "K"): attributes.target = Self.untilZero(extensionBytes[...])
        case UInt8(ascii: "g"): try globalAttributes.set(records: extensionBytes)
        default: try attributes.set(records: extensionBytes)
        }
        extensionBytes = []
    }

    fileprivate static func untilZero(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
        Array(bytes.prefix { $0 != 0 })
    }

    private static func normalized(_ path: [UInt8]) -> [UInt8] {
        Array(
            path.split(separator: UInt8(ascii: "/")).filter { !$0.elementsEqual(".".utf8) }
                .joined(separator: [UInt8(ascii: "/")]))
    }

    /// What extended headers set.
    private struct Attributes {
        var path: [UInt8]?
        var target: [UInt8]?
        var size: Int?
        var owner: Int?
        var group: Int?

        var isEmpty: Bool { path == nil && target == nil && size == nil && owner == nil && group == nil }

        /// Records of the form `<length> <name>=<value>\n`.
        mutating func set(records: [UInt8]) throws {
            var rest = records[...]
            while let space = rest.firstIndex(of: UInt8(ascii: " ")) {
                guard let length = Int(String(decoding: rest[..<space], as: UTF8.self)),
                    length > space - rest.startIndex + 1, length <= rest.count
                else { throw ImageSpecError.invalidLayer("a pax header is damaged") }
                let record = rest[(space + 1)..<(rest.startIndex + length - 1)]
                rest = rest.dropFirst(length)
                guard let sign = record.firstIndex(of: UInt8(ascii: "=")) else { continue }
                let value = Array(record[(sign + 1)...])
                let number = Int(String(decoding: value, as: UTF8.self))
                switch String(decoding: record[..<sign], as: UTF8.self) {
                case "path": path = value
                case "linkpath": target = value
                case "size": size = number
                case "uid": owner = number
                case "gid": group = number
                case let name where name.hasPrefix("GNU.sparse"):
                    throw ImageSpecError.invalidLayer("it contains a sparse file")
                default: break
                }
            }
        }
    }
}

/// The fields of a header block.
private struct HeaderBlock {
    private let bytes: [UInt8]

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    var type: UInt8 { bytes[156] }
    var mode: Int? { number(100..<108) }
    var owner: Int? { number(108..<116) }
    var group: Int? { number(116..<124) }
    var size: Int? { number(124..<136) }
    var target: [UInt8] { text(157..<257) }

    var path: [UInt8] {
        let name = text(0..<100)
        // GNU tar uses the place of the prefix for times.
        guard bytes[257..<263].elementsEqual("ustar\u{0}".utf8) else { return name }
        let prefix = text(345..<500)
        return prefix.isEmpty ? name : prefix + [UInt8(ascii: "/")] + name
    }

    /// The sum of the bytes, in which the checksum itself counts as spaces.
    var hasValidChecksum: Bool {
        var sum = 0
        for (index, byte) in bytes.enumerated() {
            sum += (148..<156).contains(index) ? 0x20 : Int(byte)
        }
        return number(148..<156) == sum
    }

    private func text(_ range: Range<Int>) -> [UInt8] { Array(bytes[range].prefix { $0 != 0 }) }

    /// Octal digits, or a binary number if the first bit is set. Empty fields are zero.
    private func number(_ range: Range<Int>) -> Int? {
        let field = bytes[range]
        if field[range.lowerBound] & 0x80 != 0 {
            var value = Int(field[range.lowerBound] & 0x7F)
            for byte in field.dropFirst() {
                guard value < 1 << 47 else { return nil }
                value = value << 8 | Int(byte)
            }
            return value
        }
        let digits = field.drop { $0 == UInt8(ascii: " ") }.prefix { $0 != 0 && $0 != UInt8(ascii: " ") }
        if digits.isEmpty { return 0 }
        return Int(String(decoding: digits, as: UTF8.self), radix: 8)
    }
}
