// SPDX-License-Identifier: Apache-2.0

internal import ContentTree

extension ImageSpec {
    /// One field: its name in documents, and its stored property.
    ///
    /// ``all`` is the list of fields for everything that treats them alike: documents, equality, hashing, validation.
    package struct Field: Sendable {
        package typealias Property<Value> = any WritableKeyPath<ImageSpec, Value?> & Sendable

        package enum Storage: Sendable {
            case text(Property<String>)
            case list(Property<[String]>)
            /// A list in which neither order nor duplicates matter.
            case set(Property<[String]>)
            case environment(Property<OrderedDictionary<String>>)
            case options(Property<OrderedDictionary<JSONValue>>)
            case baseImage(Property<BaseImage>)
            case secretMounts(Property<[SecretMount]>)
            case copyMode(Property<SourceCopyMode>)
        }

        package let name: String
        package let storage: Storage

        private init(_ name: String, _ storage: Storage) {
            self.name = name
            self.storage = storage
        }

        /// All fields, in flytekit's order.
        package static let all = [
            Field("name", .text(\.name)),
            Field("python_version", .text(\.pythonVersion)),
            Field("builder", .text(\.builder)),
            Field("source_root", .text(\.sourceRoot)),
            Field("env", .environment(\.env)),
            Field("registry", .text(\.registry)),
            Field("packages", .set(\.packages)),
            Field("conda_packages", .set(\.condaPackages)),
            Field("conda_channels", .list(\.condaChannels)),
            Field("requirements", .text(\.requirements)),
            Field("apt_packages", .set(\.aptPackages)),
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

    /// The value of a field as JSON; `nil` if it is `nil`.
    package func value(of field: Field) -> JSONValue? {
        switch field.storage {
        case .text(let property): self[keyPath: property].map(JSONValue.string)
        case .list(let property), .set(let property):
            self[keyPath: property].map { .array($0.map(JSONValue.string)) }
        case .environment(let property):
            self[keyPath: property].map { variables in
                var object = OrderedDictionary<JSONValue>()
                for (key, value) in variables { object.appendNew(key, .string(value)) }
                return .object(object)
            }
        case .options(let property): self[keyPath: property].map(JSONValue.object)
        case .secretMounts(let property):
            self[keyPath: property].map {
                .array($0.map { .array([.string($0.source), .string($0.target)]) })
            }
        case .copyMode(let property): self[keyPath: property].map { .string($0.rawValue) }
        case .baseImage(let property):
            self[keyPath: property].map { base in
                switch base {
                case .reference(let reference): .string(reference)
                case .spec(let spec): spec.document
                }
            }
        }
    }

}

extension ImageSpec: Hashable {
    /// Returns whether two specs have equal fields, and both or neither are a force push. The order of ``env`` and of options does
    /// not matter, since it affects neither `id` nor `tag` and most decoders lose it; ``isIdentical(to:)`` compares it.
    ///
    /// Strings are compared by their bytes. `nil` and an empty list differ, though they define the same image.
    public static func == (left: ImageSpec, right: ImageSpec) -> Bool {
        left.isForcePush == right.isForcePush && areIdentical(left.directory, right.directory)
            && Field.all.allSatisfy { field in
                switch field.storage {
                case .text(let property):
                    areIdentical(left[keyPath: property], right[keyPath: property])
                case .list(let property), .set(let property):
                    areIdentical(left[keyPath: property], right[keyPath: property])
                case .environment(let property): left[keyPath: property] == right[keyPath: property]
                case .options(let property): left[keyPath: property] == right[keyPath: property]
                case .baseImage(let property): left[keyPath: property] == right[keyPath: property]
                case .secretMounts(let property): left[keyPath: property] == right[keyPath: property]
                case .copyMode(let property): left[keyPath: property] == right[keyPath: property]
                }
            }
    }

    /// Returns whether two specs have the same fields byte for byte, including the order of ``env`` and of options and how numbers
    /// in them are written. flytekit's own hash depends on these.
    public func isIdentical(to other: ImageSpec) -> Bool {
        // Documents do not have the directories of bases.
        let directories = zip([self] + specBases, [other] + other.specBases)
        return isForcePush == other.isForcePush
            && directories.allSatisfy { Self.areIdentical($0.directory, $1.directory) }
            && document.isIdentical(to: other.document)
    }

    /// Feeds all fields to a hasher.
    public func hash(into hasher: inout Hasher) {
        for field in Field.all {
            switch field.storage {
            case .text(let property): Self.combine(self[keyPath: property].map { [$0] }, into: &hasher)
            case .list(let property), .set(let property): Self.combine(self[keyPath: property], into: &hasher)
            case .environment(let property): hasher.combine(self[keyPath: property])
            case .options(let property): hasher.combine(self[keyPath: property])
            case .baseImage(let property): hasher.combine(self[keyPath: property])
            case .secretMounts(let property): hasher.combine(self[keyPath: property])
            case .copyMode(let property): hasher.combine(self[keyPath: property])
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
