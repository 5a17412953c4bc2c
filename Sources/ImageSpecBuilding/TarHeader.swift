// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
internal import ImageSpec

/// The header of a member of a tar archive: a ustar header, preceded by an extended one if ustar cannot represent the member.
///
/// Independent of the host: owners are numbers, and the time is constant unless it is set.
/// Source: POSIX.1-2017, pax, "ustar Interchange Format" and "pax Interchange Format".
package struct TarHeader {
    package enum Kind: UInt8, Sendable {
        case file = 0x30
        case hardLink = 0x31
        case link = 0x32
        case folder = 0x35
        case extended = 0x78
    }

    package static let blockSize = 512

    package var kind: Kind
    package var path: [UInt8]
    package var mode: Int
    /// The size of a file.
    package var size = 0
    /// The target of a link.
    package var target: [UInt8] = []
    package var owner = 0
    package var group = 0
    /// The modification time, in seconds since 1970.
    package var time = RenderingConstants.timeStamp

    package init(
        kind: Kind, path: [UInt8], mode: Int, size: Int = 0, target: [UInt8] = [], owner: Int = 0,
        group: Int = 0, time: Int = RenderingConstants.timeStamp
    ) {
        self.kind = kind
        self.path = path
        self.mode = mode
        self.size = size
        self.target = target
        self.owner = owner
        self.group = group
        self.time = time
    }

    /// The headers, in whole blocks.
    package var blocks: [UInt8] {
        let records = records
        guard !records.isEmpty else { return block }
        let extended = TarHeader(
            kind: .extended, path: Array("PaxHeader".utf8), mode: 0o644, size: records.count)
        return extended.block + records + Self.padding(after: records.count) + block
    }

    /// The padding of the last block.
    package static func padding(after size: Int) -> [UInt8] {
        [UInt8](repeating: 0, count: (blockSize - size % blockSize) % blockSize)
    }

    // MARK: ustar

    private static let maximumPathCount = 100
    /// Eleven octal digits.
    private static let maximumSize = 0o777_7777_7777
    /// Seven octal digits.
    private static let maximumID = 0o777_7777

    private var block: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(Self.blockSize)
        func append(_ text: some Collection<UInt8>, width: Int) {
            bytes += text.prefix(width)
            bytes += repeatElement(0, count: max(0, width - text.count))
        }
        func append(octal number: Int, width: Int) {
            let digits = String(number, radix: 8)
            append(
                (String(repeating: "0", count: max(0, width - 1 - digits.count)) + digits).utf8, width: width)
        }
        append(path, width: Self.maximumPathCount)
        append(octal: mode, width: 8)
        append(octal: owner > Self.maximumID ? 0 : owner, width: 8)
        append(octal: group > Self.maximumID ? 0 : group, width: 8)
        append(octal: size > Self.maximumSize ? 0 : size, width: 12)
        append(octal: time, width: 12)
        let sumStart = bytes.count
        append("        ".utf8, width: 8)
        bytes.append(kind.rawValue)
        append(target, width: Self.maximumPathCount)
        append("ustar\u{0}00".utf8, width: 8)
        append(EmptyCollection(), width: 64)
        append(octal: 0, width: 8)
        append(octal: 0, width: 8)
        append(EmptyCollection(), width: Self.blockSize - bytes.count)
        let sum = String(bytes.reduce(0) { $0 + Int($1) }, radix: 8)
        let text = String(repeating: "0", count: 6 - sum.count) + sum + "\u{0} "
        bytes.replaceSubrange(sumStart..<(sumStart + 8), with: text.utf8)
        return bytes
    }

    // MARK: pax

    private var records: [UInt8] {
        var records: [UInt8] = []
        for (name, value) in [("path", path), ("linkpath", target)] where !Self.fits(value) {
            records += Self.record(name, value)
        }
        if [path, target].contains(where: Self.isConverted) {
            // Declares that names are bytes. GNU tar accepts any bytes and warns about the unknown record; readers that convert
            // names need it.
            records = Self.record("hdrcharset", Array("BINARY".utf8)) + records
        }
        for (name, id) in [("uid", owner), ("gid", group)] where id > Self.maximumID {
            records += Self.record(name, Array(String(id).utf8))
        }
        if size > Self.maximumSize { records += Self.record("size", Array(String(size).utf8)) }
        return records
    }

    private static func fits(_ text: [UInt8]) -> Bool {
        text.count <= maximumPathCount && text.allSatisfy { $0 < 0x80 }
    }

    /// Whether a reader that takes names for UTF-8 could change one: bytes that are not UTF-8, and characters that libarchive
    /// composes with the one before them, so that two names become one.
    private static func isConverted(_ text: [UInt8]) -> Bool {
        if text.allSatisfy({ $0 < 0x80 }) { return false }
        guard let text = String(validating: text, as: UTF8.self) else { return true }
        return text.unicodeScalars.contains { scalar in
            switch scalar.properties.generalCategory {
            case .nonspacingMark, .spacingMark, .enclosingMark: true
            // Vowels and final consonants of Hangul.
            default: (0x1160...0x11FF).contains(scalar.value)
            }
        }
    }

    /// `<length> <name>=<value>\n`, where the length counts its own digits.
    private static func record(_ name: String, _ value: [UInt8]) -> [UInt8] {
        let rest = Array(" \(name)=".utf8) + value + [UInt8(ascii: "\n")]
        var length = rest.count + 1
        while String(length).utf8.count + rest.count != length {
            length = String(length).utf8.count + rest.count
        }
        return Array(String(length).utf8) + rest
    }
}
