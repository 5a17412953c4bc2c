// SPDX-License-Identifier: Apache-2.0

import ImageSpec
import ImageSpecBuilding
import ImageSpecLayers

/// One request, with the engine that works on it and a directory for its files.
struct BuildJob: Sendable {
    private let request: ImageSpec.BuildRequest
    private let engine: DetectedEngine
    private let options: ContainerOptions
    private let finder: EngineFinder
    private let scratch: TemporaryDirectory
    private let configuration: RegistryConfiguration
    private let pool: EndpointPool
    private let cache: EngineCache
    private let registry: RegistryImages?

    var engineName: String { engine.name }

    /// Checks what the engine is asked to do, and finds it.
    init(
        _ request: ImageSpec.BuildRequest, wanted: ImageSpec.ContainerEngine?, finder: EngineFinder,
        cache: EngineCache, pool: EndpointPool = EndpointPool(),
        registry: RegistryImages? = nil, scratch: TemporaryDirectory
    ) async throws {
        self.request = request
        self.pool = pool
        self.cache = cache
        self.registry = registry
        self.scratch = scratch
        options = try RequestCheck(request, wanted).options()
        configuration = try RegistryConfiguration(request, scratch)
        var finder = finder
        finder.environment = configuration.environment
        let selection = EngineSelection(
            request: request, options: options, finder: finder, cache: cache,
            credentials: configuration.source)
        engine = try await selection.engine(wanted)
        if [.podman, .buildah].contains(engine.kind), configuration.isConfigurationFileMissing {
            // Podman and buildah fail if the variable names a directory without the file.
            finder.environment["DOCKER_CONFIG"] = .some(nil)
        }
        self.finder = finder
        try await selection.checkCapabilities(of: engine)
    }

    /// Looks at the images that the engine has.
    func inspect() async throws -> ImageSpec.Inspection {
        try await LocalImages(engine: engine, finder: finder).inspect(request.imageName)
    }

    /// One directory for all images of a spec, whose contexts have most files in common.
    private var stableDirectory: StableDirectory? {
        let repository = request.imageName.split(separator: ":").dropLast().joined(separator: ":")
        return StableDirectory.acquire(
            key: request.context.workingDirectory + "\0" + repository, in: TemporaryDirectory.parent())
    }

    /// Builds the image, and pushes it if it is to be pushed. The reason is that of the choice of the engine.
    func build(because reason: String? = nil) async throws -> ImageSpec.BuildResult {
        if engine.usesBuildKit { try scratch.checkNanoseconds() }
        let stable = engine.dialect == .buildKit ? stableDirectory : nil
        defer { stable?.release() }
        async let available = basePlatforms()
        let files = try await BuildFiles.write(
            for: request, options, to: scratch, contextDirectory: stable?.path ?? scratch.path)
        try checkPlatforms(await available)
        let credentials = await credentials(for: files.images)
        let (authenticationFile, environment) = try configuration.adding(
            credentials, for: engine.kind, in: scratch)
        let plan = BuildPlan(
            engine: engine, imageName: request.imageName, context: files.context, reports: scratch.path,
            platforms: request.spec.platforms(in: request.context), secrets: files.secrets,
            options: options, isPushed: request.isPushed, tls: files.tls,
            authenticationFile: authenticationFile,
            localRegistryImages: files.images.filter {
                (try? ImageSpec.ImageReference($0))?.registry.isLoopback == true
            },
            environment: finder.environment.merging(environment) { $1 })
        let execution = PlanExecution(
            request: request, finder: finder, reports: BuildReports(scratch), reason: reason)
        let dispatch = EndpointDispatch(
            endpoints: options.endpoints, pool: pool,
            probe: EndpointProbe(finder: finder, cache: cache, credentials: configuration.source),
            imageName: request.imageName, report: request.report)
        return try await dispatch.run(plan) { try await execution.run($0) }
    }

    /// The credentials for the images of the build that the engine does not find by itself.
    private func credentials(for images: [String]) async -> EngineCredentials {
        let caches = (options.cacheTargets + options.cacheSources).compactMap(\.reference)
        return await EngineCredentials.find(
            for: (request.isPushed ? [request.imageName] : []) + images + caches
                + [options.billOfMaterials?.generator].compactMap { $0 },
            engine.kind, configuration.places(of: engine.kind),
            Keychain(configurationFile: configuration.source, helpers: .system))
    }

    // MARK: the platforms of the base image

    /// The base image if a registry may have it. The official images that are used without a base image have all platforms.
    private var baseImage: String? {
        if case .reference(let name)? = request.spec.baseImage, !name.isEmpty { return name }
        return request.localBase == nil ? request.baseImageName : nil
    }

    private func basePlatforms() async -> [ImagePlatform]? {
        guard let baseImage, let registry else { return nil }
        return await registry.platforms(baseImage, configuration.source)
    }

    /// Engines build on a base image of another platform, and push an image that names a platform and has the files of another
    /// one.
    private func checkPlatforms(_ available: [ImagePlatform]?) throws(ImageSpecError) {
        guard let baseImage, let available, !available.isEmpty else { return }
        let missing = ImagePlatform.missing(request.spec.platforms(in: request.context), among: available)
        if missing.isEmpty { return }
        throw .platformsMissing(missing, in: baseImage, available: available.map(\.description))
    }
}
