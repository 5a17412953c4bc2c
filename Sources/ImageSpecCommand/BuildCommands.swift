// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
internal import ContentTree
import ImageSpec

struct RenderCommand: SpecCommand {
    static let configuration = CommandConfiguration(
        commandName: "render",
        abstract: "Print the Dockerfile, or the build.envd of a spec for envd.",
        discussion: """
            What it copies lies in a build context: imagespec context writes both. A spec that cannot be rendered is refused, \
            with all that is wrong about it.

              imagespec render trainer.yaml
              imagespec render trainer.yaml | diff Dockerfile -
              imagespec render --builder envd trainer.yaml

            With --json: {"dockerfile":…,"secrets":[{"id":…,"source":…}]}, or {"build_envd":…}; each secret is passed to a build \
            by --secret id=ID,src=SOURCE.
            """)

    @OptionGroup var input: SpecInput

    @Option(
        help: ArgumentHelp(
            "Print what this builder builds from: default (a Dockerfile) or envd. (default: the spec's builder)",
            valueName: "builder"),
        completion: .list(["default", ImageSpec.envdBuilderName]))
    var builder: String?

    func validate() throws {
        if let builder, !["default", ImageSpec.envdBuilderName].contains(builder) {
            throw ValidationError(
                "'\(builder)' is no builder that a file is rendered for; use default or envd.")
        }
    }

    func result() throws(ImageSpecError) -> [UInt8] {
        let builder = builder
        return try input.inspect { spec, context throws(ImageSpecError) in
            if builder.map({ $0 == ImageSpec.envdBuilderName }) ?? spec.isForEnvd {
                let text = try ImageSpec.EnvdFile(spec, in: context).text
                return input.json ? line(text, json: ["build_envd": .string(text)]) : Array(text.utf8)
            }
            let dockerfile = try ImageSpec.Dockerfile(spec, in: context)
            guard input.json else { return Array(dockerfile.text.utf8) }
            return line(
                dockerfile.text,
                json: ["dockerfile": .string(dockerfile.text), "secrets": dockerfile.secretsJSON])
        }
    }
}

struct ContextCommand: SpecCommand {
    static let configuration = CommandConfiguration(
        commandName: "context",
        abstract:
            "Write the Dockerfile and all that it copies to a folder or a tar archive, and print the image name.",
        discussion: """
            The folder is made where it does not exist, in one that does, and must be empty where it is there. The bytes \
            written are the ones that the name is of: where a file changes meanwhile, nothing is left in the folder.

              imagespec context trainer.yaml build
              docker build --tag "$(imagespec context trainer.yaml build)" build

            With --tar the same goes to an archive, for builders that take one. It is the same to the byte on every host. The \
            file is there only once it is whole. To standard output goes the archive alone; where that fails, it ends within an \
            entry and without the blocks that end an archive, and the exit status is not 0.

              imagespec context --tar context.tar trainer.yaml
              imagespec context --tar - trainer.yaml | gzip -n >context.tar.gz

            With --json: {"directory":…,"image_name":…,"secrets":[{"id":…,"source":…}]}, or "tar" in place of "directory"; \
            each secret is passed to a build by --secret id=ID,src=SOURCE.
            """)

    @OptionGroup var input: SpecInput

    @Argument(
        help: ArgumentHelp("The folder to write to; empty, or not there yet.", valueName: "dir"),
        completion: .directory)
    var directory: String?

    @Option(
        help: ArgumentHelp(
            "Write a tar archive to this file, or with - to standard output.", valueName: "file"),
        completion: .file(extensions: ["tar"]))
    var tar: String?

    private enum Place {
        case folder(String)
        case file(String)
        case standardOutput
    }

    private func place() throws -> Place {
        switch (directory, tar) {
        case (nil, nil):
            throw ValidationError(
                "Say where the context goes: a folder after the spec, or --tar with a file or -.")
        case (_?, _?):
            throw ValidationError("The context goes to a folder or to --tar; leave one of them out.")
        case (let directory?, nil): return .folder(directory)
        case (nil, "-"): return .standardOutput
        case (nil, let file?): return .file(file)
        }
    }

    func validate() throws {
        guard case .standardOutput = try place() else { return }
        if input.json {
            throw ValidationError("With --tar - the archive goes to standard output; leave --json out.")
        }
        if StandardOutput.isTerminal {
            throw ValidationError("Standard output is a terminal; send the archive to a file or a pipe.")
        }
    }

    func result() async throws -> [UInt8] {
        let (context, name) = try input.inspect { spec, context throws(ImageSpecError) in
            let context = try ImageSpec.BuildContext(spec, in: context)
            return (context, try context.identity.imageName())
        }
        let place = try place()
        // Ctrl-C takes away what was written; pressed again, what would be left of a file.
        let unfinished = UnfinishedFile()
        try await SignalCancellation.watch(onSecondSignal: { unfinished.remove() }) {
            switch place {
            case .folder(let folder): try context.write(to: folder)
            case .file(let file): try context.writeTar(toFile: file, unfinished)
            case .standardOutput:
                try StandardOutput.write { descriptor throws(ImageSpecError) in
                    try context.writeTar(to: descriptor)
                }
            }
        }
        func result(_ key: String, _ place: String) -> [UInt8] {
            line(
                name,
                json: [
                    key: .string(place), "image_name": .string(name),
                    "secrets": context.dockerfile.secretsJSON,
                ])
        }
        return switch place {
        case .folder(let folder): result("directory", folder)
        case .file(let file): result("tar", file)
        case .standardOutput: []
        }
    }
}

extension ImageSpec.Dockerfile {
    fileprivate var secretsJSON: ImageSpec.JSONValue {
        .array(secrets.map { ["id": .string($0.id), "source": .string($0.source)] })
    }
}
