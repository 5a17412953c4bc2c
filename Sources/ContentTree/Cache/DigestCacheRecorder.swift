// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// Makes the pieces that one thread adds to a cache.
final class DigestCacheRecorder {
    typealias Format = DigestCacheFormat

    /// What a new cache would save the next run.
    struct Additions: Sendable {
        /// Files that were read, and their bytes.
        var files = 0
        var bytes = 0
        /// Directories that were listed.
        var directories = 0

        mutating func add(_ other: Additions) {
            files += other.files
            bytes += other.bytes
            directories += other.directories
        }
    }

    /// Pieces that are not written yet. Their offsets count from the beginning of `bytes`.
    struct Remainder: Sendable {
        let bytes: [UInt8]
        let pieces: [Format.Piece]
    }

    var remainder: Remainder { Remainder(bytes: bytes, pieces: pieces) }

    /// How many bytes are collected before they are written.
    private static let bufferSize = 256 * 1024

    private let session: DigestCacheSession
    private var bytes: [UInt8] = []
    private var pieces: [Format.Piece] = []
    var additions = Additions()
    private var entries: [UInt8] = []
    private var names: [UInt8] = []
    private var count = 0
    /// Whether the current directory has a piece already.
    private var hasPiece = false
    /// The last device and the reliability of its metadata.
    private var device: (number: UInt64, reliability: MetadataReliability)?

    init(_ session: DigestCacheSession) { self.session = session }

    /// How reliably the signature of an open file or directory reveals later changes.
    func reliability(of signature: StatSignature, _ descriptor: Int32) -> MetadataReliability {
        guard signature.isSafelyOlder(than: session.time) else { return .none }
        if let device, device.number == signature.device { return device.reliability }
        let reliability = MetadataReliability(ofDescriptor: descriptor)
        device = (signature.device, reliability)
        return reliability
    }

    func add(
        _ entry: Format.Entry, _ name: UnsafeRawBufferPointer, to header: Format.PieceHeader, _ path: [UInt8]
    ) {
        var entry = entry
        entry.name = UInt32(names.count)
        entry.nameLength = UInt32(name.count)
        withUnsafeBytes(of: entry) { entries.append(contentsOf: $0) }
        names.append(contentsOf: name)
        names.append(0)
        count += 1
        if count == Format.maximumPieceEntries { endPiece(header, path) }
    }

    /// Ends the last piece of a directory. Each directory has at least one.
    func end(_ header: Format.PieceHeader, _ path: [UInt8]) {
        if count > 0 || !hasPiece { endPiece(header, path) }
        hasPiece = false
    }

    private func endPiece(_ header: Format.PieceHeader, _ path: [UInt8]) {
        var header = header
        header.entryCount = UInt32(count)
        header.namesLength = UInt32(names.count)
        header.pathLength = UInt32(path.count)
        let start = bytes.count
        withUnsafeBytes(of: header) { bytes.append(contentsOf: $0) }
        bytes.append(contentsOf: entries)
        bytes.append(contentsOf: names)
        bytes.append(contentsOf: path)
        repeat { bytes.append(0) } while bytes.count % 8 != 0
        let checksum = bytes.withUnsafeBytes {
            Format.checksum(UnsafeRawBufferPointer(rebasing: $0[start...]))
        }
        pieces.append(
            Format.Piece(
                pathHash: Format.pathHash(path), offset: UInt64(start), checksum: checksum,
                length: UInt32(bytes.count - start), entryCount: UInt32(count)))
        entries.removeAll(keepingCapacity: true)
        names.removeAll(keepingCapacity: true)
        count = 0
        hasPiece = true
        guard bytes.count > Self.bufferSize else { return }
        session.append(bytes, pieces)
        bytes.removeAll(keepingCapacity: true)
        pieces.removeAll(keepingCapacity: true)
    }
}
