// SPDX-License-Identifier: Apache-2.0

import CLibcrypto
internal import CSHA256

/// The SHA-256 of many messages, of which a processor that can do so takes two at a time (see `CSHA256.h`): 1.8 times
/// the rate of one after the other.
///
/// A message waits for another one to go with it, and what one of two is longer goes with the next. So digests come out later
/// than messages are given, and in another order: each is named by a ticket. Not shared between threads.
final class MultiBufferSHA256 {
    /// Bytes of the longest message.
    static let longest = ContentDigest.chunkSize
    private static let blockSize = 64
    /// Room for what ends a message: a byte, zeros to the end of a block, and its length.
    private static let roomForEnd = 2 * blockSize

    /// A message on its way, with its end.
    private struct Message {
        let ticket: Int
        let bytes: UnsafeMutableRawBufferPointer
        /// How much of it was hashed.
        var done = 0
        /// FIPS 180-4, 5.3.3.
        var state: SIMD8<UInt32> = [
            0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab,
            0x5be0_cd19,
        ]

        var blocksLeft: Int { (bytes.count - done) / blockSize }
        var rest: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: bytes[done...]) }

        /// The digest, once nothing is left.
        var digest: SHA256Digest {
            var digest = SHA256Digest()
            withUnsafeMutableBytes(of: &digest.words) { bytes in
                for index in state.indices {
                    bytes.storeBytes(of: state[index].bigEndian, toByteOffset: 4 * index, as: UInt32.self)
                }
            }
            return digest
        }
    }

    /// Asked once: to a virtual machine's processor the question is an expensive one.
    static let isAvailable = imagespec_sha256_has_pair()

    /// Whether two messages are hashed at once; else each where it is added.
    let isPaired: Bool
    /// Two, each for one message.
    private let memory: UnsafeMutableRawBufferPointer
    private var freePlace = 0
    private var waiting: Message?

    init(isPaired: Bool = MultiBufferSHA256.isAvailable) {
        self.isPaired = isPaired
        memory = .allocate(byteCount: 2 * (Self.longest + Self.roomForEnd), alignment: 64)
    }

    deinit { memory.deallocate() }

    /// Where the next message is put, from its first byte on. Until it is added, this can be used for anything else.
    var free: UnsafeMutableRawBufferPointer {
        UnsafeMutableRawBufferPointer(rebasing: place[..<Self.longest])
    }

    private var place: UnsafeMutableRawBufferPointer {
        let size = Self.longest + Self.roomForEnd
        return UnsafeMutableRawBufferPointer(rebasing: memory[freePlace * size..<(freePlace + 1) * size])
    }

    /// Adds the message that lies in the first `count` bytes of `free`, which is another place after that.
    ///
    /// `body` is given the digests that came out, of this message or others.
    func add(count: Int, ticket: Int, _ body: (Int, SHA256Digest) -> Void) {
        guard isPaired else {
            return body(ticket, SHA256Digest(of: UnsafeRawBufferPointer(rebasing: free[..<count])))
        }
        var message = Message(ticket: ticket, bytes: ended(count))
        guard var other = waiting else {
            waiting = message
            freePlace = 1 - freePlace
            return
        }
        let blocks = min(message.blocksLeft, other.blocksLeft)
        let (rest, otherRest) = (message.rest.baseAddress, other.rest.baseAddress)
        withUnsafeMutableBytes(of: &message.state) { state in
            withUnsafeMutableBytes(of: &other.state) { otherState in
                imagespec_sha256_pair(
                    state.bindMemory(to: UInt32.self).baseAddress, rest,
                    otherState.bindMemory(to: UInt32.self).baseAddress, otherRest, blocks)
            }
        }
        message.done += blocks * Self.blockSize
        other.done += blocks * Self.blockSize
        waiting = nil
        if other.rest.isEmpty {
            body(other.ticket, other.digest)
        } else {
            waiting = other
        }
        if message.rest.isEmpty {
            body(message.ticket, message.digest)
        } else {
            waiting = message
            freePlace = 1 - freePlace
        }
    }

    /// Brings the digest of a message that waits for another one.
    func finish(_ body: (Int, SHA256Digest) -> Void) {
        guard var message = waiting else { return }
        waiting = nil
        var context = SHA256_CTX()
        SHA256_Init(&context)
        withUnsafeMutableBytes(of: &context.h) { $0.storeBytes(of: message.state, as: SIMD8<UInt32>.self) }
        SHA256_Update(&context, message.rest.baseAddress, message.rest.count)
        message.state = withUnsafeBytes(of: &context.h) { $0.loadUnaligned(as: SIMD8<UInt32>.self) }
        body(message.ticket, message.digest)
    }

    /// Forgets a message that waits.
    func reset() { waiting = nil }

    /// The message in the first `count` bytes of the free place with what ends it. Source: FIPS 180-4, 5.1.1.
    private func ended(_ count: Int) -> UnsafeMutableRawBufferPointer {
        let place = place
        let end = (count + 9 + Self.blockSize - 1) / Self.blockSize * Self.blockSize
        place.storeBytes(of: 0x80, toByteOffset: count, as: UInt8.self)
        UnsafeMutableRawBufferPointer(rebasing: place[(count + 1)..<(end - 8)]).initializeMemory(
            as: UInt8.self, repeating: 0)
        place.storeBytes(of: (UInt64(count) * 8).bigEndian, toByteOffset: end - 8, as: UInt64.self)
        return UnsafeMutableRawBufferPointer(rebasing: place[..<end])
    }
}
