// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
public import ImageSpec

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

extension ImageSpec {
    /// A program that builds images.
    public enum ContainerEngine: String, Hashable, Sendable, CaseIterable {
        /// Docker, by its buildx plugin or by BuildKit inside the daemon.
        case docker
        /// Podman.
        case podman
        /// Buildah, which needs no daemon.
        case buildah
        /// BuildKit's own client, which builds with remote daemons. Used only on request.
        case buildctl
        /// None: this package makes the image itself, without a daemon; see ``BuiltinBuilder``.
        case builtin

        /// The container engines that are tried by default, in this order.
        static let usual: [ContainerEngine] = [.docker, .podman, .buildah]
    }
}

/// A container engine of this machine that works.
struct DetectedEngine: Hashable, Sendable {
    /// The command line of the engine.
    enum Dialect: Hashable, Sendable {
        case buildx
        /// `docker build` with the BuildKit of the daemon.
        case buildKit
        case podman
        case buildah
        case buildctl
    }

    var dialect: Dialect
    /// The program's file.
    var path: String
    var version: String
    /// The version of buildx, if known.
    var pluginVersion = ""

    var kind: ImageSpec.ContainerEngine {
        switch dialect {
        case .buildx, .buildKit: .docker
        case .podman: .podman
        case .buildah: .buildah
        case .buildctl: .buildctl
        }
    }

    /// Whether it transfers the build context to BuildKit.
    var usesBuildKit: Bool { [.buildx, .buildKit, .buildctl].contains(dialect) }

    /// The name in results and messages.
    var name: String {
        let detail = dialect == .buildx ? " (buildx)" : ""
        return (version.isEmpty ? kind.rawValue : kind.rawValue + " " + version) + detail
    }
}

/// Detects engines.
struct EngineFinder: Sendable {
    var runner: CommandRunner = .system
    /// The directories of `PATH`.
    var folders: [String] = (ImageSpec.processEnvironment("PATH") ?? "/usr/local/bin:/usr/bin:/bin")
        .split(separator: ":").map(String.init)
    /// Changes to the environment of this process.
    var environment: [String: String?] = [:]
    /// The builder in buildx's own variable, if set.
    var buildxBuilder = ImageSpec.processEnvironment("BUILDX_BUILDER")
    /// The time for an answer. A daemon that hangs costs this once.
    var limit = Duration.seconds(15)

    /// What docker must have.
    enum DockerRequirement: Hashable, Sendable {
        /// A daemon that answers.
        case daemon
        /// The buildx plugin; without it, a daemon.
        case builderOrDaemon
        /// The buildx plugin.
        case builder
    }

    /// The programs of a name, in the order of `PATH`: a later one may support more than the first. A program that is found in
    /// several directories, for example because `/bin` is a link to `/usr/bin`, is listed once.
    func programs(_ name: String) -> [String] {
        var known: Set<[UInt64]> = []
        return folders.map { $0 + "/" + name }.filter { path in
            var status = stat()
            guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG, access(path, X_OK) == 0 else {
                return false
            }
            return known.insert([UInt64(truncatingIfNeeded: status.st_dev), UInt64(status.st_ino)]).inserted
        }
    }

    /// The first engine that works: docker, podman or buildah, or the requested one.
    ///
    /// - Throws: ``ImageSpecError/Code/toolUnavailable`` with the reason for each that does not.
    func find(_ wanted: ImageSpec.ContainerEngine?, _ requirement: DockerRequirement = .daemon) async throws
        -> DetectedEngine
    {
        var reasons: [String] = []
        for kind in wanted.map({ [$0] }) ?? ImageSpec.ContainerEngine.usual {
            let programs = programs(kind.rawValue)
            if programs.isEmpty { reasons.append("\(kind.rawValue) is not on PATH") }
            for path in programs {
                switch try await examine(kind, path, requirement) {
                case .success(let engine): return engine
                case .failure(let problem): reasons.append("\(path): \(problem.reason)")
                }
            }
        }
        throw ImageSpecError.noEngine(wanted, reasons)
    }

    struct Problem: Error {
        var reason: String
        /// Whether the program answered. If not, it is not asked again.
        var isAnswer = true
    }

    private func examine(
        _ kind: ImageSpec.ContainerEngine, _ path: String, _ requirement: DockerRequirement
    ) async throws -> Result<DetectedEngine, Problem> {
        switch kind {
        case .docker: return try await examineDocker(path, requirement)
        case .podman:
            return try await ask(path, "info", "--format", "{{.Version.Version}}").map {
                DetectedEngine(dialect: .podman, path: path, version: $0)
            }
        case .buildah:
            // buildah works if it can open its storage.
            if case .failure(let problem) = try await ask(path, "info") { return .failure(problem) }
            return try await ask(path, "--version").map { text in
                let words = text.split(separator: " ")
                return DetectedEngine(
                    dialect: .buildah, path: path, version: words.count > 2 ? String(words[2]) : "")
            }
        // No program.
        case .builtin: return .failure(Problem(reason: "it is part of this package", isAnswer: false))
        case .buildctl:
            // `buildctl github.com/moby/buildkit v0.12.5 …`. Daemons are checked before each build.
            return try await ask(path, "--version").map {
                DetectedEngine(dialect: .buildctl, path: path, version: Self.number(inVersion: $0))
            }
        }
    }

    /// `0.12.5` of a line with `v0.12.5` in it.
    private static func number(inVersion line: String) -> String {
        let words = line.split(separator: " ").map { $0.hasPrefix("v") ? $0.dropFirst() : $0 }
        return words.first { $0.first?.isNumber == true && $0.contains(".") }.map(String.init) ?? ""
    }

    private func examineDocker(_ path: String, _ requirement: DockerRequirement) async throws -> Result<
        DetectedEngine, Problem
    > {
        // podman may be installed under this name; it is used under its own.
        switch try await ask(path, "--version") {
        case .success(let text) where text.lowercased().contains("podman"):
            return .failure(Problem(reason: "this is podman"))
        case .failure(let problem) where !problem.isAnswer || requirement == .builder:
            return .failure(problem)
        case .success(let text) where requirement != .daemon:
            if case .success(let plugin) = try await ask(path, "buildx", "version") {
                let client = Self.number(inVersion: text.replacing(",", with: ""))
                return .success(
                    DetectedEngine(
                        dialect: .buildx, path: path, version: client,
                        pluginVersion: Self.number(inVersion: plugin)))
            }
            guard requirement == .builderOrDaemon else {
                return .failure(Problem(reason: "the buildx plugin is missing; install docker-buildx"))
            }
        default: break
        }
        let version: String
        switch try await ask(path, "version", "--format", "{{.Server.Version}}") {
        case .success(let text): version = text
        case .failure(let problem): return .failure(problem)
        }
        if case .success(let plugin) = try await ask(path, "buildx", "version") {
            return .success(
                DetectedEngine(
                    dialect: .buildx, path: path, version: version,
                    pluginVersion: Self.number(inVersion: plugin)))
        }
        // Clients before docker 23 support BuildKit without buildx; they accept secrets.
        let help = try await answer(path, ["build", "--help"], ["DOCKER_BUILDKIT": "1"])
        if case .success(let help) = help, help.output.contains(where: { $0.contains("--secret") }) {
            return .success(DetectedEngine(dialect: .buildKit, path: path, version: version))
        }
        return .failure(
            Problem(reason: "neither the buildx plugin nor BuildKit is available; install docker-buildx"))
    }

    /// A buildx builder, or the current one if the name is empty. Does not start it.
    func builder(
        _ name: String, _ engine: DetectedEngine
    ) async throws -> Result<BuildxBuilder, Problem> {
        try await answer(engine.path, ["buildx", "inspect"] + (name.isEmpty ? [] : [name])).map {
            BuildxBuilder($0.output)
        }
    }

    /// Whether the docker daemon stores images with containerd.
    func hasContainerdStore(_ engine: DetectedEngine) async throws -> Bool {
        let answer = try await answer(engine.path, ["info", "--format", "{{json .DriverStatus}}"])
        guard case .success(let outcome) = answer else { return false }
        return outcome.output.contains { $0.contains("io.containerd.snapshotter") }
    }

    /// The first line of an answer.
    private func ask(_ path: String, _ arguments: String...) async throws -> Result<String, Problem> {
        try await answer(path, arguments).map { $0.output.first ?? "" }
    }

    private func answer(
        _ path: String, _ arguments: [String], _ variables: [String: String?] = [:]
    ) async throws -> Result<CommandOutcome, Problem> {
        let command = Command(
            executable: path, arguments: arguments, environment: environment.merging(variables) { $1 })
        do {
            let outcome = try await WaitReport.step(path) { try await runner.answer(command, within: limit) }
            guard let outcome else {
                return .failure(Problem(reason: "does not answer", isAnswer: false))
            }
            return outcome.isSuccess ? .success(outcome) : .failure(Problem(reason: outcome.reason))
        } catch let error as ImageSpecError {
            // A file that cannot be run does not prevent the use of other engines.
            guard let failure = error.launchFailure else { throw error }
            return .failure(Problem(reason: "cannot run it: \(failure.reason)", isAnswer: false))
        }
    }
}
