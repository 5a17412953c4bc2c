// SPDX-License-Identifier: Apache-2.0

internal import ContentTree

extension ImageSpec.ImageConfig {
    /// Returns the image that code refers to by text: a reference, which is returned unchanged, or a template.
    ///
    /// `{{.image.NAME.fqn}}` is replaced by the ``ImageSpec/Image/fqn`` of an image, `{{.image.NAME.version}}` by its tag or digest,
    /// and `{{.image.NAME}}` by its whole reference. If the version is a digest, a `:` before it becomes `@`. The
    /// version of an image without one is that of the default image. Empty text means the default image.
    ///
    /// Source: flytekit `get_registerable_container_image`.
    /// - Throws: ``ImageSpecError/Code/missingInput`` if the image, its version or the default image is missing,
    ///   ``ImageSpecError/Code/invalidReference`` for another attribute.
    public func resolve(_ text: String) throws(ImageSpecError) -> String {
        guard !text.isEmpty else {
            guard let defaultImage else { throw .noDefaultImage }
            return defaultImage.full
        }
        let bytes = Array(text.utf8)
        var result: [UInt8] = []
        var position = 0
        while position < bytes.count {
            guard let template = ImageTemplate(in: bytes, at: position) else {
                result.append(bytes[position])
                position += 1
                continue
            }
            position = template.end
            guard let image = image(named: template.name) else {
                throw .unknownImage(template.name, known: ([defaultImage] + images).compactMap { $0?.name })
            }
            switch template.attribute {
            case nil: result += image.full.utf8
            case "fqn": result += image.fqn.utf8
            case "version":
                guard let version = image.version ?? defaultImage?.version else {
                    throw .imageWithoutVersion(image.full)
                }
                let isDigest = version.utf8.contains(UInt8(ascii: ":"))
                if isDigest, result.last == UInt8(ascii: ":") { result[result.count - 1] = UInt8(ascii: "@") }
                result += version.utf8
            case let attribute?: throw .unknownImageAttribute(attribute)
            }
        }
        return String(decoding: result, as: UTF8.self)
    }
}

/// `{{.image.NAME}}` or `{{.image.NAME.ATTRIBUTE}}`, also with `.images` and white space inside the braces.
private struct ImageTemplate {
    var name: String
    var attribute: String?
    /// The position after it.
    var end: Int

    init?(in bytes: [UInt8], at start: Int) {
        var position = start
        func take(_ text: String) -> Bool {
            let end = position + text.utf8.count
            guard end <= bytes.count,
                zip(bytes[position..<end], text.utf8).allSatisfy({ Self.lowercased($0) == $1 })
            else { return false }
            position = end
            return true
        }
        func skipWhiteSpace() {
            while position < bytes.count, [0x20, 0x09, 0x0A, 0x0B, 0x0C, 0x0D].contains(bytes[position]) {
                position += 1
            }
        }
        func word() -> String? {
            let first = position
            while position < bytes.count, Self.isWord(bytes[position]) { position += 1 }
            return position == first ? nil : String(decoding: bytes[first..<position], as: UTF8.self)
        }
        guard take("{{") else { return nil }
        skipWhiteSpace()
        guard take(".image") else { return nil }
        _ = take("s")
        guard take("."), let name = word() else { return nil }
        self.name = name
        if take(".") {
            guard let attribute = word() else { return nil }
            self.attribute = attribute
        }
        skipWhiteSpace()
        guard take("}}") else { return nil }
        end = position
    }

    private static func lowercased(_ byte: UInt8) -> UInt8 {
        (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
    }

    private static func isWord(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
            true
        default: false
        }
    }
}
