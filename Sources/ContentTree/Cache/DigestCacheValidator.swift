// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// Determines on all cores which directories of a cached tree are unchanged, by one `stat` of each directory and file. Nothing
/// is allocated for an entry.
final class DigestCacheValidator: Sendable {
    struct Outcome: Sendable {
        /// The pieces in which something changed.
        var changed: Set<Int> = []
        /// The hashes of the paths of the directories above them.
        var above: Set<UInt64> = []
        /// Whether a piece is damaged. Nothing of the cache is used then.
        var isBroken = false
        /// The entries of unchanged pieces if requested: one sorted list for each thread.
        var entries: [[SourceTree.Entry]] = []
    }

    /// How many bytes of pieces a thread takes at a time: many at first, few in the end, so that all threads end together.
    private static let portions = 4 * 1024...64 * 1024
    /// Starting a thread takes as long as some dozen `stat` calls.
    private static let entriesWorthAThread = 400

    private let reader: DigestCacheReader
    private let root: OpenFile
    private let wantsEntries: Bool
    private let threadCount: Int
    private let queue: Locked<Queue>
    private let outcome = Locked(Outcome())

    private struct Queue {
        var next = 0
        /// Bytes of the remaining pieces.
        var left: Int
    }

    private init(_ reader: DigestCacheReader, _ root: OpenFile, threads: Int?, wantsEntries: Bool) {
        self.reader = reader
        self.root = root
        self.wantsEntries = wantsEntries
        let entries = reader.pieces.reduce(0) { $0 + Int($1.entryCount) + 4 }
        let useful = 1 + entries / Self.entriesWorthAThread
        threadCount = useful == 1 ? 1 : min(useful, threads ?? Processors.threads(for: Processors.count))
        queue = Locked(Queue(left: reader.pieces.reduce(0) { $0 + Int($1.length) }))
    }

    /// Checks all pieces. If `threads` is `nil`, uses as many threads as there are processors.
    static func run(
        _ reader: DigestCacheReader, root: OpenFile, threads: Int?, wantsEntries: Bool
    ) -> Outcome {
        let check = DigestCacheValidator(reader, root, threads: threads, wantsEntries: wantsEntries)
        let queue = WorkQueue<Never>()
        for _ in 1..<max(2, check.threadCount) where check.threadCount > 1 {
            queue.startThread { check.work() }
        }
        check.work()
        queue.waitForThreads()
        return check.outcome.withLock { $0 }
    }

    /// The next pieces for a thread, which are adjacent in the file.
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
            outcome.entries.append(known)
            if isBroken { outcome.isBroken = true }
        }
    }

    /// Whether a directory and all files of a piece are unchanged.
    private func isUnchanged(_ piece: DigestCachePiece) -> Bool {
        if piece.flags.contains(.mustBeListed) { return false }
        var directory = root.descriptor
        if piece.header.pathLength > 0 {
            guard let path = piece.cPath else { return false }
            directory = DescriptorLimit.waiting {
                openat(root.descriptor, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW)
            }
            if directory < 0 { return false }
        }
        defer { if directory != root.descriptor { close(directory) } }
        var status = stat()
        if !piece.flags.contains(.isSelection) {
            guard fstat(directory, &status) == 0, StatSignature(status) == piece.header.directory else {
                return false
            }
        }
        if piece.flags.contains(.hasGitignore) {
            guard fstatat(directory, ".gitignore", &status, AT_SYMLINK_NOFOLLOW) == 0,
                StatSignature(status) == piece.header.gitignore
            else { return false }
        }
        for index in 0..<piece.count {
            let entry = piece.entry(index)
            guard entry.kind != DigestCacheFormat.EntryKind.directory.rawValue else { continue }
            let flags = entry.kind == DigestCacheFormat.EntryKind.file.rawValue ? AT_SYMLINK_NOFOLLOW : 0
            guard let name = piece.name(entry), fstatat(directory, name, &status, flags) == 0,
                StatSignature(status) == entry.signature
            else { return false }
        }
        return true
    }
}
