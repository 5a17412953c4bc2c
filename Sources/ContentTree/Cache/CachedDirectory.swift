// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// A directory as an earlier run saw it.
final class CachedDirectory: Sendable {
    /// Not empty.
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

    /// Calls `body` with each entry and its name, in the order of the names.
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

    /// The entry with a name. If `nil`, there is none.
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
