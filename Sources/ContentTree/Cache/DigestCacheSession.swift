// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// The digest cache of one walk: what earlier runs knew of the tree, and what this one finds out.
final class DigestCacheSession: Sendable {
    typealias Format = DigestCacheFormat

    private struct Output: Sendable {
        var file: Int32 = -1
        var name = ""
        var end = UInt64(Format.headerSize)
        var pieces: [Format.Piece] = []
        var hasFailed = false
        var gain = DigestCacheRecorder.Gain()
        /// The hashes of the paths of directories that are taken over with everything below them.
        var unchanged: Set<UInt64> = []
    }

    /// When the walk began. What changed since then could change once more and look the same.
    let stamp: Int64
    /// The digest of the whole tree where nothing at all changed; its value is nil if the tree has no entries.
    let digest: SHA256Digest??
    private let options: HashingOptions
    private let folder: String
    private let key: DigestCacheKey
    private let reader: DigestCacheReader?
    /// nil if the entries of directories have to be listed and judged anew.
    private let changes: DigestCacheValidator.Outcome?
    private let output = Locked(Output())

    /// nil if there is to be no cache.
    ///
    /// `rules` tells the rules at the root from others. `records` is what the walk is to write down: entries are
    /// known, what is left out is only seen in a directory that is listed.
    init?(
        _ options: HashingOptions, root: FolderDescriptor, key: DigestCacheKey, rules: SHA256Digest,
        records: SourceTree.Records
    ) {
        guard let folder = options.cacheFolder, FileSystem.hasExactTimes(root.number) else { return nil }
        stamp = StatSignature.now
        self.options = options
        self.folder = folder
        self.key = key
        guard let open = DigestCacheFolder(folder), let reader = DigestCacheReader(open, key, now: stamp),
            let known = reader.folder([], firstPieceOnly: true)
        else {
            self.reader = nil
            changes = nil
            digest = nil
            return
        }
        // With other rules each directory has to be judged anew.
        guard !records.contains(.leftOut), known.header.rules == rules else {
            self.reader = reader
            changes = nil
            digest = nil
            return
        }
        let changes = DigestCacheValidator.run(
            reader, root: root, wantsEntries: records.contains(.entries))
        self.reader = changes.isBroken ? nil : reader
        self.changes = changes.isBroken ? nil : changes
        digest = changes.changed.isEmpty && !changes.isBroken ? .some(known.digest) : nil
    }

    // MARK: what is known

    /// What an earlier run knew of a directory.
    func folder(_ path: [UInt8]) -> CachedDirectory? { reader?.folder(path) }

    /// Whether the directory's entries are what they were, those below subdirectories aside.
    func isUnchanged(_ path: [UInt8]) -> Bool {
        guard let reader, let changes else { return false }
        let indices = reader.indices(of: path)
        return !indices.isEmpty && !indices.contains { changes.changed.contains(Int($0)) }
    }

    /// The directory, if nothing in it and below it changed since it was seen with these rules; it is then taken over.
    func unchangedTree(_ path: [UInt8], rules: SHA256Digest) -> CachedDirectory? {
        guard let changes, isUnchanged(path) else { return nil }
        let hash = Format.pathHash(path)
        guard !changes.above.contains(hash), let known = reader?.folder(path, firstPieceOnly: true),
            known.header.rules == rules
        else {
            return nil
        }
        output.withLock { _ = $0.unchanged.insert(hash) }
        return known
    }

    /// The entries of what is taken over as a whole: of the tree, or of directories with everything below them. A few sorted lists
    /// one after the other.
    func unchangedEntries() -> [SourceTree.Entry] {
        guard let changes else { return [] }
        let unchanged = output.withLock { $0.unchanged }
        var entries: [SourceTree.Entry] = []
        entries.reserveCapacity(changes.known.reduce(0) { $0 + $1.count })
        for known in changes.known {
            if digest != nil {
                entries += known
            } else if !unchanged.isEmpty {
                entries += known.lazy.filter { Self.isTakenOver(Self.folder(of: $0.path), unchanged) }
            }
        }
        return entries
    }

    private static func folder(of path: [UInt8]) -> ArraySlice<UInt8> {
        path[..<(path.lastIndex(of: UInt8(ascii: "/")) ?? 0)]
    }

    /// Whether a directory is one of these or lies below one, which are given by the hashes of their paths.
    private static func isTakenOver(_ path: some Sequence<UInt8>, _ unchanged: Set<UInt64>) -> Bool {
        var isBelow = false
        let hash = Format.pathHash(path) { if unchanged.contains($0) { isBelow = true } }
        return isBelow || unchanged.contains(hash)
    }

    // MARK: what is found out

    /// Writes pieces to the new cache. `pieces` have the offset that they have in `bytes`.
    func append(_ bytes: [UInt8], _ pieces: [Format.Piece]) {
        output.withLock { output in
            guard open(&output) else { return }
            append(bytes, pieces, &output)
        }
    }

    private func append(_ bytes: [UInt8], _ pieces: [Format.Piece], _ output: inout Output) {
        let start = output.end
        guard write(bytes, &output) else { return }
        for var piece in pieces {
            piece.offset += start
            output.pieces.append(piece)
        }
    }

    func add(_ gain: DigestCacheRecorder.Gain) {
        output.withLock { $0.gain.add(gain) }
    }

    /// Makes what was found out the tree's cache, if it is worth it. Where that fails, nothing happened.
    func finish(_ recorded: [DigestCacheRecorder.Rest]) {
        output.withLock { output in
            let gain = output.gain
            let isWorth =
                reader == nil
                ? gain.files >= options.filesWorthACache || gain.bytes >= options.bytesWorthACache
                : gain.files + gain.folders > 0
            if isWorth && open(&output) && write(recorded, &output) {
                output.name = ""
            }
            discard(&output)
        }
    }

    /// Ends without a new cache.
    func discard() { output.withLock { discard(&$0) } }

    private func discard(_ output: inout Output) {
        if output.file >= 0 { close(output.file) }
        output.file = -1
        if !output.name.isEmpty { DigestCacheFolder(folder)?.remove(output.name) }
        output.name = ""
        output.hasFailed = true
    }

    private func open(_ output: inout Output) -> Bool {
        if output.hasFailed { return false }
        if output.file >= 0 { return true }
        guard let place = DigestCacheFolder.made(folder), let (number, name) = place.makeTemporary() else {
            output.hasFailed = true
            return false
        }
        output.file = number
        output.name = name
        // By the file system's own time, too, this is after the walk began, as far as it has fine times. Else a clock was
        // set back.
        var status = stat()
        if fstat(number, &status) != 0 || StatSignature(status).modified < stamp &- 2_000_000_000 {
            output.hasFailed = true
        }
        return !output.hasFailed
    }

    private func write(_ recorded: [DigestCacheRecorder.Rest], _ output: inout Output) -> Bool {
        for rest in recorded { append(rest.bytes, rest.pieces, &output) }
        copyUnchanged(&output)
        let table = output.pieces.withUnsafeBytes { Array($0) }
        let header = Format.Header(
            stamp: stamp, key: key.digest, tableOffset: output.end, pieceCount: UInt64(output.pieces.count),
            tableChecksum: table.withUnsafeBytes { Format.checksum($0) })
        guard write(table, &output) else { return false }
        output.end = 0
        guard write(header.bytes, &output), let place = DigestCacheFolder(folder),
            place.rename(output.name, to: key.name)
        else { return false }
        place.removeUnused()
        return true
    }

    /// Takes over what lies below the directories that nothing changed in.
    private func copyUnchanged(_ output: inout Output) {
        guard let reader, !output.unchanged.isEmpty else { return }
        let unchanged = output.unchanged
        for (index, piece) in reader.pieces.enumerated() {
            guard !output.hasFailed else { return }
            let bytes = [UInt8](unsafeUninitializedCapacity: Int(piece.length)) { buffer, count in
                count =
                    reader.read(index..<index + 1, into: UnsafeMutableRawBufferPointer(buffer))
                    ? buffer.count : 0
            }
            let isWanted = bytes.withUnsafeBytes { bytes -> Bool? in
                guard reader.isWhole(index, bytes), let path = DigestCachePiece(bytes)?.path else {
                    return nil
                }
                return Self.isTakenOver(path, unchanged)
            }
            // Which directory's piece it is, nobody knows then: a cache without it could miss what changes in there.
            guard let isWanted else {
                output.hasFailed = true
                return
            }
            if !isWanted { continue }
            var copy = piece
            copy.offset = 0
            append(bytes, [copy], &output)
        }
    }

    private func write(_ bytes: [UInt8], _ output: inout Output) -> Bool {
        guard !output.hasFailed else { return false }
        let isWritten = bytes.withUnsafeBytes { bytes in
            var done = 0
            while done < bytes.count {
                let count = pwrite(
                    output.file, bytes.baseAddress.map { $0 + done }, bytes.count - done,
                    off_t(output.end) + off_t(done))
                if count < 0 && errno == EINTR { continue }
                if count <= 0 { return false }
                done += count
            }
            return true
        }
        output.end += UInt64(bytes.count)
        output.hasFailed = !isWritten
        return isWritten
    }
}
