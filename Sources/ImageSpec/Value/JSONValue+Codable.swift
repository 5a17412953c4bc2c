// SPDX-License-Identifier: Apache-2.0

// For values in a client's own documents. Foundation's decoders lose the order of keys and read 1.0 as 1;
// ImageSpec(jsonContentsOf:) keeps both.
extension ImageSpec.JSONValue: Codable {
    /// Reads any JSON value. Key strategies, such as `.convertFromSnakeCase`, do not change its keys.
    /// - Throws: `DecodingError`; for a number out of range, the underlying error is an ``ImageSpecError``.
    public init(from decoder: any Decoder) throws {
        if let object = try? decoder.container(keyedBy: ImageSpec.AnyKey.self) {
            if Self.isOfFoundation(decoder) {
                let dictionary = try decoder.singleValueContainer().decode([String: ImageSpec.JSONValue].self)
                self = .object(ImageSpec.OrderedDictionary(dictionary))
                return
            }
            var pairs = ImageSpec.OrderedDictionary<ImageSpec.JSONValue>()
            for key in object.allKeys {
                pairs.appendNew(key.stringValue, try object.decode(ImageSpec.JSONValue.self, forKey: key))
            }
            self = .object(pairs)
        } else if var list = try? decoder.unkeyedContainer() {
            var elements: [ImageSpec.JSONValue] = []
            while !list.isAtEnd { elements.append(try list.decode(ImageSpec.JSONValue.self)) }
            self = .array(elements)
        } else {
            let scalar = try decoder.singleValueContainer()
            if scalar.decodeNil() {
                self = .null
            } else if let value = try? scalar.decode(Bool.self) {
                self = .bool(value)
            } else if let value = try? scalar.decode(Int.self) {
                self = try Self.number(at: decoder.codingPath) { () throws(ImageSpecError) in
                    try Number(value)
                }
            } else if let value = try? scalar.decode(Double.self) {
                self = try Self.number(at: decoder.codingPath) { () throws(ImageSpecError) in
                    try Number(value)
                }
            } else {
                self = .string(try scalar.decode(String.self))
            }
        }
    }

    /// Writes the value. Key strategies, such as `.convertToSnakeCase`, do not change its keys.
    public func encode(to encoder: any Encoder) throws {
        switch self {
        case .object(let object) where Self.isOfFoundation(encoder):
            var container = encoder.singleValueContainer()
            let pairs = object.map { ($0.key, $0.value) }
            try container.encode(Dictionary(pairs, uniquingKeysWith: { first, _ in first }))
        case .object(let object):
            var container = encoder.container(keyedBy: ImageSpec.AnyKey.self)
            for (key, value) in object {
                try container.encode(value, forKey: ImageSpec.AnyKey(stringValue: key))
            }
        case .array(let list):
            var container = encoder.unkeyedContainer()
            for value in list { try container.encode(value) }
        case .null:
            var container = encoder.singleValueContainer()
            try container.encodeNil()
        case .bool(let value):
            var container = encoder.singleValueContainer()
            try container.encode(value)
        case .number(let number):
            var container = encoder.singleValueContainer()
            if number.isInteger {
                try container.encode(Int(number.value))
            } else {
                try container.encode(number.value)
            }
        case .string(let text):
            var container = encoder.singleValueContainer()
            try container.encode(text)
        }
    }

    private static func number(
        at codingPath: [any CodingKey], _ number: () throws(ImageSpecError) -> Number
    ) throws(DecodingError) -> ImageSpec.JSONValue {
        do throws(ImageSpecError) {
            return .number(try number())
        } catch {
            throw error.decodingError(at: codingPath)
        }
    }

    /// Whether a coder is one of Foundation. These have no order of keys, and change keys by a strategy unless they are those
    /// of a Swift dictionary: the variable `MODE` would become `mode`. Other coders keep the order of the keys that they are given.
    private static func isOfFoundation(_ coder: Any) -> Bool {
        String(reflecting: type(of: coder)).hasPrefix("Foundation")
    }
}

extension ImageSpec {
    /// A key or an index in any document.
    struct AnyKey: CodingKey {
        let stringValue: String
        let intValue: Int?

        init(stringValue: String) {
            self.stringValue = stringValue
            intValue = nil
        }

        init(intValue: Int) {
            stringValue = "Index \(intValue)"
            self.intValue = intValue
        }
    }
}

extension ImageSpecError {
    /// The error as a decoder's clients expect it.
    func decodingError(at codingPath: [any CodingKey]) -> DecodingError {
        .dataCorrupted(.init(codingPath: codingPath, debugDescription: message, underlyingError: self))
    }
}
