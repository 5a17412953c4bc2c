// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
internal import ContentTree
import ImageSpec

/// The tool `imagespec`: flags in, text out. What it does is in the libraries.
@main
struct ImageSpecCommand: AsyncParsableCommand {
    static let version = "0.1.0"

    static let configuration = CommandConfiguration(
        commandName: "imagespec",
        abstract: "Say what a container image is, and name it by its content.",
        discussion: """
            A spec is a .json, .yaml or .yml file, for example trainer.yaml:

              name: trainer
              python_version: "3.12"
              registry: ghcr.io/acme
              requirements: requirements.txt
              source_root: src

            Its name follows from what the image will contain, its files included, and from nothing else:

              imagespec init                          writes such a file for this folder
              imagespec check trainer.yaml            all that is wrong with it
              imagespec name trainer.yaml             ghcr.io/acme/trainer:1d2e…
              imagespec name --scheme flytekit trainer.yaml    the name that flytekit gives
              imagespec tag --tag-format '{spec_hash:.12}' trainer.yaml
              imagespec files trainer.yaml            the files that enter the tag
              imagespec diff old.yaml trainer.yaml    why their tags differ
              imagespec render trainer.yaml           the Dockerfile
              imagespec context trainer.yaml build/   the Dockerfile and all that it copies
              imagespec build trainer.yaml            the image, built and pushed where it does not exist
              imagespec graph trainer.yaml            what it is based on, as Mermaid or for Graphviz
              imagespec exist trainer.yaml            whether it exists, by the exit status too
              imagespec digest trainer.yaml           its digest in its registry
              imagespec pin trainer.yaml              writes the digests of base and tool images into the spec

            The result goes to standard output, messages to standard error. Exit status: 0 done, 1 an image is absent \
            (exist, digest) or a tag or id differs (diff, check), 64 wrong usage, \
            65 a wrong spec, 66 a missing or unreadable file, 69 no container engine, or nobody can tell whether an image \
            exists, 70 a mistake in this tool, 73 the output cannot be written, 74 a build failed or a file changed while \
            it was used, 129, 130, 131 and 143 ended by a signal.
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
        do {
            if let result = FastPath.result(of: CommandLine.arguments.dropFirst()) {
                return try StandardOutput.write(result)
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

    private static func parsed() throws -> sending (any ParsableCommand) {
        if let command = subcommand(of: CommandLine.arguments.dropFirst()) { return command }
        return try parseAsRoot()
    }

    /// The subcommand that the arguments name, read by itself: to have the parser describe all of them to itself takes as
    /// long as everything else that the tool does for a small spec.
    ///
    /// nil where anything is wrong or is no plain run of a subcommand: the parser of the whole then says so.
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
        (input.json ? object.canonicalForm : Array(text.utf8)) + [UInt8(ascii: "\n")]
    }
}
