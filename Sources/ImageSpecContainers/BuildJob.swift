// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
import ImageSpec
import Synchronization

/// One request, with the engine that works on it and a directory for what the work needs.
struct BuildJob: Sendable {
    private let request: ImageSpec.BuildRequest
    private let engine: DetectedEngine
    private let options: ContainerOptions
    private let finder: EngineFinder
    private let scratch: TemporaryDirectory
    private let authenticationFile: String?
    private let platforms: [String]
    private let pool: EndpointPool

    private var runner: CommandRunner { finder.runner }
    private var spec: ImageSpec { request.spec }
    var engineName: String { engine.name }

    /// Checks what the engine is asked to do, and finds it.
    init(
        _ request: ImageSpec.BuildRequest, wanted: ImageSpec.ContainerEngine?, finder: EngineFinder,
        memory: EngineCache, pool: EndpointPool = EndpointPool(), scratch: TemporaryDirectory
    ) async throws {
        self.request = request
        self.pool = pool
        self.scratch = scratch
        options = try Self.options(of: request.spec, wanted)
        let configuration = try RegistryConfiguration(request, scratch)
        var finder = finder
        finder.environment = configuration.environment
        let kind = wanted ?? options.engine ?? options.endpoints?.engine
        let need = Self.need(options, isPushed: request.isPushed, finder.buildxBuilder)
        engine = try await memory.engine(
            for: .init(wanted: kind, need: need, credentials: configuration.source)
        ) { [finder] in
            try await finder.find(kind, need)
        }
        if [.podman, .buildah].contains(engine.kind), configuration.isConfigurationFileMissing {
            // Podman and buildah take the variable for the promise of a file.
            finder.environment["DOCKER_CONFIG"] = .some(nil)
        }
        self.finder = finder
        authenticationFile = configuration.file
        platforms = request.spec.platforms(in: request.context)
        try Self.check(platforms, isPushed: request.isPushed)
        var abilities = EngineCapabilities(engine: engine, options: options)
        if options.sourceDateEpoch != nil, engine.dialect == .buildx {
            for name in options.endpoints?.names ?? [""] {
                let question = EngineCache.DriverQuestion(
                    program: engine.path, builder: name, credentials: configuration.source)
                let driver = try await memory.driver(for: question) { [finder, engine] in
                    try await finder.driver(of: name, engine)
                }
                abilities.drivers.append((name, driver))
            }
        }
        try abilities.check(imageName: request.imageName, isPushed: request.isPushed)
        guard platforms.count > 1, engine.dialect == .buildKit else { return }
        throw ImageSpecError.platformsUnsupported(
            platforms, "docker requires the buildx plugin to build several platforms",
            fix: "install it, use buildah or buildctl, or use one platform")
    }

    /// An image that is pushed needs no daemon here where the builder of buildx is named, by the spec or by buildx's own
    /// variable. One that stays does: the daemon keeps it.
    private static func need(
        _ options: ContainerOptions, isPushed: Bool, _ buildxBuilder: String?
    ) -> EngineFinder.Need {
        if options.endpoints?.engine == .docker { return .builder }
        return isPushed && !(buildxBuilder ?? "").isEmpty ? .builderOrDaemon : .daemon
    }

    /// Checks for problems that prevent a build with any engine.
    static func check(
        _ request: ImageSpec.BuildRequest, _ wanted: ImageSpec.ContainerEngine?
    ) throws(ImageSpecError) -> ContainerOptions {
        let problems = problems(
            of: request.spec, named: request.imageName, in: request.context, wanted,
            isPushed: request.isPushed)
        if let error = ImageSpecError(problems: problems) { throw error }
        return try options(of: request.spec, wanted)
    }

    /// The same, as a list. Looks at the options, the platforms, and the files of this machine that they and `registry_config`
    /// name.
    static func problems(
        of spec: ImageSpec, named imageName: String, in context: ImageSpec.Context,
        _ wanted: ImageSpec.ContainerEngine?, isPushed: Bool
    ) -> [ImageSpecError] {
        var (options, problems) = ContainerOptions.read(spec)
        func check(_ body: () throws(ImageSpecError) -> Void) {
            do throws(ImageSpecError) { try body() } catch { problems.append(error) }
        }
        if problems.isEmpty {
            check { () throws(ImageSpecError) in try agree(options, wanted) }
            check { () throws(ImageSpecError) in
                try options.check(
                    wanted ?? options.engine ?? options.endpoints?.engine, imageName: imageName,
                    isPushed: isPushed)
            }
        }
        check { () throws(ImageSpecError) in
            try self.check(spec.platforms(in: context), isPushed: isPushed)
        }
        for case (let option, let path?) in options.tls.files {
            check { () throws(ImageSpecError) in _ = try file(option, path, in: context) }
        }
        check { () throws(ImageSpecError) in _ = try RegistryConfiguration.file(of: spec, in: context) }
        return problems
    }

    /// The options of a spec, checked against the requested engine.
    static func options(
        of spec: ImageSpec, _ wanted: ImageSpec.ContainerEngine?
    ) throws(ImageSpecError) -> ContainerOptions {
        let options = try ContainerOptions(spec)
        try agree(options, wanted)
        return options
    }

    private static func agree(
        _ options: ContainerOptions, _ wanted: ImageSpec.ContainerEngine?
    ) throws(ImageSpecError) {
        guard let wanted else { return }
        if let option = options.engine, wanted != option { throw .enginesDiffer(option, wanted) }
        if let endpoints = options.endpoints, wanted != endpoints.engine {
            throw .optionNeedsEngine(endpoints.key, endpoints.engine, wanted)
        }
    }

    static func check(_ platforms: [String], isPushed: Bool) throws(ImageSpecError) {
        guard platforms.count > 1, !isPushed else { return }
        throw .platformsUnsupported(
            platforms, "a multi-platform image must be pushed to a registry",
            fix: "set registry and push, or use one platform")
    }

    // MARK: existence

    /// Looks at the images that the engine has.
    func found() async throws -> LocalImages.Found {
        try await LocalImages(engine: engine, finder: finder).find(request.imageName)
    }

    // MARK: building

    /// Builds the image, and pushes it if it is to be pushed.
    func build() async throws -> ImageSpec.BuildResult {
        let plan = try await prepare()
        guard let endpoints = options.endpoints else { return try await build(plan) }
        return try await build(plan, at: endpoints)
    }

    /// Builds with the least busy of several engines that answers. If an engine no longer answers after a failure, the failure
    /// is not attributed to the spec, and the next engine is tried.
    private func build(
        _ plan: BuildPlan, at endpoints: ContainerOptions.Endpoints
    ) async throws -> ImageSpec.BuildResult {
        var tried: Set<String> = []
        var reasons: [String] = []
        while let name = pool.take(endpoints.names, except: tried) {
            defer { pool.giveBack(name) }
            tried.insert(name)
            var plan = plan
            plan.endpoint = name
            var failure: ImageSpecError?
            var problem = try await problem(plan)
            if problem == nil {
                do {
                    return try await build(plan)
                } catch let error as ImageSpecError {
                    failure = error
                    try Task.checkCancellation()
                    problem = try await self.problem(plan)
                }
            }
            pool.note(name, answers: problem == nil)
            guard let problem else {
                guard let failure else { continue }
                throw failure
            }
            reasons.append("\(name): \(problem)")
            let isLast = tried.count == endpoints.names.count
            if isLast, let failure { throw failure }
            if !isLast {
                request.report(
                    .warning(
                        "\(name) does not answer and is skipped for "
                            + "\(EndpointPool.pause.components.seconds) seconds: \(problem)"))
            }
        }
        throw ImageSpecError.noEndpoint(endpoints.key, reasons)
    }

    /// Why a remote engine does not answer; nil: it does.
    private func problem(_ plan: BuildPlan) async throws -> String? {
        guard let probe = plan.probe else { return nil }
        guard let outcome = try await runner.answer(probe, within: plan.probeLimit) else {
            return "no answer within \(plan.probeLimit.components.seconds) seconds"
        }
        return outcome.isSuccess ? nil : outcome.reason
    }

    private func build(_ plan: BuildPlan) async throws -> ImageSpec.BuildResult {
        request.report(.started(imageName: request.imageName, engine: plan.engineName))
        var isBuilt = false
        do {
            let pushed = try await run(plan, &isBuilt)
            await tidy(plan, isThere: true)
            return ImageSpec.BuildResult(
                imageName: request.imageName, outcome: .built, digest: digest(pushed), engine: plan.engineName
            )
        } catch {
            await tidy(plan, isThere: isBuilt)
            throw error
        }
    }

    /// Runs the commands and returns the digest that the last one printed.
    private func run(_ plan: BuildPlan, _ isBuilt: inout Bool) async throws -> String? {
        var pushed: String?
        for (step, command) in plan.commands {
            try Task.checkCancellation()
            let printed = Mutex(OutputTail(isTitle: BuildFailure.isTitle))
            let outcome = try await runner(command) { line in
                printed.withLock { $0.append(line) }
                request.report(.output(line: line))
            }
            if !outcome.isSuccess {
                if step == .fetch, let image = command.arguments.last, try await isHere(image) { continue }
                let failure = BuildFailure(
                    step: step, printed: printed.withLock { $0.lines }, outcome: outcome)
                throw ImageSpecError.buildFailed(request.imageName, engine: plan.engineName, failure)
            }
            if step == .build { isBuilt = true }
            if step == .push { pushed = Self.digest(inOutput: outcome.output) }
        }
        return pushed
    }

    /// Removes what is needed no more. An image that is there is not the worse for it if that fails.
    private func tidy(_ plan: BuildPlan, isThere: Bool) async {
        guard let command = plan.tidying else { return }
        // A task of its own: who was cancelled has to tidy up as well.
        let outcome = await Task { [runner] in
            try? await runner.answer(command, within: .seconds(60))
        }.value
        if !isThere || outcome?.isSuccess == true { return }
        let reason = outcome?.reason ?? "\(engine.name) does not answer"
        request.report(.warning("cannot remove the index \(plan.indexName) of \(engine.name): \(reason)"))
    }

    /// A base that is there already serves, whether or not its registry answers.
    private func isHere(_ image: String) async throws -> Bool {
        if case .present = try await LocalImages(engine: engine, finder: finder).find(image).existence {
            return true
        }
        return false
    }

    /// Writes the context. The bytes are those that were named, or this fails.
    @concurrent
    private func prepare() async throws -> BuildPlan {
        let context = try request.buildContext()
        let name = try context.identity.imageName()
        guard name == request.imageName else { throw ImageSpecError.renamed(request.imageName, name) }
        var secrets: [BuildPlan.Secret] = []
        try Self.checkSecrets(of: request, context)
        for secret in context.dockerfile.secrets {
            let link = try scratch.link(secret.id, to: LocalFile.absolute(secret.source))
            secrets.append(BuildPlan.Secret(id: secret.id, path: link))
        }
        let folder = scratch.path + "/context"
        try context.write(to: folder)
        return BuildPlan(
            engine: engine, imageName: request.imageName, context: folder, reports: scratch.path,
            platforms: platforms, secrets: secrets, options: options, isPushed: request.isPushed,
            tls: try links(options.tls), authenticationFile: authenticationFile,
            localRegistryImages: usedImages.filter {
                (try? ImageSpec.ImageReference($0))?.registry.isLoopback == true
                    && context.dockerfile.text.contains($0)
            },
            environment: finder.environment)
    }

    /// - Throws: ``ImageSpecError/Code/missingInput``, ``ImageSpecError/Code/unreadableInput`` for secrets that a build of a
    ///   context mounts and that are not there.
    static func checkSecrets(
        of request: ImageSpec.BuildRequest, _ context: ImageSpec.BuildContext
    ) throws(ImageSpecError) {
        // Where nothing is installed, nothing is mounted.
        if context.dockerfile.secrets.isEmpty { return }
        let problems = request.spec.ownSecretProblems(in: request.context)
        if let error = ImageSpecError(problems: problems) { throw error }
    }

    /// Links to the files of certificates: no path of the user is in an argument.
    private func links(_ files: ContainerOptions.TLS) throws(ImageSpecError) -> ContainerOptions.TLS {
        var links = files
        links.authority = try link("tls_ca", files.authority)
        links.certificate = try link("tls_cert", files.certificate)
        links.key = try link("tls_key", files.key)
        return links
    }

    private func link(_ key: String, _ path: String?) throws(ImageSpecError) -> String? {
        guard let path else { return nil }
        return try scratch.link(key, to: try Self.file(key, path, in: request.context))
    }

    private static func file(
        _ key: String, _ path: String, in context: ImageSpec.Context
    ) throws(ImageSpecError) -> String {
        let file = LocalFile.absolute(LocalFile.join(context.workingDirectory, path))
        guard LocalFile.isReadable(file) else { throw .missingOptionFile(key, path) }
        return file
    }

    /// Images that the build may start from or take something from.
    private var usedImages: [String] {
        var images: [String] = []
        if case .reference(let base) = spec.baseImage { images.append(base) }
        if let base = request.baseImageName { images.append(base) }
        for (_, value) in spec.builderConfig ?? [:] {
            if case .string(let image) = value { images.append(image) }
        }
        return images
    }

    // MARK: digests

    /// The digest of the manifest that was pushed, or of the image if nothing was pushed.
    private func digest(_ pushed: String?) -> String? {
        guard request.isPushed else { return scratch.text(of: BuildPlan.imageIDFile) }
        if let text = scratch.text(of: BuildPlan.metadataFile),
            case .object(let metadata)? = try? ImageSpec.JSONValue(json: text),
            case .string(let digest)? = metadata["containerimage.digest"]
        {
            return digest
        }
        return scratch.text(of: BuildPlan.digestFile) ?? pushed
    }

    /// `docker push` ends with `1.0: digest: sha256:… size: 1234`.
    static func digest(inOutput lines: [String]) -> String? {
        lines.lazy.reversed().compactMap { line in
            let words = line.split(separator: " ")
            guard let label = words.firstIndex(of: "digest:"), label + 1 < words.count else { return nil }
            return String(words[label + 1])
        }.first
    }
}
