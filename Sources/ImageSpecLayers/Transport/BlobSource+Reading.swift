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

extension BlobSource {
    /// Reads all bytes in order, in pieces, and verifies their number and digest.
    package func read(
        _ blob: BlobDescriptor, _ take: @escaping @Sendable (UnsafeRawBufferPointer) throws -> Void
    ) async throws {
        switch self {
        case .bytes(let bytes):
            guard bytes.count == blob.size, ImageSpec.ImageReference.Digest(of: bytes) == blob.digest else {
                throw ImageSpecError.damagedBlob("\(blob.digest)")
            }
            try bytes.withUnsafeBytes { try take($0) }
        case .file(let path): try BlobFile(path: path).read(blob, take)
        case .repository(let repository): try await repository.readBlob(blob, take)
        }
    }
}

/// A file with the bytes of a blob.
struct BlobFile: Sendable {
    var path: String

    func read(_ blob: BlobDescriptor, _ take: (UnsafeRawBufferPointer) throws -> Void) throws {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw ImageSpecError.unreadableLayerFile(path, FileSystem.Failure.last.reason)
        }
        let file = OpenFile(descriptor)
        var hasher = SHA256Hasher()
        var buffer = [UInt8](repeating: 0, count: 256 * 1024)
        var size = 0
        while true {
            try Task.checkCancellation()
            let count = buffer.withUnsafeMutableBytes { systemRead(file.descriptor, $0) }
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else {
                throw ImageSpecError.unreadableLayerFile(path, FileSystem.Failure.last.reason)
            }
            if count == 0 { break }
            size += count
            try buffer.withUnsafeBytes { bytes in
                let piece = UnsafeRawBufferPointer(rebasing: bytes[..<count])
                hasher.update(piece)
                try take(piece)
            }
        }
        // Other digests than SHA-256 cannot be computed here.
        let isRight =
            blob.digest.algorithm != .sha256
            || ImageSpec.ImageReference.Digest(hasher.finalize()) == blob.digest
        guard size == blob.size, isRight else { throw ImageSpecError.damagedBlob(path) }
    }

    private func systemRead(_ descriptor: Int32, _ buffer: UnsafeMutableRawBufferPointer) -> Int {
        #if canImport(Glibc)
        Glibc.read(descriptor, buffer.baseAddress, buffer.count)
        #elseif canImport(Musl)
        Musl.read(descriptor, buffer.baseAddress, buffer.count)
        #else
        Darwin.read(descriptor, buffer.baseAddress, buffer.count)
        #endif
    }
}
