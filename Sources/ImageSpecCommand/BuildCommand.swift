// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
internal import ContentTree
import ImageSpec
import ImageSpecContainers
import Synchronization

struct BuildCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "build",
        abstract: "Build images that do not exist, push those with a registry, and print their names.",
        discussion: """
            Uses docker, podman or buildah: the first that works. A base that is a spec is built before, once for all that \
            share it, and images that do not need each other are built at once. A failure stops what is built on that image \
            alone. The names go to standard output, one a line in the order of the specs, when all is done; those of images \
            that failed are left out, and the exit status is 74. What the engine prints goes to standard error, and for \
            several images a table of what became of each.

              imagespec build trainer.yaml
              imagespec build --engine buildah --no-push trainer.yaml server.yaml
              imagespec build --jobs 4 trainer.yaml server.yaml
              imagespec build --json trainer.yaml
              {"digest":"sha256:…","duration":12.3,"engine":"buildah 1.28.2",
               "image_name":"ghcr.io/acme/trainer:1d2e…","outcome":"built"}

            The outcome is built, found, assumed (nobody can tell, and --assume-present was given) or skipped (inside an \
            execution). With --json there is an object for each spec; one that failed has "image_name", the outcome failed \
            or not_built (its base failed), "code" and "message". Ctrl-C ends the engines and cleans up, and what was built stays; \
            a second one, a second later or more, ends at once. The variables FLYTE_FORCE_PUSH_IMAGE_SPEC, FLYTE_PUSH_IMAGE_SPEC and FLYTE_IMG_FAST_FAIL do what they \
            do for flytekit.
            """)

    @Argument(
        help: "Specs: .json, .yaml or .yml files, or - for standard input.",
        completion: .file(extensions: ["json", "yaml", "yml"]))
    var specs: [String]

    @OptionGroup var options: SpecOptions

    @Option(
        help: ArgumentHelp("Build with docker, podman, buildah or buildctl.", valueName: "engine"),
        completion: .list(ImageSpec.ContainerEngine.allCases.map(\.rawValue)),
        transform: Self.engine)
    var engine: ImageSpec.ContainerEngine?

    @Option(
        help: ArgumentHelp(
            "Build so many images at once. (default: as many as processors, at most 4)",
            valueName: "number"))
    var jobs: Int?

    @Flag(inversion: .prefixedNo, help: "Push images that have a registry. (default: --push)")
    var push: Bool?

    @Flag(help: "Build and push even what exists.")
    var force = false

    @Flag(
        name: .customLong("assume-present"),
        help: "Where nobody can tell whether an image exists, take it to exist, as flytekit does.")
    var assumesExists = false

    @Flag(help: "Print no progress.")
    var quiet = false

    @Flag(help: "Print one JSON object a line in place of each name.")
    var json = false

    func validate() throws {
        if let jobs, jobs < 1 { throw ValidationError("--jobs \(jobs) builds nothing; use 1 or more.") }
    }

    func run() async throws {
        var files = try SpecGraph(specs, options)
        let graph = files.graph
        let progress = Progress(isQuiet: quiet, of: graph)
        // Names and messages come after it.
        defer { progress.end() }
        let engine = ImageSpec.BuildEngine.containers(engine: engine, policy: policy) { progress.report($0) }
        let prepared = try await engine.prepare(graph)
        files.add(
            try prepared.problems.map { node, error in
                guard let error = error as? ImageSpecError else { throw error }
                return (node: node, error: error)
            })
        if !files.problems.isEmpty { throw SpecProblems(problems: files.problems.map(\.error)) }
        let summary = try await build(prepared, by: engine, progress)
        for message in summary.messages { StandardError.write("imagespec: " + message + "\n") }
        show(summary)
        try StandardOutput.write(summary.output(json: json))
        if let failure = summary.failure { throw failure }
    }

    /// Builds the images. What was built when it is interrupted is shown.
    private func build(
        _ prepared: ImageSpec.BuildEngine.PreparedGraph, by engine: ImageSpec.BuildEngine,
        _ progress: Progress
    ) async throws -> BuildSummary {
        let jobs = jobs ?? ImageSpec.BuildEngine.defaultJobs
        let ended = Mutex<BuildSummary?>(nil)
        do {
            let summary = try await SignalCancellation.watch(onSecondSignal: { progress.abandon() }) {
                let results = await engine.results(of: prepared, jobs: jobs)
                let summary = BuildSummary(graph: prepared.graph, results: results)
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
        if quiet { return }
        for line in summary.table { StandardError.write(line + "\n") }
    }

    private static func engine(_ name: String) throws -> ImageSpec.ContainerEngine {
        guard let engine = ImageSpec.ContainerEngine(rawValue: name) else {
            throw ValidationError(
                "'\(name)' is no container engine; use docker, podman, buildah or buildctl.")
        }
        return engine
    }

    private var policy: ImageSpec.BuildPolicy {
        var policy = ImageSpec.BuildPolicy.current
        if force { policy.isForcePush = true }
        if let push { policy.pushes = push }
        policy.assumesExists = assumesExists
        return policy
    }
}
