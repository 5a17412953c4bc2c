// SPDX-License-Identifier: Apache-2.0

extension ImageSpec {
    /// One field: its name in documents, and where its value lies.
    ///
    /// The one list that everything goes by which treats all fields alike: reading and writing documents,
    /// equality, hashing, validation. (The canonical writer names the fields once more, because it writes
    /// their bytes in the time that a walk over this table would take.)
    struct Field: Sendable {
        enum Storage: Sendable {
            case text(any WritableKeyPath<ImageSpec, String?> & Sendable)
            case list(any WritableKeyPath<ImageSpec, [String]?> & Sendable)
            case environment(any WritableKeyPath<ImageSpec, OrderedDictionary<String>?> & Sendable)
            case options(any WritableKeyPath<ImageSpec, OrderedDictionary<JSONValue>?> & Sendable)
            case baseImage(any WritableKeyPath<ImageSpec, BaseImage?> & Sendable)
            case secretMounts(any WritableKeyPath<ImageSpec, [SecretMount]?> & Sendable)
            case copyMode(any WritableKeyPath<ImageSpec, SourceCopyMode?> & Sendable)
        }

        let name: String
        let storage: Storage

        init(_ name: String, _ storage: Storage) {
            self.name = name
            self.storage = storage
        }

        /// All fields, in flytekit's order.
        static let all = [
            Field("name", .text(\.name)),
            Field("python_version", .text(\.pythonVersion)),
            Field("builder", .text(\.builder)),
            Field("source_root", .text(\.sourceRoot)),
            Field("env", .environment(\.env)),
            Field("registry", .text(\.registry)),
            Field("packages", .list(\.packages)),
            Field("conda_packages", .list(\.condaPackages)),
            Field("conda_channels", .list(\.condaChannels)),
            Field("requirements", .text(\.requirements)),
            Field("apt_packages", .list(\.aptPackages)),
            Field("cuda", .text(\.cuda)),
            Field("cudnn", .text(\.cudnn)),
            Field("base_image", .baseImage(\.baseImage)),
            Field("platform", .text(\.platform)),
            Field("pip_index", .text(\.pipIndex)),
            Field("pip_extra_index_url", .list(\.pipExtraIndexURLs)),
            Field("pip_secret_mounts", .secretMounts(\.pipSecretMounts)),
            Field("pip_extra_args", .text(\.pipExtraArgs)),
            Field("registry_config", .text(\.registryConfig)),
            Field("entrypoint", .list(\.entrypoint)),
            Field("commands", .list(\.commands)),
            Field("tag_format", .text(\.tagFormat)),
            Field("source_copy_mode", .copyMode(\.sourceCopyMode)),
            Field("copy", .list(\.copy)),
            Field("python_exec", .text(\.pythonExec)),
            Field("runtime_packages", .list(\.runtimePackages)),
            Field("builder_options", .options(\.builderOptions)),
            Field("builder_config", .options(\.builderConfig)),
        ]
    }

    /// A field's value as JSON; nil where it is nil.
    func value(of field: Field) -> JSONValue? {
        switch field.storage {
        case .text(let path): self[keyPath: path].map(JSONValue.string)
        case .list(let path): self[keyPath: path].map { .array($0.map(JSONValue.string)) }
        case .environment(let path):
            self[keyPath: path].map { variables in
                var object = OrderedDictionary<JSONValue>()
                for (key, value) in variables { object.appendNew(key, .string(value)) }
                return .object(object)
            }
        case .options(let path): self[keyPath: path].map(JSONValue.object)
        case .secretMounts(let path):
            self[keyPath: path].map { .array($0.map { .array([.string($0.source), .string($0.target)]) }) }
        case .copyMode(let path): self[keyPath: path].map { .string($0.rawValue) }
        case .baseImage(let path):
            self[keyPath: path].map { base in
                switch base {
                case .reference(let reference): .string(reference)
                case .spec(let spec): spec.document
                }
            }
        }
    }

    /// Sets a field from JSON of its type. `path` is the field's name with those of the specs around it.
    mutating func set(_ field: Field, to value: JSONValue, path: String) throws(ImageSpecError) {
        if case .null = value { return }
        switch field.storage {
        case .text(let keyPath):
            self[keyPath: keyPath] = try Self.text(value, path)
        case .list(let keyPath):
            self[keyPath: keyPath] = try Self.list(value, path, expected: Self.listOfStrings, of: Self.text)
        case .environment(let keyPath):
            guard case .object(let object) = value else {
                throw .wrongType(path, value, expected: "an object of strings")
            }
            var variables = OrderedDictionary<String>()
            for (key, value) in object { variables.appendNew(key, try Self.text(value, "\(path).\(key)")) }
            self[keyPath: keyPath] = variables
        case .options(let keyPath):
            guard case .object(let object) = value else {
                throw .wrongType(path, value, expected: "an object")
            }
            self[keyPath: keyPath] = object
        case .secretMounts(let keyPath):
            self[keyPath: keyPath] = try Self.list(value, path, expected: "a list of pairs") {
                (value, path) throws(ImageSpecError) in
                guard case .array(let pair) = value, pair.count == 2 else {
                    throw .wrongType(path, value, expected: "a list of two strings, [source, target]")
                }
                return SecretMount(
                    source: try Self.text(pair[0], "\(path)[0]"), target: try Self.text(pair[1], "\(path)[1]")
                )
            }
        case .copyMode(let keyPath):
            let text = try Self.text(value, path)
            guard let mode = SourceCopyMode(rawValue: text) else { throw .unknownCopyMode(path, text) }
            self[keyPath: keyPath] = mode
        case .baseImage(let keyPath):
            switch value {
            case .string(let reference): self[keyPath: keyPath] = .reference(reference)
            case .object: self[keyPath: keyPath] = .spec(try ImageSpec(document: value, path: path + "."))
            default: throw .wrongType(path, value, expected: "a string or an object (another spec)")
            }
        }
    }

    static let listOfStrings = "a list of strings"

    private static func text(_ value: JSONValue, _ path: String) throws(ImageSpecError) -> String {
        guard case .string(let text) = value else { throw .wrongType(path, value, expected: "a string") }
        return text
    }

    private static func list<Element>(
        _ value: JSONValue, _ path: String, expected: String,
        of element: (JSONValue, String) throws(ImageSpecError) -> Element
    ) throws(ImageSpecError) -> [Element] {
        guard case .array(let values) = value else { throw .wrongType(path, value, expected: expected) }
        var list: [Element] = []
        for (index, value) in values.enumerated() { list.append(try element(value, "\(path)[\(index)]")) }
        return list
    }
}

extension ImageSpec: Hashable {
    /// Whether all fields of two specs, and whether they are a force push, are the same to the byte.
    ///
    /// `nil` and an empty list differ here, though they name one image.
    public static func == (left: ImageSpec, right: ImageSpec) -> Bool {
        left.isForcePush == right.isForcePush
            && Field.all.allSatisfy { field in
                switch field.storage {
                case .text(let path):
                    areIdentical(left[keyPath: path], right[keyPath: path])
                case .list(let path):
                    areIdentical(left[keyPath: path], right[keyPath: path])
                case .environment(let path): left[keyPath: path] == right[keyPath: path]
                case .options(let path): left[keyPath: path] == right[keyPath: path]
                case .baseImage(let path): left[keyPath: path] == right[keyPath: path]
                case .secretMounts(let path): left[keyPath: path] == right[keyPath: path]
                case .copyMode(let path): left[keyPath: path] == right[keyPath: path]
                }
            }
    }

    /// Feeds all fields to a hasher.
    public func hash(into hasher: inout Hasher) {
        for field in Field.all {
            switch field.storage {
            case .text(let path): Self.combine(self[keyPath: path].map { [$0] }, into: &hasher)
            case .list(let path): Self.combine(self[keyPath: path], into: &hasher)
            case .environment(let path): hasher.combine(self[keyPath: path])
            case .options(let path): hasher.combine(self[keyPath: path])
            case .baseImage(let path): hasher.combine(self[keyPath: path])
            case .secretMounts(let path): hasher.combine(self[keyPath: path])
            case .copyMode(let path): hasher.combine(self[keyPath: path])
            }
        }
    }

    private static func areIdentical(_ left: String?, _ right: String?) -> Bool {
        switch (left, right) {
        case (nil, nil): true
        case (let left?, let right?): left.hasSameBytes(as: right)
        default: false
        }
    }

    private static func areIdentical(_ left: [String]?, _ right: [String]?) -> Bool {
        switch (left, right) {
        case (nil, nil): true
        case (let left?, let right?):
            left.count == right.count && zip(left, right).allSatisfy { $0.hasSameBytes(as: $1) }
        default: false
        }
    }

    private static func combine(_ list: [String]?, into hasher: inout Hasher) {
        hasher.combine(list?.count)
        for text in list ?? [] { hasher.combineBytes(of: text) }
    }
}
