// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
internal import ImageSpec

extension ImageSpec.JSONValue {
    var text: String? { if case .string(let text) = self { text } else { nil } }
    var list: [ImageSpec.JSONValue]? { if case .array(let list) = self { list } else { nil } }

    /// A member of an object; `nil` for any other value.
    subscript(key: String) -> ImageSpec.JSONValue? {
        if case .object(let object) = self { object[key] } else { nil }
    }

    /// Bytes that were written with ``ImageSpec/ImageSpec/OrderedDictionary/append(_:bytes:)``.
    func bytes(_ key: String) -> [UInt8]? {
        self[key]?.text.map { Array($0.utf8) } ?? self[key + "_hex"]?.text.flatMap(Hexadecimal.bytes)
    }
}

extension ImageSpec.OrderedDictionary<ImageSpec.JSONValue> {
    /// Appends bytes as text, or in hexadecimal as `KEY_hex` if they are not UTF-8.
    mutating func append(_ key: String, bytes: [UInt8]) {
        if let text = String(validating: bytes, as: UTF8.self) {
            appendNew(key, .string(text))
        } else {
            appendNew(key + "_hex", .string(Hexadecimal.text(bytes)))
        }
    }
}
