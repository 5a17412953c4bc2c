// SPDX-License-Identifier: Apache-2.0

import Foundation
import ImageSpec
import ImageSpecBuilding
import Testing

/// The value in daily use: copies, equality, text.
@Suite struct SpecValueTests {
    private static let spec = ImageSpec(
        name: "trainer", env: ["A": "1", "B": "2"], registry: "ghcr.io/acme", packages: ["numpy"],
        baseImage: .spec(ImageSpec(name: "base", baseImage: "debian:12")),
        pipIndex: "https://user:secret@pypi.acme.dev/simple",
        pipExtraIndexURLs: ["https://token@pypi.acme.dev/more"],
        pipSecretMounts: [.init(source: "netrc", target: ".netrc")], entrypoint: [],
        sourceCopyMode: .noCopy,
        builderOptions: ["cache": false, "n": [1, 2.5]] as ImageSpec.OrderedDictionary)

    // MARK: copies

    /// A method that returns a copy, and the same by assignment.
    struct Copy: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let method: @Sendable (ImageSpec) -> ImageSpec
        let change: @Sendable (inout ImageSpec) -> Void

        init(
            _ name: String, _ method: @escaping @Sendable (ImageSpec) -> ImageSpec,
            _ change: @escaping @Sendable (inout ImageSpec) -> Void
        ) {
            testDescription = name
            self.method = method
            self.change = change
        }
    }

    static let copies: [Copy] = [
        Copy("name", { $0.withName("x") }, { $0.name = "x" }),
        Copy("python_version", { $0.withPythonVersion("3.12") }, { $0.pythonVersion = "3.12" }),
        Copy("builder", { $0.withBuilder("noop") }, { $0.builder = "noop" }),
        Copy("source_root", { $0.withSourceRoot("src") }, { $0.sourceRoot = "src" }),
        Copy("env", { $0.withEnv(["B": "3", "C": "4"]) }, { $0.env = ["A": "1", "B": "3", "C": "4"] }),
        Copy("registry", { $0.withRegistry(nil) }, { $0.registry = nil }),
        Copy("packages", { $0.withPackages("a", "b") }, { $0.packages = ["numpy", "a", "b"] }),
        Copy("conda_packages", { $0.withCondaPackages("a") }, { $0.condaPackages = ["a"] }),
        Copy("conda_channels", { $0.withCondaChannels(["a", "b"]) }, { $0.condaChannels = ["a", "b"] }),
        Copy("requirements", { $0.withRequirements("r.txt") }, { $0.requirements = "r.txt" }),
        Copy("apt_packages", { $0.withAptPackages(["git"]) }, { $0.aptPackages = ["git"] }),
        Copy("cuda", { $0.withCUDA("12") }, { $0.cuda = "12" }),
        Copy("cudnn", { $0.withCUDNN("9") }, { $0.cudnn = "9" }),
        Copy("base_image", { $0.withBaseImage("debian:12") }, { $0.baseImage = "debian:12" }),
        Copy("platform", { $0.withPlatform("linux/arm64") }, { $0.platform = "linux/arm64" }),
        Copy("pip_index", { $0.withPipIndex("https://i") }, { $0.pipIndex = "https://i" }),
        Copy(
            "pip_extra_index_url", { $0.withPipExtraIndexURLs("https://i") },
            { $0.pipExtraIndexURLs = ["https://token@pypi.acme.dev/more", "https://i"] }),
        Copy(
            "pip_secret_mounts", { $0.withPipSecretMounts([.init(source: "a", target: "b")]) },
            { $0.pipSecretMounts?.append(.init(source: "a", target: "b")) }),
        Copy("pip_extra_args", { $0.withPipExtraArgs("--pre") }, { $0.pipExtraArgs = "--pre" }),
        Copy("registry_config", { $0.withRegistryConfig("c.json") }, { $0.registryConfig = "c.json" }),
        Copy("entrypoint", { $0.withEntrypoint(["sh"]) }, { $0.entrypoint = ["sh"] }),
        Copy("commands", { $0.withCommands("true") }, { $0.commands = ["true"] }),
        Copy("tag_format", { $0.withTagFormat("v-{spec_hash}") }, { $0.tagFormat = "v-{spec_hash}" }),
        Copy("source_copy_mode", { $0.withSourceCopyMode(.all) }, { $0.sourceCopyMode = .all }),
        Copy("copy", { $0.withCopy("a") }, { $0.copy = ["a"] }),
        Copy(
            "python_exec", { $0.withPythonExec("/usr/bin/python3") }, { $0.pythonExec = "/usr/bin/python3" }),
        Copy("runtime_packages", { $0.withRuntimePackages("a") }, { $0.runtimePackages = ["a"] }),
        Copy(
            "builder_options", { $0.withBuilderOptions(["cache": true]) },
            { $0.builderOptions = ["cache": true, "n": [1, 2.5]] }),
        Copy(
            "builder_config", { $0.withBuilderConfig(["poetry": "2"]) },
            { $0.builderConfig = ["poetry": "2"] }),
    ]

    @Test(arguments: copies) func methodsChangeTheirFieldOnly(copy: Copy) {
        let spec = Self.spec.forcePush()
        let changed = copy.method(spec)
        #expect(changed.isIdentical(to: spec.with(copy.change)) && changed != spec && changed.isForcePush)
    }

    @Test func everyFieldHasAMethod() {
        let fields = Set(Self.copies.map(\.testDescription))
        #expect(fields == Set(ImageSpec.Field.all.map(\.name)))
    }

    @Test func anErrorInAChangeIsRethrown() {
        struct Refused: Error {}
        #expect(throws: Refused.self) { try Self.spec.with { _ in throw Refused() } }
    }

    // MARK: equality

    @Test func equalityIsAboutTheImageAndIdentityAboutTheBytes() throws {
        let spec = Self.spec
        let other = spec.with {
            $0.env = ["B": "2", "A": "1"]
            $0.builderOptions = ["n": [1.0, 2.5], "cache": false]
        }
        #expect(spec == other && spec.hashValue == other.hashValue && spec.id == other.id)
        #expect(!spec.isIdentical(to: other) && spec.isIdentical(to: spec))
        #expect(spec != spec.withEnv(["A": "2"]) && !spec.isIdentical(to: spec.forcePush()))
        // Foundation's decoder loses the order of keys.
        let decoded = try JSONDecoder().decode(ImageSpec.self, from: JSONEncoder().encode(spec))
        #expect(decoded == spec)
        #expect(try ImageSpec(json: spec.json).isIdentical(to: spec))
    }

    @Test func environmentsAreLiteralsOrDictionaries() {
        // Literals keep their order.
        #expect(ImageSpec(env: ["B": "1", "A": "2"]).env?.keys == ["B", "A"])
        let inferred: ImageSpec = .init(name: "a", env: ["B": "1", "A": "2"], packages: ["six"])
        let specs = [
            inferred, ImageSpec(env: ["B": "1", "A": "2"]), ImageSpec(name: "a", env: ["B": "1", "A": "2"]),
        ]
        for spec in specs { #expect(spec.env?.keys == ["B", "A"]) }
        #expect(ImageSpec().withEnv(["B": "1", "A": "2"]).env?.keys == ["B", "A"])
        let variables = ["B": "1", "A": "2"]
        let spec = ImageSpec(name: "a", env: variables, packages: ["six"], builderConfig: ["poetry": "2.2.1"])
        #expect(spec.env?.keys == ["A", "B"])
        let expected = ImageSpec(
            name: "a", env: ["A": "2", "B": "1"], packages: ["six"], builderConfig: ["poetry": "2.2.1"])
        #expect(spec.isIdentical(to: expected))
        #expect(ImageSpec(env: ["C": "3"]).withEnv(variables).env?.keys == ["C", "A", "B"])
        #expect(ImageSpec(env: nil).env == nil && ImageSpec(env: [:]).env?.isEmpty == true)
    }

    // MARK: text

    @Test func aSpecIsPrintedWithItsFieldsAndWithoutCredentials() {
        #expect("\(ImageSpec())" == "ImageSpec()")
        #expect("\(ImageSpec(name: "a\n\"b").forcePush())" == #"ImageSpec(name: "a\n\"b").forcePush()"#)
        let expected =
            #"ImageSpec(name: "trainer", env: ["A": "1", "B": "2"], registry: "ghcr.io/acme", packages: ["numpy"], "#
            + #"baseImage: .spec(ImageSpec(name: "base", baseImage: "debian:12")), "#
            + #"pipIndex: "https://…@pypi.acme.dev/simple", pipExtraIndexURLs: ["https://…@pypi.acme.dev/more"], "#
            + #"pipSecretMounts: [["netrc", ".netrc"]], entrypoint: [], sourceCopyMode: "no_copy", "#
            + #"builderOptions: ["cache": false, "n": [1, 2.5]])"#
        #expect("\(Self.spec)" == expected)
        for text in ["\([Self.spec])", String(reflecting: Self.spec), "\(Self.spec.document)"] {
            #expect(
                !text.contains("secret@") && !text.contains("token@") && text.contains("trainer"), "\(text)")
        }
    }

    @Test func anIdentityIsPrintedAsItsName() throws {
        let context = ImageSpec.Context(workingDirectory: "/", hostArchitecture: "x86_64")
        let spec = ImageSpec(name: "a", pipIndex: "https://user:secret@h/x")
        let identity = try spec.identity(in: context)
        #expect("\(identity)" == "a:" + identity.tag)
    }

    @Test(arguments: [
        (".", "/p/Sources/T"), ("../..", "/p"), ("../../src/", "/p/src"), ("data", "/p/Sources/T/data"),
        ("/abs", "/abs"),
    ])
    func aDirectoryCountsFromTheSourceFile(directory: String, expected: String) {
        let context = ImageSpec.Context(besideFile: "/p/Sources/T/Image.swift", directory: directory)
        #expect(context.workingDirectory == expected)
    }

    @Test func membersRenderLikeTheTypes() throws {
        let context = ImageSpec.Context(besideFile: #filePath)
        let spec = ImageSpec(name: "a", copy: ["SpecValueTests.swift"])
        #expect(try spec.dockerfile(in: context) == ImageSpec.Dockerfile(spec, in: context))
        #expect(try spec.buildContext(in: context).identity == spec.identity(in: context))
        #expect(
            ImageSpec.Context(workingDirectory: "/").hostArchitecture
                == ImageSpec.Context.current.hostArchitecture)
    }
}
