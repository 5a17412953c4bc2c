// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
internal import ImageSpec
internal import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// How a layer is made: the same recipe always makes the same bytes.
package struct LayerRecipe: Sendable {
    /// A digest of everything that determines the bytes.
    package var key: CacheKey
    /// What the layer contains, for the history of the image.
    package var title: String
    package var write: @Sendable (LayerArchive) async throws -> Void

    package init(
        key: CacheKey, title: String, write: @escaping @Sendable (LayerArchive) async throws -> Void
    ) {
        self.key = key
        self.title = title
        self.write = write
    }
}

/// A layer with known digests, which is made when its bytes are needed.
package struct Layer: Sendable {
    package var recipe: LayerRecipe
    package var content: LayerBlob
}

/// Makes layers, and remembers their digests and bytes in the cache.
///
/// A known layer is not made again as long as nobody needs its bytes. Without a cache, layers are in a temporary directory.
package final class LayerStore: Sendable {
    private let cache: LayerCacheDirectory?
    private let temporaryDirectory: String
    private let time: Int
    /// The layers whose files were made or checked by this store.
    private let files = Mutex<[CacheKey: String]>([:])

    /// - Parameters:
    ///   - cache: where layers are kept. If `nil`, nowhere.
    ///   - temporaryDirectory: a directory that is removed after the build.
    ///   - time: the modification time of all files in layers, in seconds since 1970.
    package init(cache: LayerCacheDirectory?, temporaryDirectory: String, time: Int) {
        self.cache = cache
        self.temporaryDirectory = temporaryDirectory
        self.time = time
    }

    /// The key of a recipe with all that determines the bytes of a layer besides its entries.
    private func key(_ recipe: LayerRecipe) -> CacheKey {
        CacheKey("layer.v1", GzipBlocks.version, "\(time)", recipe.key.hex)
    }

    /// The digests of a layer, from the cache, or by making it.
    package func layer(_ recipe: LayerRecipe) async throws -> Layer {
        let key = key(recipe)
        if let record = cache?.read(.layer, key).flatMap(LayerRecord.init) {
            return Layer(recipe: recipe, content: record.content)
        }
        let content = try await make(recipe, key)
        cache?.write(LayerRecord(content: content).bytes, .layer, key)
        return Layer(recipe: recipe, content: content)
    }

    // MARK: registries that have a layer

    /// Smaller layers are sent as fast as they are mounted.
    private static let smallestPlaced = 64 * 1024

    private func placeKey(_ blob: BlobDescriptor, _ registry: ImageSpec.ImageReference.Registry) -> CacheKey {
        CacheKey("place.v1", "\(registry)", "\(blob.digest)")
    }

    /// A repository of a registry to which this machine has pushed a layer; nil if none is known.
    func repository(of blob: BlobDescriptor, on registry: ImageSpec.ImageReference.Registry) -> String? {
        guard blob.size >= Self.smallestPlaced else { return nil }
        return cache?.read(.place, placeKey(blob, registry)).map { String(decoding: $0, as: UTF8.self) }
    }

    /// Records that a repository has a layer.
    func setRepository(
        _ repository: String, of blob: BlobDescriptor, on registry: ImageSpec.ImageReference.Registry
    ) {
        guard blob.size >= Self.smallestPlaced, self.repository(of: blob, on: registry) == nil else { return }
        cache?.write(Array(repository.utf8), .place, placeKey(blob, registry))
    }

    func forgetRepository(of blob: BlobDescriptor, on registry: ImageSpec.ImageReference.Registry) {
        cache?.remove(.place, placeKey(blob, registry))
    }

    /// The file with the bytes of a layer.
    package func file(of layer: Layer) async throws -> String {
        let key = key(layer.recipe)
        if let known = files.withLock({ $0[key] }) { return known }
        if let cache {
            let file = cache.file(.blob, key)
            if Self.contains(file, layer.content.blob) {
                cache.touch(file)
                files.withLock { $0[key] = file }
                return file
            }
        }
        let content = try await make(layer.recipe, key)
        guard content == layer.content else {
            // The recipe was wrong, or files changed: nothing may refer to the old digests.
            cache?.remove(.layer, key)
            throw ImageSpecError.layerChanged(layer.recipe.title)
        }
        return files.withLock { $0[key] } ?? ""
    }

    /// Makes a layer in the cache, or in the temporary directory if the cache is full or cannot be written.
    private func make(_ recipe: LayerRecipe, _ key: CacheKey) async throws -> LayerBlob {
        if let cache {
            let path = cache.file(.blob, key)
            if let file = try? AtomicFile(Array(path.utf8), mode: 0o600) {
                do {
                    return try await write(recipe, key, to: file, at: path)
                } catch let error as ImageSpecError where error.code == .unwritableOutput {
                    try Task.checkCancellation()
                }
            }
        }
        let path = temporaryDirectory + "/" + key.hex
        let file: AtomicFile
        do throws(FileSystem.Failure) {
            file = try AtomicFile(Array(path.utf8), mode: 0o600)
        } catch {
            throw ImageSpecError.layerNotWritten(error.reason)
        }
        return try await write(recipe, key, to: file, at: path)
    }

    private func write(
        _ recipe: LayerRecipe, _ key: CacheKey, to file: AtomicFile, at path: String
    ) async throws -> LayerBlob {
        let writer = try LayerWriter(to: file)
        let archive = LayerArchive(time: time) { try writer.write($0) }
        try await recipe.write(archive)
        try archive.finish()
        let content = try writer.finish()
        files.withLock { $0[key] = path }
        return content
    }

    /// Whether a file has the bytes of a blob.
    private static func contains(_ path: String, _ blob: BlobDescriptor) -> Bool {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_size == blob.size else { return false }
        var hasher = SHA256Hasher()
        var buffer = [UInt8](repeating: 0, count: 1 << 20)
        while true {
            let count = buffer.withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { return false }
            if count == 0 { break }
            buffer.withUnsafeBytes { hasher.update(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
        }
        return ImageSpec.ImageReference.Digest(hasher.finalize()) == blob.digest
    }
}

/// What the cache says about a layer: `<digest> <size> <diff id>`.
struct LayerRecord {
    var content: LayerBlob

    init(content: LayerBlob) { self.content = content }

    init?(_ bytes: [UInt8]) {
        let words = String(decoding: bytes, as: UTF8.self).split(separator: " ").map(String.init)
        guard words.count == 3, let digest = ImageSpec.ImageReference.Digest(words[0]),
            let size = Int(words[1]),
            let diffID = ImageSpec.ImageReference.Digest(words[2])
        else { return nil }
        content = LayerBlob(
            blob: BlobDescriptor(mediaType: MediaType.layer, digest: digest, size: size), diffID: diffID)
    }

    var bytes: [UInt8] { Array("\(content.blob.digest) \(content.blob.size) \(content.diffID)".utf8) }
}
