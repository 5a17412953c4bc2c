// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
import ImageSpec

/// The builder options of ``ImageSpec/ContainerBuilder``. Only those that change what is pushed are part of the tag.
struct ContainerOptions: Hashable, Sendable {
    /// Remote engines; each build uses one of them.
    struct Endpoints: Hashable, Sendable {
        /// The option that names them.
        var key: String
        /// buildx builders or addresses of BuildKit daemons. Not empty, without duplicates.
        var names: [String]

        var engine: ImageSpec.ContainerEngine { key.hasPrefix("builder") ? .docker : .buildctl }
    }

    /// The certificates of a connection, as files of this machine.
    struct TLS: Hashable, Sendable {
        var authority: String?
        var certificate: String?
        var key: String?
        var serverName: String?

        /// The files, by the options that name them.
        var files: [(option: String, path: String?)] {
            [("tls_ca", authority), ("tls_cert", certificate), ("tls_key", key)]
        }
    }

    struct Provenance: Hashable, Sendable {
        /// `min` or `max`.
        var mode: String
    }

    struct BillOfMaterials: Hashable, Sendable {
        /// The generator image; nil for that of BuildKit.
        var generator: String?
    }

    var engine: ImageSpec.ContainerEngine?
    var network: String?
    var usesCache = true
    var endpoints: Endpoints?
    var tls = TLS()
    var cacheSources: [BuildCache] = []
    var cacheTargets: [BuildCache] = []
    var provenance: Provenance?
    var billOfMaterials: BillOfMaterials?
    /// In seconds since 1970.
    var sourceDateEpoch: Int?

    static let names = [
        "engine", "network", "cache", "progress", "builder", "builders", "address", "addresses", "tls_ca",
        "tls_cert", "tls_key", "tls_server_name", "cache_from", "cache_to", "provenance", "sbom",
        "source_date_epoch",
    ]

    private init() {}

    /// - Throws: ``ImageSpecError/Code/unsupportedField`` for an unknown key,
    ///   ``ImageSpecError/Code/invalidField`` for an invalid value and for options that cannot be combined; all problems in one
    ///   error.
    init(_ spec: ImageSpec) throws(ImageSpecError) {
        let (options, problems) = Self.read(spec)
        if let error = ImageSpecError(problems: problems) { throw error }
        self = options
    }

    /// The valid options, and the problems of the others.
    static func read(_ spec: ImageSpec) -> (options: ContainerOptions, problems: [ImageSpecError]) {
        var options = ContainerOptions()
        var problems: [ImageSpecError] = []
        for (key, value) in spec.builderOptions ?? [:] where value != .null {
            do throws(ImageSpecError) {
                try options.set(key, value)
            } catch {
                problems.append(error)
            }
        }
        // An invalid option may be the one that another one requires.
        return (options, problems.isEmpty ? options.contradictions : problems)
    }

    private mutating func set(_ key: String, _ value: ImageSpec.JSONValue) throws(ImageSpecError) {
        switch key {
        case "engine": engine = try Self.engine(key, value)
        case "network": network = try Self.network(key, value)
        case "cache":
            guard case .bool(let isUsed) = value else {
                throw .invalidOption(key, "expected true or false, without quotes")
            }
            usesCache = isUsed
        case "progress":
            guard value == .string("plain") else {
                throw .invalidOption(
                    key, "the only supported value is \"plain\"", fix: "use it, or remove the option")
            }
        case "builder", "builders", "address", "addresses":
            if let other = endpoints {
                throw .invalidOption(key, "cannot be combined with \(other.key)", fix: "remove one of them")
            }
            endpoints = Endpoints(key: key, names: try Self.endpoints(key, value))
        case "tls_ca": tls.authority = try Self.path(key, value)
        case "tls_cert": tls.certificate = try Self.path(key, value)
        case "tls_key": tls.key = try Self.path(key, value)
        case "tls_server_name":
            guard case .string(let name) = value, OptionSyntax.isHostName(name) else {
                throw .invalidOption(key, "expected a host name, such as \"buildkit.acme.com\"")
            }
            tls.serverName = name
        case "cache_from": cacheSources = try BuildCache.list(key, value, isTarget: false)
        case "cache_to": cacheTargets = try BuildCache.list(key, value, isTarget: true)
        case "provenance": provenance = try Self.provenance(key, value)
        case "sbom": billOfMaterials = try Self.billOfMaterials(key, value)
        case "source_date_epoch":
            // 1.0 is one second. Engines write years of four digits.
            guard case .number(let seconds) = value, seconds.value.rounded() == seconds.value,
                (0...Self.lastSecond).contains(seconds.value)
            else {
                throw .invalidOption(
                    key,
                    "expected a whole number of seconds since 1970, up to the year 9999, without quotes, such as 0"
                )
            }
            sourceDateEpoch = Int(seconds.value)
        default: throw .unknownOption(key, known: Self.names)
        }
    }

    /// The last second of the year 9999, since 1970.
    private static let lastSecond = 253_402_300_799.0

    /// Options that cannot be combined.
    private var contradictions: [ImageSpecError] {
        var problems: [ImageSpecError] = []
        if let endpoints, let engine, engine != endpoints.engine {
            problems.append(
                .invalidOption(
                    endpoints.key, "requires \(endpoints.engine.rawValue), but engine is \(engine.rawValue)",
                    fix: "remove \(endpoints.key) or engine"))
        }
        if !usesCache, !cacheSources.isEmpty {
            problems.append(
                .invalidOption(
                    "cache_from", "cannot be combined with cache: false", fix: "remove cache_from or cache"))
        }
        let given = (tls.files + [("tls_server_name", tls.serverName)]).first { $0.path != nil }
        guard let given else { return problems }
        let addresses = endpoints?.engine == .buildctl ? endpoints?.names ?? [] : []
        guard !addresses.isEmpty, addresses.allSatisfy({ $0.hasPrefix("tcp://") }) else {
            problems.append(
                .invalidOption(
                    given.option, "requires addresses of the form tcp://host:port",
                    fix: "use a tcp:// address, or remove the option"))
            return problems
        }
        if (tls.certificate == nil) != (tls.key == nil) {
            problems.append(
                .invalidOption(
                    tls.key == nil ? "tls_cert" : "tls_key", "tls_cert and tls_key must be set together",
                    fix: "set both, or remove both"))
        }
        return problems
    }

    // MARK: engines

    /// Checks what no engine of a kind supports; of any kind if it is nil.
    /// - Throws: ``ImageSpecError/Code/unsupportedField``.
    func check(
        _ engine: ImageSpec.ContainerEngine?, imageName: String, isPushed: Bool
    ) throws(ImageSpecError) {
        guard !isPushed else { return }
        if engine == .buildctl { throw .imageNotKept(imageName) }
        // Podman and buildah do not support attestations, which is another error.
        guard ![.podman, .buildah].contains(engine) else { return }
        if provenance != nil { throw .optionNeedsPush("provenance") }
        if billOfMaterials != nil { throw .optionNeedsPush("sbom") }
    }

    /// Whether there are options that not every engine supports.
    var needCapabilities: Bool {
        !hasUsualNetwork || !cacheSources.isEmpty || !cacheTargets.isEmpty || provenance != nil
            || billOfMaterials != nil || sourceDateEpoch != nil
    }

    /// Whether every engine has the network.
    var hasUsualNetwork: Bool { network.map(["host", "none", "default"].contains) ?? true }

    // MARK: values

    private static func engine(
        _ key: String, _ value: ImageSpec.JSONValue
    ) throws(ImageSpecError) -> ImageSpec.ContainerEngine {
        guard case .string(let name) = value else {
            throw .invalidOption(key, "expected a string, such as \"podman\"")
        }
        if let engine = ImageSpec.ContainerEngine(rawValue: name) { return engine }
        let names = ImageSpec.ContainerEngine.allCases.map(\.rawValue).joined(separator: ", ")
        throw .invalidOption(key, "unknown container engine \"\(name)\"", fix: "use one of \(names)")
    }

    private static func network(
        _ key: String, _ value: ImageSpec.JSONValue
    ) throws(ImageSpecError) -> String {
        guard case .string(let name) = value else {
            throw .invalidOption(key, "expected a string, such as \"host\"")
        }
        // The name is an argument, and must not be read as an option.
        guard OptionSyntax.consists(name, of: "_.:/-"), !name.hasPrefix("-") else {
            throw .invalidOption(
                key, "\"\(name)\" is not a valid network name", fix: "use host, none or default")
        }
        return name
    }

    private static func endpoints(
        _ key: String, _ value: ImageSpec.JSONValue
    ) throws(ImageSpecError) -> [String] {
        let isList = key.hasSuffix("s") && key != "address"
        let isAddress = key.hasPrefix("address")
        let example = isAddress ? "\"tcp://buildkit:1234\"" : "\"team\""
        var values = [value]
        if isList {
            guard case .array(let list) = value, !list.isEmpty else {
                throw .invalidOption(key, "expected a list of strings, such as [\(example)]")
            }
            values = list
        }
        var names: [String] = []
        for value in values {
            guard case .string(let name) = value else {
                throw .invalidOption(key, "expected a string, such as \(example)")
            }
            if isAddress {
                if let problem = OptionSyntax.problem(inAddress: name) {
                    // The message must not contain a password.
                    throw .invalidOption(
                        key, problem.isQuotable ? "\"\(name)\" \(problem.text)" : problem.text)
                }
            } else if !OptionSyntax.isBuilderName(name) {
                throw .invalidOption(
                    key, "\"\(name)\" is not a valid builder name",
                    fix: "to list builders, run: docker buildx ls")
            }
            if names.contains(name) {
                throw .invalidOption(key, "duplicate \"\(name)\"", fix: "remove one of them")
            }
            names.append(name)
        }
        return names
    }

    private static func path(_ key: String, _ value: ImageSpec.JSONValue) throws(ImageSpecError) -> String {
        guard case .string(let path) = value, !path.isEmpty, !path.utf8.contains(0) else {
            throw .invalidOption(key, "expected a file path, such as \"tls/ca.pem\"")
        }
        return path
    }

    private static func provenance(
        _ key: String, _ value: ImageSpec.JSONValue
    ) throws(ImageSpecError) -> Provenance? {
        switch value {
        case .bool(let isWanted): return isWanted ? Provenance(mode: "min") : nil
        case .string("min"): return Provenance(mode: "min")
        case .string("max"): return Provenance(mode: "max")
        default: throw .invalidOption(key, "expected true, false, \"min\" or \"max\"")
        }
    }

    private static func billOfMaterials(
        _ key: String, _ value: ImageSpec.JSONValue
    ) throws(ImageSpecError) -> BillOfMaterials? {
        switch value {
        case .bool(let isWanted): return isWanted ? BillOfMaterials() : nil
        case .string(let generator):
            guard OptionSyntax.isImage(generator) else {
                throw .invalidOption(
                    key, "\"\(generator)\" is not a valid image name",
                    fix: "use true for BuildKit's default generator")
            }
            return BillOfMaterials(generator: generator)
        default: throw .invalidOption(key, "expected true, false or the name of a generator image")
        }
    }
}
