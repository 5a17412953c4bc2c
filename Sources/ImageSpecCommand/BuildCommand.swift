// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ImageSpec
import ImageSpecContainers

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

            An image that is made without a container engine (--engine builtin) needs neither a daemon nor root, and packages \
            are installed by uv on this machine. If another engine is used, the line that announces the build says why. --output \
            writes the image to a file or directory instead of pushing it to a registry or loading it into an engine; base images \
            that are specs are built, but not pushed. With --json, there are also "layers", "bytes_sent" and "bytes_skipped".

              imagespec build --output trainer.tar trainer.yaml
              imagespec build --output oci:images trainer.yaml

            The outcome is built, found, assumed (with --assume-present, if the existence cannot be determined) or skipped \
            (inside a Flyte execution). With --json, prints one object per spec; for a failed image, it contains \
            "image_name", the outcome "failed" or "not_built" (if its base image failed), and "problems", as in imagespec check. Ctrl-C stops the engines and cleans up; images that \
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
        try await Build(
            files: input.files, options: input.options, engine: engine, output: output, jobs: jobs,
            pushes: push,
            isForced: force, assumesExists: assumesExists, isQuiet: quiet, json: json
        ).run()
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
}
