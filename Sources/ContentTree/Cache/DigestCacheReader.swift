// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// A cache file of an earlier run.
final class DigestCacheReader: Sendable {
    typealias Format = DigestCacheFormat

    /// More than 512 entries with the longest names and a path have.
    private static let maximumPiece = 4 << 20

    private let file: OpenFile
    /// In the order of the file.
    let pieces: [Format.Piece]
    /// Indices of the pieces by the hash of their path, then in order.
    private let byHash: [Int32]

    /// If `nil`, there is no complete cache file of this version for this tree.
    init?(_ directory: DigestCacheDirectory, _ key: DigestCacheKey, now: Int64) {
        guard let (file, size) = directory.open(key), size >= Format.headerSize,
            let bytes = Self.read(file, at: 0, count: Format.headerSize),
            let header = bytes.withUnsafeBytes({ Format.Header($0) }),
            header.key == key.digest,
            // Otherwise the clock was set back, and the times that were seen can occur again.
            header.time <= now,
            header.tableOffset <= UInt64(size),
            header.pieceCount <= UInt64(size) / UInt64(Format.Piece.byteCount),
            header.tableOffset + header.pieceCount * UInt64(Format.Piece.byteCount) == UInt64(size),
            let table = Self.read(
                file, at: Int(header.tableOffset), count: Int(header.pieceCount) * Format.Piece.byteCount),
            table.withUnsafeBytes({ Format.checksum($0) }) == header.tableChecksum
        else { return nil }
        let pieces = table.withUnsafeBytes { table in
            (0..<Int(header.pieceCount)).map {
                table.loadUnaligned(fromByteOffset: $0 * Format.Piece.byteCount, as: Format.Piece.self)
            }
        }
        guard
            pieces.allSatisfy({
                Int($0.length) <= Self.maximumPiece && $0.offset <= header.tableOffset
                    && $0.offset + UInt64($0.length) <= header.tableOffset
            })
        else { return nil }
        self.file = file
        self.pieces = pieces
        byHash = pieces.indices.map(Int32.init).sorted {
            (pieces[Int($0)].pathHash, $0) < (pieces[Int($1)].pathHash, $1)
        }
    }

    /// Reads pieces that follow each other in the file into a buffer. Returns false if they cannot be read.
    func read(_ range: Range<Int>, into buffer: UnsafeMutableRawBufferPointer) -> Bool {
        guard let first = range.first else { return true }
        return Self.read(file, at: Int(pieces[first].offset), into: buffer)
    }

    /// Whether a piece has the bytes that were written.
    func isWhole(_ index: Int, _ bytes: UnsafeRawBufferPointer) -> Bool {
        Format.checksum(bytes) == pieces[index].checksum
    }

    /// The pieces of a directory, and of others whose paths have the same hash.
    func candidates(for path: [UInt8]) -> ArraySlice<Int32> {
        let hash = Format.pathHash(path)
        var (low, high) = (0, byHash.count)
        while low < high {
            let middle = (low + high) / 2
            if pieces[Int(byHash[middle])].pathHash < hash { low = middle + 1 } else { high = middle }
        }
        var end = low
        while end < byHash.count, pieces[Int(byHash[end])].pathHash == hash { end += 1 }
        return byHash[low..<end]
    }

    /// What is known of a directory. If `nil`, nothing. With `firstPieceOnly`, not all of its entries.
    func directory(_ path: [UInt8], firstPieceOnly: Bool = false) -> CachedDirectory? {
        var found: [[UInt8]] = []
        for index in candidates(for: path) {
            let piece = pieces[Int(index)]
            guard let bytes = Self.read(file, at: Int(piece.offset), count: Int(piece.length)),
                let isOfPath = bytes.withUnsafeBytes({ bytes -> Bool? in
                    guard isWhole(Int(index), bytes) else { return nil }
                    return DigestCachePiece(bytes)?.path.elementsEqual(path)
                })
            else { return nil }
            if !isOfPath { continue }
            found.append(bytes)
            if firstPieceOnly { break }
        }
        return CachedDirectory(found)
    }

    private static func read(_ file: OpenFile, at offset: Int, count: Int) -> [UInt8]? {
        var isRead = false
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            isRead = read(file, at: offset, into: UnsafeMutableRawBufferPointer(buffer))
            initialized = isRead ? count : 0
        }
        return isRead ? bytes : nil
    }

    private static func read(
        _ file: OpenFile, at offset: Int, into buffer: UnsafeMutableRawBufferPointer
    ) -> Bool {
        var done = 0
        while done < buffer.count {
            let count = pread(
                file.descriptor, buffer.baseAddress.map { $0 + done }, buffer.count - done,
                off_t(offset + done))
            if count < 0 && errno == EINTR { continue }
            if count <= 0 { return false }
            done += count
        }
        return true
    }
}
