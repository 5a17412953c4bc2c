// SPDX-License-Identifier: Apache-2.0

import ImageSpec
import ImageSpecLayers
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// Images that were made by a builder, for images that are based on them.
final class KeptImages: Sendable {
    /// A temporary directory that is removed with the last reference to it, or at the end of the process.
    final class Scratch: Sendable {
        let directory: TemporaryDirectory

        /// The directories that exist. Process-wide, because a function that runs at the end of a process is passed nothing.
        private static let paths = Mutex<Set<String>>([])
        private static let removesAtExit: Bool = atexit { Scratch.removeAll() } == 0

        init() throws(ImageSpecError) {
            _ = Self.removesAtExit
            directory = try TemporaryDirectory()
            Self.paths.withLock { _ = $0.insert(directory.path) }
        }

        deinit { remove() }

        func remove() {
            directory.remove()
            Self.paths.withLock { _ = $0.remove(directory.path) }
        }

        private static func removeAll() {
            for path in paths.withLock({ $0 }) { TemporaryDirectory.remove(path) }
        }
    }

    struct Image: Sendable {
        var index: ImageIndex
        var store: LayerStore
        /// Where the store has layers that are in no cache.
        var scratch: Scratch
    }

    private let images = Mutex<[String: Image]>([:])

    func add(_ image: Image, named name: String) { images.withLock { $0[name] = image } }

    /// An image as the base of another one.
    func base(_ reference: ImageSpec.ImageReference, named name: String, for platform: ImagePlatform)
        -> BaseImage?
    {
        guard let kept = images.withLock({ $0[name] }),
            let image = kept.index.images.first(where: { $0.platform == platform })
        else { return nil }
        return image.asBase(reference, in: KeptRepository(image: image, kept: kept))
    }
}

/// Reads the blobs of an image that was made and not stored.
private struct KeptRepository: ImageRepository {
    var image: AssembledImage
    var kept: KeptImages.Image

    func manifest(_ identifier: String) async throws -> StoredManifest? { image.manifest }

    func hasBlob(_ blob: BlobDescriptor) async throws -> Bool { true }

    func readBlob(
        _ blob: BlobDescriptor, _ take: @escaping @Sendable (UnsafeRawBufferPointer) throws -> Void
    ) async throws {
        let layer = image.layers.first { $0.blob.digest == blob.digest }
        let source: BlobSource =
            switch layer?.source {
            case .made(let layer): .file(path: try await kept.store.file(of: layer))
            case .base, nil: .repository(image.base.repository)
            }
        try await source.read(blob, take)
    }

    func mountBlob(_ blob: BlobDescriptor, from repository: String) async throws -> Bool { false }

    // Nothing is written to it.
    func writeBlob(
        _ blob: BlobDescriptor, from source: BlobSource, progress: @escaping @Sendable (Int) -> Void
    ) async throws { preconditionFailure("an image that was made does not change") }

    func writeManifest(_ manifest: StoredManifest, as identifier: String) async throws {
        preconditionFailure("an image that was made does not change")
    }
}
