// SPDX-License-Identifier: Apache-2.0

import ImageSpec
import ImageSpecBuilding
import Synchronization
import Testing

@testable import ImageSpecContainers

/// The choice of the engine where nobody requests one.
@Suite struct DefaultEngineTests {
    struct Choice: Sendable, CustomTestStringConvertible {
        var spec: ImageSpec
        /// Why it is not made without an engine; nil if it is.
        var reason: String?
        var pushes = true
        var buildxBuilder: String?

        var testDescription: String { reason ?? "builtin" }
    }

    private static func spec(_ change: (ImageSpec) -> ImageSpec = { $0 }) -> ImageSpec {
        change(ImageSpec(name: "a", registry: "r.io", packages: ["six"], baseImage: "debian:12"))
    }

    static let choices: [Choice] = [
        Choice(spec: spec()),
        Choice(spec: spec { $0.withPlatform("linux/amd64,linux/arm64") }),
        Choice(spec: spec { $0.withBuilderOptions(["network": "host", "cache": false]) }),
        Choice(spec: spec { $0.withBaseImage(.spec(spec())) }),
        Choice(spec: spec { $0.withPipSecretMounts([.init(source: "n", target: "/root/.netrc")]) }),
        Choice(
            spec: spec { $0.withAptPackages(["git"]).withCommands(["true"]) },
            reason: "builtin does not support apt_packages, commands"),
        Choice(
            spec: spec { $0.withBuilderOptions(["cache_to": "r.io/cache", "sbom": true]) },
            reason: "builtin does not support builder_options.cache_to, builder_options.sbom"),
        Choice(
            spec: spec { $0.withPipSecretMounts([.init(source: "n", target: "/run/secrets/n")]) },
            reason: "builtin does not support pip_secret_mounts[0]"),
        Choice(spec: spec(), reason: "the image is not pushed", pushes: false),
        Choice(spec: spec { $0.withRegistry(nil) }, reason: "registry is not set"),
        Choice(
            spec: spec { $0.withBaseImage(.spec(spec().withRegistry(nil))) },
            reason: "its base image is in no registry"),
        Choice(spec: spec(), reason: "BUILDX_BUILDER is set", buildxBuilder: "team"),
    ]

    @Test(arguments: choices) func theSpecTellsWhetherAnEngineIsNeeded(_ choice: Choice) {
        let base: String? =
            if case .spec(let base)? = choice.spec.baseImage {
                (base.registry.map { $0 + "/" } ?? "") + "a:base"
            } else { nil }
        let request = ImageSpec.BuildRequest(
            spec: choice.spec, imageName: "r.io/a:1", baseImageName: base,
            context: .init(workingDirectory: "/", hostArchitecture: "x86_64"),
            policy: .init(pushes: choice.pushes))
        let method = BuildMethod(of: request, nil, buildxBuilder: choice.buildxBuilder)
        if case .engineByDefault(let obstacle) = method {
            #expect(obstacle.reason == choice.reason)
        } else {
            #expect(choice.reason == nil)
        }
        // A request counts more than the default.
        #expect(!BuildMethod(of: request, .docker, buildxBuilder: nil).usesBuiltin)
        #expect(BuildMethod(of: request, .builtin, buildxBuilder: nil).usesBuiltin)
    }

    /// Builds with programs of which each invocation with the argument `failing` fails.
    private func build(_ spec: ImageSpec, programs: [String], failing: String = "") async throws -> (
        result: Result<ImageSpec.BuildResult, any Error>, events: [ImageSpec.BuildEvent]
    ) {
        try await withTemporaryFolder { folder in
            for program in programs { try write("", to: folder + "/bin/" + program, mode: 0o755) }
            let fake = FakeRunner {
                if !failing.isEmpty, $0.arguments.contains(failing) { return .failure("it is broken") }
                return .output($0.arguments == ["--version"] ? "buildah version 1.28.2" : "")
            }
            let events = Mutex<[ImageSpec.BuildEvent]>([])
            let engine = ImageSpec.BuildEngine(policy: .init()) { event in
                events.withLock { $0.append(event) }
            }
            engine.register(
                "default",
                ImageSpec.ContainerBuilder(
                    runner: fake.runner, folders: [folder + "/bin"],
                    registry: RegistryImages(existence: { _, _ in .absent }, specID: { _, _, _ in nil })))
            let context = ImageSpec.Context(
                workingDirectory: folder, hostArchitecture: "x86_64", digestCache: .off)
            do {
                let result = try await engine.result(of: spec, in: context)
                return (.success(result), events.withLock { $0 })
            } catch {
                return (.failure(error), events.withLock { $0 })
            }
        }
    }

    @Test func withoutUvAnEngineInstallsThePackages() async throws {
        let seen = try await build(Self.spec(), programs: ["buildah"])
        let result = try seen.result.get()
        #expect(result.engine == "buildah 1.28.2")
        let started = seen.events.compactMap { event in
            if case .started(_, let engine, let reason) = event { (engine, reason ?? "") } else { nil }
        }
        #expect(started.last?.0 == "buildah 1.28.2")
        #expect(started.last?.1.contains("uv") == true)
    }

    @Test func withoutUvAndAnEngineUvIsToBeInstalled() async throws {
        let seen = try await build(Self.spec(), programs: [])
        let error = #expect(throws: ImageSpecError.self) { try seen.result.get() }
        #expect(error?.code == .toolUnavailable)
        #expect(error?.message.contains("docker is not on PATH") == true)
        #expect(error?.message.hasSuffix("install uv: pip install uv") == true)
    }

    @Test func aBaseThatCannotBeReadIsTriedWithAnEngine() async throws {
        let spec = ImageSpec(name: "a", registry: "r.io", baseImage: "localhost:1/base:1")
        let seen = try await build(spec, programs: ["buildah"])
        #expect(try seen.result.get().engine == "buildah 1.28.2")

        // If the engine fails too, the first problem is the first to be read, and the exit status is about it.
        let broken = try await build(spec, programs: ["buildah"], failing: "push")
        let both = #expect(throws: ImageSpecError.self) { try broken.result.get() }
        #expect(both?.problems.count == 2)
        #expect(both?.problems.first?.message.contains("localhost:1") == true)
        #expect(both?.problems.last?.message.contains("buildah 1.28.2") == true)

        let alone = try await build(spec, programs: [])
        let error = #expect(throws: ImageSpecError.self) { try alone.result.get() }
        #expect(error?.message.contains("localhost:1") == true)
    }
}
