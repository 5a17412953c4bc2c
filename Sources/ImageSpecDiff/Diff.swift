// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
public import ImageSpec

extension ImageSpec {
    /// The differences between two specs, or between two states of one spec, by field and file.
    ///
    /// ```swift
    /// let before = try ImageSpec.Snapshot(contentsOf: "trainer.snapshot.json")
    /// let diff = ImageSpec.Diff(from: before, to: try spec.snapshot(in: context))
    /// print(diff)
    /// ```
    ///
    /// A change affects the content if and only if the content digests differ, and the id if and only if the ids
    /// differ.
    public struct Diff: Hashable, Sendable {
        /// The old snapshot.
        public let from: Snapshot
        /// The new snapshot.
        public let to: Snapshot
        /// All changes, including those without an effect, by field in flytekit's order, then by file.
        public let changes: [Change]

        /// Compares two snapshots. Reads no files. Takes time proportional to the number of files.
        public init(from: Snapshot, to: Snapshot) {
            self.from = from
            self.to = to
            var difference = SpecDifference(from: from, to: to)
            changes = difference.changes()
        }

        /// Whether id, content and tag are the same. ``changes`` may still contain changes without an effect.
        public var isSame: Bool { changes.allSatisfy(\.effects.isEmpty) }
    }

    /// One difference between two specs.
    public struct Change: Hashable, Sendable {
        /// Whether something was added, removed or changed.
        public enum Kind: String, Hashable, Sendable, CaseIterable {
            /// It was added.
            case added
            /// It was removed.
            case removed
            /// It was changed.
            case changed
        }

        /// The aspect that changed.
        public enum Aspect: String, Hashable, Sendable, CaseIterable {
            /// The value of a field, an element of a list or dictionary, or a line of requirements.
            case value
            /// The content of a file.
            case content
            /// The mode of a file: `644` or `755`.
            case mode
            /// The type: `file`, `folder` or `link`.
            case type
            /// The target of a link to a directory.
            case target
            /// The order of a list, or of a dictionary's keys.
            case order
            /// The spelling of an equivalent value: case, duplicates, an explicit default, `./`.
            case spelling
            /// Comments, white space and line endings of a requirements file.
            case comments
            /// The credentials in a URL.
            case userInfo = "user_info"
            /// The default platform, which depends on the registry and the host.
            case defaultPlatform = "default_platform"
        }

        /// The effects of a change.
        public struct Effects: OptionSet, Hashable, Sendable {
            /// The bits of the effects.
            public let rawValue: Int
            /// Creates effects from bits.
            public init(rawValue: Int) { self.rawValue = rawValue }
            /// The ``ImageSpec/id``.
            public static let id = Effects(rawValue: 1)
            /// The content digest and therefore the ``ImageSpec/tag``.
            public static let content = Effects(rawValue: 2)
            /// Only the form of the tag: ``ImageSpec/tagFormat``.
            public static let tagFormat = Effects(rawValue: 4)
        }

        /// Whether something was added, removed or changed.
        public let kind: Kind
        /// The aspect that changed.
        public let aspect: Aspect
        /// The name of the field in documents, prefixed for base specs: `base_image.packages`.
        public let field: String
        /// The path in a dictionary: keys and list indices. Empty for the field itself.
        public let keys: [String]
        /// The path of the file relative to the working directory, as bytes. `nil` if the change is not about a file.
        public let pathBytes: [UInt8]?
        /// The old value. `nil` if it did not exist. A digest for `content`, JSON for options and lists, otherwise text.
        /// Credentials are removed.
        public let from: String?
        /// The new value.
        public let to: String?
        /// The effects of the change.
        public let effects: Effects

        /// ``pathBytes`` as text. Invalid UTF-8 is replaced by U+FFFD.
        public var path: String? { pathBytes.map { String(decoding: $0, as: UTF8.self) } }

        init(
            _ kind: Kind, _ aspect: Aspect = .value, field: String, keys: [String] = [], path: [UInt8]? = nil,
            from: String? = nil, to: String? = nil, effects: Effects
        ) {
            self.kind = kind
            let shown = [from, to].map { $0.map(CredentialRedactor.shown) }
            let differsInUserInfo = kind == .changed && from != to && shown[0] == shown[1]
            self.aspect = aspect == .value && differsInUserInfo ? .userInfo : aspect
            self.field = field
            self.keys = keys
            pathBytes = path
            self.from = shown[0]
            self.to = shown[1]
            self.effects = effects
        }
    }
}

extension ImageSpec.Diff {
    /// The diff as JSON.
    ///
    /// `from` and `to`, each with `id`, `tag`, `content_digest`, `image_name`; `same_id`, `same_content`, `same_tag`;
    /// and `changes`, each with `kind`, `aspect`, `field`, `changes_id`, `changes_content`, `changes_tag`, and, if
    /// present, `keys`, `path` (with `path_hex` if it is not valid UTF-8), `from`, `to`.
    public var document: ImageSpec.JSONValue {
        let effects = changes.reduce(into: ImageSpec.Change.Effects()) { $0.formUnion($1.effects) }
        return [
            "from": from.summary, "to": to.summary,
            "same_id": .bool(!effects.contains(.id)),
            "same_content": .bool(!effects.contains(.content)),
            "same_tag": .bool(from.tag.hasSameBytes(as: to.tag)),
            "changes": .array(changes.map(\.document)),
        ]
    }
}

extension ImageSpec.Snapshot {
    fileprivate var summary: ImageSpec.JSONValue {
        [
            "id": .string(id), "tag": .string(tag), "content_digest": .string(contentDigest),
            "image_name": .string(CredentialRedactor.shown(imageName)),
        ]
    }
}

extension ImageSpec.Change {
    fileprivate var document: ImageSpec.JSONValue {
        var object: ImageSpec.OrderedDictionary<ImageSpec.JSONValue> = [
            "kind": .string(kind.rawValue), "aspect": .string(aspect.rawValue), "field": .string(field),
            "changes_id": .bool(effects.contains(.id)), "changes_content": .bool(effects.contains(.content)),
            "changes_tag": .bool(!effects.isDisjoint(with: [.content, .tagFormat])),
        ]
        if !keys.isEmpty { object["keys"] = .array(keys.map(ImageSpec.JSONValue.string)) }
        if let path { object["path"] = .string(path) }
        if let pathBytes, String(validating: pathBytes, as: UTF8.self) == nil {
            object["path_hex"] = .string(Hexadecimal.text(pathBytes))
        }
        object["from"] = from.map(ImageSpec.JSONValue.string)
        object["to"] = to.map(ImageSpec.JSONValue.string)
        return .object(object)
    }
}
