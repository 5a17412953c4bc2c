// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import ContentTree
@testable import ImageSpec
@testable import ImageSpecDiff

#if canImport(Glibc)
import Glibc
#endif

/// A tree and its digest cache.
struct CachedTree {
    let folder = TemporaryFolder()
    var root: String { folder.path + "/tree" }
    var cache: String { folder.path + "/cache" }

    static let isPossibleHere: Bool = {
        let folder = TemporaryFolder()
        let descriptor = open(folder.path, O_RDONLY)
        defer { close(descriptor) }
        return MetadataReliability(ofDescriptor: descriptor) != .none
    }()

    func options(_ cache: ImageSpec.DigestCache? = nil) -> HashingOptions {
        Self.options((cache ?? .directory(self.cache)).path)
    }

    /// Options with a cache for trees of any size.
    static func options(_ cache: String?) -> HashingOptions {
        var options = HashingOptions(cacheDirectory: cache)
        options.filesWorthACache = 1
        return options
    }

    func digest(_ options: HashingOptions, modules: Bool = false) throws -> SHA256Digest {
        try SourceTree.sourceRoot(
            root, pythonModulesOnly: modules, options: options
        ).digest
    }

    /// The digest and all entries, in order.
    func manifest(_ options: HashingOptions, modules: Bool) throws -> [String] {
        let tree = try SourceTree.sourceRoot(
            root, pythonModulesOnly: modules, records: .entries, options: options)
        return [tree.digest.hex]
            + tree.entries.map { "\($0.mode) \($0.digest) \(String(decoding: $0.path, as: UTF8.self))" }
    }

    /// The digest, and how many files were read.
    func read(modules: Bool = false) throws -> (digest: SHA256Digest, files: Int) {
        let progress = ImageSpec.HashingProgress { _ in }
        var options = options()
        options.progress = ProgressObserver(progress: progress)
        return (try digest(options, modules: modules), progress.count.files)
    }

    /// Runs until all files are cached: a file that changed during the tick in which it was read is read again.
    func settle() throws {
        Self.waitForTick()
        for _ in 0..<100_000 where try read().files == 0 { return }
        Issue.record("the cache never knew all files")
    }

    /// Waits for a tick of the clock, so that every later change of a file results in other times.
    ///
    /// File systems use times that are finer than this clock after a file was looked at, and a late tick has the time at which it
    /// was due.
    static func waitForTick() {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        let start = StatSignature.nanoseconds(now)
        while StatSignature.now <= start {}
    }

    /// The only cache file.
    var file: String {
        get throws {
            let names = try FileManager.default.contentsOfDirectory(atPath: cache)
            try #require(names.count == 1, "\(names)")
            return cache + "/" + names[0]
        }
    }

    /// How many files the small tree has, including the link and the ignore file.
    static let fileCount = 6

    /// A small tree with files, links, an ignore file and an empty directory.
    static func small() throws -> CachedTree {
        let tree = CachedTree()
        for name in ["a.py", "b.txt", "src/c.py", "src/d.log", "src/deep/e.py"] {
            try tree.folder.write("tree/" + name, "content of \(name)")
        }
        try tree.folder.write("tree/src/.gitignore", "*.log\n")
        try tree.folder.link("tree/src/link.py", to: "../a.py")
        try tree.folder.folder("tree/empty")
        return tree
    }
}

@Suite(
    .enabled(if: CachedTree.isPossibleHere, "the file system of temporary files is none that a cache trusts"))
struct DigestCacheTests {
    @Test func unchangedFilesAreNotReadAgain() throws {
        let tree = try CachedTree.small()
        try tree.settle()
        let expected = try tree.digest(HashingOptions())
        #expect(try tree.read() == (expected, 0))
        // If one file changed, only that file is read.
        try tree.folder.write("tree/src/deep/e.py", "other")
        let changed = try tree.read()
        #expect(changed.files == 1)
        #expect(try changed.digest == tree.digest(HashingOptions()))
        #expect(changed.digest != expected)
        // If a file was added, only that file is read.
        try tree.settle()
        try tree.folder.write("tree/src/new.py", "new")
        let added = try tree.read()
        #expect(added.files == 1)
        #expect(try added.digest == tree.digest(HashingOptions()))
        // With other rules, each directory is listed again, but no file is read.
        try tree.settle()
        try tree.folder.write("tree/.dockerignore", "b.txt\n")
        let ruled = try tree.read()
        #expect(ruled.files <= 1)
        #expect(try ruled.digest == tree.digest(HashingOptions()))
        #expect(ruled.digest != added.digest)
    }

    @Test func onlyTheUserCanReadACache() throws {
        let tree = try CachedTree.small()
        try tree.settle()
        var status = stat()
        #expect(try stat(tree.file, &status) == 0 && status.st_mode & 0o777 == 0o600)
        #expect(stat(tree.cache, &status) == 0 && status.st_mode & 0o777 == 0o700)
    }

    @Test func aSmallTreeHasNoCache() throws {
        let tree = try CachedTree.small()
        _ = try tree.digest(HashingOptions(cacheDirectory: tree.cache))
        #expect(!FileManager.default.fileExists(atPath: tree.cache))
        let context = ImageSpec.Context(
            workingDirectory: tree.root, hostArchitecture: "x86_64", digestCache: .directory(tree.cache))
        _ = try ImageSpec(requirements: nil, sourceCopyMode: .noCopy, copy: ["a.py"]).tag(in: context)
        #expect(!FileManager.default.fileExists(atPath: tree.cache))
    }

    @Test func aSingleLargeFileHasACache() throws {
        let folder = TemporaryFolder()
        try folder.write(Array("weights".utf8), [UInt8](repeating: 7, count: 9 << 20))
        func read() throws -> (tag: String, bytes: Int) {
            let progress = ImageSpec.HashingProgress { _ in }
            let context = ImageSpec.Context(
                workingDirectory: folder.path, hostArchitecture: "x86_64",
                digestCache: .directory(folder.path + "/cache"), progress: progress)
            return (try ImageSpec(copy: ["weights"]).tag(in: context), progress.count.bytes)
        }
        let first = try read()
        #expect(first.bytes == 9 << 20)
        var next = try read()
        for _ in 0..<100_000 where next.bytes > 0 { next = try read() }
        #expect(next == (first.tag, 0))
    }

    @Test func oldCachesAndTemporaryFilesAreRemoved() throws {
        let tree = try CachedTree.small()
        try tree.folder.folder("cache")
        chmod(tree.cache, 0o700)
        let old = String(repeating: "a", count: 64) + ".digests"
        let young = String(repeating: "b", count: 64) + ".digests"
        let unfinished = ".imagespec-1y2p0ij32e8e7.digests"
        // The directory may be any directory of the user: other files stay.
        let foreign = [
            "thesis.tmp", "mine.txt", String(repeating: "d", count: 64) + ".digests",
            ".imagespec-mine.digests", String(repeating: "F", count: 64) + ".digests",
        ]
        let magic = withUnsafeBytes(of: DigestCacheFormat.magic, Array.init)
        for name in [old, young, unfinished] {
            try tree.folder.write(Array("cache/\(name)".utf8), magic + [1])
        }
        for name in foreign { try tree.folder.write("cache/" + name, "the only copy") }
        for name in [old, unfinished] + foreign {
            var times = [
                timespec(tv_sec: 1_000_000_000, tv_nsec: 0), timespec(tv_sec: 1_000_000_000, tv_nsec: 0),
            ]
            utimensat(AT_FDCWD, tree.cache + "/" + name, &times, 0)
        }
        _ = try tree.read()
        for _ in 0..<100_000 where FileManager.default.fileExists(atPath: tree.cache + "/" + old) {
            _ = try tree.read()
        }
        let names = try FileManager.default.contentsOfDirectory(atPath: tree.cache)
        #expect(!names.contains(unfinished))
        #expect(Set(names).isSuperset(of: foreign + [young]) && names.count == foreign.count + 2, "\(names)")
    }

    @Test func manyWalksAtOnceShareACache() async throws {
        let tree = try CachedTree.small()
        for index in 0..<700 { try tree.folder.write("tree/many/\(index % 7)/\(index)", "\(index)") }
        for round in 0..<4 {
            try tree.folder.write("tree/a.py", "round \(round)")
            let expected = try tree.digest(HashingOptions())
            try await withThrowingTaskGroup(of: SHA256Digest.self) { group in
                for _ in 0..<8 { group.addTask { try tree.digest(tree.options()) } }
                for try await digest in group { #expect(digest == expected) }
            }
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: tree.cache).count == 1)
    }

    // MARK: selected files

    @Test func selectedFilesAndModulesAreNotReadAgain() throws {
        let tree = try CachedTree.small()
        func read(_ walk: (HashingOptions) throws -> SourceTree) throws -> Int {
            CachedTree.waitForTick()
            let progress = ImageSpec.HashingProgress { _ in }
            var options = tree.options()
            options.progress = ProgressObserver(progress: progress)
            _ = try walk(options)
            return progress.count.files
        }
        let file = { try SourceTree.copiedFile("a.py", in: tree.root, options: $0) }
        let link = {
            try SourceTree.copiedFile("link.py", in: tree.root + "/src", options: $0)
        }
        let modules = {
            try SourceTree.loadedModules(
                ["a.py", "src/c.py", "src/link.py"], sourceRoot: tree.root, workingDirectory: tree.root,
                options: $0)
        }
        /// How many files a first walk reads, and the last of a few more, after the clock has advanced.
        func reads(_ walk: (HashingOptions) throws -> SourceTree) throws -> [Int] {
            let first = try read(walk)
            for _ in 0..<5 where try read(walk) == 0 { return [first, 0] }
            return [first, try read(walk)]
        }
        #expect(try reads(file) == [1, 0])
        #expect(try reads(link) == [1, 0])
        #expect(try reads(modules) == [3, 0])
        try tree.folder.write("tree/src/c.py", "other")
        #expect(try reads(modules) == [1, 0])
        // First the target of a link changes, then the link.
        try tree.folder.write("tree/a.py", "other")
        #expect(try reads(link) == [1, 0])
        unlink(tree.root + "/src/link.py")
        try tree.folder.link("tree/src/link.py", to: "c.py")
        let options = tree.options()
        #expect(try link(options).digest == link(HashingOptions()).digest)
    }

    // MARK: a cache in the tree

    @Test(arguments: ["tree", "tree/cache", "tree/missing/cache", "link", "data/cache"])
    func aCacheInTheTreeIsNotUsed(place: String) throws {
        let folder = TemporaryFolder()
        for index in 0..<200 {
            try folder.write("tree/\(index).py", "\(index)")
            try folder.write("data/\(index).txt", "\(index)")
        }
        try folder.folder("tree/target")
        try folder.link("link", to: "tree/target")
        CachedTree.waitForTick()
        let inner = #"{"source_root": "tree", "source_copy_mode": "all", "copy": ["data"]}"#
        for json in [inner, #"{"copy": ["data"], "base_image": \#(inner)}"#] {
            let spec = try ImageSpec(json: json)
            func context(_ cache: ImageSpec.DigestCache) -> ImageSpec.Context {
                ImageSpec.Context(
                    workingDirectory: folder.path, hostArchitecture: "x86_64", digestCache: cache)
            }
            let expected = try spec.tag(in: context(.off))
            let among = context(.directory(folder.path + "/" + place))
            for _ in 0..<3 {
                #expect(try spec.tag(in: among) == expected)
                #expect(try spec.snapshot(in: among).tag == expected)
            }
            // Outside of them it is used: the trees are large enough.
            #expect(try spec.tag(in: context(.directory(folder.path + "/tree-cache"))) == expected)
            #expect(
                try FileManager.default.contentsOfDirectory(atPath: folder.path + "/tree-cache").count == 2)
        }
    }

    // MARK: changes

    @Test func rulesOfAnotherKindAreDifferent() throws {
        // A source root with the name of an ignore file: the same text as Docker's rules in it, and as git's rules above it.
        let folder = TemporaryFolder()
        let root = folder.path + "/.dockerignore"
        for name in ["a.py", "x.py", "sub/x.py"] { try folder.write(".dockerignore/" + name, name) }
        try folder.write(".dockerignore/.dockerignore", "x.py\n")
        try folder.folder(".git")
        func digest(_ options: HashingOptions) throws -> SHA256Digest {
            try SourceTree.sourceRoot(root, pythonModulesOnly: false, options: options)
                .digest
        }
        CachedTree.waitForTick()
        let cached = CachedTree.options(folder.path + "/cache")
        let before = try digest(cached)
        #expect(rename(root + "/.dockerignore", folder.path + "/.gitignore") == 0)
        #expect(try digest(cached) == digest(HashingOptions()))
        #expect(try digest(cached) != before)
    }

    /// Names that collide often.
    private static let names = ["a", "b.py", "c.log", "d", "e.txt", "f.py"]

    @Test(arguments: 0..<12)
    func theCacheNeverChangesTheResult(seed: Int) throws {
        var random = SeededGenerator(state: UInt64(seed) &* 0x9E37_79B9 &+ 77)
        let tree = CachedTree()
        try tree.folder.folder("tree")
        let modules = seed % 4 == 3
        for _ in 0..<12 { Self.mutate(tree.root, &random) }
        var known = 0
        for round in 0..<60 {
            for _ in 0..<Int.random(in: 0...3, using: &random) { Self.mutate(tree.root, &random) }
            let manifest = try tree.manifest(HashingOptions(), modules: modules)
            // In some rounds, a walk that records entries is the first after the changes.
            if round % 3 == 2 {
                #expect(
                    try tree.manifest(tree.options(), modules: modules) == manifest,
                    "seed \(seed), round \(round)")
            }
            let cached = try tree.digest(tree.options(), modules: modules)
            let expected = try tree.digest(HashingOptions(), modules: modules)
            #expect(manifest.first == expected.hex)
            #expect(cached == expected, "seed \(seed), round \(round)")
            // Again immediately, and after a change in the same tick.
            let again = try tree.read(modules: modules)
            #expect(again.digest == expected, "seed \(seed), round \(round)")
            if again.files == 0 { known += 1 }
            #expect(
                try tree.manifest(tree.options(), modules: modules) == manifest,
                "seed \(seed), round \(round)")
            Self.mutate(tree.root, &random)
            #expect(
                try tree.digest(tree.options(), modules: modules)
                    == tree.digest(HashingOptions(), modules: modules), "seed \(seed), round \(round)")
        }
        // Otherwise the cache was never used.
        #expect(known > 0)
    }

    private static func path(_ root: String, _ random: inout SeededGenerator) -> String {
        var path = root
        for _ in 0..<Int.random(in: 1...3, using: &random) {
            path += "/" + (names.randomElement(using: &random) ?? "a")
        }
        return path
    }

    /// One change. Many fail, because a file that they need does not exist.
    private static func mutate(_ root: String, _ random: inout SeededGenerator) {
        let (one, other) = (path(root, &random), path(root, &random))
        switch Int.random(in: 0..<16, using: &random) {
        case 0, 1, 2:
            mkdir(String(one.prefix(upTo: one.lastIndex(of: "/") ?? one.endIndex)), 0o755)
            write(one, "content \(Int.random(in: 0..<10, using: &random))")
        case 3: mkdir(one, 0o755)
        case 4: unlink(one)
        case 5: rename(one, other)
        case 6: rewrite(one, &random, keepingTimes: false)
        case 7: rewrite(one, &random, keepingTimes: true)
        case 8: chmod(one, [0o644, 0o755].randomElement(using: &random) ?? 0o644)
        case 9:
            let third = root + "-swapped"
            rename(one, third)
            rename(other, one)
            rename(third, other)
        case 10:
            unlink(one)
            symlink(names.randomElement(using: &random) ?? "a", one)
        case 11:
            unlink(one)
            symlink("../" + (names.randomElement(using: &random) ?? "a"), one)
        case 12:
            var times = [
                timespec(tv_sec: 1_000_000_000, tv_nsec: 0), timespec(tv_sec: 1_000_000_000, tv_nsec: 0),
            ]
            utimensat(AT_FDCWD, one, &times, 0)
        case 13:
            let rules = ["*.log", "b.py", "/a", "d/", "!c.log", "*.txt"].randomElement(using: &random) ?? ""
            write(one + "/.gitignore", rules + "\n")
        case 14:
            let rules = ["*.log\n", "**/b.py\n!a/b.py\n", "d\n"].randomElement(using: &random) ?? ""
            write(root + "/.dockerignore", rules)
        default:
            // A directory replaces another one with its contents.
            rename(one, root + "/" + (names.randomElement(using: &random) ?? "a"))
            unlink(root + "/.dockerignore")
        }
    }

    private static func write(_ path: String, _ text: String) {
        let file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o644)
        guard file >= 0 else { return }
        _ = text.withCString { Glibc.write(file, $0, strlen($0)) }
        close(file)
    }

    /// Changes one byte, and restores the times that a program can set.
    private static func rewrite(_ path: String, _ random: inout SeededGenerator, keepingTimes: Bool) {
        let file = open(path, O_RDWR | O_NOFOLLOW)
        guard file >= 0 else { return }
        defer { close(file) }
        var status = stat()
        fstat(file, &status)
        guard status.st_mode & S_IFMT == S_IFREG, status.st_size > 0 else { return }
        var byte = UInt8.random(in: .min ... .max, using: &random)
        pwrite(file, &byte, 1, off_t(Int.random(in: 0..<Int(status.st_size), using: &random)))
        if keepingTimes {
            var times = [status.st_atim, status.st_mtim]
            futimens(file, &times)
        }
    }
}
