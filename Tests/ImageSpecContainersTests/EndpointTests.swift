// SPDX-License-Identifier: Apache-2.0

import ImageSpec
import ImageSpecBuilding
import Synchronization
import Testing

@testable import ContentTree
@testable import ImageSpecContainers

/// Engines that do not answer, before and during a build, and bases that they cannot read.
@Suite struct EndpointTests {
    typealias Options = ImageSpec.OrderedDictionary<ImageSpec.JSONValue>

    private static let rpcError =
        "error: failed to receive status: rpc error: code = Unavailable desc = error reading from server: EOF"

    /// Builds and pushes an image with a program that `answer` speaks for.
    private func build(
        _ program: ImageSpec.ContainerEngine, _ options: Options = [:], builder: String? = nil,
        base: ImageSpec.BaseImage = "debian:1", pushes: Bool = true,
        _ answer: @escaping @Sendable (String) async throws -> CommandOutcome?
    ) async throws -> (result: Result<ImageSpec.BuildResult, any Error>, lines: [String]) {
        try await withTemporaryFolder { folder in
            try write("", to: folder + "/" + program.rawValue, mode: 0o755)
            let fake = FakeRunner { command in
                let line = ([program.rawValue] + command.arguments).joined(separator: " ")
                if let outcome = try await answer(line) { return outcome }
                switch line {
                case "buildctl --version": return .output("buildctl github.com/moby/buildkit v0.12.5 bac3f2b")
                case "docker --version": return .output("Docker version 28.2.2, build e6534b4")
                case "docker version --format {{.Server.Version}}": return .output("28.2.2")
                case "docker buildx version": return .output("github.com/docker/buildx v0.13.1 7884339")
                case "docker buildx inspect": return .output("Driver: docker", "Status: running")
                default: return .output()
                }
            }
            let context = ImageSpec.Context(workingDirectory: folder, hostArchitecture: "x86_64")
            let spec = ImageSpec(
                name: "a", registry: "r.io", baseImage: base, builderOptions: options)
            let scratch = try TemporaryDirectory()
            defer { scratch.remove() }
            var request = ImageSpec.BuildRequest(
                spec: spec, imageName: try spec.imageName(in: context), context: context,
                policy: .init(pushes: pushes))
            if case .spec(let base) = base { request.baseImageName = try base.imageName(in: context) }
            do {
                let job = try await BuildJob(
                    request, wanted: program,
                    finder: EngineFinder(runner: fake.runner, folders: [folder], buildxBuilder: builder),
                    cache: EngineCache(), scratch: scratch)
                return (.success(try await job.build()), fake.lines)
            } catch {
                return (.failure(error), fake.lines)
            }
        }
    }

    // MARK: before the build

    @Test func aDaemonThatTheClientSelectsIsAskedBeforeTheBuild() async throws {
        let (result, lines) = try await build(.buildctl) { line in
            line == "buildctl debug workers" ? .failure("error: connect: connection refused") : nil
        }
        let error = #expect(throws: ImageSpecError.self) { try result.get() }
        #expect(error?.code == .toolUnavailable)
        #expect(error?.message.contains("connect: connection refused") == true)
        #expect(!lines.contains { $0.contains(" build ") })
    }

    @Test func aWrongBuilderOfTheVariableIsFoundBeforeTheBuild() async throws {
        let (result, lines) = try await build(.docker, builder: "nope") { line in
            line == "docker buildx inspect" ? .failure("ERROR: no builder \"nope\" found") : nil
        }
        let error = #expect(throws: ImageSpecError.self) { try result.get() }
        #expect(error?.code == .toolUnavailable)
        #expect(error?.message.contains("no builder \"nope\" found") == true)
        #expect(!lines.contains { $0.contains("buildx build") })
    }

    @Test func theDaemonsOwnBuilderIsNotStarted() async throws {
        let (result, lines) = try await build(.docker) { _ in nil }
        #expect(try result.get().outcome == .built)
        #expect(!lines.contains { $0.contains("--bootstrap") })
    }

    @Test func aRemoteBuilderThatIsInactiveIsNotWaitedFor() async throws {
        let (result, lines) = try await build(.docker, ["builder": "team"]) { line in
            line == "docker buildx inspect team" ? .output("Driver: remote", "Status: inactive") : nil
        }
        let error = #expect(throws: ImageSpecError.self) { try result.get() }
        #expect(error?.code == .toolUnavailable)
        #expect(error?.message.contains("team: its status is inactive") == true)
        #expect(lines.filter { $0.contains("buildx inspect") } == ["docker buildx inspect team"])
    }

    @Test(arguments: [
        "error: failed to list workers: Unavailable: connection error: desc = \"error reading server preface: EOF\"",
        "error: failed to list workers: Unavailable: remote error: tls: certificate required",
        "error: transport: authentication handshake failed: x509: certificate signed by unknown authority",
    ])
    func theAdviceOnCertificatesNamesTheOptions(_ reason: String) async throws {
        for options in [[:], ["address": "tcp://a:1"]] as [Options] {
            let (result, _) = try await build(.buildctl, options) { line in
                line.hasSuffix("debug workers") ? .failure(reason) : nil
            }
            let error = #expect(throws: ImageSpecError.self) { try result.get() }
            #expect(error?.code == .toolUnavailable)
            for option in ["tls_ca", "tls_cert", "tls_key"] {
                #expect(error?.message.contains(option) == true)
            }
        }
    }

    // MARK: during the build

    @Test(arguments: [[:], ["address": "tcp://a:1"]] as [Options])
    func aSingleDaemonThatDiesDuringABuildIsNamed(_ options: Options) async throws {
        let isDead = Mutex(false)
        let (result, _) = try await build(.buildctl, options) { line in
            if line.hasSuffix("debug workers") {
                return isDead.withLock { $0 } ? .failure("error: connect: connection refused") : .output()
            }
            guard line.contains(" build ") else { return nil }
            isDead.withLock { $0 = true }
            return .failure("#1 [1/2] FROM debian:1", Self.rpcError)
        }
        let error = #expect(throws: ImageSpecError.self) { try result.get() }
        #expect(error?.code == .toolUnavailable)
        #expect(error?.message.contains("error reading from server: EOF") == true)
        #expect(error?.message.contains("no longer responds: connect: connection refused") == true)
    }

    @Test func aDockerDaemonThatDiesDuringABuildIsNamed() async throws {
        let isDead = Mutex(false)
        let (result, _) = try await build(.docker) { line in
            if line.contains("buildx build") {
                isDead.withLock { $0 = true }
                return .failure(Self.rpcError)
            }
            let isAsked = line.hasPrefix("docker version")
            return isAsked && isDead.withLock { $0 } ? .failure("Cannot connect to the Docker daemon") : nil
        }
        let error = #expect(throws: ImageSpecError.self) { try result.get() }
        #expect(error?.code == .toolUnavailable)
        #expect(error?.message.contains("Cannot connect to the Docker daemon") == true)
    }

    // MARK: bases

    private static let localBase = ImageSpec.BaseImage.spec(ImageSpec(name: "base"))

    @Test func aBaseThatStaysHereIsRefusedByBuildersElsewhere() async throws {
        let rows: [(ImageSpec.ContainerEngine, Options, String)] = [
            (.buildctl, ["address": "tcp://a:1"], ""), (.docker, ["builder": "team"], "remote"),
            (.docker, ["builder": "team"], "docker-container"), (.docker, [:], "kubernetes"),
        ]
        for (engine, options, driver) in rows {
            let (result, lines) = try await build(engine, options, base: Self.localBase) { line in
                line.hasPrefix("docker buildx inspect")
                    ? .output("Driver: " + driver, "Status: running") : nil
            }
            let error = #expect(throws: ImageSpecError.self) { try result.get() }
            #expect(error?.code == .unsupportedField)
            #expect(error?.message.hasPrefix("base_image: base:") == true)
            #expect(!lines.contains { $0.contains(" build ") })
        }
    }

    @Test func otherBasesAreBuiltOn() async throws {
        let pushed = ImageSpec.BaseImage.spec(ImageSpec(name: "base", registry: "r.io"))
        let existing = ImageSpec.BaseImage.spec(ImageSpec(builder: "noop", baseImage: "debian:1"))
        for base in ["debian:1", pushed, existing] {
            let (result, _) = try await build(.buildctl, ["address": "tcp://a:1"], base: base) { _ in nil }
            #expect(try result.get().outcome == .built)
        }
        let (result, _) = try await build(.docker, base: Self.localBase) { _ in nil }
        #expect(try result.get().outcome == .built)
    }

    // MARK: the docker daemon

    // Source: dockerd 29, whose own BuildKit sets fixed times if images are stored by containerd.
    @Test(arguments: [
        ("29.7.0", "io.containerd.snapshotter.v1", true, true), ("29.7.0", "", true, false),
        ("29.7.0", "io.containerd.snapshotter.v1", false, false),
        ("28.2.2", "io.containerd.snapshotter.v1", true, false),
    ])
    func theDaemonsOwnBuilderSetsFixedTimesIfItCan(
        _ version: String, _ store: String, _ pushes: Bool, _ isAble: Bool
    ) async throws {
        let (result, lines) = try await build(.docker, ["source_date_epoch": 0], pushes: pushes) { line in
            switch line {
            case "docker version --format {{.Server.Version}}": .output(version)
            case "docker info --format {{json .DriverStatus}}": .output("[[\"driver-type\",\"\(store)\"]]")
            default: nil
            }
        }
        if isAble {
            #expect(try result.get().outcome == .built)
            let output = "--output type=registry,rewrite-timestamp=true "
            #expect(lines.contains { $0.contains(output) })
        } else {
            let error = #expect(throws: ImageSpecError.self) { try result.get() }
            #expect(error?.code == .unsupportedField)
        }
    }

    /// With the image store of containerd, the file has another digest than the image.
    @Test func anImageThatStaysHasTheDigestByWhichItIsFound() async throws {
        let (result, _) = try await build(.docker, pushes: false) { line in
            line.hasPrefix("docker image inspect") ? .output("sha256:found 1234") : nil
        }
        #expect(try result.get().digest == "sha256:found")
    }
}
