// SPDX-License-Identifier: Apache-2.0

import ImageSpec
import Synchronization

@testable import ImageSpecLayers

/// A repository in memory, which records what happens.
final class MemoryRepository: ImageRepository {
    private struct State {
        var blobs: [ImageSpec.ImageReference.Digest: [UInt8]] = [:]
        var manifests: [String: StoredManifest] = [:]
        var events: [String] = []
        var readCount = 0
    }

    private let state = Mutex(State())
    private let mounts: Bool

    init(mounts: Bool = false) { self.mounts = mounts }

    var events: [String] { state.withLock { $0.events } }
    var readCount: Int { state.withLock { $0.readCount } }
    var blobCount: Int { state.withLock { $0.blobs.count } }

    func bytes(_ digest: ImageSpec.ImageReference.Digest) -> [UInt8]? { state.withLock { $0.blobs[digest] } }

    func manifest(_ identifier: String) async throws -> StoredManifest? {
        state.withLock { state in
            state.manifests[identifier] ?? state.manifests.values.first { "\($0.digest)" == identifier }
        }
    }

    func hasBlob(_ blob: BlobDescriptor) async throws -> Bool {
        state.withLock { $0.blobs[blob.digest] != nil }
    }

    func readBlob(
        _ blob: BlobDescriptor, _ take: @escaping @Sendable (UnsafeRawBufferPointer) throws -> Void
    ) async throws {
        state.withLock { $0.readCount += 1 }
        try await BlobSource.bytes(bytes(blob.digest) ?? []).read(blob, take)
    }

    func mountBlob(_ blob: BlobDescriptor, from repository: String) async throws -> Bool {
        state.withLock { state in
            state.events.append("mount from \(repository)")
            if mounts { state.blobs[blob.digest] = [] }
            return mounts
        }
    }

    func writeBlob(
        _ blob: BlobDescriptor, from source: BlobSource, progress: @escaping @Sendable (Int) -> Void
    ) async throws {
        let collected = Collected()
        try await source.read(blob) { piece in
            collected.append(piece)
            progress(piece.count)
        }
        state.withLock { state in
            state.blobs[blob.digest] = collected.bytes
            state.events.append("blob")
        }
    }

    func writeManifest(_ manifest: StoredManifest, as identifier: String) async throws {
        state.withLock { state in
            state.manifests[identifier] = manifest
            state.events.append("manifest \(identifier.hasPrefix("sha256:") ? "by digest" : identifier)")
        }
    }

    private final class Collected: Sendable {
        private let value = Mutex<[UInt8]>([])
        var bytes: [UInt8] { value.withLock { $0 } }
        func append(_ piece: UnsafeRawBufferPointer) {
            let piece = Array(piece)
            value.withLock { $0 += piece }
        }
    }
}
