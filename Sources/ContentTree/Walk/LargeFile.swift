// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// A file of more than one chunk, which every idle thread helps to hash.
final class LargeFile: Sendable {
    struct Chunk {
        let index: Int
        let offset: Int
        let size: Int
        /// Open until `endReading()`.
        let descriptor: Int32
        let isLast: Bool
    }

    private struct State {
        var descriptor: Int32
        var next = 0
        /// How many threads read a chunk.
        var readers = 0
        /// Digests that wait for those of earlier chunks, by the index of the chunk.
        var waiting: [Int: SHA256Digest] = [:]
        /// The hash of the digests of the first `hashed` chunks.
        var hasher = SHA256Hasher()
        var hashed = 0
    }

    let directory: TreeDirectory
    /// The index of the file's entry.
    let index: Int
    let mode: SourceTree.Mode
    let signature: StatSignature
    let isReliable: Bool
    private let size: Int
    private let count: Int
    private let state: Locked<State>

    /// A file of `size` bytes, more than one chunk. Takes over the descriptor.
    init(
        _ descriptor: Int32, size: Int, mode: SourceTree.Mode, signature: StatSignature, isReliable: Bool,
        of directory: TreeDirectory, index: Int
    ) {
        self.directory = directory
        self.index = index
        self.mode = mode
        self.signature = signature
        self.isReliable = isReliable
        self.size = size
        count = (size - 1) / ContentDigest.chunkSize + 1
        state = Locked(State(descriptor: descriptor))
    }

    deinit {
        let descriptor = state.withLock { $0.descriptor }
        if descriptor >= 0 { close(descriptor) }
    }

    /// The next chunk that no thread has taken. If `nil`, all are taken.
    func takeChunk() -> Chunk? {
        state.withLock { state in
            guard state.next < count else { return nil }
            let offset = state.next * ContentDigest.chunkSize
            state.next += 1
            state.readers += 1
            return Chunk(
                index: state.next - 1, offset: offset, size: min(ContentDigest.chunkSize, size - offset),
                descriptor: state.descriptor, isLast: state.next == count)
        }
    }

    /// Ends the reading of a chunk. The file is closed when that of the last one ends, so that no more large files are open
    /// than threads read.
    func endReading() {
        let finished = state.withLock { state -> Int32 in
            state.readers -= 1
            guard state.readers == 0, state.next == count else { return -1 }
            defer { state.descriptor = -1 }
            return state.descriptor
        }
        if finished >= 0 { close(finished) }
    }

    /// Adds the digest of a chunk, in any order. Returns the digest of the file when it is the last one.
    ///
    /// Only digests that arrive early are stored, whatever the size of the file.
    func add(_ digest: SHA256Digest, ofChunk index: Int) -> ContentDigest? {
        state.withLock { state in
            state.waiting[index] = digest
            while let next = state.waiting.removeValue(forKey: state.hashed) {
                next.withBytes { state.hasher.update($0) }
                state.hashed += 1
            }
            return state.hashed == count ? ContentDigest(state.hasher.finalize(), isChunked: true) : nil
        }
    }
}
