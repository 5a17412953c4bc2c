// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
internal import ContentTree
import ImageSpec
import ImageSpecBuilding
import ImageSpecContainers

/// The tool `imagespec`: flags in, text out. What it does is in the libraries.
@main
struct ImageSpecCommand: AsyncParsableCommand {
    static let version = "0.1.0"

    static let configuration = CommandConfiguration(
        commandName: "imagespec",
        abstract: "Define container images, name them by their content, and build them.",
        discussion: """
            A spec is a .json, .yaml or .yml file, for example trainer.yaml:

              name: trainer
              python_version: "3.12"
              registry: ghcr.io/acme
              requirements: requirements.txt
              source_root: src
              source_copy_mode: all

            The tag depends only on the content of the image, including its files. Common commands:

              imagespec init                          write a spec for this directory
              imagespec check trainer.yaml            report all problems
              imagespec name trainer.yaml             ghcr.io/acme/trainer:1d2e…
              imagespec name --scheme flytekit trainer.yaml    the name that flytekit computes
              imagespec tag --tag-format '{spec_hash:.12}' trainer.yaml
              imagespec files trainer.yaml            the files that are part of the tag
              imagespec diff old.yaml trainer.yaml    why their tags differ
              imagespec render trainer.yaml           the Dockerfile
              imagespec context trainer.yaml build/   write the build context
              imagespec build trainer.yaml            build and push it if it is absent
              imagespec graph trainer.yaml            graph of images (Mermaid or DOT)
              imagespec exist trainer.yaml            whether the image exists
              imagespec digest trainer.yaml           the digest in the registry
              imagespec pin trainer.yaml              pin base and tool images to digests

            Results are written to standard output, messages to standard error. Exit status: 0 success, 1 an image is absent \
            (exist, digest) or a tag or id differs (diff, check), 64 invalid usage, 65 invalid spec, 66 a file is missing or \
            unreadable, 69 no usable container engine, or the existence of an image cannot be determined, 70 internal error, \
            73 the output cannot be written, 74 a build failed or a file changed while it was being read, 129, 130, 131 and 143 \
            terminated by a signal.
            """,
        version: version,
        subcommands: [
            NameCommand.self, TagCommand.self, IDCommand.self, DocumentCommand.self,
            FilesCommand.self, DiffCommand.self, RenderCommand.self, ContextCommand.self, CheckCommand.self,
            BuildCommand.self, GraphCommand.self, InitCommand.self,
            ExistCommand.self, DigestCommand.self, PinCommand.self,
        ]
    )

    static func main() async {
        StandardStreams.open()
        SignalCleanup.install()
        do {
            try ProcessText.check()
            if let result = FastPath.result(of: CommandLine.arguments.dropFirst()) {
                return try StandardOutput.write(result)
            }
            if let command = CommandLine.arguments.dropFirst().first, registryCommands.contains(command) {
                ImageSpec.RegistryClient.prepare()
            }
            if let command = FastPath.waiting(CommandLine.arguments.dropFirst()) {
                try await command()
                Termination.end(.success)
            }
            var command = try parsed()
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
            Termination.end(.success)
        } catch {
            Termination(error).exit()
        }
    }

    /// The commands that ask registries.
    private static let registryCommands: Set = ["build", "exist", "digest", "pin"]

    private static func parsed() throws -> sending (any ParsableCommand) {
        if let command = subcommand(of: CommandLine.arguments.dropFirst()) { return command }
        return try parseAsRoot()
    }

    /// The subcommand that the arguments name, read by itself: to have the parser describe all of them to itself takes as
    /// long as everything else that the tool does for a small spec.
    ///
    /// nil if anything is wrong or is no plain run of a subcommand: the parser of the whole then says so.
    static func subcommand(of arguments: some Collection<String>) -> sending (any ParsableCommand)? {
        let own = arguments.dropFirst()
        guard let name = arguments.first,
            let type = configuration.subcommands.first(where: { $0.configuration.commandName == name }),
            // The parser answers these itself, for the whole tool.
            !own.contains(where: { $0.hasPrefix("--generate-") || $0.hasPrefix("--experimental-") }),
            let command = try? type.parseAsRoot(Array(own)), Swift.type(of: command) == type
        else { return nil }
        return command
    }
}

/// A subcommand about one spec that has a result for standard output.
protocol SpecCommand: AsyncParsableCommand {
    var input: SpecInput { get }
    /// The bytes of the result.
    func result() async throws -> [UInt8]
}

extension SpecCommand {
    func run() async throws {
        try StandardOutput.write(try await result())
    }

    /// A line of text, or with `--json` the object and a line feed.
    func line(_ text: String, json object: ImageSpec.JSONValue) -> [UInt8] {
        input.json ? object.line : Array((text + "\n").utf8)
    }
}

/// A subcommand that prints a line for each of several specs, or nothing if one of them has a problem.
protocol SpecsCommand: AsyncParsableCommand {
    var input: SpecInputs { get }
    /// The line of one spec.
    func row(of spec: SpecInputs.Source) async throws -> SpecRow
}

extension SpecsCommand {
    func run() async throws {
        let rows = try await input.results { try await row(of: $0).line(of: $0) }
        try StandardOutput.write(rows.flatMap { $0 })
    }
}

/// The result of one of several specs.
struct SpecRow {
    /// For people and scripts.
    var text: String
    /// The members of the JSON object, without the path of the spec.
    var members: ImageSpec.OrderedDictionary<ImageSpec.JSONValue>

    /// A line of text, or with `--json` the object with the path of the spec.
    func line(of source: some SpecSource) -> [UInt8] {
        guard source.json else { return Array((text + "\n").utf8) }
        var object = members
        object["spec"] = .string(source.spec.path)
        return ImageSpec.JSONValue.object(object).line
    }
}
