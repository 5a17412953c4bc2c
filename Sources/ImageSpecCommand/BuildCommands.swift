// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
internal import ContentTree
import ImageSpec
import ImageSpecBuilding

struct RenderCommand: SpecCommand {
    static let configuration = CommandConfiguration(
        commandName: "render",
        abstract: "Print the Dockerfile of a spec, or its build.envd.",
        discussion: """
            To write the Dockerfile together with the files that it copies, use imagespec context. If the spec cannot be \
            rendered, all its problems are reported.

              imagespec render trainer.yaml
              imagespec render trainer.yaml | diff Dockerfile -
              imagespec render --builder envd trainer.yaml

            With --json, prints {"dockerfile":…,"secrets":[{"id":…,"source":…}]} or {"build_envd":…}. Pass each secret to the \
            build with --secret id=ID,src=SOURCE.
            """)

    @OptionGroup var input: SpecInput

    @Option(
        help: ArgumentHelp(
            "Render for this builder: default (Dockerfile) or envd (build.envd). (default: the spec's builder)",
            valueName: "builder"),
        completion: .list(["default", ImageSpec.envdBuilderName]))
    var builder: String?

    func validate() throws {
        if let builder, !["default", ImageSpec.envdBuilderName].contains(builder) {
            throw ValidationError(
                "cannot render for the builder '\(builder)'; use default or envd.")
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
            "Write the build context to a directory or a tar archive, and print the image name.",
        discussion: """
            The build context is the Dockerfile and the files that it copies. The directory is created if it does not exist; \
            its parent must exist. If a file changes after its digest was computed, the command fails and nothing is left \
            in the directory.

              imagespec context trainer.yaml build
              docker build --tag "$(imagespec context trainer.yaml build)" build

            With --tar, the context is written as a tar archive, which is byte-for-byte the same on every host. The file \
            appears only when it is complete. With --tar -, only the archive is written to standard output. If writing \
            fails, the archive is truncated and the exit status is not 0.

              imagespec context --tar context.tar trainer.yaml
              imagespec context --tar - trainer.yaml | gzip -n >context.tar.gz

            With --json, prints {"directory":…,"image_name":…,"secrets":[{"id":…,"source":…}]}, with "tar" instead of \
            "directory" for an archive. Pass each secret to the build with --secret id=ID,src=SOURCE.
            """)

    @OptionGroup var input: SpecInput

    @Argument(
        help: ArgumentHelp("Directory to write to; must be empty or not exist.", valueName: "dir"),
        completion: .directory)
    var directory: String?

    @Option(
        help: ArgumentHelp(
            "Write a tar archive to this file, or to standard output if -.", valueName: "file"),
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
                "missing destination; pass a directory after the spec, or use --tar FILE or --tar -.")
        case (_?, _?):
            throw ValidationError("a directory cannot be combined with --tar; remove one of them.")
        case (let directory?, nil): return .folder(directory)
        case (nil, "-"): return .standardOutput
        case (nil, let file?): return .file(file)
        }
    }

    func validate() throws {
        guard case .standardOutput = try place() else { return }
        if input.json {
            throw ValidationError("--tar - writes the archive to standard output; remove --json.")
        }
        if StandardOutput.isTerminal {
            throw ValidationError(
                "standard output is a terminal; redirect standard output to a file or a pipe.")
        }
    }

    func result() async throws -> [UInt8] {
        let (context, name) = try input.inspect { spec, context throws(ImageSpecError) in
            let context = try ImageSpec.BuildContext(spec, in: context)
            return (context, try context.identity.imageName())
        }
        let place = try place()
        // Ctrl-C removes what was written.
        try await SignalCancellation.watch {
            switch place {
            case .folder(let folder): try context.write(to: folder)
            case .file(let file): try context.writeTar(toFile: file)
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
