// SPDX-License-Identifier: Apache-2.0

import ImageSpec
import ImageSpecBuilding
import Synchronization
import Testing

@testable import ContentTree
@testable import ImageSpecContainers

/// What keeps an image from being built, found before its base is.
@Suite struct BeforehandTests {
    typealias Options = ImageSpec.OrderedDictionary<ImageSpec.JSONValue>

    private static let clientOfDocker: [String: CommandOutcome] = [
        "docker --version": .output("Docker version 28.2.2, build e6534b4"),
        "docker version": .output("28.2.2"), "docker build ": .output("  --secret stringArray"),
        "docker push": .output(), "docker image inspect": .failure("Error: No such image: x"),
    ]
    private static let buildx: [String: CommandOutcome] = [
        "docker buildx version": .output("github.com/docker/buildx v0.13.1 7884339"),
        "docker buildx build": .output(),
        "docker buildx inspect": .output("Name:   default", "Driver: docker", "", "Nodes:"),
    ]
    private static let buildah: [String: CommandOutcome] = [
        "buildah info": .output("{"), "buildah --version": .output("buildah version 1.28.2"),
        "buildah build": .output(), "buildah push": .output(),
    ]

    private struct Seen {
        var result: Result<ImageSpec.BuildResult, any Error>
        var lines: [String]
        var asked: Int
    }

    /// Has an image built whose base is a spec without options.
    private func build(
        _ options: Options, on answers: [String: CommandOutcome], registry: String? = "r.io",
        platform: String? = nil, secret: String? = nil, existence: ImageSpec.Existence = .absent
    ) async throws -> Seen {
        try await withTemporaryFolder { folder in
            let programs = Set(answers.keys.compactMap { $0.split(separator: " ").first.map(String.init) })
            for program in programs {
                try write("", to: folder + "/bin/" + program, mode: 0o755)
            }
            let fake = FakeRunner { command in
                let program = command.executable.split(separator: "/").last.map(String.init) ?? ""
                let line = ([program] + command.arguments).joined(separator: " ")
                return answers.filter { line.hasPrefix($0.key) }.max { $0.key.count < $1.key.count }?.value
            }
            let asked = Mutex(0)
            let images = RegistryImages(
                existence: { _, _ in
                    asked.withLock { $0 += 1 }
                    return existence
                }, specID: { _, _, _ in nil })
            let engine = ImageSpec.BuildEngine(policy: .init())
            engine.register(
                "default",
                ImageSpec.ContainerBuilder(
                    engine: programs.first.flatMap(ImageSpec.ContainerEngine.init), runner: fake.runner,
                    folders: [folder + "/bin"], registry: images))
            let base = ImageSpec(name: "base", registry: registry, baseImage: "debian:1")
            let spec = ImageSpec(
                name: "a", registry: registry, packages: ["six"], baseImage: .spec(base), platform: platform,
                pipSecretMounts: secret.map { [.init(source: $0, target: "/root/.netrc")] },
                builderOptions: options)
            let result: Result<ImageSpec.BuildResult, any Error>
            do {
                result = .success(
                    try await engine.result(
                        of: spec, in: .init(workingDirectory: folder, hostArchitecture: "x86_64")))
            } catch {
                result = .failure(error)
            }
            return Seen(result: result, lines: fake.lines, asked: asked.withLock { $0 })
        }
    }

    struct Case: Sendable, CustomTestStringConvertible {
        var options: Options
        var answers: [String: CommandOutcome]
        var registry: String? = "r.io"
        var platform: String?
        var text: String
        var testDescription: String { text }
    }

    private static let both = clientOfDocker.merging(buildx) { $1 }

    @Test(arguments: [
        Case(options: ["provenance": true], answers: both, registry: nil, text: "set registry and push"),
        Case(options: ["sbom": true], answers: buildah, text: "does not support attestations"),
        Case(
            options: ["address": "tcp://a:1"], answers: [:], registry: nil,
            text: "does not keep images on this"),
        Case(
            options: ["engine": "buildctl"], answers: [:], registry: nil, text: "does not keep images on this"
        ),
        Case(options: ["cache_to": "inline"], answers: buildah, text: "does not support inline caches"),
        Case(options: ["cache_to": "r.io/c"], answers: clientOfDocker, text: "supports only \"inline\""),
        Case(options: ["network": "mine"], answers: both, text: "supports only host, none and default"),
        Case(options: ["source_date_epoch": 0], answers: both, text: "cannot set fixed file times"),
        Case(
            options: [:], answers: clientOfDocker, platform: "linux/amd64,linux/arm64", text: "buildx plugin"),
        Case(
            options: ["address": "tcp://a:1", "tls_ca": "ca.pem"], answers: [:],
            text: "tls_ca: cannot read the file \"ca.pem\""),
    ])
    func whatCannotBeDoneIsFoundBeforeTheBaseIsBuilt(_ example: Case) async throws {
        let seen = try await build(
            example.options, on: example.answers, registry: example.registry, platform: example.platform)
        let error = #expect(throws: ImageSpecError.self) { try seen.result.get() }
        #expect(error?.message.contains(example.text) == true, "\(error?.message ?? "")")
        #expect(!seen.lines.contains { $0.contains(" --iidfile ") || $0.contains(" --manifest ") })
    }

    @Test func anImageThatIsThereNeedsNoEngineWhateverItsOptions() async throws {
        let seen = try await build(
            ["sbom": true, "source_date_epoch": 0], on: [:], existence: .present(digest: "sha256:d"))
        #expect(try seen.result.get().outcome == .found)
        #expect(seen.lines == [])
        // The check and the build ask the registry once; the base has no such options, and is found by its build.
        #expect(seen.asked == 2)
    }

    // An image that is there needs no secrets.
    @Test(arguments: ["r.io", nil] as [String?], [true, false])
    func aMissingSecretIsFoundBeforeTheBaseIsBuilt(_ registry: String?, _ isPresent: Bool) async throws {
        var answers = Self.buildah
        answers["buildah inspect"] =
            isPresent
            ? .output("sha256:" + String(repeating: "0", count: 64)) : .failure("Error: a: image not known")
        let seen = try await build(
            [:], on: answers, registry: registry, secret: "none",
            existence: isPresent ? .present(digest: "sha256:d") : .absent)
        if isPresent {
            #expect(try seen.result.get().outcome == .found)
            return
        }
        let error = #expect(throws: ImageSpecError.self) { try seen.result.get() }
        #expect(error?.code == .missingInput)
        #expect(error?.message.hasPrefix("pip_secret_mounts[0]: ") == true, "\(error?.message ?? "")")
        #expect(error?.message.contains("none\" does not exist") == true, "\(error?.message ?? "")")
        #expect(!seen.lines.contains { $0.hasPrefix("buildah build") })
    }

    @Test func whatEveryEngineCanDoAsksNothingMore() async throws {
        let seen = try await build(["network": "host", "cache": false], on: Self.buildah)
        #expect(try seen.result.get().outcome == .built)
        #expect(seen.asked == 2)
    }

    // MARK: builders of buildx

    private func job(
        _ options: Options, builder: String?, pushes: Bool = true, cache: EngineCache = EngineCache(),
        _ answers: [String: CommandOutcome]
    ) async throws -> (job: BuildJob, lines: [String]) {
        try await withTemporaryFolder { folder in
            try write("", to: folder + "/docker", mode: 0o755)
            let fake = FakeRunner { command in
                let line = (["docker"] + command.arguments).joined(separator: " ")
                return answers.filter { line.hasPrefix($0.key) }.max { $0.key.count < $1.key.count }?.value
            }
            let context = ImageSpec.Context(workingDirectory: folder, hostArchitecture: "x86_64")
            let spec = ImageSpec(
                name: "a", registry: "r.io", baseImage: "debian:1", builderOptions: options)
            let scratch = try TemporaryDirectory()
            defer { scratch.remove() }
            let job = try await BuildJob(
                ImageSpec.BuildRequest(
                    spec: spec, imageName: try spec.imageName(in: context), context: context,
                    policy: .init(pushes: pushes)),
                wanted: .docker,
                finder: EngineFinder(runner: fake.runner, folders: [folder], buildxBuilder: builder),
                cache: cache, scratch: scratch)
            return (job, fake.lines)
        }
    }

    private static let withoutDaemon = both.merging([
        "docker version": .failure("Cannot connect to the Docker daemon"),
        "docker buildx inspect": .output("Name:          team", "Driver:        kubernetes"),
    ]) { $1 }

    @Test func theBuilderOfTheVariableNeedsNoDaemonForWhatIsPushed() async throws {
        let (job, lines) = try await job([:], builder: "team", Self.withoutDaemon)
        #expect(job.engineName == "docker 28.2.2 (buildx)")
        #expect(!lines.contains { $0.hasPrefix("docker version") })
        for (builder, pushes) in [("team", false), ("", true), (nil, true)] as [(String?, Bool)] {
            let error = await #expect(throws: ImageSpecError.self) {
                try await self.job([:], builder: builder, pushes: pushes, Self.withoutDaemon)
            }
            #expect(error?.code == .toolUnavailable)
            #expect(error?.message.contains("Cannot connect to the Docker daemon") == true)
        }
    }

    @Test func theDriverIsAskedForOnceForEachBuilderAndOnlyForFixedTimes() async throws {
        let cache = EngineCache()
        func questions(_ options: Options) async throws -> [String] {
            let answers = Self.withoutDaemon
            return try await job(options, builder: "team", cache: cache, answers).lines
                .filter { $0.contains("inspect") }
        }
        #expect(try await questions([:]) == [])
        #expect(try await questions(["source_date_epoch": 0]) == ["docker buildx inspect"])
        #expect(try await questions(["source_date_epoch": 0]) == [])
    }

    @Test func ofSeveralBuildersNoneMayBeTheDaemonsOwn() async throws {
        let options: Options = ["builders": ["east", "own"], "source_date_epoch": 0]
        var answers = Self.withoutDaemon
        let (_, lines) = try await job(options, builder: nil, answers)
        #expect(
            lines.filter { $0.contains("inspect") } == [
                "docker buildx inspect east", "docker buildx inspect own",
            ])
        answers["docker buildx inspect own"] = .output("Driver: docker")
        let error = await #expect(throws: ImageSpecError.self) {
            try await self.job(options, builder: nil, answers)
        }
        #expect(error?.message.contains("the builder own") == true)
        // A builder that does not tell is asked again when it is to build.
        answers["docker buildx inspect own"] = .failure("no builder")
        _ = try await job(options, builder: nil, answers)
    }
}
