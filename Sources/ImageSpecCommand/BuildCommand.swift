// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ImageSpec
import ImageSpecContainers

struct BuildCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "build",
        abstract: "Build images that do not exist, push those with a registry, and print their names.",
        discussion: """
            Uses docker, podman or buildah: the first that works. A base that is a spec is built before. The names go to \
            standard output, one a line in the order of the specs, when all is done; what the engine prints goes to \
            standard error.

              imagespec build trainer.yaml
              imagespec build --engine buildah --no-push trainer.yaml server.yaml
              imagespec build --json trainer.yaml
              {"digest":"sha256:…","duration":12.3,"engine":"buildah 1.28.2",
               "image_name":"ghcr.io/acme/trainer:1d2e…","outcome":"built"}

            The outcome is built, found, assumed (nobody can tell, and --assume-present was given) or skipped (inside an \
            execution). Ctrl-C ends the engine and cleans up; a second one, a second later or more, ends at once. The variables FLYTE_FORCE_PUSH_IMAGE_SPEC, FLYTE_PUSH_IMAGE_SPEC and FLYTE_IMG_FAST_FAIL do what they \
            do for flytekit.
            """)

    @Argument(
        help: "Specs: .json, .yaml or .yml files, or - for standard input.",
        completion: .file(extensions: ["json", "yaml", "yml"]))
    var specs: [String]

    @OptionGroup var options: SpecOptions

    @Option(
        help: ArgumentHelp("Build with docker, podman or buildah.", valueName: "engine"),
        completion: .list(ImageSpec.ContainerEngine.allCases.map(\.rawValue)),
        transform: Self.engine)
    var engine: ImageSpec.ContainerEngine?

    @Flag(inversion: .prefixedNo, help: "Push images that have a registry. (default: --push)")
    var push: Bool?

    @Flag(help: "Build and push even what exists.")
    var force = false

    @Flag(
        name: .customLong("assume-present"),
        help: "Where nobody can tell whether an image exists, take it to exist, as flytekit does.")
    var assumesPresent = false

    @Flag(help: "Print no progress.")
    var quiet = false

    @Flag(help: "Print one JSON object a line in place of each name.")
    var json = false

    func run() async throws {
        try StandardOutput.write(try await results().flatMap(line))
    }

    private func results() async throws -> [ImageSpec.BuildResult] {
        let progress = Progress(isQuiet: quiet)
        // Names and messages come after it.
        defer { progress.end() }
        let buildEngine = ImageSpec.BuildEngine.containers(engine: engine, policy: policy) {
            progress.report($0)
        }
        let images = try await images(of: buildEngine)
        return try await Interruption.watch(onSecondSignal: { progress.abandon() }) {
            var results: [ImageSpec.BuildResult] = []
            for image in images { results.append(try await buildEngine.result(of: image)) }
            return results
        }
    }

    /// All are read and checked before the first is built.
    private func images(
        of buildEngine: ImageSpec.BuildEngine
    ) async throws -> [ImageSpec.BuildEngine.PreparedImage] {
        let loaded = try specs.map { (file: $0, spec: try options.load($0)) }
        var images: [ImageSpec.BuildEngine.PreparedImage] = []
        var problems: [ImageSpecError] = []
        for (file, spec) in loaded {
            do {
                images.append(try await buildEngine.prepare(spec, in: options.context(of: file)))
            } catch let error as ImageSpecError {
                problems.append(options.located(error, in: file))
            }
        }
        if !problems.isEmpty { throw SpecProblems(problems: problems) }
        return images
    }

    private static func engine(_ name: String) throws -> ImageSpec.ContainerEngine {
        guard let engine = ImageSpec.ContainerEngine(rawValue: name) else {
            throw ValidationError("'\(name)' is no container engine; use docker, podman or buildah.")
        }
        return engine
    }

    private var policy: ImageSpec.BuildPolicy {
        var policy = ImageSpec.BuildPolicy.current
        if force { policy.isForcePush = true }
        if let push { policy.isPushing = push }
        policy.assumesPresent = assumesPresent
        return policy
    }

    private func line(_ result: ImageSpec.BuildResult) -> [UInt8] {
        guard json else { return Array((result.imageName + "\n").utf8) }
        let object: ImageSpec.JSONValue = [
            "image_name": .string(result.imageName), "outcome": .string(result.outcome.rawValue),
            "digest": result.digest.map { .string($0) } ?? .null,
            "engine": result.engine.map { .string($0) } ?? .null,
            "duration": (try? ImageSpec.JSONValue(result.duration.roundedSeconds)) ?? .null,
        ]
        return object.canonicalForm + [UInt8(ascii: "\n")]
    }
}

extension Duration {
    /// Seconds to a tenth.
    var roundedSeconds: Double {
        let tenths = components.seconds * 10 + components.attoseconds / 100_000_000_000_000_000
        return Double(tenths) / 10
    }
}
