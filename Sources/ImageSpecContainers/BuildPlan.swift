// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
import ImageSpec
import ImageSpecBuilding

/// The input of a build's command lines, which are functions of it for every engine.
struct BuildPlan: Hashable, Sendable {
    struct Secret: Hashable, Sendable {
        var id: String
        /// A path without a comma or quote.
        var path: String
    }

    var engine: DetectedEngine
    var imageName: String
    /// The directory of the build context.
    var context: String
    /// A directory that the engine writes digests to.
    var reports: String
    var platforms: [String]
    var secrets: [Secret] = []
    var options: ContainerOptions
    var isPushed: Bool
    /// The buildx builder or the address of the BuildKit daemon; nil if the client selects it.
    var endpoint: String?
    /// Links to the files that the options name.
    var tls = ContainerOptions.TLS()
    /// A file of credentials for podman and buildah.
    var authenticationFile: String?
    /// Images of registries on this machine that the build uses.
    var localRegistryImages: [String] = []
    /// Changes to the environment of this process.
    var environment: [String: String?] = [:]

    /// The purpose of a command, as messages name it.
    enum Step: String, Hashable, Sendable {
        case fetch = "fetching a base image"
        case build = "building"
        case push = "pushing"
    }

    /// The commands of the build, one after the other.
    var commands: [(step: Step, command: Command)] {
        switch engine.dialect {
        case .buildx: [(.build, buildxBuild)]
        case .buildKit: [(.build, dockerBuild)] + (isPushed ? [(.push, command(["push", imageName]))] : [])
        case .podman, .buildah: fetches + buildahBuilds.map { (.build, $0) } + buildahPushes
        case .buildctl: [(.build, buildctlBuild)]
        }
    }

    /// The engine as messages name it.
    var engineName: String { endpoint.map { "\(engine.name), \($0)" } ?? engine.name }

    /// The command that removes what the commands leave behind, whether or not they succeed.
    var cleanup: Command? { isIndex && isByBuildah ? command(["manifest", "rm", indexName]) : nil }

    /// Engines print steps to one stream and errors to the other; merging the streams preserves their order.
    ///
    /// Engines also read the time of the image from `SOURCE_DATE_EPOCH`, which the shells of Nix and package builds set. It is
    /// removed because it is in no tag; the option is passed as an argument.
    func command(_ arguments: [String], _ environment: [String: String?] = [:]) -> Command {
        Command(
            executable: engine.path, arguments: arguments,
            environment: self.environment.merging(environment) { $1 }
                .merging(["SOURCE_DATE_EPOCH": nil]) { $1 }, mergesStreams: true)
    }

    // MARK: docker

    private var buildxBuild: Command {
        command(
            ["buildx", "build"] + (endpoint.map { ["--builder", $0] } ?? []) + ["--progress", "plain"]
                + commonOptions + buildxOptions
                + ["--tag", imageName, "--metadata-file", reports + "/" + BuildReports.metadataFile]
                + (isIndex ? [] : ["--iidfile", reports + "/" + BuildReports.imageIDFile])
                + buildxOutput + [context],
            // For a buildx whose version is unknown; others get an argument.
            ["BUILDX_NO_DEFAULT_ATTESTATIONS": "1"])
    }

    private var dockerBuild: Command {
        command(
            ["build", "--progress", "plain"] + commonOptions + inlineCache
                + ["--tag", imageName, "--iidfile", reports + "/" + BuildReports.imageIDFile, context],
            ["DOCKER_BUILDKIT": "1"])
    }

    // MARK: podman and buildah

    var isIndex: Bool { platforms.count > 1 }
    private var isByBuildah: Bool { engine.dialect == .podman || engine.dialect == .buildah }

    /// The name under which the index of several platforms is created. Under the name of the image, it would be added to the
    /// index of an earlier build.
    var indexName: String { "localhost/" + (reports.split(separator: "/").last ?? "").lowercased() }

    /// One build for each platform: a build for several platforms adds them to the index in random order, so that its digest
    /// would be random too.
    private var buildahBuilds: [Command] {
        if isIndex { return platforms.map { buildahBuild([$0], ["--manifest", indexName]) } }
        let image = ["--tag", imageName, "--iidfile", reports + "/" + BuildReports.imageIDFile]
        return [buildahBuild(platforms, image)]
    }

    private func buildahBuild(_ platforms: [String], _ output: [String]) -> Command {
        command(
            // Removes working containers if the build fails, and of buildah if it is terminated.
            ["build", "--layers", "--force-rm"] + commonOptions(platforms) + ownerMark + buildahOptions
                + authentication + output + [context])
    }

    /// Podman has no way to remove the working containers of a build that is terminated. They are found by their secrets,
    /// whose files are in the directory of this build; a build without secrets gets one that it does not use.
    private var ownerMark: [String] {
        guard engine.dialect == .podman, secrets.isEmpty else { return [] }
        return ["--secret", "id=\(WorkingContainers.markFile),src=\(reports)/\(WorkingContainers.markFile)"]
    }

    private var buildahPushes: [(Step, Command)] {
        guard isPushed else { return [] }
        let digest = ["--digestfile", reports + "/" + BuildReports.digestFile]
        let options = digest + authentication + transportSecurity(of: imageName)
        if isIndex {
            return [
                (
                    .push,
                    command(["manifest", "push", "--all"] + options + [indexName, "docker://" + imageName])
                )
            ]
        }
        return [(.push, command(["push"] + options + [imageName, "docker://" + imageName]))]
    }

    /// Images of registries on this machine are fetched first, without TLS: in a build, that option would apply to every
    /// image.
    private var fetches: [(Step, Command)] {
        guard !isIndex else { return [] }
        return localRegistryImages.map { name in
            (.fetch, command(["pull", "--quiet"] + authentication + transportSecurity(of: name) + [name]))
        }
    }

    private var authentication: [String] { authenticationFile.map { ["--authfile", $0] } ?? [] }

    private func transportSecurity(of name: String) -> [String] {
        (try? ImageSpec.ImageReference(name))?.registry.isLoopback == true ? ["--tls-verify=false"] : []
    }

    // MARK: all

    private var commonOptions: [String] { commonOptions(platforms) }

    private func commonOptions(_ platforms: [String]) -> [String] {
        var arguments = ["--platform", platforms.joined(separator: ",")] + secretOptions
        if let network = options.network { arguments += ["--network", network] }
        if !options.usesCache { arguments.append("--no-cache") }
        return arguments
    }

    var secretOptions: [String] { secrets.flatMap { ["--secret", "id=\($0.id),src=\($0.path)"] } }
}
