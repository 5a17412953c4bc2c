// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
internal import ContentTree
import ImageSpec
import ImageSpecContainers
import ImageSpecFlytekit

/// The naming scheme, for the subcommands that print names.
struct SchemeInput: ParsableArguments {
    enum Scheme: String, CaseIterable, ExpressibleByArgument {
        case sha256, flytekit
    }

    @Option(
        help: ArgumentHelp(
            "Naming scheme: sha256, or flytekit for the names of flytekit 1.16.",
            discussion: """
                flytekit's names depend on the modules that its process has loaded; pass each with --loaded-module. If a whole \
                source root is copied, git determines the ignored files.
                """,
            valueName: "scheme"))
    var scheme = Scheme.sha256

    var isFlytekit: Bool { scheme == .flytekit }
}

extension ImageSpec.FlytekitNames {
    /// The names of the spec on the command line, with the files that git ignores if flytekit would ask git.
    init(_ input: some SpecSource) async throws {
        let spec = try input.load()
        do {
            let ignored = try await ImageSpec.GitIgnored.query(for: spec, in: input.context)
            self = try spec.flytekitNames(gitIgnored: ignored, in: input.context)
        } catch let error as ImageSpecError {
            throw input.located(error)
        }
    }

    func members(withImageName: Bool) -> ImageSpec.OrderedDictionary<ImageSpec.JSONValue> {
        withImageName
            ? ["id": .string(id), "image_name": .string(imageName), "tag": .string(tag)]
            : ["id": .string(id), "tag": .string(tag)]
    }
}
