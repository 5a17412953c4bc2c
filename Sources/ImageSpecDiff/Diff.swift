// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
public import ImageSpec

extension ImageSpec {
    /// Why two specs, or one at two times, have the ids and tags that they have: field by field and file by file.
    ///
    /// ```swift
    /// let before = try ImageSpec.Snapshot(contentsOf: "trainer.record.json")
    /// let comparison = ImageSpec.Diff(from: before, to: try spec.snapshot(in: context))
    /// print(comparison)
    /// ```
    ///
    /// There is a change that counts for the content exactly if the content digests differ, and one that counts for
    /// the id exactly if the ids do.
    public struct Diff: Hashable, Sendable {
        /// What was.
        public let from: Snapshot
        /// What is.
        public let to: Snapshot
        /// All differences, also those that count for nothing: by field in flytekit's order, then by file.
        public let changes: [Change]

        /// Compares two records. Reads nothing. Takes time in proportion to the number of files.
        public init(from: Snapshot, to: Snapshot) {
            self.from = from
            self.to = to
            var difference = SpecDifference(from: from, to: to)
            changes = difference.changes()
        }

        /// Whether id, content and the tag's text are the same; what then is in ``changes`` does not count.
        public var isSame: Bool { changes.allSatisfy(\.effects.isEmpty) }
    }

    /// One difference between two specs.
    public struct Change: Hashable, Sendable {
        /// Whether something is new, gone, or another.
        public enum Kind: String, Hashable, Sendable, CaseIterable {
            /// It is there now.
            case added
            /// It is no longer there.
            case removed
            /// It is there as something else.
            case changed
        }

        /// What of it changed.
        public enum Aspect: String, Hashable, Sendable, CaseIterable {
            /// A field's value, one of a list or dictionary, or a line of requirements.
            case value
            /// The content of a file.
            case content
            /// Whether a file's owner may execute it: `644` or `755`.
            case mode
            /// Whether it is a `file`, a `folder` or a `link`.
            case type
            /// Where a link to a folder leads.
            case target
            /// The order of a list, or of a dictionary's keys.
            case order
            /// How a value is written that means the same: case, duplicates, a default written out, `./`.
            case spelling
            /// Comments, white space and line ends of a requirements file.
            case comments
            /// The user info in a URL.
            case userInfo = "user_info"
            /// The platform where none is declared: it follows from the registry and the host.
            case defaultPlatform = "default_platform"
        }

        /// What a change counts for.
        public struct Effects: OptionSet, Hashable, Sendable {
            /// One bit each.
            public let rawValue: Int
            /// Effects by their bits.
            public init(rawValue: Int) { self.rawValue = rawValue }
            /// The ``ImageSpec/id``.
            public static let id = Effects(rawValue: 1)
            /// The content digest, and so the ``ImageSpec/tag``.
            public static let content = Effects(rawValue: 2)
            /// The tag's text alone: ``ImageSpec/tagFormat``.
            public static let tagFormat = Effects(rawValue: 4)
        }

        /// Whether something is new, gone, or another.
        public let kind: Kind
        /// What of it.
        public let aspect: Aspect
        /// The field's name in documents, after those of base specs: `base_image.packages`.
        public let field: String
        /// Where in a dictionary: keys, and indices of lists in it. Empty for the field itself.
        public let keys: [String]
        /// The file that it is about, by the bytes of its path from the working directory; nil where it is about none.
        public let pathBytes: [UInt8]?
        /// What was; nil for what was not there. Of `content` a digest, of options and lists JSON, else text. User info is
        /// left out.
        public let from: String?
        /// What is.
        public let to: String?
        /// What it counts for.
        public let effects: Effects

        /// ``pathBytes`` as text, with U+FFFD for what is no UTF-8.
        public var path: String? { pathBytes.map { String(decoding: $0, as: UTF8.self) } }

        init(
            _ kind: Kind, _ aspect: Aspect = .value, field: String, keys: [String] = [], path: [UInt8]? = nil,
            from: String? = nil, to: String? = nil, effects: Effects
        ) {
            self.kind = kind
            let shown = [from, to].map { $0.map(Credential.shown) }
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
    /// The comparison as JSON.
    ///
    /// `from` and `to`, each with `id`, `tag`, `content_digest`, `image_name`; `same_id`, `same_content`, `same_tag`;
    /// and `changes`, each with `kind`, `aspect`, `field`, `changes_id`, `changes_content`, `changes_tag`, and where it has them
    /// `keys`, `path` (`path_hex` too where that is no UTF-8), `from`, `to`.
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
            "image_name": .string(Credential.shown(imageName)),
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
