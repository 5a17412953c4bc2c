// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ImageSpec

struct RenderCommand: SpecCommand {
    static let configuration = CommandConfiguration(
        commandName: "render",
        abstract: "Print the Dockerfile.",
        discussion: """
            What it copies lies in a build context: imagespec context writes both. A spec that cannot be rendered is refused, \
            with all that is wrong about it.

              imagespec render trainer.yaml
              imagespec render trainer.yaml | diff Dockerfile -

            With --json: {"dockerfile":…,"secrets":[{"id":…,"source":…}]}; each secret is passed to a build by \
            --secret id=ID,src=SOURCE.
            """)

    @OptionGroup var input: SpecInput

    func result() throws(ImageSpecError) -> [UInt8] {
        let dockerfile = try input.inspect { spec, context throws(ImageSpecError) in
            try ImageSpec.Dockerfile(spec, in: context)
        }
        guard input.json else { return Array(dockerfile.text.utf8) }
        return line(
            dockerfile.text,
            json: ["dockerfile": .string(dockerfile.text), "secrets": dockerfile.secretsJSON])
    }
}

struct ContextCommand: SpecCommand {
    static let configuration = CommandConfiguration(
        commandName: "context",
        abstract: "Write the Dockerfile and all that it copies to a folder, and print the image name.",
        discussion: """
            The folder is made where it does not exist, in one that does, and must be empty where it is there. The bytes \
            written are the ones that the name is of: where a file changes meanwhile, nothing is left in the folder.

              imagespec context trainer.yaml build
              docker build --tag "$(imagespec context trainer.yaml build)" build

            With --json: {"directory":…,"image_name":…,"secrets":[{"id":…,"source":…}]}; each secret is passed to a build by \
            --secret id=ID,src=SOURCE.
            """)

    @OptionGroup var input: SpecInput

    @Argument(
        help: ArgumentHelp("The folder to write to; empty, or not there yet.", valueName: "dir"),
        completion: .directory)
    var directory: String

    func result() throws(ImageSpecError) -> [UInt8] {
        let (context, name) = try input.inspect { spec, context throws(ImageSpecError) in
            let context = try ImageSpec.BuildContext(spec, in: context)
            return (context, try context.identity.imageName())
        }
        try context.write(to: directory)
        return line(
            name,
            json: [
                "directory": .string(directory), "image_name": .string(name),
                "secrets": context.dockerfile.secretsJSON,
            ])
    }
}

extension ImageSpec.Dockerfile {
    fileprivate var secretsJSON: ImageSpec.JSONValue {
        .array(secrets.map { ["id": .string($0.id), "source": .string($0.source)] })
    }
}
