// SPDX-License-Identifier: Apache-2.0

import ImageSpec
import ImageSpecBuilding

@testable import ContentTree
@testable import ImageSpecContainers
@testable import ImageSpecLayers

extension ErrorArea {
    static let layers = ErrorArea(
        name: "layers",
        cases: [
            ErrorCase("invalidLayer", "a layer that is not an archive") { _ in
                try read([UInt8](repeating: 1, count: 600))
            },
            ErrorCase("layerUsesZstd", "a layer that begins like zstd") { _ in
                try read([0x28, 0xB5, 0x2F, 0xFD])
            },
            ErrorCase("baseFileTooLarge", "a base image with an /etc/passwd of 17 MiB") { _ in
                try read(
                    TarHeader(kind: .file, path: Array("etc/passwd".utf8), mode: 0o644, size: 17 << 20).blocks
                )
            },
            ErrorCase("baseHomeTooLarge", "a base image with 48 MiB below /root") { _ in
                let size = 16 << 20
                let file = TarHeader(kind: .file, path: Array("root/x".utf8), mode: 0o644, size: size).blocks
                let member = file + [UInt8](repeating: 0, count: size)
                try read(member + member + member)
            },
            ErrorCase("unreadableLayerFile", "a file that does not exist") { scene in
                try BlobFile(path: scene.path("none")).read(blob) { _ in }
            },
            ErrorCase("damagedBlob", "a file with other bytes") { scene in
                try scene.write("blob", [1])
                try BlobFile(path: scene.path("blob")).read(blob) { _ in }
            },
            ErrorCase("layerNotWritten", "a temporary directory that does not exist") { scene in
                let store = LayerStore(cache: nil, temporaryDirectory: scene.path("none"), time: 0)
                _ = try await store.layer(LayerRecipe(title: "x", [], over: BaseTree()))
            },
            ErrorCase("noBaseImage", "a repository without the image") { scene in
                let layout = try OCILayout(writing: "a:1", to: scene.path("layout"))
                _ = try await find(in: layout)
            },
            ErrorCase("noBasePlatform", "an index without the platform") { scene in
                try await find(
                    """
                    {"manifests":[{"digest":"\(blob.digest)","size":2,"platform":{"os":"linux","architecture":"arm64"}}]}
                    """, in: scene)
            },
            ErrorCase("invalidBaseImage", "a manifest without layers") { scene in
                try await find("{}", in: scene)
            },
            ErrorCase("linkInBase", "a base image whose /opt is a link") { _ in
                _ = try UserAccount(in: tree("opt", .link(target: Array("/srv".utf8))))
            },
            ErrorCase("unsupportedBase", "the same") { _ in
                _ = try UserAccount(in: tree("opt", .link(target: Array("/srv".utf8))))
            },
            ErrorCase("invalidAccounts", "a base image with a broken line of the user") { _ in
                _ = try UserAccount(in: tree("etc/passwd", .file(bytes: Array("flytekit:x\n".utf8))))
            },
            ErrorCase("unknownFileInHome", "a base image with a pipe below /root") { _ in
                var layer = BaseLayer()
                layer.entries[Array("root".utf8)] = BaseEntry(.folder, mode: 0o700)
                layer.entries[Array("root/pipe".utf8)] = BaseEntry(.other, mode: 0o600)
                var tree = BaseTree()
                tree.apply(layer)
                _ = try WorkingDirectory(in: tree, user: 1)
            },
            ErrorCase("copyThroughLink", "a file that is copied through a link of the base image") { _ in
                var layer = BaseLayer()
                layer.entries[Array("root".utf8)] = BaseEntry(.folder, mode: 0o700)
                layer.entries[Array("root/data".utf8)] = BaseEntry(
                    .link(target: Array("/data".utf8)), mode: 0o777)
                var tree = BaseTree()
                tree.apply(layer)
                try WorkingDirectory(in: tree, user: 1).check(Array("root/data/x".utf8))
            },
            ErrorCase("baseHasTriggers", "a base image with ONBUILD") { scene in
                try await assemble(onBuild: ["RUN true"], in: scene)
            },
            ErrorCase("unsupportedPlatform", "packages for s390x") { _ in
                _ = try target("2.36", "linux/s390x")
            },
            ErrorCase("oldLibrary", "packages for glibc 2.12") { _ in _ = try target("2.12", "linux/amd64") },
            ErrorCase("unknownLibrary", "packages for a base image without a C library") { _ in
                _ = try TargetPlatform(of: BaseTree(), platform("linux/amd64"))
            },
            ErrorCase("noInterpreter", "python_exec: /opt/x/python, which the base image does not have") {
                scene in
                try await environment(
                    ImageSpec(name: "a", baseImage: "b", pythonExec: "/opt/x/python"), in: scene)
            },
            ErrorCase("noPythonOfVersion", "python_version: 3.12, which the base image does not have") {
                scene in
                try await environment(ImageSpec(name: "a", pythonVersion: "3.12", baseImage: "b"), in: scene)
            },
            ErrorCase("baseWithoutPython", "packages on a base image without Python") { scene in
                try await environment(ImageSpec(name: "a", packages: ["six"], baseImage: "b"), in: scene)
            },
            ErrorCase("noUv", "a machine without uv") { _ in
                _ = try await UvProgram.find(runner([:]), cache: nil)
            },
            ErrorCase("oldUv", "a machine with uv 0.4") { _ in
                _ = try await UvProgram.find(runner(["uv": "uv 0.4.1 (abc)"]), cache: nil)
            },
            ErrorCase("noEnvironment", "a machine without Python") { scene in try await install(in: scene) },
            ErrorCase("uvFailed", "a package without a wheel") { _ in
                throw ImageSpecError.uvFailed("install the packages", noSolution)
            },
            ErrorCase("notALayout", "an output directory with other files") { scene in
                try scene.write(["full/file": "x"])
                _ = try OCILayout(writing: "a:1", to: scene.path("full"))
            },
            ErrorCase("layoutNotWritten", "an output directory whose parent does not exist") { scene in
                _ = try OCILayout(writing: "a:1", to: scene.path("none/layout"))
            },
            ErrorCase("fieldNeedsEngine", "engine: builtin, with apt_packages, commands and a poetry.lock") {
                scene in
                let spec = ImageSpec(
                    name: "a", requirements: "poetry.lock", aptPackages: ["git"], commands: ["true"],
                    builderOptions: ["engine": "builtin"])
                if let error = ImageSpecError(problems: spec.buildProblems(in: scene.context)) { throw error }
            },
            ErrorCase("optionNeedsOtherEngine", "engine: builtin, with sbom") { scene in
                let spec = ImageSpec(
                    name: "a", registry: "localhost:1", builderOptions: ["engine": "builtin", "sbom": true])
                if let error = ImageSpecError(problems: spec.buildProblems(in: scene.context)) { throw error }
            },
            ErrorCase("noPlaceForImage", "engine: builtin, without a registry and an engine") { scene in
                try await build(in: scene)
            },
            ErrorCase("noPlaceForImage", "neither a registry nor an engine") { scene in
                let builder = ImageSpec.ContainerBuilder(
                    runner: .system, folders: [scene.folder], registry: .system)
                let request = ImageSpec.BuildRequest(
                    spec: ImageSpec(name: "a"), imageName: "a:1", context: scene.context, policy: .init())
                _ = try await builder.build(request)
            },
            ErrorCase("noOtherEngine", "no uv, and no engine on PATH") { scene in
                let builder = ImageSpec.ContainerBuilder(
                    runner: .system, folders: [scene.folder], registry: .system)
                let spec = ImageSpec(name: "a", registry: "localhost:1", packages: ["six"])
                let request = ImageSpec.BuildRequest(
                    spec: spec, imageName: try spec.imageName(in: scene.context), context: scene.context,
                    policy: .init(isForcePush: true))
                _ = try await builder.build(request)
            },
            ErrorCase("imageNotLoaded", "a docker that cannot load") { _ in
                throw ImageSpecError.imageNotLoaded(
                    "a:1", engine: "docker 20.10",
                    CommandOutcome(status: .exited(1), messages: ["no space left on device"]))
            },
        ])

    // MARK: parts

    private static let blob = BlobDescriptor(
        mediaType: MediaType.layer, digest: .init(of: Array("{}".utf8)), size: 2)

    private static func read(_ bytes: [UInt8]) throws {
        let reader = BaseLayerReader(BaseSelection(environments: []))
        try bytes.withUnsafeBytes { try reader.read($0) }
        _ = try reader.finish()
    }

    private static func tree(_ path: String, _ kind: BaseEntry.Kind) -> BaseTree {
        var layer = BaseLayer()
        layer.entries[Array(path.utf8)] = BaseEntry(kind, mode: 0o644)
        var tree = BaseTree()
        tree.apply(layer)
        return tree
    }

    private static func target(_ version: String, _ platform: String) throws -> TargetPlatform {
        var layer = BaseLayer()
        layer.entries[Array("lib/libc.so.6".utf8)] = BaseEntry(
            .file(bytes: nil), mode: 0o755, version: version)
        var tree = BaseTree()
        tree.apply(layer)
        return try TargetPlatform(of: tree, self.platform(platform))
    }

    private static func platform(_ text: String) -> ImagePlatform {
        guard let platform = ImagePlatform(text) else { preconditionFailure("\(text) is not a platform") }
        return platform
    }

    // MARK: base images

    private static func find(in repository: any ImageRepository) async throws -> BaseImage {
        try await BaseImage.find(
            try ImageSpec.ImageReference("base:1"), for: platform("linux/amd64"), in: repository, cache: nil)
    }

    /// Looks for the image of a manifest.
    private static func find(_ manifest: String, in scene: Scene) async throws {
        let layout = try OCILayout(writing: "base:1", to: scene.path("layout"))
        try await layout.writeManifest(
            StoredManifest(mediaType: MediaType.manifest, bytes: Array(manifest.utf8)), as: "1")
        _ = try await find(in: layout)
    }

    private static func base(
        onBuild: [ImageSpec.JSONValue] = [], in scene: Scene
    ) throws -> BaseImage {
        let json: ImageSpec.JSONValue = [
            "architecture": "amd64", "os": "linux", "config": ["OnBuild": .array(onBuild)],
            "rootfs": ["type": "layers", "diff_ids": []],
        ]
        guard let configuration = ImageConfiguration(json) else {
            preconditionFailure("a valid configuration")
        }
        return BaseImage(
            reference: try ImageSpec.ImageReference("base:1"),
            repository: try OCILayout(writing: "base:1", to: scene.path("base")), layers: [],
            configuration: configuration)
    }

    private static func setup(_ spec: ImageSpec, in scene: Scene) throws -> ImageSpec.BuildRequest.NamedSetup
    {
        try ImageSpec.BuildRequest(spec, in: scene.context, policy: .init()).namedSetup()
    }

    private static func assemble(onBuild: [ImageSpec.JSONValue], in scene: Scene) async throws {
        let named = try setup(ImageSpec(name: "a", baseImage: "base:1"), in: scene)
        let assembly = ImageAssembly(
            named.setup, named.inputs,
            store: LayerStore(cache: nil, temporaryDirectory: scene.folder, time: 0), cache: nil,
            installation: PackageInstallation(
                runner: runner([:]), temporaryDirectory: scene.folder, secrets: [:], cache: nil),
            time: nil, report: { _ in })
        _ = try await assembly.image(on: base(onBuild: onBuild, in: scene), for: platform("linux/amd64"))
    }

    // MARK: Python

    private static func environment(_ spec: ImageSpec, in scene: Scene) async throws {
        _ = try TargetEnvironment(
            for: setup(spec, in: scene).setup, in: BaseFacts(image: base(in: scene), tree: BaseTree()))
    }

    /// A machine whose programs print a line for `--version`, and fail for anything else.
    private static func runner(_ versions: [String: String]) -> ProgramRunner {
        ProgramRunner(
            variables: [], programs: { versions[$0] == nil ? [] : [$0] },
            run: { call, _ in
                let isVersion = call.arguments.last == "--version"
                return ProgramRunner.Outcome(
                    isSuccess: isVersion, output: isVersion ? [versions[call.executable] ?? ""] : [],
                    messages: ["error: No interpreter found for Python >=3.9 in virtual environments"])
            })
    }

    private static let noSolution = [
        "  × No solution found when resolving dependencies:",
        "  ╰─▶ Because docopt==0.6.2 has no usable wheels, your requirements are unsatisfiable.",
    ]

    /// Installs a package with a uv that fails.
    private static func install(in scene: Scene) async throws {
        var layer = BaseLayer()
        layer.entries[Array("usr/bin/python3.11".utf8)] = BaseEntry(
            .file(bytes: nil), mode: 0o755, version: "3.11.2")
        layer.entries[Array("usr/bin/python3".utf8)] = BaseEntry(
            .link(target: Array("python3.11".utf8)), mode: 0o777)
        layer.entries[Array("lib/libc.so.6".utf8)] = BaseEntry(
            .file(bytes: nil), mode: 0o755, version: "2.36")
        var tree = BaseTree()
        tree.apply(layer)
        let named = try setup(
            ImageSpec(name: "a", packages: ["docopt==0.6.2"], baseImage: "base:1"), in: scene)
        _ = try await PackageInstallation(
            runner: runner(["uv": "uv 0.13.9 (abc)"]), temporaryDirectory: scene.folder, secrets: [:],
            cache: nil
        ).layers(
            over: BaseFacts(image: base(in: scene), tree: tree), for: platform("linux/amd64"),
            setup: named.setup,
            store: LayerStore(cache: nil, temporaryDirectory: scene.folder, time: 0), layerCount: 1,
            report: { _ in })
    }

    // MARK: builds

    /// A build on a machine without engines.
    private static func build(in scene: Scene) async throws {
        var dependencies = BuiltinDependencies.system
        dependencies.folders = [scene.folder]
        let engine = ImageSpec.BuildEngine(policy: .init())
        engine.register("default", ImageSpec.BuiltinBuilder(output: nil, of: nil, dependencies: dependencies))
        try await engine.build(ImageSpec(name: "a", baseImage: "base:1"), in: scene.context)
    }
}
