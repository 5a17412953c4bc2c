// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// A piece in memory with a valid checksum. Its lengths are checked nevertheless.
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
    /// The digest of the directory. If `nil`, it has no entries.
    var digest: SHA256Digest? { flags.contains(.hasDigest) ? header.digest : nil }

    @inline(__always)
    func entry(_ index: Int) -> DigestCacheFormat.Entry {
        bytes.loadUnaligned(
            fromByteOffset: DigestCacheFormat.PieceHeader.byteCount + index * DigestCacheFormat.entrySize,
            as: DigestCacheFormat.Entry.self)
    }

    /// The name of an entry, which ends with a NUL. If `nil`, the piece is invalid.
    @inline(__always)
    func name(_ entry: DigestCacheFormat.Entry) -> UnsafePointer<CChar>? {
        guard entry.name < header.namesLength else { return nil }
        return bytes.baseAddress.map {
            ($0 + names + Int(entry.name)).assumingMemoryBound(to: CChar.self)
        }
    }

    /// Appends the entries as a walk records them.
    func appendEntries(to entries: inout [SourceTree.Entry]) {
        let directory = path.isEmpty ? [] : Array(path) + [UInt8(ascii: "/")]
        for index in 0..<count {
            let row = entry(index)
            // A directory without entries is not an entry itself, and has no digest.
            guard let name = name(row), row.digest != SHA256Digest() else { continue }
            entries.append(
                SourceTree.Entry(
                    path: directory + UnsafeRawBufferPointer(start: name, count: strlen(name)),
                    mode: row.mode,
                    digest: ContentDigest(row.digest, isChunked: row.isChunked != 0),
                    isLinkToFile: row.kind == DigestCacheFormat.EntryKind.linkedFile.rawValue,
                    signature: row.signature))
        }
    }

    var cPath: UnsafePointer<CChar>? {
        bytes.baseAddress.map { ($0 + pathStart).assumingMemoryBound(to: CChar.self) }
    }
}
