// SPDX-License-Identifier: Apache-2.0

package import ImageSpec

/// Stores images in a repository: first their blobs, several at a time, then their manifests, the one with the tag last, so
/// that a tag never names an incomplete image.
package struct ImageTransfer: Sendable {
    private let target: any ImageRepository
    /// The registry of the target, whose other repositories blobs can be mounted from; nil if the target is none.
    private let registry: ImageSpec.ImageReference.Registry?
    /// The name of the target in the registry, from which later images can mount layers; nil if it is not known.
    private let repository: String?
    private let store: LayerStore
    private let report: @Sendable (String) -> Void

    /// More uploads at a time are not faster, and registries limit them.
    private static let concurrency = 4

    package init(
        to target: any ImageRepository, on registry: ImageSpec.ImageReference.Registry?,
        named repository: String? = nil, from store: LayerStore,
        report: @escaping @Sendable (String) -> Void
    ) {
        self.target = target
        self.registry = registry
        self.repository = repository
        self.store = store
        self.report = report
    }

    /// A blob, and the images that have it.
    private struct Item: Sendable {
        var blob: BlobDescriptor
        var content: Content

        enum Content: Sendable {
            case configuration([UInt8])
            case layer(AssembledImage.Source, base: BaseImage)
        }
    }

    /// Stores an image under a tag, or under its digest if that is the identifier.
    package func write(_ index: ImageIndex, as identifier: String) async throws -> TransferSummary {
        var items: [Item] = []
        var known: Set<ImageSpec.ImageReference.Digest> = []
        for image in index.images {
            for layer in image.layers where known.insert(layer.blob.digest).inserted {
                items.append(Item(blob: layer.blob, content: .layer(layer.source, base: image.base)))
            }
            if known.insert(image.configurationBlob.digest).inserted {
                items.append(
                    Item(blob: image.configurationBlob, content: .configuration(image.configurationBytes)))
            }
        }
        let summary = try await write(items)
        if index.images.count > 1 {
            for image in index.images {
                try await target.writeManifest(image.manifest, as: "\(image.manifest.digest)")
            }
        }
        try await target.writeManifest(index.top, as: identifier)
        return summary
    }

    private func write(_ items: [Item]) async throws -> TransferSummary {
        try await withThrowingTaskGroup(of: (size: Int, isSent: Bool).self) { group in
            var summary = TransferSummary()
            func add(_ result: (size: Int, isSent: Bool)) {
                if result.isSent {
                    summary.sentBytes += result.size
                } else {
                    summary.skippedBytes += result.size
                }
            }
            for (number, item) in items.enumerated() {
                if number >= Self.concurrency, let result = try await group.next() { add(result) }
                group.addTask { (item.blob.size, try await write(item)) }
            }
            for try await result in group { add(result) }
            return summary
        }
    }

    /// Makes a blob available. Returns whether it was sent.
    private func write(_ item: Item) async throws -> Bool {
        if try await target.hasBlob(item.blob) {
            remember(item)
            return false
        }
        switch item.content {
        case .configuration(let bytes):
            try await target.writeBlob(item.blob, from: .bytes(bytes)) { _ in }
        case .layer(.base, let base):
            if base.reference.registry == registry,
                try await target.mountBlob(item.blob, from: base.reference.repository)
            {
                return false
            }
            let progress = TransferProgress("sending", item.blob, report)
            try await target.writeBlob(item.blob, from: .repository(base.repository), progress: progress.add)
        case .layer(.made(let layer), _):
            if try await mountKnown(item.blob) { return false }
            let file = try await store.file(of: layer)
            let progress = TransferProgress("sending \(layer.recipe.title)", item.blob, report)
            try await target.writeBlob(item.blob, from: .file(path: file), progress: progress.add)
            remember(item)
        }
        return true
    }

    private func remember(_ item: Item) {
        guard case .layer(.made, _) = item.content, let registry, let repository else { return }
        store.setRepository(repository, of: item.blob, on: registry)
    }

    /// Mounts a layer from the repository to which it was pushed, if it is still there and may be read. Nothing depends on it.
    private func mountKnown(_ blob: BlobDescriptor) async throws -> Bool {
        guard let registry, let known = store.repository(of: blob, on: registry), known != repository else {
            return false
        }
        let isMounted = (try? await target.mountBlob(blob, from: known)) ?? false
        try Task.checkCancellation()
        if !isMounted { store.forgetRepository(of: blob, on: registry) }
        return isMounted
    }
}
