// SPDX-License-Identifier: Apache-2.0

import CLibcrypto

/// A SHA-256: 32 bytes in four words, so that it is copied and compared without an allocation.
///
/// The words hold the bytes in memory order.
package struct SHA256Digest: Hashable, Sendable {
    package static let byteCount = 32
    package static let hexCount = 64

    package var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)

    package init() {}

    package static func == (left: SHA256Digest, right: SHA256Digest) -> Bool { left.words == right.words }

    package func hash(into hasher: inout Hasher) {
        // Any eight bytes of a SHA-256 are as good as all.
        hasher.combine(words.0)
    }

    package func withBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        withUnsafeBytes(of: words, body)
    }

    /// Appends the 64 lower-case hexadecimal digits.
    func appendHex(to bytes: inout [UInt8]) {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: Self.hexCount) { digits in
            _ = writeHex(to: digits)
            bytes.append(contentsOf: digits)
        }
    }

    /// 64 lower-case hexadecimal digits.
    package var hex: String {
        String(unsafeUninitializedCapacity: Self.hexCount, initializingUTF8With: writeHex)
    }

    private func writeHex(to output: UnsafeMutableBufferPointer<UInt8>) -> Int {
        withBytes { digest in
            for index in 0..<Self.byteCount {
                output[2 &* index] = hexDigit(digest[index] >> 4)
                output[2 &* index &+ 1] = hexDigit(digest[index] & 15)
            }
        }
        return Self.hexCount
    }
}

/// The digit of a value below 16. Without a branch, since no processor can guess the digits of a digest.
@inlinable @inline(__always)
package func hexDigit(_ value: UInt8) -> UInt8 {
    value &+ UInt8(ascii: "0") &+ ((value &+ 6) >> 4) &* 39
}

/// Streaming SHA-256 by libcrypto, which uses the processor's own instructions.
///
/// The context is a plain value on the stack: nothing is allocated, nothing is fetched from a provider.
/// A copy goes on from where the original stood.
package struct SHA256Hasher {
    private var context = SHA256_CTX()

    package init() {
        SHA256_Init(&context)
    }

    package mutating func update(_ bytes: UnsafeRawBufferPointer) {
        SHA256_Update(&context, bytes.baseAddress, bytes.count)
    }

    package mutating func update(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { update($0) }
    }

    /// The digest of everything given so far. The hasher is used up.
    package consuming func finalize() -> SHA256Digest {
        var digest = SHA256Digest()
        withUnsafeMutableBytes(of: &digest.words) { output in
            _ = SHA256_Final(output.bindMemory(to: UInt8.self).baseAddress, &context)
        }
        return digest
    }
}

extension SHA256Digest {
    package init(of bytes: [UInt8]) {
        var hasher = SHA256Hasher()
        hasher.update(bytes)
        self = hasher.finalize()
    }

    package init(of bytes: UnsafeRawBufferPointer) {
        var hasher = SHA256Hasher()
        hasher.update(bytes)
        self = hasher.finalize()
    }
}

/// The digest of a manifest entry, as identity.md's manifests write it: `sha256:…`, or `sha256-1m:…`
/// for a file of more than 1 MiB, whose digest is made from those of its chunks so that one large
/// file can use every core.
package struct ContentDigest: Hashable, Sendable, CustomStringConvertible {
    /// The size up to which a file is hashed in one piece, and of the pieces of a larger one.
    static let chunkSize = 1 << 20

    package var sha256: SHA256Digest
    package var isChunked: Bool

    package init(_ sha256: SHA256Digest, isChunked: Bool = false) {
        self.sha256 = sha256
        self.isChunked = isChunked
    }

    /// The digest of a file of which these are the digests of its consecutive chunks, in order.
    package init(chunks: [SHA256Digest]) {
        if chunks.count > 1 {
            var hasher = SHA256Hasher()
            for chunk in chunks { chunk.withBytes { hasher.update($0) } }
            self.init(hasher.finalize(), isChunked: true)
        } else {
            self.init(chunks.first ?? SHA256Hasher().finalize())
        }
    }

    package func append(to bytes: inout [UInt8]) {
        bytes.append(contentsOf: (isChunked ? "sha256-1m:" : "sha256:").utf8)
        sha256.appendHex(to: &bytes)
    }

    package var description: String { (isChunked ? "sha256-1m:" : "sha256:") + sha256.hex }
}

/// Streaming ``ContentDigest`` of a file's bytes, in pieces of any size.
package struct ContentHasher {
    private var hasher = SHA256Hasher()
    private var room = ContentDigest.chunkSize
    private var chunks: [SHA256Digest] = []

    package init() {}

    package mutating func update(_ bytes: UnsafeRawBufferPointer) {
        var rest = bytes
        while !rest.isEmpty {
            // A full chunk is closed only once a byte follows it: exactly 1 MiB is one piece.
            if room == 0 {
                chunks.append(hasher.finalize())
                hasher = SHA256Hasher()
                room = ContentDigest.chunkSize
            }
            let piece = UnsafeRawBufferPointer(rebasing: rest.prefix(room))
            hasher.update(piece)
            room -= piece.count
            rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(piece.count))
        }
    }

    package consuming func finalize() -> ContentDigest {
        chunks.append(hasher.finalize())
        return ContentDigest(chunks: chunks)
    }
}
