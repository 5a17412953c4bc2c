// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
public import ImageSpec
import Synchronization

extension ImageSpec {
    /// Builds images with envd, and pushes those of specs that have a registry.
    ///
    /// This is the builder `envd`, used only for specs that name it. ``EnvdFile`` describes what it builds and which fields it
    /// does not support.
    ///
    /// It runs the same commands as flytekit's envd plugin: `envd context`, which creates or selects the context `flyte`,
    /// `flyte-sandbox` for the registry `localhost:30000`, or the one in the variable `FLYTE_ENVD_CONTEXT`, and leaves it
    /// selected; `envd bootstrap` with the spec's `registry_config`, which must be in envd's own format; and `envd build`.
    /// Requires envd 0.3.38 or later. envd's analytics are disabled.
    ///
    /// The selected context is shared by all envd commands of a user, so envd builds of all processes are serialised with a
    /// lock on `~/.config/envd/imagespec.lock`. The registries of `registry_config` apply to a BuildKit daemon that envd
    /// starts; a running daemon keeps its registries.
    ///
    /// An image that already exists is not built again unless the build is forced. Existence is checked in the registry, with
    /// docker's credentials; without a registry, in docker, which stores the images that envd builds.
    public struct EnvdBuilder: Builder {
        private let runner: CommandRunner
        private let folders: [String]?
        private let registry: RegistryImages
        private let environment: @Sendable (String) -> String?

        /// Creates a builder.
        public init() { self.init(runner: .system, folders: nil, registry: .system) }

        /// A builder that searches these directories for programs; nil: those of `PATH`.
        init(
            runner: CommandRunner, folders: [String]?, registry: RegistryImages,
            environment: @escaping @Sendable (String) -> String? = ImageSpec.processEnvironment
        ) {
            self.runner = runner
            self.folders = folders
            self.registry = registry
            self.environment = environment
        }

        /// Returns whether the image is absent.
        /// - Throws: ``ImageSpecError/Code/existenceUnknown`` if this cannot be determined.
        public func shouldBuild(_ spec: ImageSpec) async throws -> Bool {
            let request = try await Self.request(spec)
            return try request.policy.decision(for: request.imageName, try await existence(for: request))
                == .build
        }

        /// Builds the image, and pushes it if the spec has a registry.
        public func build(_ spec: ImageSpec) async throws -> String? {
            try await build(try await Self.request(spec)).imageName
        }

        /// Returns an existing image, or builds and pushes it.
        /// - Throws: ``ImageSpecError``, `CancellationError`.
        public func image(for request: BuildRequest) async throws -> BuildResult {
            if request.isForcePush { return try await build(request) }
            var result = BuildResult(imageName: request.imageName, outcome: .found)
            let existence = try await existence(for: request)
            switch try request.policy.decision(for: request.imageName, existence) {
            case .build: return try await build(request)
            case .assume(let warning):
                request.report(.warning(warning))
                result.outcome = .assumed
            case .use:
                if case .present(let digest) = existence { result.digest = digest }
            }
            return result
        }

        /// Renders the spec.
        @concurrent
        public func check(_ request: BuildRequest) async throws { _ = try request.envdContext() }

        // MARK: is it there?

        private func existence(for request: BuildRequest) async throws -> Existence {
            let existence: Existence
            if request.isPushed {
                existence = await registry.existence(request.imageName, nil)
            } else {
                let docker = try await finder.find(.docker)
                existence = try await LocalImages(engine: docker, finder: finder).find(request.imageName)
                    .existence
            }
            try Task.checkCancellation()
            return existence
        }

        private var finder: EngineFinder {
            var finder = EngineFinder(runner: runner)
            if let folders { finder.folders = folders }
            return finder
        }

        // MARK: building

        private func build(_ request: BuildRequest) async throws -> BuildResult {
            let scratch = try TemporaryDirectory()
            defer { scratch.remove() }
            // Before envd is looked for: what is wrong with the spec is wrong on every machine.
            let folder = try await Self.writeContext(request, scratch)
            let registryConfiguration = try RegistryConfiguration.envdFile(
                of: request.spec, in: request.context)
            // Each of envd's commands reads the file of contexts, that for its version too.
            let turn = try await turn(request)
            defer { turn?.end() }
            let program = try await EnvdProgram.find(finder)
            let plan = EnvdPlan(
                program: program, imageName: request.imageName, context: folder,
                platform: request.spec.platforms(in: request.context).first ?? "",
                isPushed: request.isPushed,
                registryConfiguration: registryConfiguration,
                contextName: environment("FLYTE_ENVD_CONTEXT").flatMap { $0.isEmpty ? nil : $0 })
            let engine = "envd \(program.version)"
            request.report(.started(imageName: request.imageName, engine: engine))
            for step in plan.steps { try await run(step, request, engine) }
            return BuildResult(imageName: request.imageName, outcome: .built, engine: engine)
        }

        /// nil if envd is not there, or has no place for its file of contexts: it says so itself.
        private func turn(_ request: BuildRequest) async throws -> EnvdLock? {
            guard let home = environment("HOME"), !home.isEmpty, !finder.programs("envd").isEmpty else {
                return nil
            }
            return try await EnvdLock.take(home: home) { request.report(.warning($0)) }
        }

        /// Writes the context. The bytes are those that were named, or this fails.
        @concurrent
        private static func writeContext(
            _ request: BuildRequest, _ scratch: TemporaryDirectory
        ) async throws -> String {
            let context = try request.envdContext()
            let name = try context.identity.imageName()
            guard name == request.imageName else { throw ImageSpecError.renamed(request.imageName, name) }
            let folder = scratch.path + "/context"
            try context.write(to: folder)
            return folder
        }

        private func run(_ step: EnvdPlan.Step, _ request: BuildRequest, _ engine: String) async throws {
            var outcome = CommandOutcome(status: .exited(1))
            let printed = Mutex(OutputTail(isTitle: BuildFailure.isTitle))
            // That a context cannot be made since it is there is nothing to be told, unless it cannot be used either.
            let heldBack = Mutex<[String]>([])
            let commands = [step.command] + (step.alternative.map { [$0] } ?? [])
            for (number, command) in commands.enumerated() {
                try Task.checkCancellation()
                let isLast = number == commands.count - 1
                outcome = try await runner(command) { line in
                    printed.withLock { $0.append(line) }
                    guard isLast else { return heldBack.withLock { $0.append(line) } }
                    request.report(.output(line: line))
                }
                guard outcome.isSuccess else { continue }
                if !isLast { heldBack.withLock { $0 }.forEach { request.report(.output(line: $0)) } }
                return
            }
            let lines = printed.withLock { $0.lines }
            throw ImageSpecError.buildFailed(
                request.imageName, engine: engine,
                BuildFailure(
                    stage: step.name, printed: lines.filter { !Self.isLog($0) },
                    outcome: Self.withReason(outcome)))
        }

        /// Whether envd logged a line, which says in the end what the last one says.
        private static func isLog(_ line: String) -> Bool {
            line.hasPrefix("time=\"") && line.contains(" level=")
        }

        /// The reason out of the last line that envd logs: `time="…" level=fatal msg=exit app=envd error="…" version=…`.
        private static func withReason(_ outcome: CommandOutcome) -> CommandOutcome {
            guard let line = outcome.messages.last(where: { !$0.isEmpty }), isLog(line),
                let found = line.firstMatch(of: #/ error="((?:[^"\\]|\\.)*)"/#)
            else { return outcome }
            var outcome = outcome
            outcome.messages.append(String(found.1).replacing("\\\"", with: "\""))
            return outcome
        }

        /// A request in the surroundings of this process.
        @concurrent
        private static func request(_ spec: ImageSpec) async throws -> BuildRequest {
            let context = Context.current
            return BuildRequest(
                spec: spec, imageName: try spec.imageName(in: context), context: context, policy: .current)
        }
    }
}
