// SPDX-License-Identifier: Apache-2.0

extension ImageSpec {
    /// Image names by the id of the spec they were built from.
    ///
    /// A registration builds the images and passes their names on as JSON. The task looks up its image later by
    /// ``ImageSpec/id``, which needs no files. The JSON is `{"default_image": "…", "images": {"<id>": "…"}}`; both
    /// keys may be missing.
    ///
    /// Source: flytekit `ImageConfig`, whose images have names that users choose; here the name is the id.
    public struct ImageConfig: Hashable, Sendable {
        /// The image of tasks without a spec.
        public var defaultImage: String?
        /// Image names by spec id.
        public var images: OrderedDictionary<String>

        /// Creates a config from images by spec id and a default image.
        public init(defaultImage: String? = nil, images: OrderedDictionary<String> = [:]) {
            self.defaultImage = defaultImage
            self.images = images
        }

        /// Reads a config from JSON.
        /// - Throws: ``ImageSpecError/Code/invalidDocument`` for invalid JSON,
        ///   ``ImageSpecError/Code/unknownField`` for an unknown key.
        public init(json text: String) throws(ImageSpecError) {
            self.init()
            let document = try JSONValue(json: text)
            guard case .object(let object) = document else {
                throw .wrongType(DocumentPath(), document, expected: .object)
            }
            for (key, value) in object {
                switch (key, value) {
                case ("default_image", .null), ("images", .null): break
                case ("default_image", .string(let name)): defaultImage = name
                case ("default_image", _): throw .wrongType(DocumentPath().key(key), value, expected: .string)
                case ("images", .object(let names)):
                    for (id, name) in names {
                        guard case .string(let name) = name else {
                            throw .wrongType(DocumentPath().key("images").key(id), name, expected: .string)
                        }
                        images[id] = name
                    }
                case ("images", _):
                    throw .wrongType(DocumentPath().key(key), value, expected: .objectOfStrings)
                default: throw .unknownConfigKey(key)
                }
            }
        }

        /// The config as canonical JSON (RFC 8785): equal images give equal bytes, whatever their order.
        public var json: String {
            CanonicalWriter.text { writer in
                writer.beginObject()
                if let defaultImage {
                    writer.key("default_image")
                    writer.string(defaultImage)
                }
                writer.key("images")
                writer.object(images)
                writer.endObject()
            }
        }

        /// Sets the image of a spec. Replaces an earlier image of the same spec.
        public mutating func add(_ imageName: String, for spec: ImageSpec) {
            images[spec.id] = imageName
        }

        /// Returns the image built from a spec, or `nil` if it is unknown. If `spec` is `nil`, returns the default
        /// image.
        public func imageName(for spec: ImageSpec?) -> String? {
            guard let spec else { return defaultImage }
            return images[spec.id]
        }
    }
}
