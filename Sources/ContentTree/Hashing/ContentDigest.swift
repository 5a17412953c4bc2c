// SPDX-License-Identifier: Apache-2.0

/// The digest of a manifest entry: `sha256:…`, or `sha256-1m:…` for a file of more than 1 MiB, whose digest is that of the
/// digests of its chunks, so that one large file can use every processor.
package struct ContentDigest: Hashable, Sendable, CustomStringConvertible {
    /// The largest size of a file that is hashed as a whole, and the size of the chunks of a larger one.
    static let chunkSize = 1 << 20

    package var sha256: SHA256Digest
    package var isChunked: Bool

    package init(_ sha256: SHA256Digest, isChunked: Bool = false) {
        self.sha256 = sha256
        self.isChunked = isChunked
    }

    package func append(to bytes: inout [UInt8]) {
        bytes.append(contentsOf: (isChunked ? "sha256-1m:" : "sha256:").utf8)
        sha256.appendHex(to: &bytes)
    }

    package var description: String { (isChunked ? "sha256-1m:" : "sha256:") + sha256.hex }
}

/// Incremental ``ContentDigest`` of a file, in pieces of any size.
package struct ContentHasher: Sendable {
    private var hasher = SHA256Hasher()
    /// How many bytes the current chunk has room for.
    private var room = ContentDigest.chunkSize
    /// The hash of the digests of complete chunks. If `nil`, there are none.
    private var chunks: SHA256Hasher?

    package init() {}

    package mutating func update(_ bytes: UnsafeRawBufferPointer) {
        var rest = bytes
        while !rest.isEmpty {
            // A chunk is complete only if another byte follows it: a file of exactly 1 MiB is hashed as a whole.
            if room == 0 {
                endChunk()
                hasher = SHA256Hasher()
                room = ContentDigest.chunkSize
            }
            let piece = UnsafeRawBufferPointer(rebasing: rest.prefix(room))
            hasher.update(piece)
            room -= piece.count
            rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(piece.count))
        }
    }

    private mutating func endChunk() {
        var chunks = self.chunks ?? SHA256Hasher()
        hasher.finalize().withBytes { chunks.update($0) }
        self.chunks = chunks
    }

    package consuming func finalize() -> ContentDigest {
        if chunks == nil { return ContentDigest(hasher.finalize()) }
        endChunk()
        return ContentDigest((chunks ?? SHA256Hasher()).finalize(), isChunked: true)
    }
}
