// SPDX-License-Identifier: Apache-2.0

internal import ContentTree

extension ImageSpec.JSONValue {
    /// The value as JSON on one line. The order of keys is kept, and `1` and `1.0` differ, so that reading the text results in an
    /// identical value.
    public var json: String { CanonicalWriter.text { $0.value(self, keepsOrder: true) } }
}

extension ImageSpec.JSONValue: CustomStringConvertible {
    /// The value as JSON on one line, with `…` in place of credentials in URLs.
    public var description: String { URLUserInfo.redacted(json) }
}

extension ImageSpec {
    /// The spec as JSON on one line: ``document`` as text, including credentials in URLs. ``init(json:)`` reads it.
    public var json: String { document.json }
}

extension ImageSpec: CustomStringConvertible {
    /// The fields that are set, in the form of the initialiser, with `…` in place of credentials in URLs:
    /// `ImageSpec(name: "trainer", packages: ["numpy==2.1.3"])`. For people; the form may change.
    public var description: String {
        // A chain of base specs is as deep as it is long, so the text is made from the lowest base up.
        var text = ""
        for spec in ([self] + specBases).reversed() { text = spec.text(base: text) }
        return URLUserInfo.redacted(text)
    }

    private func text(base: String) -> String {
        let fields = Field.all.compactMap { field -> String? in
            if case .baseImage = field.storage, case .spec? = baseImage { return "baseImage: .spec(\(base))" }
            guard let value = value(of: field) else { return nil }
            return "\(field.propertyName): \(Self.literal(value))"
        }
        return "ImageSpec(\(fields.joined(separator: ", ")))" + (isForcePush ? ".forcePush()" : "")
    }

    /// A value as a Swift literal.
    private static func literal(_ value: JSONValue) -> String {
        switch value {
        case .object(let object) where object.isEmpty: "[:]"
        case .object(let object):
            "[" + object.map { "\($0.key.debugDescription): \(literal($0.value))" }.joined(separator: ", ")
                + "]"
        case .array(let list): "[" + list.map(literal).joined(separator: ", ") + "]"
        case .string(let text): text.debugDescription
        case .null: "nil"
        case .bool, .number: value.json
        }
    }
}

extension ImageSpec.Field {
    /// The name of the property in Swift.
    fileprivate var propertyName: String {
        if name == "pip_extra_index_url" { return "pipExtraIndexURLs" }
        let words = name.split(separator: "_")
        return words.dropFirst().reduce(into: String(words[0])) { name, word in
            name += word.prefix(1).uppercased() + word.dropFirst()
        }
    }
}

extension ImageSpec.OrderedDictionary: CustomStringConvertible {
    /// The pairs as a Swift literal, with `…` in place of credentials in URLs.
    public var description: String {
        guard !isEmpty else { return "[:]" }
        let pairs = map { "\($0.key.debugDescription): \(String(reflecting: $0.value))" }
        return URLUserInfo.redacted("[" + pairs.joined(separator: ", ") + "]")
    }
}

extension ImageSpec.Identity: CustomStringConvertible {
    /// `[registry/]name:tag`, also if that is not a valid image name.
    public var description: String { repository + ":" + tag }
}
