// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
public import ImageSpec
public import ImageSpecBuilding
internal import ImageSpecLayers
import Synchronization

extension ImageSpec {
    /// Builds images with or without docker, podman, buildah or BuildKit daemons, and pushes those of specs that have a registry.
    ///
    /// This is the builder `default`. It uses the engine passed to the initializer; if `nil`, that of the spec's builder options.
    /// If they name none, it makes the image itself, without an engine (``BuiltinBuilder``), if the spec allows that and the image
    /// is pushed; otherwise, it uses the first of docker, podman and buildah that works on this machine.
    ///
    /// An image that already exists is not built again unless the build is forced. Existence is checked in the registry, or in
    /// the engine if the spec has no registry or nothing is pushed. The registry is contacted directly, so no engine is
    /// required for an image that exists. Secrets are passed to the engine as files, never in arguments or layers.
    ///
    /// Supported builder options (`builder_options`):
    ///
    /// | key | value |
    /// |---|---|
    /// | `engine` | `docker`, `podman`, `buildah`, `buildctl` or `builtin` (``BuiltinBuilder``); defaults to `builtin` where it is possible and the image is pushed, and otherwise to the first of docker, podman and buildah that works |
    /// | `network` | the network of build steps, such as `host` or `none`; defaults to the engine's default |
    /// | `cache` | `false` rebuilds every layer; by default, layers of earlier builds are reused |
    /// | `progress` | `plain`, the only mode: engine output is reported line by line |
    /// | `builder` | the name of a buildx builder |
    /// | `builders` | a list of buildx builders; each build uses the least busy one that answers |
    /// | `address` | a BuildKit daemon, for buildctl: `tcp://host:port`, `unix:///path`, `kube-pod://…`, `docker-container://…`, … |
    /// | `addresses` | a list of daemon addresses; each build uses the least busy one that answers |
    /// | `tls_ca`, `tls_cert`, `tls_key` | certificate files for `tcp://`, relative to the working directory |
    /// | `tls_server_name` | the name in the daemon's certificate, if it differs from the host name |
    /// | `cache_from` | a cache image to import layers from, an object with `ref`, or a list of these |
    /// | `cache_to` | a cache image to export layers to, `inline`, an object with `ref` and `mode`, …, or a list of these |
    /// | `provenance` | `true`, `min` or `max`: attach a provenance attestation to the pushed image |
    /// | `sbom` | `true`, or a generator image: attach an SBOM attestation to the pushed image |
    /// | `source_date_epoch` | whole seconds since 1970, used as the creation time of the image and its files instead of the build time |
    ///
    /// The article *Remote builds* lists which engine supports which option. An unsupported option is an error before
    /// anything is built. Builds of one builder share the state of remote engines: if one does not answer, the next is
    /// used, with a warning, and it is tried last for a minute.
    public struct ContainerBuilder: Builder {
        /// The engine to use. If `nil`, that of the spec's options, or the default.
        public let engine: ContainerEngine?
        private let runner: CommandRunner
        private let folders: [String]?
        private let registry: RegistryImages
        private let cache = EngineCache()
        /// Images that were found when they were checked, so that their registry is asked once.
        private let found = FoundImages()
        private let builtin: BuiltinBuilder
        private let pool = EndpointPool()
        /// If `nil`, other processes that build the same image do not wait.
        private let locks: BuildLocks?

        /// Creates a builder.
        public init(engine: ContainerEngine? = nil) {
            self.init(engine: engine, runner: .system, folders: nil, registry: .system, locks: .user)
        }

        /// A builder that asks these registries.
        init(registry: RegistryImages) {
            self.init(engine: nil, runner: .system, folders: nil, registry: registry, locks: .user)
        }

        /// A builder whose images without an engine are made by this one.
        init(engine: ContainerEngine?, builtin: BuiltinBuilder) {
            self.init(
                engine: engine, runner: .system, folders: nil, registry: .system, builtin: builtin,
                locks: .user)
        }

        /// A builder that searches these directories for programs; nil: those of `PATH`.
        init(
            engine: ContainerEngine? = nil, runner: CommandRunner, folders: [String]?,
            registry: RegistryImages, builtin: BuiltinBuilder? = nil, locks: BuildLocks? = nil
        ) {
            self.locks = locks
            self.engine = engine
            self.runner = runner
            self.folders = folders
            self.registry = registry
            var dependencies = BuiltinDependencies.system
            dependencies.runner = runner
            dependencies.folders = folders
            dependencies.registry = registry
            self.builtin = builtin ?? BuiltinBuilder(output: nil, of: nil, dependencies: dependencies)
        }

        private func method(of request: BuildRequest) -> BuildMethod {
            BuildMethod(of: request, engine, buildxBuilder: finder.buildxBuilder)
        }

        private func usesBuiltin(_ request: BuildRequest) -> Bool { method(of: request).usesBuiltin }

        private var finder: EngineFinder {
            var finder = EngineFinder(runner: runner)
            if let folders { finder.folders = folders }
            return finder
        }

        /// Returns an existing image, or builds and pushes it.
        ///
        /// If another process of this user is building the same image, waits for it, with a warning, and uses its image.
        /// - Throws: ``ImageSpecError``, `CancellationError`.
        public func build(_ request: BuildRequest) async throws -> BuildResult {
            func build() async throws -> BuildResult { try await make(request) }
            return try await WaitReport.during(request) {
                try await request.ensureImage(
                    inspect: {
                        if let inspection = found.take(request) ?? builtin.takeFound(request) {
                            return inspection
                        }
                        return try await inspect(request)
                    },
                    build: {
                        guard let locks else { return try await build() }
                        return try await locks.building(request, build) {
                            try await request.ensureImage(
                                inspect: { try await inspect(request) }, build: build)
                        }
                    })
            }
        }

        /// Makes an image that does not exist.
        private func make(_ request: BuildRequest) async throws -> BuildResult {
            // From here on, the engine shows what it does.
            func makeBuiltin() async throws -> BuildResult {
                try await WaitReport.$current.withValue(nil) { try await builtin.make(request) }
            }
            switch method(of: request) {
            case .builtin: return try await makeBuiltin()
            case .engine, .engineByDefault: return try await build(request, insteadOfBuiltin: nil)
            case .builtinByDefault:
                do {
                    return try await makeBuiltin()
                } catch let error as ImageSpecError where error.needsEngine {
                    do {
                        return try await build(request, insteadOfBuiltin: .failure(error))
                    } catch let other as ImageSpecError where !other.needsEngine {
                        // The first says what to do about it more often than the engine.
                        throw ImageSpecError(problems: [error, other]) ?? other
                    }
                }
            }
        }

        private func build(
            _ request: BuildRequest, insteadOfBuiltin failure: BuiltinObstacle?
        ) async throws -> BuildResult {
            try await withBuildJob(request, insteadOfBuiltin: failure) {
                try await $0.build(because: $1?.reason)
            }
        }

        /// Checks the builder options, the files that they name and the platforms, and renders the spec. If the image is
        /// absent, also checks that the files of secrets exist, and that the engine supports the options.
        @concurrent
        public func check(_ request: BuildRequest) async throws {
            try await WaitReport.during(request) { try await checkAll(request) }
        }

        private func checkAll(_ request: BuildRequest) async throws {
            if usesBuiltin(request) { return try await builtin.check(request) }
            let options = try RequestCheck(request, engine).validate()
            let context = try request.buildContext()
            let secrets = Result { () throws(ImageSpecError) in
                try BuildFiles.checkSecrets(of: request, context)
            }
            let needsCapabilities =
                options.needCapabilities || request.localBase != nil
                || request.spec.platforms(in: request.context).count > 1
            let isSecretMissing = if case .failure = secrets { true } else { false }
            guard needsCapabilities || isSecretMissing else { return }
            // An image that exists needs neither.
            if !request.isForcePush, request.isPushed || isSecretMissing {
                let inspection = try await inspect(request)
                let decision = try request.policy.decision(for: request.imageName, inspection.existence)
                guard decision == .build else { return found.add(inspection, for: request) }
            }
            try secrets.get()
            try await withBuildJob(request) { _, _ in }
        }

        /// Returns whether the image of a spec exists in its registry, or in the engine if the spec has no registry.
        public func existence(of spec: ImageSpec, in context: Context = .current) async -> Existence {
            do {
                return try await existence(for: Self.named(spec, in: context))
            } catch is CancellationError {
                return .unknown(reason: "the request was cancelled")
            } catch {
                return .unknown(reason: "\(error)")
            }
        }

        /// Returns whether an image that has been named exists.
        package func existence(for request: BuildRequest) async throws -> Existence {
            if request.isPushed { return try await registryExistence(for: request) }
            return try await inspect(request).existence
        }

        /// Looks for the image in its registry, which requires no engine, or in the engine if nothing is pushed.
        private func inspect(_ request: BuildRequest) async throws -> Inspection {
            guard request.isPushed else {
                if usesBuiltin(request) { return try await builtin.inspect(request) }
                return try await withBuildJob(request) { job, _ in try await job.inspect() }
            }
            _ = try RequestCheck(request, engine).options()
            let file = try RegistryConfiguration.file(of: request.spec, in: request.context)
            let platform = request.spec.platforms(in: request.context).first ?? ""
            let inspection = await registry.inspect(request.imageName, platform, file)
            try Task.checkCancellation()
            return inspection
        }

        private func registryExistence(for request: BuildRequest) async throws -> Existence {
            _ = try RequestCheck(request, engine).options()
            let file = try RegistryConfiguration.file(of: request.spec, in: request.context)
            let existence = await registry.existence(request.imageName, file)
            try Task.checkCancellation()
            return existence
        }

        /// A request for a spec in a context. Reads all files, and keeps nothing of them.
        @concurrent
        private static func named(_ spec: ImageSpec, in context: Context) async throws -> BuildRequest {
            BuildRequest(
                spec: spec, imageName: try spec.imageName(in: context), context: context, policy: .current)
        }

        /// Runs `body` with what keeps the image from being made without an engine, if no engine was requested. This is `failure`, or
        /// known from the request. If no engine works, the error says so.
        private func withBuildJob<Result>(
            _ request: BuildRequest, insteadOfBuiltin failure: BuiltinObstacle? = nil,
            _ body: (BuildJob, BuiltinObstacle?) async throws -> Result
        ) async throws -> Result {
            let scratch = try TemporaryDirectory()
            defer { scratch.remove() }
            let obstacle = failure ?? method(of: request).obstacle
            do {
                let job = try await BuildJob(
                    request, wanted: engine, finder: finder, cache: cache, pool: pool, registry: registry,
                    scratch: scratch)
                return try await body(job, obstacle)
            } catch let error as ImageSpecError {
                guard let obstacle, let search = error.noEngine else { throw error }
                throw obstacle.error(request.imageName, search)
            }
        }
    }

    /// Returns whether the image of this spec exists in its registry, or in the container engine if the spec has no registry.
    /// - Parameters:
    ///   - context: the context of relative paths. Defaults to that of this process.
    ///   - client: the client of the registry, with its own credentials, proxies and timeouts. If `nil`, the credentials of
    ///     ``registryConfig``, or the usual ones.
    /// - Returns: whether it exists, or why this cannot be determined.
    public func existence(
        in context: Context = .current, using client: RegistryClient? = nil
    ) async -> Existence {
        await ContainerBuilder(registry: client.map(RegistryImages.init) ?? .system).existence(
            of: self, in: context)
    }

    /// Whether the image of this spec exists; nil if this cannot be determined.
    ///
    /// ``existence(in:using:)`` gives the reason too. Source: flytekit `ImageSpec.exist`.
    public func exist(in context: Context = .current, using client: RegistryClient? = nil) async -> Bool? {
        switch await existence(in: context, using: client) {
        case .present: true
        case .absent: false
        case .unknown: nil
        }
    }
}

extension ImageSpec.BuildEngine {
    /// An engine with the builders `default`, an ``ImageSpec/ContainerBuilder`` of priority 1, and `envd`, an
    /// ``ImageSpec/EnvdBuilder`` for specs that name it, besides `noop`.
    public static func containers(
        engine: ImageSpec.ContainerEngine? = nil, policy: ImageSpec.BuildPolicy = .current,
        report: @escaping @Sendable (ImageSpec.BuildEvent) -> Void = { _ in }
    ) -> ImageSpec.BuildEngine {
        containers(ImageSpec.ContainerBuilder(engine: engine), policy: policy, report: report)
    }

    /// An engine whose builder `default` makes all images without a container engine, and writes one to a file or directory.
    package static func containers(
        writing output: ImageSpec.BuiltinBuilder.Output, of imageName: String, policy: ImageSpec.BuildPolicy,
        report: @escaping @Sendable (ImageSpec.BuildEvent) -> Void
    ) -> ImageSpec.BuildEngine {
        let builtin = ImageSpec.BuiltinBuilder(output: output, of: imageName)
        return containers(
            ImageSpec.ContainerBuilder(engine: .builtin, builtin: builtin), policy: policy, report: report)
    }

    private static func containers(
        _ builder: ImageSpec.ContainerBuilder, policy: ImageSpec.BuildPolicy,
        report: @escaping @Sendable (ImageSpec.BuildEvent) -> Void
    ) -> ImageSpec.BuildEngine {
        let buildEngine = ImageSpec.BuildEngine(policy: policy, report: report)
        buildEngine.register("default", builder, priority: 1)
        // Below `default`: what a spec becomes must not depend on what else is there. In flytekit it is 5.
        buildEngine.register(ImageSpec.envdBuilderName, ImageSpec.EnvdBuilder(), priority: 0)
        return buildEngine
    }
}
