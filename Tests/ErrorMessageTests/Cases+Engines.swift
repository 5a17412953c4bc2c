// SPDX-License-Identifier: Apache-2.0

import ImageSpec
import ImageSpecBuilding

@testable import ContentTree
@testable import ImageSpecContainers
@testable import ImageSpecLayers

extension ErrorArea {
    static let engines = ErrorArea(
        name: "engines",
        cases: [
            ErrorCase("builderNotRegistered", "builder: envd") { scene in
                try await ImageSpec.BuildEngine(policy: .init()).build(
                    ImageSpec(builder: "envd"), in: scene.context)
            },
            ErrorCase("noDefaultBuilder", "no builder, and an engine with noop only") { scene in
                try await ImageSpec.BuildEngine(policy: .init()).build(ImageSpec(), in: scene.context)
            },
            ErrorCase("baseNotBuilt", "a base whose builder fails") { scene in
                let engine = ImageSpec.BuildEngine(policy: .init())
                engine.register("broken", BrokenBuilder())
                let top = ImageSpec(name: "top", baseImage: .spec(ImageSpec(name: "base")))
                let graph = try ImageSpec.BuildGraph([top], in: scene.context)
                for result in try await engine.results(of: graph) { _ = try result.get() }
            },
            ErrorCase("existenceUnknown", "a registry that refuses") { _ in
                _ = try ImageSpec.BuildPolicy().decision(
                    for: "ghcr.io/acme/a:1", .unknown(reason: "the registry answers 401 Unauthorized"))
            },
            ErrorCase("existenceUnknown", "a registry that refuses, and FLYTE_IMG_FAST_FAIL") { _ in
                _ = try ImageSpec.BuildPolicy(failsFast: true).decision(
                    for: "ghcr.io/acme/a:1", .unknown(reason: "the registry answers 401 Unauthorized"))
            },
            ErrorCase("noDefaultImage", "an image config without default_image, and no spec") { _ in
                _ = try await ImageSpec.BuildEngine(policy: .init()).resolve(nil, in: ImageSpec.ImageConfig())
            },
            ErrorCase("noEnvd", "builder: envd, without envd") { scene in try await envd(in: scene) },
            ErrorCase("noEnvd", "builder: envd, with an envd of 2023") { scene in
                try scene.program("envd", "echo envd: v0.3.9")
                try await envd(in: scene)
            },
            ErrorCase("noopNeedsReference", "builder: noop, without a base_image") { scene in
                try await ImageSpec.BuildEngine(policy: .init()).build(
                    ImageSpec(builder: "noop"), in: scene.context)
            },
        ])

    /// A build with the envd that lies in the case's own folder.
    @Sendable private static func envd(in scene: Scene) async throws {
        let engine = ImageSpec.BuildEngine(policy: .init())
        engine.register(
            "envd", ImageSpec.EnvdBuilder(runner: .system, folders: [scene.folder], registry: .system))
        try await engine.build(ImageSpec(name: "a", builder: "envd").forcePush(), in: scene.context)
    }

    /// A builder of which nothing comes.
    private struct BrokenBuilder: ImageSpec.Builder {
        struct Failure: Error {}
        func build(_ request: ImageSpec.BuildRequest) async throws -> ImageSpec.BuildResult {
            throw Failure()
        }
    }

    /// A program that works as buildah does, but cannot build.
    private static let brokenBuildah = """
        case "$1" in
        info) exit 0 ;;
        --version) echo "buildah version 1.28.2" ;;
        inspect|images) exit 1 ;;
        *) echo "STEP 1/2: FROM debian"; echo "Error: no space left on device" >&2; exit 125 ;;
        esac
        """

    /// A docker with buildx, whose builders are gone.
    private static let buildx = """
        case "$1 $2" in
        "buildx version") echo "github.com/docker/buildx v0.13.1 7884339" ;;
        "buildx inspect") echo "ERROR: no builder \\"$4\\" found" >&2; exit 1 ;;
        *) echo "Docker version 28.2.2, build e6534b4" ;;
        esac
        """

    /// A docker with buildx, whose only builder is the daemon's own.
    private static let dockerAlone = """
        case "$1 $2" in
        "buildx version") echo "github.com/docker/buildx v0.30.1 9e66234" ;;
        "buildx inspect") echo "Name:   default"; echo "Driver: docker" ;;
        "version "*) echo 29.1.3 ;;
        *) echo "Docker version 29.1.3, build f52814d" ;;
        esac
        """

    /// A buildctl whose daemon rejects its certificate.
    private static let distrustingBuildctl = """
        [ "$1" = --version ] && { echo "buildctl github.com/moby/buildkit v0.12.5 bac3f2b"; exit; }
        echo "error: failed to list workers: Unavailable: remote error: tls: certificate required" >&2; exit 1
        """

    /// A buildctl without a daemon.
    private static let unreachableBuildctl = """
        [ "$1" = --version ] && { echo "buildctl github.com/moby/buildkit v0.12.5 bac3f2b"; exit; }
        echo "error: failed to list workers: Unavailable: connection error: connect: connection refused" >&2; exit 1
        """

    /// A buildctl whose daemon dies during a build.
    private static let dyingBuildctl = """
        case "$*" in
        --version) echo "buildctl github.com/moby/buildkit v0.12.5 bac3f2b" ;;
        *"debug workers")
            [ ! -e "$0.dead" ] || { echo "error: failed to list workers: connection refused" >&2; exit 1; } ;;
        *)
            : > "$0.dead"; echo "#1 [1/2] FROM debian:bookworm-slim"
            echo "error: failed to receive status: rpc error: code = Unavailable desc = error reading from server: EOF"; exit 1 ;;
        esac
        """

    /// A build of a spec with the programs that lie in the case's own folder.
    private static func build(
        _ spec: ImageSpec, _ engine: ImageSpec.ContainerEngine? = nil, in scene: Scene,
        registry: RegistryImages = .system
    ) async throws {
        let builder = ImageSpec.ContainerBuilder(
            engine: engine, runner: .system, folders: [scene.folder], registry: registry)
        let request = ImageSpec.BuildRequest(
            spec: spec, imageName: try spec.imageName(in: scene.context), context: scene.context,
            policy: .init(isForcePush: true))
        _ = try await builder.build(request)
    }

    private static func option(_ factory: String, _ options: ImageSpec.OrderedDictionary<ImageSpec.JSONValue>)
        -> ErrorCase
    {
        let shown = String(decoding: ImageSpec.JSONValue.object(options).canonicalForm, as: UTF8.self)
        return ErrorCase(factory, "builder_options: \(shown)") { scene in
            try await build(ImageSpec(builderOptions: options), in: scene)
        }
    }

    static let containers = ErrorArea(
        name: "containers",
        cases: [
            ErrorCase("noEngine", "apt_packages, and no engine on PATH") { scene in
                try await build(ImageSpec(aptPackages: ["git"]), in: scene)
            },
            ErrorCase("noEngine", "podman, which is not on PATH") { scene in
                try await build(ImageSpec(), .podman, in: scene)
            },
            ErrorCase("noEngine", "podman, which says that it does not work") { scene in
                try scene.program("podman", "echo 'Error: cannot open its storage' >&2; exit 125")
                try await build(ImageSpec(), .podman, in: scene)
            },
            option("invalidOption", ["engine": "kaniko"]), option("invalidOption", ["engine": 3]),
            option("invalidOption", ["network": "a b"]), option("invalidOption", ["cache": "no"]),
            option("invalidOption", ["progress": "fancy"]), option("unknownOption", ["netwrok": "host"]),
            option("unknownOption", ["colour": "red"]),
            option("invalidOption", ["address": "buildkit:1234"]),
            option("invalidOption", ["builder": "east", "engine": "podman"]),
            option("invalidOption", ["cache_to": ["mode": "max"]]),
            option(
                "invalidOption",
                [
                    "cache_to": [
                        "ref": "ghcr.io/acme/cache", "image_manifest": true, "oci_mediatypes": false,
                    ]
                ]),
            option("invalidOption", ["source_date_epoch": "now"]),
            option("invalidOption", ["tls_ca": "ca.pem"]),
            option("unknownCacheKey", ["cache_to": ["ref": "ghcr.io/acme/cache", "mod": "max"]]),
            ErrorCase("optionNeedsEngine", "builder_options: {builder: east}, and --engine podman") { scene in
                try await build(ImageSpec(builderOptions: ["builder": "east"]), .podman, in: scene)
            },
            ErrorCase("optionUnsupported", "builder_options: {sbom: true}, and buildah") { scene in
                try scene.program("buildah", brokenBuildah)
                try await build(ImageSpec(builderOptions: ["sbom": true]), .buildah, in: scene)
            },
            ErrorCase("daemonHasNoFixedTimes", "builder_options: {source_date_epoch: 0}, and docker alone") {
                scene in
                try scene.program("docker", dockerAlone)
                try await build(ImageSpec(builderOptions: ["source_date_epoch": 0]), .docker, in: scene)
            },
            ErrorCase("optionUnsupported", "builder_options: {network: mine}, and docker") { scene in
                try scene.program("docker", dockerAlone)
                try await build(ImageSpec(builderOptions: ["network": "mine"]), .docker, in: scene)
            },
            ErrorCase("optionNeedsPush", "builder_options: {provenance: max}, and no registry") { scene in
                try scene.program("docker", buildx)
                try await build(
                    ImageSpec(builderOptions: ["builder": "east", "provenance": "max"]), in: scene)
            },
            ErrorCase("imageNotKept", "builder_options: {address: tcp://a:1}, and no registry") { scene in
                try scene.program("buildctl", "exit 0")
                try await build(ImageSpec(name: "a", builderOptions: ["address": "tcp://a:1"]), in: scene)
            },
            ErrorCase("missingOptionFile", "builder_options: {tls_ca: ca.pem}, without the file") { scene in
                try scene.program("buildctl", "exit 0")
                let options: ImageSpec.OrderedDictionary<ImageSpec.JSONValue> = [
                    "address": "tcp://a:1", "tls_ca": "ca.pem",
                ]
                try await build(ImageSpec(registry: "localhost:1", builderOptions: options), in: scene)
            },
            ErrorCase("noEndpoint", "builders that do not answer") { scene in
                try scene.program("docker", buildx)
                let options: ImageSpec.OrderedDictionary<ImageSpec.JSONValue> = [
                    "builders": ["east", "west"]
                ]
                try await build(ImageSpec(registry: "localhost:1", builderOptions: options), in: scene)
            },
            ErrorCase("noEndpoint", "a daemon that does not trust the client") { scene in
                try scene.program("buildctl", distrustingBuildctl)
                try await build(
                    ImageSpec(registry: "localhost:1", builderOptions: ["address": "tcp://a:1"]), in: scene)
            },
            ErrorCase("engineNotAnswering", "buildctl without a daemon") { scene in
                try scene.program("buildctl", unreachableBuildctl)
                try await build(ImageSpec(registry: "localhost:1"), .buildctl, in: scene)
            },
            ErrorCase("engineLost", "a daemon that dies during the build") { scene in
                try scene.program("buildctl", dyingBuildctl)
                try await build(ImageSpec(name: "a", registry: "localhost:1"), .buildctl, in: scene)
            },
            ErrorCase("platformsMissing", "platform: linux/arm64, and a base image for linux/amd64") {
                scene in
                try scene.program("buildah", brokenBuildah)
                var registry = RegistryImages.system
                registry.platforms = { _, _ in [ImagePlatform("linux/amd64")].compactMap { $0 } }
                try await build(
                    ImageSpec(name: "a", baseImage: "debian:12", platform: "linux/arm64"), .buildah,
                    in: scene, registry: registry)
            },
            ErrorCase("localBase", "a base image without a registry, and buildctl") { scene in
                try scene.program("buildctl", dyingBuildctl)
                let engine = ImageSpec.BuildEngine(policy: .init(isForcePush: true))
                engine.register(
                    "default",
                    ImageSpec.ContainerBuilder(
                        engine: .buildctl, runner: .system, folders: [scene.folder], registry: .system))
                engine.register("local", ImageSpec.DockerfileBuilder(directory: scene.path("base")))
                let base = ImageSpec(name: "base", builder: "local")
                try await engine.build(
                    ImageSpec(name: "a", builder: "default", registry: "localhost:1", baseImage: .spec(base)),
                    in: scene.context)
            },
            ErrorCase("enginesDiffer", "builder_options: {engine: docker}, and --engine podman") { scene in
                try await build(ImageSpec(builderOptions: ["engine": "docker"]), .podman, in: scene)
            },
            ErrorCase("baseSpecPlatforms", "platform: linux/arm64, and a base spec for linux/amd64") {
                scene in
                let spec = ImageSpec(
                    name: "a", baseImage: .spec(ImageSpec(platform: "linux/amd64")), platform: "linux/arm64")
                if let error = ImageSpecError(problems: spec.buildProblems(in: scene.context)) { throw error }
            },
            ErrorCase("platformsUnsupported", "two platforms, and no registry") { scene in
                try scene.program("buildah", brokenBuildah)
                try await build(ImageSpec(platform: "linux/amd64,linux/arm64"), .buildah, in: scene)
            },
            ErrorCase("platformsUnsupported", "two platforms, and docker without buildx") { scene in
                try scene.program(
                    "docker",
                    #"""
                    case "$1 $2" in
                    "version "*) echo 28.2.2 ;;
                    "buildx "*) exit 1 ;;
                    "build --help") echo "      --secret stringArray" ;;
                    *) echo "Docker version 28.2.2" ;;
                    esac
                    """#)
                try await build(
                    ImageSpec(registry: "localhost:1", platform: "linux/amd64,linux/arm64"), .docker,
                    in: scene)
            },
            ErrorCase("missing", "pip_secret_mounts: [[netrc, /root/.netrc]], without the file") {
                scene in
                try scene.program("buildah", brokenBuildah)
                let spec = ImageSpec(
                    packages: ["a"], pipSecretMounts: [.init(source: "netrc", target: "/root/.netrc")])
                try await build(spec, .buildah, in: scene)
            },
            ErrorCase("registryConfigURL", "registry_config: https://h/config.json") { scene in
                try await build(ImageSpec(registryConfig: "https://h/config.json"), in: scene)
            },
            ErrorCase("invalidRegistryConfig", "registry_config: .docker, which is not there") { scene in
                try await build(ImageSpec(registryConfig: ".docker"), in: scene)
            },
            ErrorCase("buildFailed", "a build that fails") { scene in
                try scene.program("buildah", brokenBuildah)
                try await build(ImageSpec(name: "a"), .buildah, in: scene)
            },
            ErrorCase("pythonVersionGiven", "python_version: '3.12', and the running environment's") { _ in
                _ = try await ImageSpec.fromEnvironment(base: ImageSpec(pythonVersion: "3.12"))
            },
            ErrorCase("cannotRun", "a Python that is not there") { scene in
                _ = try await ImageSpec.fromEnvironment(python: scene.path("python"))
            },
            ErrorCase("noPython", "a Python that fails") { scene in
                try scene.program("python", "echo 'no module named encodings' >&2; exit 1")
                _ = try await ImageSpec.fromEnvironment(python: scene.path("python"))
            },
            ErrorCase("notInstalled", "packages that are not installed") { scene in
                try scene.program("python", "echo 3.12; echo; echo 2.1")
                _ = try await ImageSpec.fromEnvironment(
                    pinning: ["torch", "numpy"], python: scene.path("python"))
            },
        ])
}
