// SPDX-License-Identifier: Apache-2.0

internal import ContentTree

extension CanonicalWriter {
    package mutating func list(_ values: [String]) {
        beginArray()
        for value in values { string(value) }
        endArray()
    }

    /// The members of a set, each once, by UTF-8 bytes.
    package static func canonicalSet(_ values: [String]) -> [String] {
        // Most lists are written in order.
        if zip(values, values.dropFirst()).allSatisfy({ $0.precedesInUTF8($1) }) { return values }
        var members: [String] = []
        for value in values.sorted(by: { $0.precedesInUTF8($1) })
        where members.last?.hasSameBytes(as: value) != true {
            members.append(value)
        }
        return members
    }

    package mutating func object(_ object: ImageSpec.OrderedDictionary<String>) {
        self.object(object) { writer, text in writer.string(text) }
    }

    package mutating func object(_ object: ImageSpec.OrderedDictionary<ImageSpec.JSONValue>) {
        self.object(object) { writer, value in writer.value(value) }
    }

    /// An object, its keys by UTF-16 code units as RFC 8785 requires.
    private mutating func object<Value>(
        _ object: ImageSpec.OrderedDictionary<Value>, _ write: (inout CanonicalWriter, Value) -> Void
    ) {
        beginObject()
        for (name, value) in object.sorted(by: { $0.key.precedesInUTF16($1.key) }) {
            key(name)
            write(&self, value)
        }
        endObject()
    }

    /// A value. If `keepsOrder`, it is not in the canonical form but as it was read: keys in their order, and numbers that were
    /// not written as integers with a point or an exponent.
    package mutating func value(_ value: ImageSpec.JSONValue, keepsOrder: Bool = false) {
        switch value {
        case .null: word("null")
        case .bool(let value): word(value ? "true" : "false")
        case .number(let number) where keepsOrder && !number.isInteger: word(number.value.description)
        case .number(let number): word(number.value.ecmaScriptText)
        case .string(let text): string(text)
        case .object(let object) where keepsOrder:
            beginObject()
            for (name, value) in object {
                key(name)
                self.value(value, keepsOrder: true)
            }
            endObject()
        case .object(let object): self.object(object)
        case .array(let list):
            beginArray()
            for element in list { self.value(element, keepsOrder: keepsOrder) }
            endArray()
        }
    }
}

extension ImageSpec.JSONValue {
    /// The value as canonical JSON (RFC 8785) in UTF-8.
    package var canonicalForm: [UInt8] {
        CanonicalWriter.bytes { $0.value(self) }
    }
}
