// SPDX-License-Identifier: Apache-2.0

/// Where the blobs and manifests of images are read and written: a repository of a registry, an OCI layout, or an archive.
///
/// All methods may be called concurrently. Errors are `ImageSpecError` or `CancellationError`.
package protocol ImageRepository: Sendable {
    /// The manifest or index with a tag or a digest, or nil if there is none. If the identifier is a digest, the bytes have it.
    func manifest(_ identifier: String) async throws -> StoredManifest?

    /// Whether a blob exists.
    func hasBlob(_ blob: BlobDescriptor) async throws -> Bool

    /// Reads a blob in order, in pieces, and verifies its size and digest. `take` has been called with all bytes when this
    /// returns; if it throws, reading stops and the error is rethrown.
    func readBlob(
        _ blob: BlobDescriptor, _ take: @escaping @Sendable (UnsafeRawBufferPointer) throws -> Void
    ) async throws

    /// Makes a blob of another repository of the same registry available here without a transfer. Returns whether the
    /// registry did; if not, the blob has to be written.
    func mountBlob(_ blob: BlobDescriptor, from repository: String) async throws -> Bool

    /// Writes a blob, and verifies its size and digest. If this fails, the blob does not exist. `progress` is called with the
    /// number of bytes that were sent since its last call.
    func writeBlob(
        _ blob: BlobDescriptor, from source: BlobSource, progress: @escaping @Sendable (Int) -> Void
    ) async throws

    /// Stores a manifest, with the identifier as its tag unless that is a digest. Everything that it refers to exists by then.
    func writeManifest(_ manifest: StoredManifest, as identifier: String) async throws
}

/// Where the bytes of a blob that is written come from.
package enum BlobSource: Sendable {
    case bytes([UInt8])
    /// A regular file.
    case file(path: String)
    /// Another repository, from which the bytes are streamed without being stored.
    case repository(any ImageRepository)
}
