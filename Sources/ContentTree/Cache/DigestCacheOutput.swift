// SPDX-License-Identifier: Apache-2.0

/// The cache file that a walk writes. No failure is an error: there is no new cache file then.
final class DigestCacheOutput: Sendable {
    typealias Format = DigestCacheFormat

    private struct State {
        var file: AtomicFile?
        var hasFailed = false
        var end = UInt64(Format.headerSize)
        var pieces: [Format.Piece] = []
        var additions = DigestCacheRecorder.Additions()
    }

    /// A clock that was set back by more than this is noticed.
    private static let tolerance: Int64 = 2_000_000_000

    private let path: String
    private let key: DigestCacheKey
    private let time: Int64
    private let state = Locked(State())

    /// A file in the directory `path`, which is created when something is written. The walk began at `time`.
    init(_ path: String, key: DigestCacheKey, time: Int64) {
        self.path = path
        self.key = key
        self.time = time
    }

    /// What the file adds to the one that it replaces.
    var additions: DigestCacheRecorder.Additions { state.withLock { $0.additions } }

    func add(_ additions: DigestCacheRecorder.Additions) { state.withLock { $0.additions.add(additions) } }

    /// Appends pieces, whose offsets count from the beginning of `bytes`.
    func append(_ bytes: [UInt8], _ pieces: [Format.Piece]) {
        state.withLock { state in
            let start = state.end
            guard open(&state), write(bytes, &state) else { return }
            for var piece in pieces {
                piece.offset += start
                state.pieces.append(piece)
            }
        }
    }

    /// Completes the file, and replaces the one of an earlier run.
    func finish() {
        let isReplaced = state.withLock { state in
            guard open(&state) else { return false }
            let table = state.pieces.withUnsafeBytes { Array($0) }
            let header = Format.Header(
                time: time, key: key.digest, tableOffset: state.end, pieceCount: UInt64(state.pieces.count),
                tableChecksum: table.withUnsafeBytes { Format.checksum($0) })
            guard write(table, &state), let file = state.file else { return false }
            do throws(FileSystem.Failure) {
                // Last, so that an incomplete file is invalid.
                try file.rewind()
                try file.write(header.bytes[...])
                try file.finish(isDurable: false)
                try file.commit()
                return true
            } catch {
                return false
            }
        }
        if isReplaced { DigestCacheDirectory(path)?.removeUnused() }
    }

    /// Ends without replacing the file of an earlier run, if `finish()` has not done that.
    func discard() {
        state.withLock { state in
            state.file = nil
            state.hasFailed = true
        }
    }

    private func open(_ state: inout State) -> Bool {
        if state.hasFailed || state.file != nil { return !state.hasFailed }
        state.file = DigestCacheDirectory.create(path)?.newFile(for: key)
        // The file system's clock must not be behind the walk's.
        let signature = state.file.flatMap { try? StatSignature(ofDescriptor: $0.descriptor) }
        state.hasFailed = signature.map { $0.modified < time &- Self.tolerance } ?? true
        // A file with a name is removed after a crash if it begins with the magic number.
        let magic = withUnsafeBytes(of: Format.magic, Array.init)
        let placeholder = magic + [UInt8](repeating: 0, count: Format.headerSize - magic.count)
        return write(placeholder, &state, advancing: false)
    }

    private func write(_ bytes: [UInt8], _ state: inout State, advancing: Bool = true) -> Bool {
        guard !state.hasFailed, let file = state.file else { return false }
        do throws(FileSystem.Failure) {
            try file.write(bytes[...])
            if advancing { state.end += UInt64(bytes.count) }
        } catch {
            state.hasFailed = true
        }
        return !state.hasFailed
    }
}
