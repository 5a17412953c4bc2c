// SPDX-License-Identifier: Apache-2.0

internal import Synchronization

extension ImageRepository {
    /// All bytes of a small blob.
    func contents(of blob: BlobDescriptor) async throws -> [UInt8] {
        let bytes = SharedBytes()
        try await readBlob(blob) { bytes.append($0) }
        return bytes.value
    }
}

private final class SharedBytes: Sendable {
    private let bytes = Mutex<[UInt8]>([])

    var value: [UInt8] { bytes.withLock { $0 } }

    func append(_ more: UnsafeRawBufferPointer) {
        let more = Array(more)
        bytes.withLock { $0 += more }
    }
}
