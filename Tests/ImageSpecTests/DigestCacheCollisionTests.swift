// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import ContentTree
@testable import ImageSpec

#if canImport(Glibc)
import Glibc
#endif

/// Two directories whose paths have the same hash in a cache, as an attacker can find them.
@Suite(
    .enabled(
        if: CachedTree.isPossibleHere, "the file system of temporary files is not one that a cache trusts"))
struct DigestCacheCollisionTests {
    private static let names = ["dt_Vj0xKvJO", "-hJwXeh4WHB"]

    @Test func theHashesAreEqual() {
        let hashes = Self.names.map { DigestCacheFormat.pathHash($0.utf8) }
        #expect(hashes[0] == hashes[1])
    }

    private static func tree() throws -> CachedTree {
        let tree = CachedTree()
        for name in names { try tree.folder.write("tree/\(name)/below/a", name) }
        try tree.folder.write("tree/z/b", "b")
        return tree
    }

    @Test func everyEntryIsThereOnce() throws {
        let tree = try Self.tree()
        try tree.settle()
        for round in 0..<4 {
            try tree.folder.write("tree/z/b", "round \(round)")
            let expected = try tree.manifest(HashingOptions(), modules: false)
            #expect(Set(expected).count == expected.count)
            #expect(try tree.manifest(tree.options(), modules: false) == expected)
            CachedTree.waitForTick()
            #expect(try tree.manifest(tree.options(), modules: false) == expected)
        }
    }

    @Test(arguments: names) func aChangeInOneOfThemIsSeen(name: String) throws {
        let tree = try Self.tree()
        try tree.settle()
        try tree.folder.write("tree/\(name)/below/a", "changed")
        #expect(try tree.digest(tree.options()) == tree.digest(HashingOptions()))
        // Only that file is read, and afterwards none.
        try tree.settle()
        try tree.folder.write("tree/\(name)/below/new", "new")
        let read = try tree.read()
        #expect(try read.files == 1 && read.digest == tree.digest(HashingOptions()))
    }

    // MARK: reused directories

    @Test(arguments: [
        ("a", true), ("a/b", true), ("a/b/c", true), ("ab", false), ("b", false), ("b/a", false),
        ("x/y", true),
        ("x/y/z", true), ("x", false), ("x/yz", false), ("", false),
    ])
    func aReusedDirectoryCoversWhatIsBelowIt(_ path: String, _ isContained: Bool) {
        var reused = ReusedDirectories()
        #expect(reused.isEmpty && !reused.contain(Array(path.utf8)[...]))
        for path in ["a", "x/y"] { reused.insert(Array(path.utf8)) }
        #expect(reused.contain(Array(path.utf8)[...]) == isContained)
    }
}
