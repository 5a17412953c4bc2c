// SPDX-License-Identifier: Apache-2.0

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
    }
}

/// A container engine of this machine that works.
struct WorkingEngine: Hashable, Sendable {
    /// How it is talked to.
    enum Dialect: Hashable, Sendable {
        case buildx
        /// `docker build` with the BuildKit of the daemon.
        case buildKit
        case podman
        case buildah
    }

    var dialect: Dialect
    /// The program's file.
    var path: String
    var version: String

    var kind: ImageSpec.ContainerEngine {
        switch dialect {
        case .buildx, .buildKit: .docker
        case .podman: .podman
        case .buildah: .buildah
        }
    }

    /// As results name it.
    var name: String {
        let detail = dialect == .buildx ? " (buildx)" : ""
        return (version.isEmpty ? kind.rawValue : kind.rawValue + " " + version) + detail
    }
}

/// Finds out which engines work.
struct EngineFinder: Sendable {
    var runner: CommandRunner = .system
    /// The folders of `PATH`.
    var folders: [String] = (ImageSpec.processEnvironment("PATH") ?? "/usr/local/bin:/usr/bin:/bin")
        .split(separator: ":").map(String.init)
    /// What differs from the environment of this process.
    var environment: [String: String?] = [:]

    /// The programs of a name, in the order of `PATH`: the first may lack what a later one has.
    func programs(_ name: String) -> [String] {
        folders.map { $0 + "/" + name }.filter { path in
            var status = stat()
            return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG && access(path, X_OK) == 0
        }
    }

    /// The first engine that works: docker, podman, buildah, or the one that is asked for.
    /// - Throws: ``ImageSpecError/Code/toolUnavailable`` with the reason for each that does not.
    func find(_ wanted: ImageSpec.ContainerEngine?) async throws -> WorkingEngine {
        var reasons: [String] = []
        for kind in wanted.map({ [$0] }) ?? ImageSpec.ContainerEngine.allCases {
            let programs = programs(kind.rawValue)
            if programs.isEmpty { reasons.append("\(kind.rawValue) is not on PATH") }
            for path in programs {
                switch try await examine(kind, path) {
                case .success(let engine): return engine
                case .failure(let problem): reasons.append("\(path): \(problem.reason)")
                }
            }
        }
        throw ImageSpecError.noEngine(wanted, reasons)
    }

    struct Problem: Error {
        var reason: String
    }

    private func examine(
        _ kind: ImageSpec.ContainerEngine, _ path: String
    ) async throws -> Result<WorkingEngine, Problem> {
        switch kind {
        case .docker: return try await examineDocker(path)
        case .podman:
            return try await ask(path, "info", "--format", "{{.Version.Version}}").map {
                WorkingEngine(dialect: .podman, path: path, version: $0)
            }
        case .buildah:
            // It works if it can open its storage.
            if case .failure(let problem) = try await ask(path, "info") { return .failure(problem) }
            return try await ask(path, "--version").map { text in
                let words = text.split(separator: " ")
                return WorkingEngine(
                    dialect: .buildah, path: path, version: words.count > 2 ? String(words[2]) : "")
            }
        }
    }

    private func examineDocker(_ path: String) async throws -> Result<WorkingEngine, Problem> {
        // Podman may come under this name; it is used under its own.
        if case .success(let text) = try await ask(path, "--version"), text.lowercased().contains("podman") {
            return .failure(Problem(reason: "it is podman"))
        }
        let version: String
        switch try await ask(path, "version", "--format", "{{.Server.Version}}") {
        case .success(let text): version = text
        case .failure(let problem): return .failure(problem)
        }
        if case .success = try await ask(path, "buildx", "version") {
            return .success(WorkingEngine(dialect: .buildx, path: path, version: version))
        }
        // A client without buildx has BuildKit if it is not much newer; then it takes secrets.
        let help = try await runner.answer(
            Command(
                executable: path, arguments: ["build", "--help"],
                environment: environment.merging(["DOCKER_BUILDKIT": "1"]) { $1 }))
        if let help, help.isSuccess, help.output.contains(where: { $0.contains("--secret") }) {
            return .success(WorkingEngine(dialect: .buildKit, path: path, version: version))
        }
        return .failure(
            Problem(reason: "it has neither the buildx plugin nor BuildKit; install docker-buildx"))
    }

    /// The first line of an answer.
    private func ask(_ path: String, _ arguments: String...) async throws -> Result<String, Problem> {
        guard
            let outcome = try await runner.answer(
                Command(executable: path, arguments: arguments, environment: environment))
        else { return .failure(Problem(reason: "it does not answer")) }
        guard outcome.isSuccess else { return .failure(Problem(reason: outcome.reason)) }
        return .success(outcome.output.first ?? "")
    }
}
