// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// A digest cache that an earlier run left.
final class DigestCacheReader: Sendable {
    typealias Format = DigestCacheFormat

    /// No piece has more: 512 entries with the longest names, and a path.
    private static let maximumPiece = 4 << 20

    private let file: FolderDescriptor
    /// In the order of the file.
    let pieces: [Format.Piece]
    /// Indices of the pieces by the hash of their path, then in order.
    private let byHash: [Int32]

    /// nil if the file is anything but a whole cache of this version and this tree.
    init?(_ folder: DigestCacheFolder, _ key: DigestCacheKey, now: Int64) {
        guard let (file, size) = folder.open(key.name), size >= Format.headerSize,
            let bytes = Self.read(file, at: 0, count: Format.headerSize),
            let header = bytes.withUnsafeBytes({ Format.Header($0) }),
            header.key == key.digest,
            // A cache from the future: the clock was set back, and what was seen may be seen again.
            header.stamp <= now,
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

    /// Reads pieces that follow each other in the file into a buffer; false where they cannot be read.
    func read(_ range: Range<Int>, into buffer: UnsafeMutableRawBufferPointer) -> Bool {
        guard let first = range.first else { return true }
        return Self.read(file, at: Int(pieces[first].offset), into: buffer)
    }

    /// Whether these are the bytes of a piece as they were written.
    func isWhole(_ index: Int, _ bytes: UnsafeRawBufferPointer) -> Bool {
        Format.checksum(bytes) == pieces[index].checksum
    }

    /// The pieces of a directory.
    func indices(of path: [UInt8]) -> ArraySlice<Int32> {
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

    /// What is known of a directory; nil for nothing. With `firstPieceOnly`, not of all its entries.
    func folder(_ path: [UInt8], firstPieceOnly: Bool = false) -> CachedDirectory? {
        let indices = indices(of: path).prefix(firstPieceOnly ? 1 : .max)
        if indices.isEmpty { return nil }
        var pieces: [[UInt8]] = []
        for index in indices {
            let piece = self.pieces[Int(index)]
            guard let bytes = Self.read(file, at: Int(piece.offset), count: Int(piece.length)),
                bytes.withUnsafeBytes({ bytes in
                    isWhole(Int(index), bytes) && DigestCachePiece(bytes)?.path.elementsEqual(path) == true
                })
            else { return nil }
            pieces.append(bytes)
        }
        return CachedDirectory(pieces)
    }

    private static func read(_ file: FolderDescriptor, at offset: Int, count: Int) -> [UInt8]? {
        var isRead = false
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            isRead = read(file, at: offset, into: UnsafeMutableRawBufferPointer(buffer))
            initialized = isRead ? count : 0
        }
        return isRead ? bytes : nil
    }

    private static func read(
        _ file: FolderDescriptor, at offset: Int, into buffer: UnsafeMutableRawBufferPointer
    ) -> Bool {
        var done = 0
        while done < buffer.count {
            let count = pread(
                file.number, buffer.baseAddress.map { $0 + done }, buffer.count - done, off_t(offset + done))
            if count < 0 && errno == EINTR { continue }
            if count <= 0 { return false }
            done += count
        }
        return true
    }
}

/// A directory as an earlier run saw it.
final class CachedDirectory: Sendable {
    /// At least one.
    private let pieces: [[UInt8]]
    let header: DigestCacheFormat.PieceHeader
    let digest: SHA256Digest?

    init?(_ pieces: [[UInt8]]) {
        guard let first = pieces.first?.withUnsafeBytes({ DigestCachePiece($0) }) else { return nil }
        self.pieces = pieces
        header = first.header
        digest = first.digest
    }

    var flags: DigestCacheFormat.PieceFlags { .init(rawValue: header.flags) }

    /// Calls `body` with each entry and its name, sorted.
    func forEach(_ body: (DigestCacheFormat.Entry, UnsafeRawBufferPointer) -> Void) {
        for piece in pieces {
            piece.withUnsafeBytes { bytes in
                guard let piece = DigestCachePiece(bytes) else { return }
                for index in 0..<piece.count {
                    let entry = piece.entry(index)
                    guard let name = piece.name(entry) else { continue }
                    body(entry, UnsafeRawBufferPointer(start: name, count: strlen(name)))
                }
            }
        }
    }

    /// The entry of a name.
    func entry(named name: UnsafePointer<CChar>) -> DigestCacheFormat.Entry? {
        var (low, high) = (0, pieces.count)
        while high - low > 1 {
            let middle = (low + high) / 2
            let order = pieces[middle].withUnsafeBytes { bytes -> Int32 in
                guard let piece = DigestCachePiece(bytes), piece.count > 0,
                    let first = piece.name(piece.entry(0))
                else { return 1 }
                return strcmp(first, name)
            }
            if order <= 0 { low = middle } else { high = middle }
        }
        return pieces[low].withUnsafeBytes { bytes -> DigestCacheFormat.Entry? in
            guard let piece = DigestCachePiece(bytes) else { return nil }
            var (low, high) = (0, piece.count)
            while low < high {
                let middle = (low + high) / 2
                let entry = piece.entry(middle)
                guard let found = piece.name(entry) else { return nil }
                let order = strcmp(found, name)
                if order == 0 { return entry }
                if order < 0 { low = middle + 1 } else { high = middle }
            }
            return nil
        }
    }
}
