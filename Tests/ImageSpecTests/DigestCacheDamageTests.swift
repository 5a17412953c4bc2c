// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import ContentTree
@testable import ImageSpec

#if canImport(Glibc)
import Glibc
#endif

/// Whatever is in the place of a cache file, the digest is correct, there is no error, and the file is replaced.
@Suite(
    .enabled(if: CachedTree.isPossibleHere, "the file system of temporary files is none that a cache trusts"))
struct DigestCacheDamageTests {
    private static func bytes(_ path: String) throws -> [UInt8] {
        Array(try Data(contentsOf: URL(fileURLWithPath: path)))
    }

    /// A tree with a complete cache file, the content of the file, and the digest of the tree.
    private static func prepared() throws -> (tree: CachedTree, cache: [UInt8], digest: SHA256Digest) {
        let tree = try CachedTree.small()
        try tree.settle()
        return (tree, try bytes(tree.file), try tree.digest(HashingOptions()))
    }

    /// Every position in the header and in the last table entries, and every fifth between them.
    private static func positions(_ cache: [UInt8]) -> [Int] {
        cache.indices.filter {
            $0 < DigestCacheFormat.headerSize || $0 >= cache.count - 128 || $0 % 5 == 0
        }
    }

    @Test func aTruncatedCacheIsIgnored() throws {
        let (tree, cache, expected) = try Self.prepared()
        let file = "cache/" + URL(fileURLWithPath: try tree.file).lastPathComponent
        for length in Self.positions(cache) {
            try tree.folder.write(Array(file.utf8), Array(cache[..<length]), mode: 0o600)
            let (digest, files) = try tree.read()
            #expect(
                digest == expected && files == CachedTree.fileCount,
                "\(length) of \(cache.count) bytes, \(files) files read")
        }
    }

    @Test func aCacheWithOneChangedByteIsIgnored() throws {
        let (tree, cache, expected) = try Self.prepared()
        let file = "cache/" + URL(fileURLWithPath: try tree.file).lastPathComponent
        for index in Self.positions(cache) {
            var damaged = cache
            damaged[index] ^= [0x01, 0x80, 0xFF][index % 3]
            try tree.folder.write(Array(file.utf8), damaged, mode: 0o600)
            let (digest, files) = try tree.read()
            #expect(digest == expected && files == CachedTree.fileCount, "byte \(index), \(files) files read")
        }
    }

    @Test func aCacheOfZerosOrWithATailIsIgnored() throws {
        let (tree, cache, expected) = try Self.prepared()
        let file = "cache/" + URL(fileURLWithPath: try tree.file).lastPathComponent
        for damaged in [
            [UInt8](repeating: 0, count: cache.count), cache + [0], cache + cache,
            Array(cache[..<128]) + [UInt8](repeating: 0, count: cache.count - 128),
        ] {
            try tree.folder.write(Array(file.utf8), damaged, mode: 0o600)
            let (digest, files) = try tree.read()
            #expect(digest == expected && files == CachedTree.fileCount)
        }
        try tree.settle()
    }

    /// Pieces are checked when a run begins, and copied to the new file when it ends. They can be damaged in between.
    @Test(arguments: ["nothing", "damage", "cut"])
    func aPieceThatCannotBeCopiedIsNotOmitted(what: String) throws {
        typealias Format = DigestCacheFormat
        let (tree, cache, _) = try Self.prepared()
        let rules = SHA256Digest(of: [UInt8]())
        let root = OpenFile(FileSystem.openFolder(Array(tree.root.utf8)))
        let session = try #require(
            DigestCacheSession(
                tree.options(), root: root,
                key: DigestCacheKey(root: Array(tree.root.utf8), kind: "source"), rules: rules,
                records: []))
        #expect(session.unchangedTree(Array("src".utf8), rules: rules) != nil)
        let header = try Self.header(cache)
        var found = cache
        if what == "damage" {
            // At least one byte of each piece.
            for index in stride(from: Format.headerSize, to: Int(header.tableOffset), by: 100) {
                found[index] ^= 1
            }
        } else if what == "cut" {
            found.removeLast(cache.count - Format.headerSize)
        }
        let file = "cache/" + URL(fileURLWithPath: try tree.file).lastPathComponent
        try tree.folder.write(Array(file.utf8), found, mode: 0o600)
        session.add(DigestCacheRecorder.Additions(files: 1))
        session.finish([])
        let result = try Self.bytes(tree.file)
        if what == "nothing" {
            // src and src/deep
            #expect(try Self.header(result).pieceCount == 2)
        } else {
            #expect(result == found)
        }
    }

    private static func header(_ cache: [UInt8]) throws -> DigestCacheFormat.Header {
        try #require(
            cache.withUnsafeBytes {
                DigestCacheFormat.Header(
                    UnsafeRawBufferPointer(rebasing: $0[..<DigestCacheFormat.headerSize]))
            })
    }

    @Test func theCacheOfAnotherTreeIsNotUsed() throws {
        let (tree, _, expected) = try Self.prepared()
        let (other, cache, _) = try Self.prepared()
        try other.folder.write("tree/a.py", "something else")
        let file = "cache/" + URL(fileURLWithPath: try tree.file).lastPathComponent
        try tree.folder.write(Array(file.utf8), cache, mode: 0o600)
        let (digest, files) = try tree.read()
        #expect(digest == expected && files == CachedTree.fileCount)
    }

    @Test func aCacheFromTheFutureOrAnotherVersionIsNotUsed() throws {
        typealias Format = DigestCacheFormat
        let (tree, cache, expected) = try Self.prepared()
        let file = "cache/" + URL(fileURLWithPath: try tree.file).lastPathComponent
        var header = try Self.header(cache)
        // With the same time, the header is valid: only the time makes a difference below.
        try tree.folder.write(Array(file.utf8), header.bytes + cache[Format.headerSize...], mode: 0o600)
        #expect(try tree.read() == (expected, 0))
        header.time = StatSignature.now + 3_600_000_000_000
        try tree.folder.write(Array(file.utf8), header.bytes + cache[Format.headerSize...], mode: 0o600)
        #expect(try tree.read() == (expected, CachedTree.fileCount))

        var older = cache
        older[0] ^= 1
        let sum = older.withUnsafeBytes { Format.checksum(UnsafeRawBufferPointer(rebasing: $0[..<120])) }
        older.withUnsafeMutableBytes { $0.storeBytes(of: sum, toByteOffset: 120, as: UInt64.self) }
        try tree.folder.write(Array(file.utf8), older, mode: 0o600)
        #expect(try tree.read() == (expected, CachedTree.fileCount))
    }

    @Test(arguments: [0o620, 0o602, 0o666] as [mode_t])
    func aCacheThatOtherUsersCanWriteToIsNotUsed(mode: mode_t) throws {
        let (tree, _, expected) = try Self.prepared()
        #expect(try chmod(tree.file, mode) == 0)
        #expect(try tree.read() == (expected, CachedTree.fileCount))
        // It was replaced.
        try tree.settle()
    }

    @Test(.enabled(if: geteuid() == 0, "only root can give files away"))
    func aCacheOfAnotherUserIsNotUsed() throws {
        let (tree, _, expected) = try Self.prepared()
        #expect(try chown(tree.file, 1, 1) == 0)
        #expect(try tree.read() == (expected, CachedTree.fileCount))
        #expect(chown(tree.cache, 1, 1) == 0)
        let before = try FileManager.default.contentsOfDirectory(atPath: tree.cache)
        #expect(try tree.read() == (expected, CachedTree.fileCount))
        #expect(try FileManager.default.contentsOfDirectory(atPath: tree.cache) == before)
    }

    @Test func aDirectoryThatOtherUsersCanWriteToIsNotUsed() throws {
        let (tree, _, expected) = try Self.prepared()
        chmod(tree.cache, 0o777)
        #expect(try tree.read() == (expected, CachedTree.fileCount))
        #expect(try tree.read() == (expected, CachedTree.fileCount))
    }

    @Test func aLinkInThePlaceOfACacheIsReplacedAndNotFollowed() throws {
        let (tree, cache, expected) = try Self.prepared()
        let file = try tree.file
        try tree.folder.write(Array("elsewhere".utf8), cache, mode: 0o600)
        unlink(file)
        #expect(symlink(tree.folder.path + "/elsewhere", file) == 0)
        #expect(try tree.read() == (expected, CachedTree.fileCount))
        try tree.settle()
        #expect(try Self.bytes(tree.folder.path + "/elsewhere") == cache)
    }

    @Test(arguments: ["folder", "pipe"])
    func aDirectoryOrPipeInThePlaceOfACacheIsNotUsed(kind: String) throws {
        let (tree, _, expected) = try Self.prepared()
        let file = try tree.file
        unlink(file)
        if kind == "folder" { mkdir(file, 0o700) } else { mkfifo(file, 0o600) }
        #expect(try tree.read() == (expected, CachedTree.fileCount))
    }

    /// Directories that cannot be created or written to.
    @Test(arguments: ["/dev/null/cache", "/proc/self/cache", "tree/a.py", "missing/missing/missing", "nul\0"])
    func aCacheThatCannotBeWrittenIsNotAnError(place: String) throws {
        let (tree, _, expected) = try Self.prepared()
        let path = place.hasPrefix("/") ? place : tree.folder.path + "/" + place
        #expect(try tree.digest(tree.options(.directory(path))) == expected)
    }

    @Test(.enabled(if: geteuid() != 0, "root may write everywhere"))
    func aReadOnlyDirectoryIsNotAnError() throws {
        let (tree, _, expected) = try Self.prepared()
        try tree.folder.write("tree/b.txt", "other of b.txt!!")
        let changed = try tree.digest(HashingOptions())
        chmod(tree.cache, 0o500)
        #expect(changed != expected)
        #expect(try tree.read().digest == changed)
    }
}
