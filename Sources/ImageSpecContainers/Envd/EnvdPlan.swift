// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
import ImageSpec

/// All that the command lines of a build with envd depend on.
///
/// Source: flytekit's plugin flytekitplugins-envd, whose contexts these are.
struct EnvdPlan: Hashable, Sendable {
    var program: EnvdProgram
    var imageName: String
    /// The directory with `build.envd`. Its name becomes part of the image.
    var context: String
    var platform: String
    var isPushed: Bool
    /// envd's own list of registries, with their certificates.
    var registryConfiguration: String?
    /// The context that the environment names.
    var contextName: String?

    /// One thing to do.
    struct Step: Hashable, Sendable {
        /// As messages name it.
        var name: String
        var command: Command
        /// The command to run if that fails.
        var alternative: Command?
    }

    /// The context comes first: `bootstrap` starts the daemon of the one that is chosen.
    var steps: [Step] {
        var steps = [switchingStep]
        if let registryConfiguration {
            // Without changes to the user's shell.
            let arguments = [
                "bootstrap", "--with-autocomplete=false", "--registry-config", registryConfiguration,
            ]
            steps.append(Step(name: "preparing envd", command: program.command(arguments)))
        }
        return steps + [Step(name: BuildPlan.Step.build.rawValue, command: program.command(build))]
    }

    /// Whether to build has been decided: envd does not ask docker for an image of that tag once more.
    private var build: [String] {
        ["build", "--path", context, "--platform", platform, "--force"]
            + (isPushed ? ["--output", "type=image,name=\(imageName),push=true"] : ["--tag", imageName])
    }

    // MARK: contexts

    /// The registry of Flyte's sandbox, beside which a BuildKit daemon listens.
    private static let sandboxRegistry = ImageSpec.ImageReference.Registry("localhost:30000")

    /// A context that is there cannot be made, and is used.
    private var switchingStep: Step {
        let name = "selecting the envd context"
        if let contextName { return Step(name: name, command: use(contextName)) }
        let isSandbox = (try? ImageSpec.ImageReference(imageName))?.registry == Self.sandboxRegistry
        let own = isSandbox ? "flyte-sandbox" : "flyte"
        let builder =
            isSandbox
            ? ["--builder", "tcp", "--builder-address", "localhost:30003"]
            : ["--builder", "docker-container", "--builder-address", "buildkitd-demo"]
        return Step(
            name: name,
            command: program.command(["context", "create", "--name", own] + builder + ["--use"]),
            alternative: use(own))
    }

    private func use(_ context: String) -> Command { program.command(["context", "use", "--name", context]) }
}
