// SPDX-License-Identifier: Apache-2.0

import ImageSpec
import ImageSpecBuilding
import Testing

@testable import ImageSpecLayers

@Suite struct BaseTests {
    /// Reads a layer of entries, followed by hard links.
    private static func layer(
        _ entries: [LayerEntry], hardLinks: [String: String] = [:]
    ) throws -> BaseLayer {
        var bytes: [UInt8] = []
        let archive = LayerArchive(time: 0) { bytes += $0 }
        for entry in entries { try archive.add(entry) }
        try archive.finish()
        bytes.removeLast(2 * TarHeader.blockSize)
        for (path, target) in hardLinks {
            bytes +=
                TarHeader(kind: .hardLink, path: Array(path.utf8), mode: 0o644, target: Array(target.utf8))
                .blocks
        }
        let reader = BaseLayerReader(selection)
        try bytes.withUnsafeBytes { try reader.read($0) }
        return try reader.finish()
    }

    private static let selection = BaseSelection(environments: [Array("opt/venv".utf8)])

    private static func file(_ path: String, _ text: String) -> LayerEntry {
        LayerEntry(path, .bytes(Array(text.utf8)), mode: 0o644)
    }

    private static func text(_ tree: BaseTree, _ path: String) -> String? { tree.text(of: path) }

    /// An image that has the usual environment has the layers of its base, which has none.
    @Test func theLayersOfABaseAreNotReadAgainForTheImagesOnIt() async throws {
        var bytes: [UInt8] = []
        let archive = LayerArchive(time: 0) { bytes += $0 }
        try archive.add(Self.file("root/a", "1"))
        try archive.finish()
        let layer = BlobDescriptor(
            mediaType: MediaType.layer, digest: .init(of: bytes), size: bytes.count)
        let repository = MemoryRepository()
        try await repository.writeBlob(layer, from: .bytes(bytes)) { _ in }
        let folder = try TemporaryFolder()
        let cache = try #require(LayerCacheDirectory(folder.path + "/cache"))
        for variables in ["[]", #"["VIRTUAL_ENV=/opt/venv"]"#, #"["VIRTUAL_ENV=/opt/other"]"#] {
            let configuration = try #require(
                ImageConfiguration(
                    .init(
                        json: """
                            {"os": "linux", "architecture": "amd64", "config": {"Env": \(variables)},
                            "rootfs": {"type": "layers", "diff_ids": ["\(layer.digest)"]}}
                            """)))
            let image = BaseImage(
                reference: try .init("localhost:5000/a:1"), repository: repository, layers: [layer],
                configuration: configuration)
            let facts = try await BaseFacts.read(image, cache: cache) { _ in }
            #expect(Self.text(facts.tree, "/root/a") == "1")
            #expect(repository.readCount == (variables.contains("other") ? 2 : 1))
        }
    }

    // Source: OCI image specification 1.1, layer filesystem changesets.
    @Test func whiteoutsHideWhatLowerLayersHave() throws {
        var tree = BaseTree()
        tree.apply(
            try Self.layer([
                LayerEntry("root", .folder, mode: 0o700), LayerEntry("root/a", .folder, mode: 0o755),
                Self.file("root/a/one", "1"), Self.file("root/b", "2"), Self.file("root/a.txt", "3"),
            ]))
        tree.apply(try Self.layer([.whiteout(Array("root/a".utf8)), Self.file("root/b", "new")]))
        #expect(tree["/root/a"] == nil)
        #expect(Self.text(tree, "/root/a/one") == nil)
        #expect(Self.text(tree, "/root/a.txt") == "3")
        #expect(Self.text(tree, "/root/b") == "new")
    }

    @Test func anOpaqueDirectoryHidesOnlyLowerLayers() throws {
        var tree = BaseTree()
        tree.apply(
            try Self.layer([
                LayerEntry("root", .folder, mode: 0o700), LayerEntry("root/a", .folder, mode: 0o700),
                Self.file("root/a/one", "1"),
            ]))
        tree.apply(
            try Self.layer([
                LayerEntry("root/a", .folder, mode: 0o755), Self.file("root/a/\(Whiteout.opaque)", ""),
                Self.file("root/a/two", "2"),
            ]))
        #expect(Self.text(tree, "/root/a/one") == nil)
        #expect(Self.text(tree, "/root/a/two") == "2")
        #expect(tree["/root/a"]?.mode == 0o755)
    }

    @Test func aFileReplacesADirectory() throws {
        var tree = BaseTree()
        tree.apply(
            try Self.layer([LayerEntry("root/a", .folder, mode: 0o755), Self.file("root/a/one", "1")]))
        tree.apply(try Self.layer([Self.file("root/a", "file")]))
        #expect(Self.text(tree, "/root/a/one") == nil)
        #expect(Self.text(tree, "/root/a") == "file")
    }

    @Test func aHardLinkHasTheBytesOfItsTarget() throws {
        var tree = BaseTree()
        tree.apply(try Self.layer([Self.file("root/one", "1")], hardLinks: ["root/two": "root/one"]))
        #expect(Self.text(tree, "/root/two") == "1")
        // The target may be in a lower layer.
        tree.apply(try Self.layer([], hardLinks: ["root/three": "root/one"]))
        #expect(Self.text(tree, "/root/three") == "1")
    }

    @Test func linksAreFollowed() {
        let tree = BaseTree([
            "bin": "->usr/bin", "usr/bin/python3": "->python3.11", "usr/bin/python3.11": "version 3.11.2",
            "a": "->b", "b": "->/a", "etc/up": "->../usr",
        ])
        #expect(tree.resolved("/bin/python3") == Array("usr/bin/python3.11".utf8))
        #expect(tree.resolved("/etc/up/bin") == Array("usr/bin".utf8))
        #expect(tree.resolved("/a/x") == nil)
    }

    @Test func theCacheHasWhatWasRead() throws {
        var layer = BaseLayer()
        for (path, entry) in BaseTree.debian.entries { layer.entries[path] = entry }
        layer.hardLinks = [Array("a".utf8): Array("b".utf8)]
        layer.removed = [Array("gone/away".utf8)]
        layer.emptied = [Array("empty".utf8), []]
        #expect(BaseLayer(archive: layer.archive) == layer)
        #expect(BaseLayer(archive: Array(layer.archive.prefix(700))) == nil)
    }

    @Test func anArchiveIsReadCompressedOrNot() async throws {
        let folder = try TemporaryFolder()
        let store = LayerStore(cache: nil, temporaryDirectory: folder.path, time: 0)
        let layer = try await store.layer(
            LayerRecipe(title: "x", [Self.file("root/one", "1")], over: BaseTree(["root/": "711"])))
        let reader = BaseLayerReader(Self.selection)
        try await BlobSource.file(path: store.file(of: layer)).read(layer.content.blob) {
            try reader.read($0)
        }
        let read = try reader.finish()
        #expect(read.entries[Array("root/one".utf8)]?.kind == .file(bytes: Array("1".utf8)))
        // Directories of the base image are repeated as it has them.
        #expect(read.entries[Array("root".utf8)]?.mode == 0o711)
    }

    // MARK: versions

    @Test(arguments: [1, 2, 5, 64, 1000]) func aVersionIsFoundWhereverPiecesEnd(pieces: Int) {
        let zero = "\u{0}"
        let text =
            String(repeating: "x", count: 700) + zero + "3.11" + zero + "3.11.x" + zero + "3.11.12+" + zero
            + String(repeating: "y", count: 300) + zero + "3.11.9" + zero + "z"
        #expect(version(.python(inFile: Array("libpython3.11.so.1.0".utf8)), text, pieces) == "3.11.12+")
        #expect(version(.python(inFile: Array("python3.12".utf8)), text, pieces) == nil)
        let library = "GNU C Library (Debian GLIBC 2.36-9) stable release version 2.36.\n" + text
        #expect(version(.glibc, library, pieces) == "2.36")
    }

    private func version(_ search: VersionSearch, _ text: String, _ pieces: Int) -> String? {
        var search = search
        let bytes = Array(text.utf8)
        for start in stride(from: 0, to: bytes.count, by: pieces) {
            bytes[start..<min(bytes.count, start + pieces)].withUnsafeBytes { search.read($0) }
        }
        return search.version
    }
}
