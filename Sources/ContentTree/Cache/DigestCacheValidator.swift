// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// Finds out which directories of a cached tree are as they were, on all cores: one look at each directory and at each file,
/// and nothing else. Nothing is allocated for an entry.
final class DigestCacheValidator: Sendable {
    /// What came out.
    struct Outcome: Sendable {
        /// Pieces that hold something that changed.
        var changed: Set<Int> = []
        /// The hashes of the paths of the directories above them.
        var above: Set<UInt64> = []
        /// A piece is not as it was written; then nothing of the cache counts.
        var isBroken = false
        /// The entries of unchanged pieces, in a list for each thread, sorted by it; only where asked for.
        var known: [[SourceTree.Entry]] = []
    }

    /// Bytes of pieces that a thread takes at a time: many while there is much left, few at the end, so that all end together.
    private static let portions = 4 * 1024...64 * 1024
    /// A further thread costs as much as looking at some dozen files.
    private static let entriesWorthAThread = 400

    private let reader: DigestCacheReader
    private let root: FolderDescriptor
    private let wantsEntries: Bool
    private let threadCount: Int
    private let queue: Locked<Queue>
    private let outcome = Locked(Outcome())

    private struct Queue {
        var next = 0
        /// Bytes of the pieces from there on.
        var left: Int
    }

    private init(_ reader: DigestCacheReader, _ root: FolderDescriptor, wantsEntries: Bool) {
        self.reader = reader
        self.root = root
        self.wantsEntries = wantsEntries
        let entries = reader.pieces.reduce(0) { $0 + Int($1.entryCount) + 4 }
        threadCount = max(1, min(Processors.count, 64, 1 + entries / Self.entriesWorthAThread))
        queue = Locked(Queue(left: reader.pieces.reduce(0) { $0 + Int($1.length) }))
    }

    static func run(_ reader: DigestCacheReader, root: FolderDescriptor, wantsEntries: Bool) -> Outcome {
        let check = DigestCacheValidator(reader, root, wantsEntries: wantsEntries)
        let threads = WorkQueue<Never>()
        for _ in 1..<max(2, check.threadCount) where check.threadCount > 1 {
            threads.startThread { check.work() }
        }
        check.work()
        threads.waitForThreads()
        return check.outcome.withLock { $0 }
    }

    /// Pieces that lie one after the other in the file.
    private func take() -> Range<Int> {
        queue.withLock { queue in
            let pieces = reader.pieces
            let portion = min(
                max(queue.left / (4 * threadCount), Self.portions.lowerBound), Self.portions.upperBound)
            let first = queue.next
            var bytes = 0
            while queue.next < pieces.count {
                let piece = pieces[queue.next]
                if queue.next > first,
                    bytes + Int(piece.length) > portion
                        || piece.offset != pieces[queue.next - 1].offset
                            + UInt64(pieces[queue.next - 1].length)
                {
                    break
                }
                bytes += Int(piece.length)
                queue.next += 1
            }
            queue.left -= bytes
            return first..<queue.next
        }
    }

    private func work() {
        var buffer = UnsafeMutableRawBufferPointer.allocate(
            byteCount: Self.portions.upperBound, alignment: 64)
        defer { buffer.deallocate() }
        var changed: [Int] = []
        var above: [UInt64] = []
        var known: [SourceTree.Entry] = []
        var isBroken = false
        while !isBroken {
            let range = take()
            if range.isEmpty { break }
            let size = reader.pieces[range].reduce(0) { $0 + Int($1.length) }
            if size > buffer.count {
                buffer.deallocate()
                buffer = .allocate(byteCount: size, alignment: 64)
            }
            guard reader.read(range, into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<size])) else {
                isBroken = true
                break
            }
            var start = 0
            for index in range {
                let end = start + Int(reader.pieces[index].length)
                let bytes = UnsafeRawBufferPointer(rebasing: buffer[start..<end])
                start = end
                guard reader.isWhole(index, bytes), let piece = DigestCachePiece(bytes) else {
                    isBroken = true
                    break
                }
                if !isUnchanged(piece) {
                    changed.append(index)
                    _ = DigestCacheFormat.pathHash(piece.path) { above.append($0) }
                } else if wantsEntries {
                    piece.appendEntries(to: &known)
                }
            }
        }
        known.sort { $0.path.order(to: $1.path) < 0 }
        outcome.withLock { outcome in
            outcome.changed.formUnion(changed)
            outcome.above.formUnion(above)
            outcome.known.append(known)
            if isBroken { outcome.isBroken = true }
        }
    }

    /// Whether a directory and all files of a piece are what they were.
    private func isUnchanged(_ piece: DigestCachePiece) -> Bool {
        if piece.flags.contains(.isVolatile) { return false }
        var folder = root.number
        if piece.header.pathLength > 0 {
            if piece.header.pathLength < UInt32(PATH_MAX), let path = piece.cPath {
                folder = openat(root.number, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW)
            } else {
                folder = FileSystem.openFolder(Array(piece.path), in: root.number)
            }
            if folder < 0 { return false }
        }
        defer { if folder != root.number { close(folder) } }
        var status = stat()
        if !piece.flags.contains(.isChoice) {
            guard fstat(folder, &status) == 0, StatSignature(status) == piece.header.folder else {
                return false
            }
        }
        if piece.flags.contains(.hasGitignore) {
            guard fstatat(folder, ".gitignore", &status, AT_SYMLINK_NOFOLLOW) == 0,
                StatSignature(status) == piece.header.gitignore
            else { return false }
        }
        for index in 0..<piece.count {
            let entry = piece.entry(index)
            guard entry.kind != DigestCacheFormat.EntryKind.folder.rawValue else { continue }
            let flags = entry.kind == DigestCacheFormat.EntryKind.file.rawValue ? AT_SYMLINK_NOFOLLOW : 0
            guard let name = piece.name(entry), fstatat(folder, name, &status, flags) == 0,
                StatSignature(status) == entry.stamp
            else { return false }
        }
        return true
    }
}
