// SPDX-License-Identifier: Apache-2.0

/// The digest cache of one walk: what earlier runs recorded of the tree, and the file that this run writes.
final class DigestCacheSession: Sendable {
    typealias Format = DigestCacheFormat

    /// When the walk began. A file that changed since then could change again and have the same signature.
    let time: Int64
    /// The digest of the whole tree if nothing changed. Its value is `nil` if the tree has no entries.
    let digest: SHA256Digest??
    private let options: HashingOptions
    private let reader: DigestCacheReader?
    /// If `nil`, all directories are listed and classified again.
    private let changes: DigestCacheValidator.Outcome?
    private let reused = Locked(ReusedDirectories())
    private let output: DigestCacheOutput

    /// Opens the cache file of a tree and determines what has changed since. If `nil`, the tree has no cache.
    ///
    /// `rules` is the digest of the ignore rules at the root. `records` is what the walk records: the cache contains entries,
    /// but excluded paths are found only by listing.
    init?(
        _ options: HashingOptions, root: OpenFile, key: DigestCacheKey, rules: SHA256Digest,
        records: SourceTree.Records
    ) {
        guard let path = options.cacheDirectory,
            MetadataReliability(ofDescriptor: root.descriptor) != .none
        else { return nil }
        time = StatSignature.now
        self.options = options
        output = DigestCacheOutput(path, key: key, time: time)
        guard let directory = DigestCacheDirectory(path),
            let reader = DigestCacheReader(directory, key, now: time),
            let known = reader.directory([], firstPieceOnly: true)
        else {
            reader = nil
            changes = nil
            digest = nil
            return
        }
        // With other rules, each directory is classified again.
        guard !records.contains(.excluded), known.header.rules == rules else {
            self.reader = reader
            changes = nil
            digest = nil
            return
        }
        let changes = DigestCacheValidator.run(
            reader, root: root, threads: options.threads, wantsEntries: records.contains(.entries))
        self.reader = changes.isBroken ? nil : reader
        self.changes = changes.isBroken ? nil : changes
        digest = changes.changed.isEmpty && !changes.isBroken ? .some(known.digest) : nil
    }

    // MARK: earlier runs

    /// What an earlier run recorded of a directory.
    func directory(_ path: [UInt8]) -> CachedDirectory? { reader?.directory(path) }

    /// Whether the entries of a directory, except those below subdirectories, are unchanged.
    func isUnchanged(_ path: [UInt8]) -> Bool {
        guard let reader, let changes else { return false }
        let candidates = reader.candidates(for: path)
        return !candidates.isEmpty && !candidates.contains { changes.changed.contains(Int($0)) }
    }

    /// A directory in which nothing changed, at any depth, since it was recorded with these rules. It is reused as a whole.
    func unchangedTree(_ path: [UInt8], rules: SHA256Digest) -> CachedDirectory? {
        guard let changes, isUnchanged(path), !changes.above.contains(Format.pathHash(path)),
            let known = reader?.directory(path, firstPieceOnly: true), known.header.rules == rules
        else { return nil }
        reused.withLock { $0.insert(path) }
        return known
    }

    /// The entries of what is reused as a whole: the tree, or directories with everything below them. A few sorted lists one
    /// after the other.
    func unchangedEntries() -> [SourceTree.Entry] {
        guard let changes else { return [] }
        let reused = reused.withLock { $0 }
        if digest == nil && reused.isEmpty { return [] }
        var entries: [SourceTree.Entry] = []
        entries.reserveCapacity(changes.entries.reduce(0) { $0 + $1.count })
        for known in changes.entries {
            if digest != nil {
                entries += known
                continue
            }
            // Most entries are in the same directory as the one before.
            var last: (directory: ArraySlice<UInt8>, isReused: Bool)?
            for entry in known {
                let directory = entry.path[..<(entry.path.lastIndex(of: UInt8(ascii: "/")) ?? 0)]
                if last?.directory != directory { last = (directory, reused.contain(directory)) }
                if last?.isReused == true { entries.append(entry) }
            }
        }
        return entries
    }

    // MARK: this run

    /// Writes pieces to the new cache. Their offsets count from the beginning of `bytes`.
    func append(_ bytes: [UInt8], _ pieces: [Format.Piece]) { output.append(bytes, pieces) }

    /// Adds what a thread recorded.
    func add(_ additions: DigestCacheRecorder.Additions) { output.add(additions) }

    /// Replaces the tree's cache file if that is worthwhile. If writing fails, the old one remains.
    func finish(_ remainders: [DigestCacheRecorder.Remainder]) {
        let additions = output.additions
        let isWorthwhile =
            reader == nil
            ? additions.files >= options.filesWorthACache || additions.bytes >= options.bytesWorthACache
            : additions.files + additions.directories > 0
        guard isWorthwhile else { return discard() }
        for remainder in remainders { output.append(remainder.bytes, remainder.pieces) }
        if copyReused() { output.finish() }
        discard()
    }

    /// Deletes the unfinished cache file.
    func discard() { output.discard() }

    /// Copies the pieces of directories that are reused. Returns false if one of them cannot be read.
    private func copyReused() -> Bool {
        let reused = reused.withLock { $0 }
        guard let reader, !reused.isEmpty else { return true }
        for (index, piece) in reader.pieces.enumerated() {
            let bytes = [UInt8](unsafeUninitializedCapacity: Int(piece.length)) { buffer, count in
                let isRead = reader.read(index..<index + 1, into: UnsafeMutableRawBufferPointer(buffer))
                count = isRead ? buffer.count : 0
            }
            // It was valid when the walk began. Without its path, a cache could miss changes in its directory.
            guard
                let path = bytes.withUnsafeBytes({ bytes -> [UInt8]? in
                    guard reader.isWhole(index, bytes) else { return nil }
                    return DigestCachePiece(bytes).map { Array($0.path) }
                })
            else { return false }
            guard reused.contain(path[...]) else { continue }
            var copy = piece
            copy.offset = 0
            output.append(bytes, [copy])
        }
        return true
    }
}
