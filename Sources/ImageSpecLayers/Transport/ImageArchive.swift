// SPDX-License-Identifier: Apache-2.0

internal import ImageSpec
internal import ImageSpecBuilding
internal import Synchronization

/// A tar file with an image, which is both an OCI layout and an archive of `docker save`, so that every tool can read it.
///
/// The same bytes for the same image. The file appears when it is complete.
/// Source: OCI image specification 1.1, image layout; moby, `image/spec`, `manifest.json`.
package struct ImageArchive: Sendable {
    private let path: String
    private let store: LayerStore
    private let report: @Sendable (String) -> Void

    package init(
        to path: String, from store: LayerStore, report: @escaping @Sendable (String) -> Void
    ) {
        self.path = path
        self.store = store
        self.report = report
    }

    /// Writes an image with its full name, by which tools that load it name it, and its tag.
    package func write(_ index: ImageIndex, name: String, tag: String) async throws -> TransferSummary {
        let output = try ArchiveOutput(path)
        var summary = TransferSummary()
        var known: Set<ImageSpec.ImageReference.Digest> = []
        try output.folder("blobs")
        try output.folder("blobs/sha256")
        for image in index.images {
            for layer in image.layers where known.insert(layer.blob.digest).inserted {
                try await write(layer, of: image, to: output)
                summary.sentBytes += layer.blob.size
            }
            if known.insert(image.configurationBlob.digest).inserted {
                try output.file(Self.file(image.configurationBlob.digest), image.configurationBytes)
                summary.sentBytes += image.configurationBlob.size
            }
            if index.images.count > 1, known.insert(image.manifest.digest).inserted {
                try output.file(Self.file(image.manifest.digest), image.manifest.bytes)
            }
        }
        let top = try index.top
        try output.file(Self.file(top.digest), top.bytes)
        try output.file("index.json", Self.layoutIndex(top, name: name, tag: tag))
        // Docker knows images of one platform.
        if let image = index.images.first, index.images.count == 1 {
            try output.file("manifest.json", Self.dockerManifest(image, name: name))
        }
        try output.file("oci-layout", OCILayout.marker)
        try output.finish()
        return summary
    }

    private func write(_ layer: AssembledImage.ImageLayer, of image: AssembledImage, to output: ArchiveOutput)
        async throws
    {
        let source: BlobSource
        switch layer.source {
        case .base:
            source = .repository(image.base.repository)
        case .made(let made): source = .file(path: try await store.file(of: made))
        }
        let progress = TransferProgress("writing", layer.blob, report)
        try output.beginFile(Self.file(layer.blob.digest), size: layer.blob.size)
        try await source.read(layer.blob) { bytes in
            try output.write(bytes)
            progress.add(bytes.count)
        }
        try output.endFile(size: layer.blob.size)
    }

    private static func file(_ digest: ImageSpec.ImageReference.Digest) -> String {
        "blobs/\(digest.algorithm.rawValue)/\(digest.hex)"
    }

    private static func layoutIndex(_ top: StoredManifest, name: String, tag: String) throws -> [UInt8] {
        let blob = BlobDescriptor(mediaType: top.mediaType, digest: top.digest, size: top.bytes.count)
        var entry = try blob.json.object ?? [:]
        entry["annotations"] = [
            OCILayout.nameAnnotation: .string(name), OCILayout.referenceAnnotation: .string(tag),
        ]
        let document: ImageSpec.JSONValue = [
            "schemaVersion": try .init(2), "mediaType": .string(MediaType.index),
            "manifests": [.object(entry)],
        ]
        return document.canonicalForm
    }

    private static func dockerManifest(_ image: AssembledImage, name: String) -> [UInt8] {
        let document: ImageSpec.JSONValue = [
            [
                "Config": .string(file(image.configurationBlob.digest)), "RepoTags": [.string(name)],
                "Layers": .array(image.layers.map { .string(file($0.blob.digest)) }),
            ]
        ]
        return document.canonicalForm
    }
}

/// The tar file. Bytes of a blob arrive on different threads, one after the other.
private final class ArchiveOutput: Sendable {
    private let file: Mutex<TarContextFile>

    init(_ path: String) throws { file = Mutex(try TarContextFile(path)) }

    func folder(_ path: String) throws {
        try write(TarHeader(kind: .folder, path: Array((path + "/").utf8), mode: 0o755).blocks)
    }

    func file(_ path: String, _ bytes: [UInt8]) throws {
        try beginFile(path, size: bytes.count)
        try write(bytes)
        try endFile(size: bytes.count)
    }

    func beginFile(_ path: String, size: Int) throws {
        try write(TarHeader(kind: .file, path: Array(path.utf8), mode: 0o644, size: size).blocks)
    }

    func write(_ bytes: UnsafeRawBufferPointer) throws { try write(Array(bytes)) }

    func endFile(size: Int) throws { try write(TarHeader.padding(after: size)) }

    func finish() throws {
        try write([UInt8](repeating: 0, count: 2 * TarHeader.blockSize))
        try file.withLock { file throws(ImageSpecError) in try file.finish() }
    }

    private func write(_ bytes: [UInt8]) throws {
        if bytes.isEmpty { return }
        try file.withLock { file throws(ImageSpecError) in try file.write(bytes[...]) }
    }
}
