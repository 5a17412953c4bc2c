// SPDX-License-Identifier: Apache-2.0

internal import ImageSpec
internal import ImageSpecBuilding

/// What is known of a base image: its configuration, and the files that matter.
package struct BaseFacts: Sendable {
    package var image: BaseImage
    package var tree: BaseTree

    package init(image: BaseImage, tree: BaseTree) {
        self.image = image
        self.tree = tree
    }

    /// Reads the layers of a base image once, several at a time, and stores what matters of them in the cache.
    package static func read(
        _ image: BaseImage, cache: LayerCacheDirectory?, progress: @escaping @Sendable (String) -> Void
    ) async throws -> BaseFacts {
        let environment = image.configuration.variable("VIRTUAL_ENV")
        // Images with the usual environment share what is stored with those that have none.
        var paths = [BaseTree.bytes(RenderingConstants.virtualEnvironment)]
        if let path = environment.map(BaseTree.bytes), !paths.contains(path) { paths.append(path) }
        let selection = BaseSelection(environments: paths)
        let layers = try await withThrowingTaskGroup(of: (Int, BaseLayer).self) { group in
            var layers = [BaseLayer](repeating: BaseLayer(), count: image.layers.count)
            for (number, blob) in image.layers.enumerated() {
                // More connections are not faster.
                if number >= 3, let (number, layer) = try await group.next() { layers[number] = layer }
                group.addTask {
                    (number, try await Self.layer(blob, of: image, selection, cache, progress))
                }
            }
            for try await (number, layer) in group { layers[number] = layer }
            return layers
        }
        var tree = BaseTree()
        for layer in layers { tree.apply(layer) }
        return BaseFacts(image: image, tree: tree)
    }

    private static func layer(
        _ blob: BlobDescriptor, of image: BaseImage, _ selection: BaseSelection,
        _ cache: LayerCacheDirectory?,
        _ progress: @escaping @Sendable (String) -> Void
    ) async throws -> BaseLayer {
        let key = CacheKey(
            [Array("base.v1".utf8), Array("\(blob.digest)".utf8)] + selection.environments)
        if let known = cache?.read(.base, key).flatMap(BaseLayer.init(archive:)) { return known }
        return try await reads.value(for: Read(image: image.reference, layer: key)) {
            progress(
                "reading \(blob.digest.description.prefix(19)) of \(image.reference), \(blob.size.formattedBytes)"
            )
            let reader = BaseLayerReader(selection)
            try await image.repository.readBlob(blob) { try reader.read($0) }
            let layer = try reader.finish()
            cache?.write(layer.archive, .base, key)
            return layer
        }
    }

    private struct Read: Hashable, Sendable {
        let image: ImageSpec.ImageReference
        let layer: CacheKey
    }

    /// Images that are made at the same time often have the same base, whose layers are read for all of them at once.
    private static let reads = SingleFlight<Read, BaseLayer>()
}

extension Int {
    /// The number of bytes for people: `12.3 MB`.
    package var formattedBytes: String {
        let units = ["B", "kB", "MB", "GB", "TB"]
        var value = Double(self)
        var unit = 0
        while value >= 999.5, unit < units.count - 1 {
            value /= 1000
            unit += 1
        }
        if unit == 0 { return "\(self) B" }
        let tenths = Int((value * 10).rounded())
        return tenths >= 100
            ? "\(Int(value.rounded())) \(units[unit])" : "\(tenths / 10).\(tenths % 10) \(units[unit])"
    }
}
