// SPDX-License-Identifier: Apache-2.0

internal import ImageSpec

// The parts of manifests and configurations. What is missing or null is nil.
extension ImageSpec.JSONValue {
    subscript(_ key: String) -> ImageSpec.JSONValue? {
        guard case .object(let object) = self, let value = object[key], value != .null else { return nil }
        return value
    }

    var string: String? { if case .string(let text) = self { text } else { nil } }
    var array: [ImageSpec.JSONValue]? { if case .array(let list) = self { list } else { nil } }
    var object: ImageSpec.OrderedDictionary<ImageSpec.JSONValue>? {
        if case .object(let object) = self { object } else { nil }
    }

    var integer: Int? {
        guard case .number(let number) = self, number.isInteger else { return nil }
        return Int(exactly: number.value)
    }

    /// The strings of a list.
    var strings: [String]? { array?.compactMap(\.string) }
}
