// SPDX-License-Identifier: Apache-2.0

internal import ContentTree

extension ImageSpec {
    /// One field: its name in documents, and how to access its value.
    ///
    /// The one list that everything goes by which treats all fields alike: reading and writing documents,
    /// equality, hashing, validation. (The canonical writer names the fields once more, because it writes
    /// their bytes in the time that a walk over this table would take.)
    package struct Field: Sendable {
        package enum Storage: Sendable {
            case text(Property<String>)
            case list(Property<[String]>)
            case environment(Property<OrderedDictionary<String>>)
            case options(Property<OrderedDictionary<JSONValue>>)
            case baseImage(Property<BaseImage>)
            case secretMounts(Property<[SecretMount]>)
            case copyMode(Property<SourceCopyMode>)
        }

        /// How a stored property is read and written.
        ///
        /// Functions and not key paths: making those costs a program that reads one spec a tenth of its time.
        package struct Property<Value>: Sendable {
            package let get: @Sendable (ImageSpec) -> Value?
            package let set: @Sendable (inout ImageSpec, Value?) -> Void

            package init(
                _ get: @escaping @Sendable (ImageSpec) -> Value?,
                _ set: @escaping @Sendable (inout ImageSpec, Value?) -> Void
            ) {
                self.get = get
                self.set = set
            }
        }

        package let name: String
        package let storage: Storage

        package init(_ name: String, _ storage: Storage) {
            self.name = name
            self.storage = storage
        }

        /// All fields, in flytekit's order.
        package static let all = [
            Field("name", .text(.init({ $0.name }, { $0.name = $1 }))),
            Field("python_version", .text(.init({ $0.pythonVersion }, { $0.pythonVersion = $1 }))),
            Field("builder", .text(.init({ $0.builder }, { $0.builder = $1 }))),
            Field("source_root", .text(.init({ $0.sourceRoot }, { $0.sourceRoot = $1 }))),
            Field("env", .environment(.init({ $0.env }, { $0.env = $1 }))),
            Field("registry", .text(.init({ $0.registry }, { $0.registry = $1 }))),
            Field("packages", .list(.init({ $0.packages }, { $0.packages = $1 }))),
            Field("conda_packages", .list(.init({ $0.condaPackages }, { $0.condaPackages = $1 }))),
            Field("conda_channels", .list(.init({ $0.condaChannels }, { $0.condaChannels = $1 }))),
            Field("requirements", .text(.init({ $0.requirements }, { $0.requirements = $1 }))),
            Field("apt_packages", .list(.init({ $0.aptPackages }, { $0.aptPackages = $1 }))),
            Field("cuda", .text(.init({ $0.cuda }, { $0.cuda = $1 }))),
            Field("cudnn", .text(.init({ $0.cudnn }, { $0.cudnn = $1 }))),
            Field("base_image", .baseImage(.init({ $0.baseImage }, { $0.baseImage = $1 }))),
            Field("platform", .text(.init({ $0.platform }, { $0.platform = $1 }))),
            Field("pip_index", .text(.init({ $0.pipIndex }, { $0.pipIndex = $1 }))),
            Field(
                "pip_extra_index_url", .list(.init({ $0.pipExtraIndexURLs }, { $0.pipExtraIndexURLs = $1 }))),
            Field(
                "pip_secret_mounts", .secretMounts(.init({ $0.pipSecretMounts }, { $0.pipSecretMounts = $1 }))
            ),
            Field("pip_extra_args", .text(.init({ $0.pipExtraArgs }, { $0.pipExtraArgs = $1 }))),
            Field("registry_config", .text(.init({ $0.registryConfig }, { $0.registryConfig = $1 }))),
            Field("entrypoint", .list(.init({ $0.entrypoint }, { $0.entrypoint = $1 }))),
            Field("commands", .list(.init({ $0.commands }, { $0.commands = $1 }))),
            Field("tag_format", .text(.init({ $0.tagFormat }, { $0.tagFormat = $1 }))),
            Field("source_copy_mode", .copyMode(.init({ $0.sourceCopyMode }, { $0.sourceCopyMode = $1 }))),
            Field("copy", .list(.init({ $0.copy }, { $0.copy = $1 }))),
            Field("python_exec", .text(.init({ $0.pythonExec }, { $0.pythonExec = $1 }))),
            Field("runtime_packages", .list(.init({ $0.runtimePackages }, { $0.runtimePackages = $1 }))),
            Field("builder_options", .options(.init({ $0.builderOptions }, { $0.builderOptions = $1 }))),
            Field("builder_config", .options(.init({ $0.builderConfig }, { $0.builderConfig = $1 }))),
        ]
    }

    /// A field's value as JSON; nil if it is nil.
    package func value(of field: Field) -> JSONValue? {
        switch field.storage {
        case .text(let property): property.get(self).map(JSONValue.string)
        case .list(let property): property.get(self).map { .array($0.map(JSONValue.string)) }
        case .environment(let property):
            property.get(self).map { variables in
                var object = OrderedDictionary<JSONValue>()
                for (key, value) in variables { object.appendNew(key, .string(value)) }
                return .object(object)
            }
        case .options(let property): property.get(self).map(JSONValue.object)
        case .secretMounts(let property):
            property.get(self).map { .array($0.map { .array([.string($0.source), .string($0.target)]) }) }
        case .copyMode(let property): property.get(self).map { .string($0.rawValue) }
        case .baseImage(let property):
            property.get(self).map { base in
                switch base {
                case .reference(let reference): .string(reference)
                case .spec(let spec): spec.document
                }
            }
        }
    }

    static let listOfStrings = "a list of strings"
    static let objectOfStrings = "an object of strings"
}

extension ImageSpec: Hashable {
    /// Whether all fields of two specs, and whether they are a force push, are the same to the byte.
    ///
    /// `nil` and an empty list differ here, though they name one image.
    public static func == (left: ImageSpec, right: ImageSpec) -> Bool {
        left.isForcePush == right.isForcePush
            && Field.all.allSatisfy { field in
                switch field.storage {
                case .text(let property):
                    areIdentical(property.get(left), property.get(right))
                case .list(let property):
                    areIdentical(property.get(left), property.get(right))
                case .environment(let property): property.get(left) == property.get(right)
                case .options(let property): property.get(left) == property.get(right)
                case .baseImage(let property): property.get(left) == property.get(right)
                case .secretMounts(let property): property.get(left) == property.get(right)
                case .copyMode(let property): property.get(left) == property.get(right)
                }
            }
    }

    /// Feeds all fields to a hasher.
    public func hash(into hasher: inout Hasher) {
        for field in Field.all {
            switch field.storage {
            case .text(let property): Self.combine(property.get(self).map { [$0] }, into: &hasher)
            case .list(let property): Self.combine(property.get(self), into: &hasher)
            case .environment(let property): hasher.combine(property.get(self))
            case .options(let property): hasher.combine(property.get(self))
            case .baseImage(let property): hasher.combine(property.get(self))
            case .secretMounts(let property): hasher.combine(property.get(self))
            case .copyMode(let property): hasher.combine(property.get(self))
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
