// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// The bytes of a digest cache, all numbers in this machine's order.
///
///     header | piece … | table of the pieces
///
/// A piece is a directory of a tree, or a part of a large one: what tells that it is unchanged, and so many of its entries,
/// sorted by their names. Pieces are read one by one and never mapped: a file that somebody shortens while it is mapped
/// ends the process. Every byte is under a checksum, so that what a full disk, a power cut or another program left of a file
/// is found out; it is no protection from somebody who may write to the user's files.
enum DigestCacheFormat {
    /// The version is part of it.
    static let magic: UInt64 = 0x3230_6463_7370_7369
    static let headerSize = 128
    static let entrySize = 96
    /// Entries of a piece at most.
    static let pieceEntries = 512

    /// A row of the table.
    struct Piece: Sendable {
        static let byteCount = 32

        var pathHash: UInt64
        var offset: UInt64
        var checksum: UInt64
        var length: UInt32
        var entryCount: UInt32
    }

    struct Header {
        var stamp: Int64
        /// Which tree this is the cache of.
        var key: SHA256Digest
        var tableOffset: UInt64
        var pieceCount: UInt64
        var tableChecksum: UInt64

        init(stamp: Int64, key: SHA256Digest, tableOffset: UInt64, pieceCount: UInt64, tableChecksum: UInt64)
        {
            self.stamp = stamp
            self.key = key
            self.tableOffset = tableOffset
            self.pieceCount = pieceCount
            self.tableChecksum = tableChecksum
        }

        /// nil for anything but a header of this version.
        init?(_ bytes: UnsafeRawBufferPointer) {
            guard bytes.count == headerSize, bytes.load(as: UInt64.self) == magic,
                bytes.load(fromByteOffset: 120, as: UInt64.self)
                    == checksum(UnsafeRawBufferPointer(rebasing: bytes[..<120]))
            else { return nil }
            stamp = bytes.load(fromByteOffset: 8, as: Int64.self)
            key = bytes.load(fromByteOffset: 16, as: SHA256Digest.self)
            tableOffset = bytes.load(fromByteOffset: 48, as: UInt64.self)
            pieceCount = bytes.load(fromByteOffset: 56, as: UInt64.self)
            tableChecksum = bytes.load(fromByteOffset: 64, as: UInt64.self)
        }

        var bytes: [UInt8] {
            var bytes = [UInt8](repeating: 0, count: headerSize)
            bytes.withUnsafeMutableBytes { bytes in
                bytes.storeBytes(of: magic, as: UInt64.self)
                bytes.storeBytes(of: stamp, toByteOffset: 8, as: Int64.self)
                bytes.storeBytes(of: key, toByteOffset: 16, as: SHA256Digest.self)
                bytes.storeBytes(of: tableOffset, toByteOffset: 48, as: UInt64.self)
                bytes.storeBytes(of: pieceCount, toByteOffset: 56, as: UInt64.self)
                bytes.storeBytes(of: tableChecksum, toByteOffset: 64, as: UInt64.self)
                let sum = checksum(UnsafeRawBufferPointer(rebasing: bytes[..<120]))
                bytes.storeBytes(of: sum, toByteOffset: 120, as: UInt64.self)
            }
            return bytes
        }
    }

    enum EntryKind: UInt8 {
        case file = 1
        /// A symbolic link to a file: the stamp and the digest are of its target.
        case linkedFile
        case folder
    }

    struct PieceFlags: OptionSet {
        let rawValue: UInt32
        /// What the directory holds cannot be told by looking at it alone: it has links to directories, or to nothing.
        static let isVolatile = PieceFlags(rawValue: 1)
        /// The directory has entries, and so a digest.
        static let hasDigest = PieceFlags(rawValue: 2)
        /// The directory holds a `.gitignore` that counts.
        static let hasGitignore = PieceFlags(rawValue: 4)
        /// The entries were chosen, not listed: what else the directory holds does not matter.
        static let isChoice = PieceFlags(rawValue: 8)
    }

    /// The fixed part of a piece; the entries follow, then the names, then the path, each text with a NUL.
    struct PieceHeader {
        static let byteCount = 240

        var entryCount: UInt32 = 0
        /// Bytes of all names.
        var namesLength: UInt32 = 0
        /// Bytes of the path, without its NUL.
        var pathLength: UInt32 = 0
        var flags: UInt32 = 0
        var folder = StatSignature()
        var gitignore = StatSignature()
        /// Of the directory's whole manifest.
        var digest = SHA256Digest()
        /// Which ignore rules the directory was listed with: before, and with, its own.
        var rules = SHA256Digest()
        var rulesBelow = SHA256Digest()
        private var reserved: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)

        init() {}
    }

    struct Entry {
        var stamp = StatSignature()
        var digest = SHA256Digest()
        var name: UInt32 = 0
        var nameLength: UInt32 = 0
        var kind: UInt8 = 0
        var isChunked: UInt8 = 0
        private var reserved: UInt16 = 0
        private var alsoReserved: UInt32 = 0

        init() {}

        var mode: SourceTree.Mode {
            if kind == EntryKind.folder.rawValue { return .folder }
            return stamp.mode & UInt32(S_IXUSR) != 0 ? .executable : .file
        }
    }

    /// A 64-bit sum over whole words, which each changed word changes.
    ///
    /// Each step is reversible, so no single change is ever lost; several cancel out once in 2^64.
    static func checksum(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
        let factor: UInt64 = 0x9E37_79B9_7F4A_7C15
        var a = UInt64(bytes.count) &+ 1
        var (b, c, d) = (a &* 3, a &* 5, a &* 7)
        @inline(__always) func step(_ sum: inout UInt64, _ offset: Int) {
            sum = (sum ^ bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)) &* factor
            sum = sum << 29 | sum >> 35
        }
        var offset = 0
        while offset &+ 32 <= bytes.count {
            step(&a, offset)
            step(&b, offset &+ 8)
            step(&c, offset &+ 16)
            step(&d, offset &+ 24)
            offset &+= 32
        }
        while offset &+ 8 <= bytes.count {
            step(&a, offset)
            offset &+= 8
        }
        while offset < bytes.count {
            a = (a ^ UInt64(bytes[offset])) &* factor
            offset &+= 1
        }
        for part in [b, c, d] {
            a = (a ^ part) &* factor
            a = a << 31 | a >> 33
        }
        return a ^ a >> 29
    }

    /// The hash of a path; that of each directory above it comes out on the way.
    static func pathHash(
        _ path: some Sequence<UInt8>, above: (UInt64) -> Void = { _ in }
    ) -> UInt64 {
        let start: UInt64 = 0x2545_F491_4F6C_DD1D
        var hash = start
        var isEmpty = true
        for byte in path {
            if isEmpty { above(start) }
            isEmpty = false
            if byte == UInt8(ascii: "/") { above(hash) }
            hash = (hash ^ UInt64(byte)) &* 0x9E37_79B9_7F4A_7C15
            hash = hash << 27 | hash >> 37
        }
        return hash
    }
}

/// A piece in memory whose checksum was right. Its lengths are checked all the same.
struct DigestCachePiece {
    let bytes: UnsafeRawBufferPointer
    let header: DigestCacheFormat.PieceHeader
    private let names: Int
    private let pathStart: Int

    init?(_ bytes: UnsafeRawBufferPointer) {
        typealias Format = DigestCacheFormat
        guard bytes.count >= Format.PieceHeader.byteCount else { return nil }
        header = bytes.loadUnaligned(as: Format.PieceHeader.self)
        names = Format.PieceHeader.byteCount + Int(header.entryCount) * Format.entrySize
        pathStart = names + Int(header.namesLength)
        let end = pathStart + Int(header.pathLength)
        guard end < bytes.count, bytes[end] == 0, header.namesLength == 0 || bytes[pathStart - 1] == 0 else {
            return nil
        }
        self.bytes = bytes
    }

    var flags: DigestCacheFormat.PieceFlags { .init(rawValue: header.flags) }
    var count: Int { Int(header.entryCount) }
    var path: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: bytes[pathStart..<pathStart + Int(header.pathLength)])
    }
    /// The digest of the directory; nil if it has no entries.
    var digest: SHA256Digest? { flags.contains(.hasDigest) ? header.digest : nil }

    @inline(__always)
    func entry(_ index: Int) -> DigestCacheFormat.Entry {
        bytes.loadUnaligned(
            fromByteOffset: DigestCacheFormat.PieceHeader.byteCount + index * DigestCacheFormat.entrySize,
            as: DigestCacheFormat.Entry.self)
    }

    /// The name of an entry, which a NUL ends; nil if the piece makes no sense.
    @inline(__always)
    func name(_ entry: DigestCacheFormat.Entry) -> UnsafePointer<CChar>? {
        guard entry.name < header.namesLength else { return nil }
        return bytes.baseAddress.map {
            ($0 + names + Int(entry.name)).assumingMemoryBound(to: CChar.self)
        }
    }

    /// Appends the entries as a walk writes them down.
    func appendEntries(to entries: inout [SourceTree.Entry]) {
        let folder = path.isEmpty ? [] : Array(path) + [UInt8(ascii: "/")]
        for index in 0..<count {
            let row = entry(index)
            // A directory without entries is none itself, and has no digest.
            guard let name = name(row), row.digest != SHA256Digest() else { continue }
            entries.append(
                SourceTree.Entry(
                    path: folder + UnsafeRawBufferPointer(start: name, count: strlen(name)), mode: row.mode,
                    digest: ContentDigest(row.digest, isChunked: row.isChunked != 0)))
        }
    }

    var cPath: UnsafePointer<CChar>? {
        bytes.baseAddress.map { ($0 + pathStart).assumingMemoryBound(to: CChar.self) }
    }
}
