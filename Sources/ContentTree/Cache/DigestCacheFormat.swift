// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// The layout of a cache file. Numbers have this machine's byte order.
///
///     header | piece … | table of the pieces
///
/// A piece is a directory of a tree, or a part of a large one: the metadata that reveals changes, and up to 512 entries in
/// the order of their names. Pieces are read and never mapped: truncating a mapped file ends the process.
///
/// Every byte is covered by a checksum, which detects damage by a full disk, a power failure or another program. It does
/// not protect against someone who can write to the user's files.
enum DigestCacheFormat {
    /// The last two bytes are the version.
    static let magic: UInt64 = 0x3330_6463_7370_7369
    static let headerSize = 128
    static let entrySize = 96
    static let maximumPieceEntries = 512

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
        /// When the walk began.
        var time: Int64
        var key: SHA256Digest
        var tableOffset: UInt64
        var pieceCount: UInt64
        var tableChecksum: UInt64

        init(time: Int64, key: SHA256Digest, tableOffset: UInt64, pieceCount: UInt64, tableChecksum: UInt64) {
            self.time = time
            self.key = key
            self.tableOffset = tableOffset
            self.pieceCount = pieceCount
            self.tableChecksum = tableChecksum
        }

        /// If `nil`, the bytes are not a header of this version.
        init?(_ bytes: UnsafeRawBufferPointer) {
            guard bytes.count == headerSize, bytes.load(as: UInt64.self) == magic,
                bytes.load(fromByteOffset: 120, as: UInt64.self)
                    == checksum(UnsafeRawBufferPointer(rebasing: bytes[..<120]))
            else { return nil }
            time = bytes.load(fromByteOffset: 8, as: Int64.self)
            key = bytes.load(fromByteOffset: 16, as: SHA256Digest.self)
            tableOffset = bytes.load(fromByteOffset: 48, as: UInt64.self)
            pieceCount = bytes.load(fromByteOffset: 56, as: UInt64.self)
            tableChecksum = bytes.load(fromByteOffset: 64, as: UInt64.self)
        }

        var bytes: [UInt8] {
            var bytes = [UInt8](repeating: 0, count: headerSize)
            bytes.withUnsafeMutableBytes { bytes in
                bytes.storeBytes(of: magic, as: UInt64.self)
                bytes.storeBytes(of: time, toByteOffset: 8, as: Int64.self)
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
        /// A symbolic link to a file. The signature and the digest are those of its target.
        case linkedFile
        case directory
    }

    struct PieceFlags: OptionSet {
        let rawValue: UInt32
        /// The metadata of the directory does not reveal all changes of its entries: it contains links to directories or
        /// dangling links, or its file system does not record them. It is always listed.
        static let mustBeListed = PieceFlags(rawValue: 1)
        /// The directory has entries, and so a digest.
        static let hasDigest = PieceFlags(rawValue: 2)
        /// The directory contains a `.gitignore` that is in effect.
        static let hasGitignore = PieceFlags(rawValue: 4)
        /// The entries were selected explicitly. Other changes of the directory do not matter.
        static let isSelection = PieceFlags(rawValue: 8)
    }

    /// The fixed part of a piece. The entries follow, then the names, then the path; each text ends with a NUL.
    struct PieceHeader {
        static let byteCount = 240

        var entryCount: UInt32 = 0
        /// The length of all names.
        var namesLength: UInt32 = 0
        /// The length of the path without its NUL.
        var pathLength: UInt32 = 0
        var flags: UInt32 = 0
        var directory = StatSignature()
        var gitignore = StatSignature()
        /// The digest of the whole manifest.
        var digest = SHA256Digest()
        /// The ignore rules in effect, without and with the directory's own.
        var rules = SHA256Digest()
        var rulesBelow = SHA256Digest()
        private var reserved: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)

        init() {}
    }

    struct Entry {
        var signature = StatSignature()
        var digest = SHA256Digest()
        var name: UInt32 = 0
        var nameLength: UInt32 = 0
        var kind: UInt8 = 0
        var isChunked: UInt8 = 0
        private var reserved: UInt16 = 0
        private var alsoReserved: UInt32 = 0

        init() {}

        var mode: SourceTree.Mode {
            if kind == EntryKind.directory.rawValue { return .folder }
            return signature.isExecutable ? .executable : .file
        }
    }
}
