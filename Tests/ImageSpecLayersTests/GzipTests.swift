// SPDX-License-Identifier: Apache-2.0

import Foundation
import ImageSpec
import Testing

@testable import ImageSpecLayers

@Suite struct GzipTests {
    private static let block = GzipBlocks.blockSize

    /// Bytes that repeat now and then, also across blocks.
    private static func sample(_ count: Int) -> [UInt8] {
        var state: UInt32 = 1
        return (0..<count).map { index in
            state = state &* 1_664_525 &+ 1_013_904_223
            return index % 7 < 3
                ? UInt8(truncatingIfNeeded: state >> 24) : UInt8(truncatingIfNeeded: index / 64)
        }
    }

    private static func compressed(_ bytes: [UInt8], pieces: Int) throws -> [UInt8] {
        var output: [UInt8] = []
        let writer = try GzipWriter { output += $0 }
        for start in stride(from: 0, to: bytes.count, by: pieces) {
            try writer.write(bytes[start..<min(bytes.count, start + pieces)])
        }
        try writer.finish()
        return output
    }

    private static func decompressed(_ bytes: [UInt8], pieces: Int) throws -> [UInt8] {
        var output: [UInt8] = []
        let reader = try GzipReader()
        for start in stride(from: 0, to: bytes.count, by: pieces) {
            try bytes[start..<min(bytes.count, start + pieces)].withUnsafeBytes {
                try reader.read($0) { output += $0 }
            }
        }
        try reader.finish()
        return output
    }

    @Test(arguments: [0, 1, 1000, block - 1, block, block + 1, 5 * block + 17])
    func whatIsCompressedIsReadAgain(count: Int) throws {
        let bytes = Self.sample(count)
        let compressed = try Self.compressed(bytes, pieces: 70_000)
        #expect(try Self.decompressed(compressed, pieces: 50_000) == bytes)
    }

    // The result depends neither on the pieces nor on the threads that happened to be free.
    @Test func theSameInputHasTheSameBytes() throws {
        let bytes = Self.sample(6 * Self.block + 5)
        let first = try Self.compressed(bytes, pieces: bytes.count)
        for pieces in [4096, 65_537, Self.block] {
            #expect(try Self.compressed(bytes, pieces: pieces) == first)
        }
        #expect(first.count < bytes.count)
    }

    @Test(.enabled(if: exists("/bin/gzip") || exists("/usr/bin/gzip"), "there is no gzip"))
    func otherToolsReadIt() throws {
        let folder = try TemporaryFolder()
        let bytes = Self.sample(3 * Self.block + 9)
        try Data(Self.compressed(bytes, pieces: 100_000)).write(to: URL(filePath: folder.path + "/a.gz"))
        let gzip = exists("/bin/gzip") ? "/bin/gzip" : "/usr/bin/gzip"
        #expect(try run(gzip, ["-dc", "a.gz"], in: folder) == bytes)
    }

    @Test func severalMembersAreOneStream() throws {
        let two = try Self.compressed([1, 2, 3], pieces: 10) + Self.compressed([4, 5], pieces: 10)
        for pieces in [1, 3, 1000] {
            #expect(try Self.decompressed(two + [0, 0, 0], pieces: pieces) == [1, 2, 3, 4, 5])
        }
    }

    @Test func truncatedAndDamagedDataAreErrors() throws {
        let whole = try Self.compressed(Self.sample(100_000), pieces: 1000)
        #expect(throws: ImageSpecError.self) {
            _ = try Self.decompressed(Array(whole.dropLast()), pieces: 1000)
        }
        var damaged = whole
        damaged[whole.count / 2] ^= 0xFF
        #expect(throws: ImageSpecError.self) { _ = try Self.decompressed(damaged, pieces: 1000) }
        #expect(throws: ImageSpecError.self) { _ = try Self.decompressed([], pieces: 1) }
    }
}
