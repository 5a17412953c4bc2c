// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
internal import ContentTree
import ImageSpec
import ImageSpecContainers
import Synchronization

struct BuildCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "build",
        abstract: "Build and push the images that do not exist, and print their names.",
        discussion: """
            Images with a registry are made without a container engine and pushed, if their specs run no commands in the image. \
            For others, the first engine that works is used: docker, podman or buildah. A base image \
            that is a spec is built first, and only once if several specs share it. Independent images are built \
            concurrently. If a build fails, the images based on it are not built; other builds continue. When all builds are done, the names are \
            printed to standard output, one per line in the order of the specs. Failed images are omitted, and the exit \
            status is 74, or 69 if the engine, its daemon or its builder does not answer. Engine output goes to standard error, followed by a summary table if there are several images.

              imagespec build trainer.yaml
              imagespec build --engine buildah --no-push trainer.yaml server.yaml
              imagespec build --jobs 4 trainer.yaml server.yaml
              imagespec build --json trainer.yaml
              {"digest":"sha256:…","duration":12.3,"engine":"buildah 1.28.2",
               "image_name":"ghcr.io/acme/trainer:1d2e…","outcome":"built",
               "reference":"ghcr.io/acme/trainer@sha256:…","spec":"trainer.yaml"}

            An image that is made without an engine (--engine builtin) needs neither a daemon nor root, and packages are \
            installed by uv on this machine. If another engine is used, the line that announces the build says why. --output writes \
            the image to a file or directory instead of a registry or an engine, and its base images that are specs are built, but \
            not pushed. With --json, there are also "layers", "bytes_sent" and "bytes_skipped".

              imagespec build --output trainer.tar trainer.yaml
              imagespec build --output oci:images trainer.yaml

            The outcome is built, found, assumed (with --assume-present, if the existence cannot be determined) or skipped \
            (inside a Flyte execution). With --json, prints one object per spec; that of a failed image has "image_name", the \
            outcome failed or not_built (its base failed), and "problems" as in imagespec check. Ctrl-C stops the engines and cleans up; images that \
            were already built are kept. Press Ctrl-C again after one second to exit immediately. The variables \
            FLYTE_FORCE_PUSH_IMAGE_SPEC, FLYTE_PUSH_IMAGE_SPEC and FLYTE_IMG_FAST_FAIL have the same effect as in flytekit.
            """)

    @OptionGroup var input: SpecsInput

    @Option(
        help: ArgumentHelp(
            "Use this engine: builtin, docker, podman, buildah or buildctl. (default: builtin if possible, else the first that works)",
            valueName: "engine"),
        completion: .list(ImageSpec.ContainerEngine.allCases.map(\.rawValue)),
        transform: Self.engine)
    var engine: ImageSpec.ContainerEngine?

    @Option(
        help: ArgumentHelp(
            "Make the image without an engine, and write it to this tar file, or with oci:DIR to an OCI layout.",
            valueName: "file"),
        completion: .file(extensions: ["tar"]), transform: Self.output)
    var output: ImageSpec.BuiltinBuilder.Output?

    @Option(
        help: ArgumentHelp(
            "Maximum number of concurrent builds. (default: the number of processors, at most 4)",
            valueName: "number"))
    var jobs: Int?

    @Flag(inversion: .prefixedNo, help: "Push images that have a registry. (default: --push)")
    var push: Bool?

    @Flag(help: "Build and push images even if they exist.")
    var force = false

    @Flag(
        name: .customLong("assume-present"),
        help: "Assume that an image exists if its existence cannot be determined, as flytekit does.")
    var assumesExists = false

    @Flag(help: "Do not show progress.")
    var quiet = false

    @Flag(help: "Print one JSON object per line instead of names.")
    var json = false

    func validate() throws {
        if let jobs, jobs < 1 { throw ValidationError("--jobs must be 1 or more.") }
        if output == nil { return }
        if let engine, engine != .builtin {
            throw ValidationError("--output requires --engine builtin, not \(engine.rawValue).")
        }
        if push == true { throw ValidationError("--output writes a file instead of pushing; remove --push.") }
        if input.files.count > 1 { throw ValidationError("--output takes a single spec.") }
    }

    func run() async throws {
        var files = try SpecGraph(input)
        let graph = files.graph
        let progress = Progress(isQuiet: quiet, of: graph)
        // Names and messages come after it.
        defer { progress.end() }
        let engine = buildEngine(for: graph) { progress.report($0) }
        let prepared = try await engine.prepare(graph)
        files.add(
            try prepared.problems.map { node, error in
                guard let error = error as? ImageSpecError else { throw error }
                return (node: node, error: error)
            })
        if let error = ImageSpecError(problems: files.problems.map(\.error)) { throw error }
        let summary = try await build(prepared, by: engine, progress)
        for message in summary.messages { StandardError.write("imagespec: " + message + "\n") }
        show(summary)
        if !quiet, !json, Terminal.isStandardError, let hint = summary.hint(output: output) {
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
        let paths = input.files.map(\.path)
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
        if quiet { return }
        for line in summary.table { StandardError.write(line + "\n") }
    }

    private static func engine(_ name: String) throws -> ImageSpec.ContainerEngine {
        guard let engine = ImageSpec.ContainerEngine(rawValue: name) else {
            throw ValidationError(
                "unknown container engine '\(name)'; use docker, podman, buildah, buildctl or builtin.")
        }
        return engine
    }

    private static func output(_ text: String) throws -> ImageSpec.BuiltinBuilder.Output {
        if text.hasPrefix("oci:") {
            let path = String(text.dropFirst("oci:".count))
            if path.isEmpty { throw ValidationError("missing directory after oci: in --output.") }
            return .layout(path)
        }
        guard text.hasSuffix(".tar") else {
            throw ValidationError("--output \(text) is neither a .tar file nor oci:DIR.")
        }
        return .archive(text)
    }

    private var policy: ImageSpec.BuildPolicy {
        var policy = ImageSpec.BuildPolicy.current
        if force { policy.isForcePush = true }
        if let push { policy.pushes = push }
        policy.assumesExists = assumesExists
        return policy
    }
}
