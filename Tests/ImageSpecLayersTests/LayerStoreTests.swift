// SPDX-License-Identifier: Apache-2.0

import Foundation
import ImageSpec
import Synchronization
import Testing

@testable import ImageSpecLayers

@Suite struct LayerStoreTests {
    /// How often a layer was made.
    private final class Counter: Sendable {
        private let value = Mutex(0)
        var count: Int { value.withLock { $0 } }
        func add() { value.withLock { $0 += 1 } }
    }

    private let folder: TemporaryFolder
    private let counter = Counter()

    init() throws { folder = try TemporaryFolder() }

    private func store() throws -> LayerStore {
        let scratch = folder.path + "/" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: scratch, withIntermediateDirectories: false)
        return LayerStore(
            cache: LayerCacheDirectory(folder.path + "/cache"), temporaryDirectory: scratch, time: 0)
    }

    private func recipe(_ text: String = "text") -> LayerRecipe {
        let counter = counter
        return LayerRecipe(key: CacheKey("test", text), title: text) { archive in
            counter.add()
            try archive.add(LayerEntry("file", .bytes(Array(text.utf8)), mode: 0o644))
        }
    }

    private func blobs() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder.path + "/cache").filter {
            $0.hasPrefix("image-blob-")
        }
    }

    @Test func aKnownLayerIsNotMadeAgain() async throws {
        let first = try await store().layer(recipe())
        let second = try await store().layer(recipe())
        #expect(first.content == second.content)
        #expect(counter.count == 1)
        _ = try await store().file(of: second)
        #expect(counter.count == 1)
        _ = try await store().layer(recipe("other"))
        #expect(counter.count == 2)
    }

    @Test func aMissingOrDamagedFileIsMadeAgain() async throws {
        let layer = try await store().layer(recipe())
        let file = folder.path + "/cache/" + (try #require(try blobs().first))
        var bytes = Array(try Data(contentsOf: URL(filePath: file)))
        bytes[bytes.count / 2] ^= 1
        try Data(bytes).write(to: URL(filePath: file))
        let path = try await store().file(of: layer)
        #expect(
            ImageSpec.ImageReference.Digest(of: Array(try Data(contentsOf: URL(filePath: path))))
                == layer.content.blob.digest)
        #expect(counter.count == 2)
        try FileManager.default.removeItem(atPath: file)
        _ = try await store().file(of: layer)
        #expect(counter.count == 3)
    }

    @Test func aRecipeThatMakesOtherBytesIsAnErrorOnce() async throws {
        let layer = try await store().layer(recipe())
        for name in try blobs() { try FileManager.default.removeItem(atPath: folder.path + "/cache/" + name) }
        let changed = LayerRecipe(key: layer.recipe.key, title: "changed") { archive in
            try archive.add(LayerEntry("file", .bytes([1]), mode: 0o644))
        }
        let error = await #expect(throws: ImageSpecError.self) {
            _ = try await self.store().file(of: Layer(recipe: changed, content: layer.content))
        }
        #expect(error?.code == .sourceChanged)
        // The wrong digests are forgotten.
        let again = try await store().layer(changed)
        #expect(again.content != layer.content)
    }

    @Test func aFailedLayerLeavesNothing() async throws {
        struct Failure: Error {}
        let broken = LayerRecipe(key: CacheKey("broken"), title: "broken") { archive in
            try archive.add(LayerEntry("file", .bytes([UInt8](repeating: 1, count: 3 << 20)), mode: 0o644))
            throw Failure()
        }
        await #expect(throws: Failure.self) { _ = try await self.store().layer(broken) }
        #expect(try blobs() == [])
    }

    @Test func withoutACacheLayersAreTemporary() async throws {
        let store = LayerStore(cache: nil, temporaryDirectory: folder.path, time: 0)
        let layer = try await store.layer(recipe())
        #expect(try await store.file(of: layer).hasPrefix(folder.path + "/"))
        #expect(try await self.store().layer(recipe()).content == layer.content)
    }

    @Test func theTimeIsPartOfALayer() async throws {
        let other = LayerStore(cache: nil, temporaryDirectory: folder.path, time: 1)
        #expect(try await other.layer(recipe()).content != store().layer(recipe()).content)
    }
}
