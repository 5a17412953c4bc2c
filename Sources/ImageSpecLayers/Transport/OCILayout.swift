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

/// A directory with images in the layout of the OCI, which other tools read and write.
///
/// Each file is complete or does not exist. Images that the directory has are kept.
/// Source: OCI image specification 1.1, image layout.
package final class OCILayout: ImageRepository {
    private let path: String
    /// The name of the image that is written.
    private let imageName: String?
    private let index = Mutex<Void>(())

    static let referenceAnnotation = "org.opencontainers.image.ref.name"
    /// By which containerd and docker name an image that they load.
    static let nameAnnotation = "io.containerd.image.name"

    /// Opens a layout, to read images.
    package init(reading path: String) throws {
        self.path = path
        imageName = nil
        guard FileSystem.isRegularFile(path + "/oci-layout") else { throw ImageSpecError.notALayout(path) }
    }

    /// Opens a layout, or creates one in a directory that is empty or does not exist, to write an image.
    package init(writing imageName: String, to path: String) throws {
        self.path = path
        self.imageName = imageName
        if !FileSystem.isRegularFile(path + "/oci-layout") {
            if mkdir(path, 0o777) != 0, errno != EEXIST {
                throw ImageSpecError.layoutNotWritten(path, FileSystem.Failure.last.reason)
            }
            let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
            guard descriptor >= 0 else {
                throw ImageSpecError.layoutNotWritten(path, FileSystem.Failure.last.reason)
            }
            defer { close(descriptor) }
            guard (try? FileSystem.entries(ofOpenDirectory: descriptor))?.isEmpty == true else {
                throw ImageSpecError.notALayout(path)
            }
        }
        for directory in ["/blobs", "/blobs/sha256"]
        where mkdir(path + directory, 0o777) != 0 && errno != EEXIST {
            throw ImageSpecError.layoutNotWritten(path + directory, FileSystem.Failure.last.reason)
        }
    }

    private func file(_ digest: ImageSpec.ImageReference.Digest) -> String {
        "\(path)/blobs/\(digest.algorithm.rawValue)/\(digest.hex)"
    }

    // MARK: reading

    package func manifest(_ identifier: String) async throws -> StoredManifest? {
        let entry = try manifests().first { entry in
            entry["digest"]?.string == identifier
                || entry["annotations"]?[Self.referenceAnnotation]?.string == identifier
        }
        // Manifests of an index are blobs that are not listed.
        guard
            let digest = (entry?["digest"]?.string).flatMap(ImageSpec.ImageReference.Digest.init)
                ?? ImageSpec.ImageReference.Digest(identifier),
            let bytes = try? FileSystem.contents(file(digest))
        else { return nil }
        guard digest.algorithm != .sha256 || ImageSpec.ImageReference.Digest(of: bytes) == digest else {
            throw ImageSpecError.damagedBlob(file(digest))
        }
        let document = try? ImageSpec.JSONValue(json: bytes)
        return StoredManifest(
            mediaType: document?["mediaType"]?.string ?? entry?["mediaType"]?.string ?? MediaType.manifest,
            bytes: bytes)
    }

    /// The entries of `index.json`.
    private func manifests() throws -> [ImageSpec.JSONValue] {
        guard FileSystem.isRegularFile(path + "/index.json") else { return [] }
        do {
            let bytes = try FileSystem.contents(path + "/index.json")
            return try ImageSpec.JSONValue(json: bytes)["manifests"]?.array ?? []
        } catch {
            throw ImageSpecError.notALayout(path)
        }
    }

    package func hasBlob(_ blob: BlobDescriptor) async throws -> Bool {
        var status = stat()
        return stat(file(blob.digest), &status) == 0 && status.st_size == blob.size
    }

    package func readBlob(
        _ blob: BlobDescriptor, _ take: @escaping @Sendable (UnsafeRawBufferPointer) throws -> Void
    ) async throws {
        try BlobFile(path: file(blob.digest)).read(blob, take)
    }

    package func mountBlob(_ blob: BlobDescriptor, from repository: String) async throws -> Bool { false }

    // MARK: writing

    package func writeBlob(
        _ blob: BlobDescriptor, from source: BlobSource, progress: @escaping @Sendable (Int) -> Void
    ) async throws {
        let target = file(blob.digest)
        let output: AtomicOutput
        do throws(FileSystem.Failure) {
            output = AtomicOutput(try AtomicFile(Array(target.utf8)), path: target)
        } catch {
            throw ImageSpecError.layoutNotWritten(target, error.reason)
        }
        try await source.read(blob) { bytes in
            try output.write(bytes)
            progress(bytes.count)
        }
        try output.finish()
    }

    package func writeManifest(_ manifest: StoredManifest, as identifier: String) async throws {
        let digest = manifest.digest
        let blob = BlobDescriptor(mediaType: manifest.mediaType, digest: digest, size: manifest.bytes.count)
        try await writeBlob(blob, from: .bytes(manifest.bytes)) { _ in }
        // The manifest of one platform is found by the index that refers to it.
        if ImageSpec.ImageReference.Digest(identifier) != nil { return }
        var entry = try blob.json.object ?? [:]
        var annotations: ImageSpec.OrderedDictionary<ImageSpec.JSONValue> = [
            Self.referenceAnnotation: .string(identifier)
        ]
        annotations[Self.nameAnnotation] = imageName.map { .string($0) }
        entry["annotations"] = .object(annotations)
        try index.withLock { _ in
            let others = try manifests().filter {
                $0["annotations"]?[Self.referenceAnnotation]?.string != identifier
            }
            let document: ImageSpec.JSONValue = [
                "schemaVersion": try .init(2), "mediaType": .string(MediaType.index),
                "manifests": .array(others + [.object(entry)]),
            ]
            try write(document.canonicalForm, to: "index.json")
            try write(Self.marker, to: "oci-layout")
        }
    }

    static let marker = Array("{\"imageLayoutVersion\":\"1.0.0\"}".utf8)

    private func write(_ bytes: [UInt8], to name: String) throws {
        do throws(FileSystem.Failure) {
            let file = try AtomicFile(Array("\(path)/\(name)".utf8))
            try file.write(bytes[...])
            try file.finish(isDurable: false)
            try file.commit()
        } catch {
            throw ImageSpecError.layoutNotWritten("\(path)/\(name)", error.reason)
        }
    }
}

/// A file whose bytes arrive on different threads, one after the other.
private final class AtomicOutput: Sendable {
    private let file: Mutex<AtomicFile>
    private let path: String

    init(_ file: sending AtomicFile, path: String) {
        self.file = Mutex(file)
        self.path = path
    }

    func write(_ bytes: UnsafeRawBufferPointer) throws {
        let bytes = Array(bytes)
        try perform { file throws(FileSystem.Failure) in try file.write(bytes[...]) }
    }

    func finish() throws {
        try perform { file throws(FileSystem.Failure) in
            try file.finish(isDurable: false)
            try file.commit()
        }
    }

    private func perform(_ body: @Sendable (AtomicFile) throws(FileSystem.Failure) -> Void) throws {
        do throws(FileSystem.Failure) {
            try file.withLock { file throws(FileSystem.Failure) in try body(file) }
        } catch {
            throw ImageSpecError.layoutNotWritten(path, error.reason)
        }
    }
}
