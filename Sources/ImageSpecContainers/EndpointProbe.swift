// SPDX-License-Identifier: Apache-2.0

import ImageSpec

/// Finds out whether the engine of a build answers, before the build and after a failure.
struct EndpointProbe: Sendable {
    var finder: EngineFinder
    var cache: EngineCache
    /// The spec's file of credentials.
    var credentials: String?

    /// The time for an answer.
    private static let limit = Duration.seconds(15)
    /// The time for a builder to start. On Kubernetes, it waits for its pods.
    private static let startLimit = Duration.seconds(150)

    /// Why the engine does not answer; nil if it does. Starts a buildx builder if that is possible.
    func problem(before plan: BuildPlan) async throws -> String? {
        switch plan.engine.dialect {
        case .buildctl: return try await problem(of: plan.listWorkers, plan.engineName)
        case .buildx:
            if plan.endpoint == nil, try await isDaemon(plan) { return nil }
            return try await builderProblem(plan)
        // The daemon was asked for its version when it was detected.
        case .buildKit: return nil
        case .podman, .buildah: return nil
        }
    }

    /// Why the engine no longer answers after a build has failed; nil if it does.
    func problem(after plan: BuildPlan) async throws -> String? {
        switch plan.engine.dialect {
        case .buildctl: return try await problem(of: plan.listWorkers, plan.engineName)
        case .buildx:
            if plan.endpoint == nil, try await isDaemon(plan) {
                return try await problem(of: plan.printServerVersion, plan.engineName)
            }
            return try await builderProblem(plan)
        case .buildKit: return try await problem(of: plan.printServerVersion, plan.engineName)
        case .podman, .buildah: return nil
        }
    }

    /// Whether the builder that buildx selects is the docker daemon.
    private func isDaemon(_ plan: BuildPlan) async throws -> Bool {
        let key = EngineCache.DriverKey(program: plan.engine.path, builder: "", credentials: credentials)
        return try await cache.driver(for: key) {
            try await finder.builder("", plan.engine).success?.driver
        } == "docker"
    }

    /// A builder that cannot be started by buildx, such as one with the driver remote, is asked only for its status, because
    /// a build waits 20 seconds for one that is not there.
    private func builderProblem(_ plan: BuildPlan) async throws -> String? {
        let builder: BuildxBuilder
        switch try await finder.builder(plan.endpoint ?? "", plan.engine) {
        case .success(let found): builder = found
        case .failure(let problem): return problem.reason
        }
        if builder.isRunning { return nil }
        guard builder.canBeStarted else { return builder.problem ?? "its status is \(builder.status)" }
        return try await problem(of: plan.startBuilder, plan.engineName, within: Self.startLimit)
    }

    private func problem(
        of command: Command, _ name: String, within limit: Duration = limit
    ) async throws -> String? {
        let outcome = try await WaitReport.step(name) {
            try await finder.runner.answer(command, within: limit)
        }
        guard let outcome else {
            return "no answer within \(limit.components.seconds) seconds"
        }
        return outcome.isSuccess ? nil : BuildFailure.withoutLabels(outcome.reason)
    }
}

extension Result {
    /// The value; nil if there is none.
    fileprivate var success: Success? { try? get() }
}
