// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// The pieces that one worker adds to a cache.
final class DigestCacheRecorder {
    typealias Format = DigestCacheFormat

    /// What a new cache would spare the next run.
    struct Gain: Sendable {
        /// Files that were read, and their bytes.
        var files = 0
        var bytes = 0
        /// Directories that were listed.
        var folders = 0

        mutating func add(_ other: Gain) {
            files += other.files
            bytes += other.bytes
            folders += other.folders
        }
    }

    /// Pieces that are not written yet, with the offsets that they have in `bytes`.
    struct Rest: Sendable {
        let bytes: [UInt8]
        let pieces: [Format.Piece]
    }

    /// What is left to be written when the worker ends.
    var rest: Rest { Rest(bytes: bytes, pieces: pieces) }

    /// Bytes that are collected before they are written.
    private static let room = 256 * 1024

    private let session: DigestCacheSession
    private var bytes: [UInt8] = []
    private var pieces: [Format.Piece] = []
    var gain = Gain()
    private var entries: [UInt8] = []
    private var names: [UInt8] = []
    private var count = 0
    /// Whether the current directory has a piece already.
    private var hasPiece = false
    /// The device that was seen last, and whether its times can be relied on.
    private var device: (number: UInt64, isExact: Bool)?

    init(_ session: DigestCacheSession) { self.session = session }

    /// The stamp of an open file or directory; one that is never trusted where it could change and look the same.
    func stamp(of status: stat, _ descriptor: Int32) -> StatSignature {
        let stamp = StatSignature(status)
        guard stamp.isOlder(than: session.stamp) else { return StatSignature() }
        if device?.number != stamp.device {
            device = (stamp.device, FileSystem.hasExactTimes(descriptor))
        }
        return device?.isExact == true ? stamp : StatSignature()
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
        if count == Format.pieceEntries { endPiece(header, path) }
    }

    /// Ends a directory's last piece; each directory has at least one.
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
        guard bytes.count > Self.room else { return }
        session.append(bytes, pieces)
        bytes.removeAll(keepingCapacity: true)
        pieces.removeAll(keepingCapacity: true)
    }
}
