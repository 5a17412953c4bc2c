// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
import ImageSpec

/// All that the command lines of a build depend on. Whatever the engine, they are functions of this.
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
    /// The builder of buildx, or the address of a BuildKit daemon, that builds; nil: the client's own.
    var endpoint: String?
    /// Links to the files that the options name.
    var tls = ContainerOptions.TLS()
    /// A file of credentials for podman and buildah.
    var authenticationFile: String?
    /// Images of registries on this machine that the build uses.
    var localRegistryImages: [String] = []
    /// What differs from the environment of this process.
    var environment: [String: String?] = [:]

    static let digestFile = "digest"
    static let imageIDFile = "image-id"
    static let metadataFile = "metadata.json"

    /// What a command is for, as messages name it.
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
        case .podman, .buildah: fetches + [(.build, buildahBuild)] + buildahPushes
        case .buildctl: [(.build, buildctlBuild)]
        }
    }

    /// The engine as messages name it.
    var engineName: String { endpoint.map { "\(engine.name), \($0)" } ?? engine.name }

    /// What remains to be done in any case, whether or not the commands came to their end.
    var tidying: Command? { isIndex && isByBuildah ? command(["manifest", "rm", indexName]) : nil }

    /// Engines print the steps to one stream and what went wrong to the other; which was first is to be known.
    ///
    /// They take a time for the image from `SOURCE_DATE_EPOCH`, too, as shells of Nix and builds of packages set it. What
    /// is in no tag stays outside: the option says it by arguments.
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
                + ["--tag", imageName, "--metadata-file", reports + "/" + Self.metadataFile]
                + (isIndex ? [] : ["--iidfile", reports + "/" + Self.imageIDFile])
                + buildxOutput + [context],
            // For a buildx whose version cannot be told; the others get an argument.
            ["BUILDX_NO_DEFAULT_ATTESTATIONS": "1"])
    }

    private var dockerBuild: Command {
        command(
            ["build", "--progress", "plain"] + commonOptions + inlineCache
                + ["--tag", imageName, "--iidfile", reports + "/" + Self.imageIDFile, context],
            ["DOCKER_BUILDKIT": "1"])
    }

    // MARK: podman and buildah

    var isIndex: Bool { platforms.count > 1 }
    private var isByBuildah: Bool { engine.dialect == .podman || engine.dialect == .buildah }

    /// The index of several platforms is put together under a name of its own: under that of the image it would be
    /// added to what an earlier build left.
    var indexName: String { "localhost/" + (reports.split(separator: "/").last ?? "").lowercased() }

    private var buildahBuild: Command {
        command(
            // Without working containers where it fails or is ended. (podman does so where it fails, and has no way where it is ended.)
            ["build", "--layers", "--force-rm"] + commonOptions + buildahOptions + authentication
                + (isIndex
                    ? ["--manifest", indexName]
                    : ["--tag", imageName, "--iidfile", reports + "/" + Self.imageIDFile])
                + [context])
    }

    private var buildahPushes: [(Step, Command)] {
        guard isPushed else { return [] }
        let digest = ["--digestfile", reports + "/" + Self.digestFile]
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

    /// Without TLS only from this machine's own registries: the option for it would hold for every image of a build,
    /// so these images are fetched before.
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

    private var commonOptions: [String] {
        var arguments = ["--platform", platforms.joined(separator: ",")] + secretOptions
        if let network = options.network { arguments += ["--network", network] }
        if !options.usesCache { arguments.append("--no-cache") }
        return arguments
    }

    var secretOptions: [String] { secrets.flatMap { ["--secret", "id=\($0.id),src=\($0.path)"] } }
}
