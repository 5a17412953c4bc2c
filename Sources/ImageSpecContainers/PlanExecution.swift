// SPDX-License-Identifier: Apache-2.0

import ImageSpec
import ImageSpecBuilding
import Synchronization

/// Runs the commands of build plans, one after the other.
struct PlanExecution: Sendable {
    var request: ImageSpec.BuildRequest
    var finder: EngineFinder
    var reports: BuildReports
    /// Why the image is not made without an engine, if nobody asked for the engine.
    var reason: String?

    private var runner: CommandRunner { finder.runner }

    func run(_ plan: BuildPlan) async throws -> ImageSpec.BuildResult {
        request.report(.started(imageName: request.imageName, engine: plan.engineName, reason: reason))
        var isBuilt = false
        do {
            let printed = try await runCommands(of: plan, &isBuilt)
            await cleanUp(plan, isBuilt: true)
            let digest = request.isPushed ? reports.pushedDigest ?? printed : try await localDigest(plan)
            return ImageSpec.BuildResult(
                imageName: request.imageName, outcome: .built, digest: digest, engine: plan.engineName)
        } catch {
            await cleanUp(plan, isBuilt: isBuilt)
            if plan.engine.dialect == .podman, error is CancellationError {
                let containers = WorkingContainers(engine: plan.engine, finder: finder, scratch: plan.reports)
                // A task of its own, because this one is cancelled.
                await Task { await containers.remove() }.value
            }
            throw error
        }
    }

    /// The digest by which the engine identifies the image. Docker reports another one when it builds with the image store of
    /// containerd.
    private func localDigest(_ plan: BuildPlan) async throws -> String? {
        if plan.engine.kind == .docker {
            let images = LocalImages(engine: plan.engine, finder: finder)
            if case .present(let digest?) = try await images.inspect(request.imageName).existence {
                return digest
            }
        }
        return reports.imageID
    }

    /// Runs the commands and returns the digest that the last one printed.
    private func runCommands(of plan: BuildPlan, _ isBuilt: inout Bool) async throws -> String? {
        var digest: String?
        for (step, command) in plan.commands {
            try Task.checkCancellation()
            let printed = Mutex(OutputTail(keepingTitles: StepTitles()))
            let outcome = try await runner(command) { line in
                printed.withLock { $0.append(line) }
                request.report(.output(line: line))
            }
            if !outcome.isSuccess {
                // If the base is in the engine, the build can start whether or not its registry answers.
                if step == .fetch, let image = command.arguments.last, try await has(image, plan.engine) {
                    continue
                }
                let failure = BuildFailure(
                    step: step, printed: printed.withLock { $0.lines }, outcome: outcome)
                throw ImageSpecError.buildFailed(request.imageName, engine: plan.engineName, failure)
            }
            if step == .build {
                isBuilt = true
                let warnings = BuildWarnings.read(printed.withLock { $0.lines })
                for warning in warnings { request.report(.warning("\(request.imageName): \(warning)")) }
            }
            if step == .push { digest = BuildReports.digest(inOutput: outcome.output) }
        }
        return digest
    }

    private func has(_ image: String, _ engine: DetectedEngine) async throws -> Bool {
        let inspection = try await LocalImages(engine: engine, finder: finder).inspect(image)
        if case .present = inspection.existence { return true }
        return false
    }

    /// Removes what is no longer needed. If that fails after the image was built, it is a warning.
    private func cleanUp(_ plan: BuildPlan, isBuilt: Bool) async {
        guard let command = plan.cleanup else { return }
        // A task of its own, because a cancelled build is cleaned up too.
        let outcome = await Task { [runner] in
            try? await runner.answer(command, within: .seconds(60))
        }.value
        if !isBuilt || outcome?.isSuccess == true { return }
        let reason = outcome?.reason ?? "\(plan.engine.name) does not answer"
        request.report(
            .warning("cannot remove the index \(plan.indexName) of \(plan.engine.name): \(reason)"))
    }
}
