// SPDX-License-Identifier: Apache-2.0

internal import ImageSpec
internal import Synchronization

/// Reports a transfer that takes long: a line at its beginning, and one for each tenth of its bytes.
final class TransferProgress: Sendable {
    /// Smaller blobs take no time.
    private static let smallest = 4 << 20

    private let title: String
    private let size: Int
    private let report: @Sendable (String) -> Void
    private let done = Mutex((bytes: 0, tenths: 0))

    init(_ title: String, _ blob: BlobDescriptor, _ report: @escaping @Sendable (String) -> Void) {
        self.title = "\(title), \(blob.digest.description.prefix(19))"
        size = blob.size
        self.report = report
        if size >= Self.smallest { report("\(self.title): \(size.formattedBytes)") }
    }

    @Sendable func add(_ count: Int) {
        guard size >= Self.smallest else { return }
        let line = done.withLock { done -> String? in
            done.bytes += count
            let tenths = done.bytes * 10 / size
            guard tenths > done.tenths else { return nil }
            done.tenths = tenths
            return "\(title): \(done.bytes.formattedBytes) of \(size.formattedBytes)"
        }
        if let line { report(line) }
    }
}
