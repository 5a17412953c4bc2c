// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
import ImageSpec
import ImageSpecBuilding
import ImageSpecContainers
import Synchronization

/// What `imagespec build` does, with the values of its options.
struct Build {
    var files: [SpecFile]
    var options = SpecOverrides()
    var engine: ImageSpec.ContainerEngine?
    var output: ImageSpec.BuiltinBuilder.Output?
    var jobs: Int?
    var pushes: Bool?
    var isForced = false
    var assumesExists = false
    var isQuiet = false
    var json = false

    func run() async throws {
        var specs = try SpecGraph(of: files, options)
        let graph = specs.graph
        let progress = Progress(isQuiet: isQuiet, of: graph)
        // Names and messages come after it.
        defer { progress.end() }
        let engine = buildEngine(for: graph) { progress.report($0) }
        let prepared = try await engine.prepare(graph)
        specs.add(
            try prepared.problems.map { node, error in
                guard let error = error as? ImageSpecError else { throw error }
                return (node: node, error: error)
            })
        if let error = ImageSpecError(problems: specs.problems.map(\.error)) { throw error }
        let summary = try await build(prepared, by: engine, progress)
        for message in summary.messages(isOutputShown: progress.showsOutput) {
            StandardError.write("imagespec: " + message + "\n")
        }
        show(summary)
        if !isQuiet, !json, Terminal.isStandardError, let hint = summary.hint(output: output) {
            StandardError.write(hint + "\n")
        }
        try StandardOutput.write(summary.output(json: json))
        if let failure = summary.failure { throw failure }
    }

    private func buildEngine(
        for graph: ImageSpec.BuildGraph, report: @escaping @Sendable (ImageSpec.BuildEvent) -> Void
    ) -> ImageSpec.BuildEngine {
        guard let output, let node = graph.requested.first else {
            return .containers(engine: engine, policy: policy, report: report)
        }
        var policy = policy
        policy.pushes = false
        return .containers(
            writing: output, of: graph.nodes[node].imageName, policy: policy, report: report)
    }

    /// Builds the images. What was built when it is interrupted is shown.
    private func build(
        _ prepared: ImageSpec.BuildEngine.PreparedGraph, by engine: ImageSpec.BuildEngine,
        _ progress: Progress
    ) async throws -> BuildSummary {
        let jobs = jobs ?? ImageSpec.BuildEngine.defaultJobs
        let paths = files.map(\.path)
        let ended = Mutex<BuildSummary?>(nil)
        do {
            let summary = try await SignalCancellation.watch(onSecondSignal: { progress.abandon() }) {
                let results = await engine.results(of: prepared, jobs: jobs)
                let summary = BuildSummary(graph: prepared.graph, specs: paths, results: results)
                ended.withLock { $0 = summary }
                return summary
            }
            progress.end()
            return summary
        } catch {
            progress.end()
            if let summary = ended.withLock({ $0 }) { show(summary) }
            throw error
        }
    }

    private func show(_ summary: BuildSummary) {
        if isQuiet { return }
        for line in summary.table { StandardError.write(line + "\n") }
    }

    private var policy: ImageSpec.BuildPolicy {
        var policy = ImageSpec.BuildPolicy.current
        if isForced { policy.isForcePush = true }
        if let pushes { policy.pushes = pushes }
        policy.assumesExists = assumesExists
        return policy
    }
}
