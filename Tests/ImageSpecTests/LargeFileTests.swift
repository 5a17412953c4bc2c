// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import ContentTree
@testable import ImageSpec

#if canImport(Glibc)
import Glibc
#endif

/// Files that several threads hash, and how many of them are open at a time.
@Suite struct LargeFileTests {
    private static func digests(_ count: Int) -> [SHA256Digest] {
        (0..<count).map { SHA256Digest(of: Array("\($0)".utf8)) }
    }

    private static func file(chunks: Int) -> LargeFile {
        let directory = TreeDirectory(
            parent: nil, indexInParent: 0, path: [], contents: .selection(FileSelection()),
            rulesKey: SHA256Digest())
        return LargeFile(
            open("/dev/null", O_RDONLY), size: (chunks - 1) * ContentDigest.chunkSize + 1, mode: .file,
            signature: StatSignature(), isReliable: false, of: directory, index: 0)
    }

    @Test(arguments: 0..<20) func theOrderOfChunksDoesNotMatter(seed: Int) throws {
        var random = SeededGenerator(state: UInt64(seed) + 1)
        let digests = Self.digests(Int.random(in: 2...40, using: &random))
        var all: [UInt8] = []
        for digest in digests { digest.withBytes { all += $0 } }
        let file = Self.file(chunks: digests.count)
        let order = digests.indices.shuffled(using: &random)
        for index in order.dropLast() { #expect(file.add(digests[index], ofChunk: index) == nil) }
        let last = try #require(order.last)
        #expect(
            file.add(digests[last], ofChunk: last)
                == ContentDigest(SHA256Digest(of: all), isChunked: true))
    }

    @Test func chunksCoverTheFileAndTheFileIsClosedWithTheLastOne() throws {
        let file = Self.file(chunks: 3)
        let first = try #require(file.takeChunk())
        let second = try #require(file.takeChunk())
        file.endReading()
        let third = try #require(file.takeChunk())
        #expect(file.takeChunk() == nil)
        #expect([first, second, third].map(\.offset) == [0, 1 << 20, 2 << 20])
        #expect([first, second, third].map(\.size) == [1 << 20, 1 << 20, 1])
        #expect([first, second, third].map(\.isLast) == [false, false, true])
        file.endReading()
        // One thread still reads.
        #expect(fcntl(third.descriptor, F_GETFD) >= 0)
        file.endReading()
        #expect(file.takeChunk() == nil)
    }

    /// How many files below a directory this process has open.
    private static func openFiles(below folder: String) -> Int {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")) ?? []
        return names.count { name in
            let target = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/" + name)
            return target?.hasPrefix(folder) == true
        }
    }

    // Few files are open, however many there are and however many threads read.
    @Test(.enabled(if: FileManager.default.fileExists(atPath: "/proc/self/fd"), "needs /proc"))
    func openFilesAreBoundedByTheThreads() async throws {
        let folder = TemporaryFolder()
        for directory in 0..<10 {
            try folder.folder("src/\(directory)")
            for index in 0..<150 {
                let file = open(folder.path + "/src/\(directory)/\(index)", O_WRONLY | O_CREAT, 0o644)
                #expect(ftruncate(file, index % 30 == 0 ? 4 << 20 : 100) == 0)
                close(file)
            }
        }
        var options = HashingOptions()
        func digest() throws -> SHA256Digest {
            try SourceTree.sourceRoot(folder.path + "/src", pythonModulesOnly: false, options: options).digest
        }
        options.threads = 1
        let expected = try digest()
        options.threads = 16
        let isDone = Locked(false)
        let path = folder.path
        async let most = Task.detached {
            var most = 0
            while !isDone.withLock({ $0 }) { most = max(most, Self.openFiles(below: path)) }
            return most
        }.value
        for _ in 0..<3 { #expect(try digest() == expected) }
        isDone.withLock { $0 = true }
        #expect(await most <= 16 * 4 + 2)
    }

    @Test(arguments: [
        (1, 1024, 1), (2, 1024, 2), (16, 1024, 16), (16, 250, 16), (16, 40, 10), (16, 3, 1), (16, 0, 1),
        (500, .max, 64),
    ])
    func threadsAreBoundedByTheLimitOnOpenFiles(_ processors: Int, _ openFiles: Int, _ threads: Int) {
        #expect(Processors.threads(for: processors, openFiles: openFiles) == threads)
    }

    // MARK: too many open files

    @Test(arguments: [EMFILE, ENFILE]) func anOpenWaitsUntilOthersClose(error: Int32) {
        var calls = 0
        let descriptor = DescriptorLimit.waiting {
            calls += 1
            errno = error
            return calls < 4 ? -1 : 7
        }
        #expect(descriptor == 7 && calls == 4)
    }

    @Test func anotherErrorIsReportedAtOnce() {
        var calls = 0
        let descriptor = DescriptorLimit.waiting {
            calls += 1
            errno = EACCES
            return -1
        }
        #expect(descriptor == -1 && calls == 1 && errno == EACCES)
    }

    @Test(.timeLimit(.minutes(20))) func theWaitEnds() {
        let descriptor = DescriptorLimit.waiting {
            errno = EMFILE
            return -1
        }
        #expect(descriptor == -1 && errno == EMFILE)
    }
}
