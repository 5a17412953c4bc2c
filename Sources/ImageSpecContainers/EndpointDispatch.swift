// SPDX-License-Identifier: Apache-2.0

import ImageSpec
import ImageSpecBuilding

/// A build with an engine that answers: the least busy of the spec's remote engines, or the one that the client selects.
struct EndpointDispatch: Sendable {
    /// The engines of the spec; nil if it names none.
    var endpoints: ContainerOptions.Endpoints?
    var pool: EndpointPool
    var probe: EndpointProbe
    var imageName: String
    var report: @Sendable (ImageSpec.BuildEvent) -> Void

    /// Builds with one engine after the other until one builds. If an engine no longer answers after a failure, the failure is
    /// not attributed to the spec.
    /// - Throws: the error of `build` if the engine answers after it; ``ImageSpecError/Code/toolUnavailable``.
    func run(
        _ plan: BuildPlan, _ build: (BuildPlan) async throws -> ImageSpec.BuildResult
    ) async throws -> ImageSpec.BuildResult {
        guard let endpoints else { return try await run(withSelected: plan, build) }
        var tried: Set<String> = []
        var reasons: [String] = []
        while let name = pool.acquire(endpoints.names, except: tried) {
            defer { pool.release(name) }
            tried.insert(name)
            var plan = plan
            plan.endpoint = name
            let attempt = try await attempt(plan, build)
            pool.mark(name, isHealthy: attempt.problem == nil)
            guard let problem = attempt.problem else { return try attempt.result() }
            reasons.append("\(name): \(problem)")
            if tried.count == endpoints.names.count {
                if let failure = attempt.failure {
                    throw ImageSpecError.engineLost(plan.engineName, failure, problem)
                }
            } else {
                report(
                    .warning(
                        "\(name) does not answer and is skipped for "
                            + "\(EndpointPool.pause.components.seconds) seconds: \(problem)"))
            }
        }
        throw ImageSpecError.noEndpoint(endpoints.key, reasons)
    }

    /// Builds with the engine that the client selects by itself, such as that in `BUILDKIT_HOST`.
    private func run(
        withSelected plan: BuildPlan, _ build: (BuildPlan) async throws -> ImageSpec.BuildResult
    ) async throws -> ImageSpec.BuildResult {
        let attempt = try await attempt(plan, build)
        guard let problem = attempt.problem else { return try attempt.result() }
        guard let failure = attempt.failure else {
            throw ImageSpecError.engineNotAnswering(plan.engineName, problem)
        }
        throw ImageSpecError.engineLost(plan.engineName, failure, problem)
    }

    private struct Attempt {
        var success: ImageSpec.BuildResult?
        var failure: ImageSpecError?
        /// Why the engine does not answer; nil if it does.
        var problem: String?

        func result() throws -> ImageSpec.BuildResult {
            if let success { return success }
            throw failure ?? CancellationError()
        }
    }

    private func attempt(
        _ plan: BuildPlan, _ build: (BuildPlan) async throws -> ImageSpec.BuildResult
    ) async throws -> Attempt {
        if let problem = try await probe.problem(before: plan) { return Attempt(problem: problem) }
        do {
            // From here on, the engine shows what it does.
            return Attempt(success: try await WaitReport.$current.withValue(nil) { try await build(plan) })
        } catch let error as ImageSpecError {
            try Task.checkCancellation()
            return Attempt(failure: error, problem: try await probe.problem(after: plan))
        }
    }
}
