// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
internal import ImageSpec
internal import ImageSpecBuilding
internal import Synchronization

/// Installs the packages of a spec for the Python, the C library and the architecture of a base image, on this machine.
///
/// Nothing runs in the image: uv chooses wheels for the target and unpacks them, and what it takes from this machine is replaced.
package struct PackageInstallation: Sendable {
    private let uv: UvSearch
    private let temporaryDirectory: String
    /// Files of this machine by their places in the container of an installation.
    private let secrets: [String: String]
    /// Where the layers of earlier installations are known. If `nil`, uv runs in any case.
    private let cache: LayerCacheDirectory?

    package init(
        runner: ProgramRunner, temporaryDirectory: String, secrets: [String: String],
        cache: LayerCacheDirectory?
    ) {
        uv = UvSearch(runner, cache)
        self.temporaryDirectory = temporaryDirectory
        self.secrets = secrets
        self.cache = cache
    }

    /// Finds uv, so that it is known to be missing before anything is downloaded.
    /// - Throws: ``ImageSpecError/Code/toolUnavailable``.
    package func prepare() async throws { _ = try await uv.program() }

    /// The layers of the environment and its packages; none if the spec needs no Python. The image has `layerCount` others.
    func layers(
        over facts: BaseFacts, for platform: ImagePlatform, setup: ImageSetup, store: LayerStore,
        layerCount: Int,
        report: @escaping @Sendable (String) -> Void
    ) async throws -> [Layer] {
        guard let environment = try TargetEnvironment(for: setup, in: facts) else { return [] }
        var recipes: [LayerRecipe] = []
        if case .linked(let active) = environment.origin {
            let link = LayerEntry(
                String(RenderingConstants.virtualEnvironment.dropFirst()), .link(target: Array(active.utf8)),
                mode: 0o777)
            recipes.append(LayerRecipe(title: "Python environment", [link], over: facts.tree))
        }
        var layers: [Layer] = []
        for recipe in recipes { layers.append(try await store.layer(recipe)) }
        let isNew = if case .new = environment.origin { true } else { false }
        if !isNew, !setup.spec.hasPythonPackages { return layers }

        let installer = EnvironmentInstaller(
            setup: setup, environment: environment, tree: facts.tree,
            platform: setup.spec.hasPythonPackages ? try TargetPlatform(of: facts.tree, platform) : nil,
            uv: try await uv.program(), secrets: secrets,
            layerLimit: max(1, Self.maximumLayerCount - layerCount - layers.count), report: report)
        let run = InstallationRun(directory: temporaryDirectory + "/" + installer.key.hex, installer)
        if let known = cache?.read(.packages, installer.key).flatMap(PackagesRecord.init) {
            return layers + known.layers.map { run.layer($0) }
        }
        var installed: [Layer] = []
        for recipe in try await run.recipes() { installed.append(try await store.layer(recipe)) }
        cache?.write(PackagesRecord(installed).bytes, .packages, installer.key)
        return layers + installed
    }

    /// The places of secret mounts that an installation reads.
    package static let secretPlaces =
        [EnvironmentInstaller.netrcPlace] + EnvironmentInstaller.configurationPlaces

    /// Some engines and registries have no more than 127; some room is left for images on this one.
    private static let maximumLayerCount = 100
}

/// uv on this machine, which is looked for once.
private final class UvSearch: Sendable {
    private let runner: ProgramRunner
    private let cache: LayerCacheDirectory?
    private let flights = SingleFlight<String, UvProgram>()
    private let found = Mutex<UvProgram?>(nil)

    init(_ runner: ProgramRunner, _ cache: LayerCacheDirectory?) {
        self.runner = runner
        self.cache = cache
    }

    func program() async throws -> UvProgram {
        try await flights.value(for: "") { [self] in
            if let found = found.withLock({ $0 }) { return found }
            let program = try await UvProgram.find(runner, cache: cache)
            found.withLock { $0 = program }
            return program
        }
    }
}

/// An installation that happens when something needs its files, and once.
private final class InstallationRun: Sendable {
    private let directory: String
    private let installer: EnvironmentInstaller
    private let flights = SingleFlight<String, [LayerRecipe]>()
    private let done = Mutex<[LayerRecipe]?>(nil)

    init(directory: String, _ installer: EnvironmentInstaller) {
        self.directory = directory
        self.installer = installer
    }

    /// What has to be written for each layer, after the installation.
    func recipes() async throws -> [LayerRecipe] {
        try await flights.value(for: "") { [self] in
            if let done = done.withLock({ $0 }) { return done }
            let recipes = try await installer.install(in: directory)
            done.withLock { $0 = recipes }
            return recipes
        }
    }

    /// A layer that is known from an earlier installation.
    func layer(_ known: PackagesRecord.Known) -> Layer {
        let recipe = LayerRecipe(key: known.key, title: known.title) { archive in
            guard let recipe = try await self.recipes().first(where: { $0.key == known.key }) else {
                throw ImageSpecError.layerChanged(known.title)
            }
            try await recipe.write(archive)
        }
        return Layer(recipe: recipe, content: known.content)
    }
}

/// The layers of an installation in the cache: a line for each, with its key, its digests and its title.
private struct PackagesRecord {
    struct Known {
        var key: CacheKey
        var title: String
        var content: LayerBlob
    }

    var layers: [Known]

    init(_ layers: [Layer]) {
        self.layers = layers.map { Known(key: $0.recipe.key, title: $0.recipe.title, content: $0.content) }
    }

    init?(_ bytes: [UInt8]) {
        layers = []
        for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") {
            let fields = line.split(separator: "\t", maxSplits: 2).map(String.init)
            guard fields.count == 3, let key = CacheKey(hex: fields[0]),
                let record = LayerRecord(Array(fields[1].utf8))
            else { return nil }
            layers.append(Known(key: key, title: fields[2], content: record.content))
        }
        if layers.isEmpty { return nil }
    }

    var bytes: [UInt8] {
        layers.flatMap { layer in
            Array("\(layer.key.hex)\t".utf8) + LayerRecord(content: layer.content).bytes
                + Array("\t\(layer.title)\n".utf8)
        }
    }
}
