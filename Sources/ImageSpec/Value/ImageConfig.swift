// SPDX-License-Identifier: Apache-2.0

extension ImageSpec {
    /// The images that a registration knows: by names that users choose, and by the ids of specs.
    ///
    /// A registration builds the images and passes their names on as JSON, which is that of flytekit. The task looks up its image
    /// later by ``ImageSpec/id``, which needs no files.
    ///
    /// Source: flytekit `ImageConfig`.
    public struct ImageConfig: Hashable, Sendable {
        /// The image of tasks without a spec.
        public var defaultImage: Image?
        /// The other images. flytekit repeats the default image here.
        public var images: [Image]

        /// Creates a config from images.
        public init(defaultImage: Image? = nil, images: [Image] = []) {
            self.defaultImage = defaultImage
            self.images = images
        }

        /// Creates a config from references: that of the default image, and others by name.
        ///
        /// ```swift
        /// let config = ImageSpec.ImageConfig(
        ///     default: "ghcr.io/acme/default:1.0", images: ["spark": "ghcr.io/acme/spark:3.5"])
        /// ```
        ///
        /// Source: flytekit `ImageConfig.from_images`.
        public init(default reference: String, images: OrderedDictionary<String> = [:]) {
            self.init(
                defaultImage: Image(name: Self.defaultName, reference: reference),
                images: images.map { Image(name: $0.key, reference: $0.value) })
        }

        private static let defaultName = "default"

        /// Sets the image of a spec. Replaces an earlier image of the same spec.
        public mutating func add(_ imageName: String, for spec: ImageSpec) {
            let image = Image(name: spec.id, reference: imageName)
            if let index = images.firstIndex(where: { $0.name == image.name }) {
                images[index] = image
            } else {
                images.append(image)
            }
        }

        /// Returns the image with a name, or `nil`.
        public func image(named name: String) -> Image? {
            if let defaultImage, defaultImage.name == name { return defaultImage }
            return images.first { $0.name == name }
        }

        /// Returns the image built from a spec, or `nil` if it is unknown. If `spec` is `nil`, returns the default
        /// image.
        public func imageName(for spec: ImageSpec?) -> String? {
            guard let spec else { return defaultImage?.full }
            return image(named: spec.id)?.full
        }
    }
}
