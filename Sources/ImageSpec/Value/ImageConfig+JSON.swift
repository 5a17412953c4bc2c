// SPDX-License-Identifier: Apache-2.0

internal import ContentTree

extension ImageSpec.ImageConfig {
    private typealias JSON = ImageSpec.JSONValue

    /// Reads the JSON of flytekit:
    /// `{"default_image": {"name": "default", "fqn": "…", "tag": "…", "digest": null}, "images": […]}`.
    /// - Throws: ``ImageSpecError/Code/invalidDocument`` for invalid JSON or an image with both a tag and a digest,
    ///   ``ImageSpecError/Code/unknownField`` for an unknown key.
    public init(json text: String) throws(ImageSpecError) {
        self.init()
        let document = try JSON(json: text)
        guard case .object(let object) = document else {
            throw .wrongType(DocumentPath(), document, expected: .object)
        }
        for (key, value) in object {
            let path = DocumentPath().key(key)
            switch (key, value) {
            case ("default_image", .null), ("images", .null): break
            case ("default_image", _): defaultImage = try ImageSpec.Image(value, path)
            case ("images", .array(let list)):
                for (index, image) in list.enumerated() {
                    images.append(try ImageSpec.Image(image, path.index(index)))
                }
            case ("images", _): throw .wrongType(path, value, expected: .listOfImages)
            default: throw .unknownConfigKey(key)
            }
        }
    }

    /// The config as JSON that flytekit reads, in canonical form (RFC 8785).
    public var json: String {
        let document: JSON = [
            "default_image": defaultImage.map(\.document) ?? .null, "images": .array(images.map(\.document)),
        ]
        return String(decoding: document.canonicalForm, as: UTF8.self)
    }
}

extension ImageSpec.Image {
    fileprivate init(_ value: ImageSpec.JSONValue, _ path: DocumentPath) throws(ImageSpecError) {
        guard case .object(let object) = value else {
            throw .wrongType(path, value, expected: .object)
        }
        func text(_ key: String) throws(ImageSpecError) -> String? {
            switch object[key] {
            case .string(let text)?: return text
            case nil, .null?: return nil
            case let other?: throw .wrongType(path.key(key), other, expected: .string)
            }
        }
        guard let name = try text("name") else {
            throw .wrongType(path.key("name"), .null, expected: .string)
        }
        guard let fqn = try text("fqn") else { throw .wrongType(path.key("fqn"), .null, expected: .string) }
        self.init(name: name, fqn: fqn, tag: try text("tag"), digest: try text("digest"))
        if tag != nil, digest != nil { throw .tagAndDigest(path.description, name) }
    }

    fileprivate var document: ImageSpec.JSONValue {
        [
            "name": .string(name), "fqn": .string(fqn), "tag": tag.map { .string($0) } ?? .null,
            "digest": digest.map { .string($0) } ?? .null,
        ]
    }
}
