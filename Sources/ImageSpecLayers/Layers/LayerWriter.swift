// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
package import ImageSpec

/// A layer in a compressed file: the digests by which an image refers to it.
package struct LayerBlob: Hashable, Sendable {
    /// The compressed file.
    package var blob: BlobDescriptor
    /// The digest of the archive that is not compressed.
    package var diffID: ImageSpec.ImageReference.Digest
}

/// Compresses the archive of a layer to a file, and computes its digests in the same pass.
final class LayerWriter {
    private let gzip: GzipWriter
    private let compressed: Compressed
    private var archiveHasher = SHA256Hasher()

    /// What was written to the file.
    private final class Compressed {
        let file: AtomicFile
        var hasher = SHA256Hasher()
        var size = 0

        init(_ file: AtomicFile) { self.file = file }

        func write(_ bytes: [UInt8]) throws {
            hasher.update(bytes)
            size += bytes.count
            do throws(FileSystem.Failure) {
                try file.write(bytes[...])
            } catch {
                throw ImageSpecError.layerNotWritten(error.reason)
            }
        }
    }

    init(to file: AtomicFile) throws {
        let compressed = Compressed(file)
        self.compressed = compressed
        gzip = try GzipWriter { try compressed.write($0) }
    }

    func write(_ bytes: ArraySlice<UInt8>) throws {
        bytes.withUnsafeBytes { archiveHasher.update($0) }
        try gzip.write(bytes)
    }

    /// Completes the file, which then has its name.
    func finish() throws -> LayerBlob {
        try gzip.finish()
        do throws(FileSystem.Failure) {
            try compressed.file.finish(isDurable: false)
            try compressed.file.commit()
        } catch {
            throw ImageSpecError.layerNotWritten(error.reason)
        }
        return LayerBlob(
            blob: BlobDescriptor(
                mediaType: MediaType.layer, digest: .init(compressed.hasher.finalize()), size: compressed.size
            ),
            diffID: .init(archiveHasher.finalize()))
    }
}
