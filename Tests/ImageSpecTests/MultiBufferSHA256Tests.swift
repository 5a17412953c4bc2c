// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import ContentTree
@testable import ImageSpec

/// Two messages at a time, compared with libcrypto.
@Suite struct MessagePairsTests {
    /// The digests of messages in the order in which they were added, and how many were delivered before the last call.
    static func digests(
        _ messages: [[UInt8]], _ pairs: MultiBufferSHA256 = MultiBufferSHA256()
    ) -> (digests: [SHA256Digest?], early: Int) {
        var digests: [SHA256Digest?] = Array(repeating: nil, count: messages.count)
        var brought = 0
        func deliver(_ ticket: Int, _ digest: SHA256Digest) {
            #expect(digests[ticket] == nil, "a message has two digests")
            digests[ticket] = digest
            brought += 1
        }
        for (ticket, message) in messages.enumerated() {
            // Bytes in the free space are not yet part of a message: overwriting them must not change one that waits.
            let free = UnsafeMutableRawBufferPointer(rebasing: pairs.free.prefix(message.count + 200))
            free.initializeMemory(as: UInt8.self, repeating: 0xA5)
            pairs.free.copyBytes(from: message)
            pairs.add(count: message.count, ticket: ticket, deliver)
        }
        let early = brought
        pairs.finish(deliver)
        pairs.finish { _, _ in Issue.record("nothing waits any more") }
        return (digests, early)
    }

    static func message(_ count: Int, _ random: inout SeededGenerator) -> [UInt8] {
        // Eight bytes for each random number: without optimization, numbers take most of the time.
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count + 8)
        while bytes.count < count { withUnsafeBytes(of: random.next()) { bytes.append(contentsOf: $0) } }
        return Array(bytes.prefix(count))
    }

    @Test(arguments: 0...130)
    func messagesOfAllLengthsCanBePaired(count: Int) {
        var random = SeededGenerator(state: UInt64(count))
        let pairs = MultiBufferSHA256()
        let message = Self.message(count, &random)
        for other in 0...130 {
            let messages = [message, Self.message(other, &random)]
            #expect(Self.digests(messages, pairs).digests == messages.map { SHA256Digest(of: $0) })
        }
    }

    @Test(arguments: [true, false], 0..<6 as Range<UInt64>)
    func everyMessageHasItsOwnDigest(isPaired: Bool, seed: UInt64) {
        guard !isPaired || MultiBufferSHA256.isAvailable else { return }
        var random = SeededGenerator(state: seed)
        let pairs = MultiBufferSHA256(isPaired: isPaired)
        let longest = [40, 300, 3_000, 70_000][Int(seed % 4)]
        for _ in 0..<20 {
            let messages = (0..<Int.random(in: 0...12, using: &random)).map { _ in
                Self.message(Int.random(in: 0...longest, using: &random), &random)
            }
            let (digests, early) = Self.digests(messages, pairs)
            #expect(digests == messages.map { SHA256Digest(of: $0) })
            // At most one message waits.
            #expect(early >= messages.count - 1)
        }
    }

    @Test func theLongestMessagesFit() {
        var random = SeededGenerator(state: 1)
        let block = Self.message(4_096, &random)
        var long: [UInt8] = []
        for _ in 0..<MultiBufferSHA256.longest / block.count { long += block }
        let messages = [
            long, Array(long.dropLast()), Array(long.dropLast(8)), [], Array(long.dropLast(9)), long,
        ]
        #expect(Self.digests(messages).digests == messages.map { SHA256Digest(of: $0) })
    }

    @Test func aWaitingMessageCanBeDiscarded() {
        let pairs = MultiBufferSHA256()
        pairs.free.copyBytes(from: Array("left behind".utf8))
        pairs.add(count: 11, ticket: 7) { _, _ in }
        pairs.reset()
        pairs.finish { _, _ in Issue.record("it was forgotten") }
        let messages = ["abc", "", "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"].map {
            Array($0.utf8)
        }
        // FIPS 180-4, examples.
        #expect(
            Self.digests(messages, pairs).digests.map { $0?.hex } == [
                "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
                "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
                "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
            ])
    }

    /// Small, empty and large files, in one directory and in several, hashed one or two at a time.
    @Test(arguments: [true, false])
    func everyEntryOfATreeHasItsOwnDigest(isPaired: Bool) throws {
        guard !isPaired || MultiBufferSHA256.isAvailable else { return }
        let folder = TemporaryFolder()
        var random = SeededGenerator(state: 11)
        let block = Self.message(64 * 1024 + 7, &random)
        let sizes = [
            0, 1, 55, 56, 64, 1_000, 0, 300_000, 1 << 20, (1 << 20) + 1, 3, 5 << 20, 9, 700_001,
            (2 << 20) - 1, 64,
        ]
        var expected: [String: ContentDigest] = [:]
        for (index, size) in sizes.enumerated() {
            let name = ["", "a/", "a/b/", "c/"][index % 4] + "\(index).bin"
            var bytes: [UInt8] = []
            while bytes.count < size { bytes += [UInt8(index)] + block }
            bytes.removeLast(bytes.count - size)
            let place = URL(fileURLWithPath: folder.path + "/" + name)
            try FileManager.default.createDirectory(
                at: place.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(bytes).write(to: place)
            var hasher = ContentHasher()
            bytes.withUnsafeBytes { hasher.update($0) }
            expected[name] = hasher.finalize()
        }
        let progress = ImageSpec.HashingProgress { _ in }
        var options = HashingOptions(progress: ProgressObserver(progress: progress))
        options.isPaired = isPaired
        let tree = try SourceTree.copiedFolder(folder.path, records: .entries, options: options)
        let files = tree.entries.filter { $0.mode != .folder }
        #expect(files.count == sizes.count)
        for entry in files { #expect(entry.digest == expected[String(decoding: entry.path, as: UTF8.self)]) }
        #expect(progress.count.files == sizes.count)
        #expect(progress.count.bytes == sizes.reduce(0, +))
    }
}
