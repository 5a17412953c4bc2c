// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
public import ImageSpec
public import ImageSpecBuilding
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

        /// Returns an existing image, or builds and pushes it.
        /// - Throws: ``ImageSpecError``, `CancellationError`.
        public func build(_ request: BuildRequest) async throws -> BuildResult {
            try await WaitReport.during(request) {
                try await request.ensureImage(
                    inspect: { try await inspect(request) }, build: { try await buildImage(request) })
            }
        }

        /// Renders the spec.
        @concurrent
        public func check(_ request: BuildRequest) async throws { _ = try request.envdContext() }

        // MARK: existence

        /// Looks for the image in its registry, or in docker, which stores the images that envd builds. Their labels have no id.
        private func inspect(_ request: BuildRequest) async throws -> Inspection {
            if request.isPushed { return Inspection(await registry.existence(request.imageName, nil)) }
            let docker = try await finder.find(.docker)
            let images = LocalImages(engine: docker, finder: finder)
            return Inspection(try await images.inspect(request.imageName).existence)
        }

        private var finder: EngineFinder {
            var finder = EngineFinder(runner: runner)
            if let folders { finder.folders = folders }
            return finder
        }

        // MARK: building

        private func buildImage(_ request: BuildRequest) async throws -> BuildResult {
            let scratch = try TemporaryDirectory()
            defer { scratch.remove() }
            // First, because a problem of the spec is reported whether or not envd is installed.
            let folder = try await Self.writeContext(request, scratch)
            let registryConfiguration = try RegistryConfiguration.envdFile(
                of: request.spec, in: request.context)
            // Each envd command reads the file of contexts, even the one that prints the version.
            let lock = try await lock(request)
            defer { lock?.release() }
            let program = try await EnvdProgram.find(finder)
            let plan = EnvdPlan(
                program: program, imageName: request.imageName, context: folder,
                platform: request.spec.platforms(in: request.context).first ?? "",
                isPushed: request.isPushed,
                registryConfiguration: registryConfiguration,
                contextName: environment("FLYTE_ENVD_CONTEXT").flatMap { $0.isEmpty ? nil : $0 })
            let engine = "envd \(program.version)"
            request.report(.started(imageName: request.imageName, engine: engine))
            // From here on, envd shows what it does.
            try await WaitReport.$current.withValue(nil) {
                for step in plan.steps { try await run(step, request, engine) }
            }
            return BuildResult(imageName: request.imageName, outcome: .built, engine: engine)
        }

        /// The lock on envd's contexts. `nil` if envd is not installed or has no directory for them; envd reports that itself.
        private func lock(_ request: BuildRequest) async throws -> FileLock? {
            guard let home = environment("HOME"), !home.isEmpty, !finder.programs("envd").isEmpty else {
                return nil
            }
            return try await EnvdLock.acquire(home: home) { request.report(.warning($0)) }
        }

        /// Writes the context and returns its directory.
        /// - Throws: ``ImageSpecError/Code/sourceChanged`` if the context is no longer that of the image's name.
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
            let printed = Mutex(OutputTail(keepingTitles: StepTitles()))
            // That a context cannot be created because it exists is reported only if it cannot be used either.
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

        /// Whether a line is one of envd's log. The reason of a failure is in the last of them.
        private static func isLog(_ line: String) -> Bool {
            line.hasPrefix("time=\"") && line.contains(" level=")
        }

        /// The outcome with the reason from the last line of envd's log: `time="…" level=fatal msg=exit app=envd error="…" version=…`.
        private static func withReason(_ outcome: CommandOutcome) -> CommandOutcome {
            guard let line = outcome.messages.last(where: { !$0.isEmpty }), isLog(line),
                let found = line.firstMatch(of: #/ error="((?:[^"\\]|\\.)*)"/#)
            else { return outcome }
            var outcome = outcome
            outcome.messages.append(String(found.1).replacing("\\\"", with: "\""))
            return outcome
        }
    }
}
