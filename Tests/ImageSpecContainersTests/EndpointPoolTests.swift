// SPDX-License-Identifier: Apache-2.0

import ImageSpec
import ImageSpecBuilding
import Synchronization
import Testing

@testable import ContentTree
@testable import ImageSpecContainers

/// Which of several engines elsewhere builds.
@Suite struct EndpointPoolTests {
    // MARK: the order

    @Test func theLeastBusyIsTakenAndOfSeveralTheFirst() {
        let pool = EndpointPool()
        #expect((0..<5).map { _ in pool.acquire(["a", "b"], except: []) } == ["a", "b", "a", "b", "a"])
        pool.release("a")
        pool.release("a")
        #expect(pool.acquire(["a", "b"], except: []) == "a")
        #expect(pool.acquire(["a", "b"], except: ["a"]) == "b")
        #expect(pool.acquire(["a", "b"], except: ["a", "b"]) == nil)
    }

    @Test func oneThatDidNotAnswerIsTakenLastForAMinute() {
        let time = Mutex(ContinuousClock.now)
        let pool = EndpointPool { time.withLock { $0 } }
        pool.mark("a", isHealthy: false)
        #expect(pool.acquire(["a", "b"], except: []) == "b")
        #expect(pool.acquire(["a", "b"], except: []) == "b")
        // Rather that one than none.
        #expect(pool.acquire(["a", "b"], except: ["b"]) == "a")
        pool.release("a")
        time.withLock { $0 += .seconds(59) }
        #expect(pool.acquire(["a", "b"], except: []) == "b")
        time.withLock { $0 += .seconds(1) }
        #expect(pool.acquire(["a", "b"], except: []) == "a")
        pool.release("a")
        pool.mark("a", isHealthy: false)
        pool.mark("a", isHealthy: true)
        #expect(pool.acquire(["a", "b"], except: []) == "a")
    }

    // MARK: builds

    private struct Seen {
        var results: [Result<ImageSpec.BuildResult, any Error>] = []
        var warnings: [String] = []
        var lines: [String] = []
    }

    /// Builds of one builder, one after the other or all at once, with programs that `answer` speaks for.
    private func build(
        _ options: ImageSpec.OrderedDictionary<ImageSpec.JSONValue>, program: String, count: Int = 1,
        atOnce: Bool = false, files: [String] = [], pushes: Bool = true,
        _ answer: @escaping @Sendable (String) async throws -> CommandOutcome
    ) async throws -> Seen {
        try await withTemporaryFolder { folder in
            try write("", to: folder + "/bin/" + program, mode: 0o755)
            for file in files { try write("x", to: folder + "/project/" + file) }
            try write("x", to: folder + "/project/file")
            let fake = FakeRunner { command in
                let line = ([program] + command.arguments).joined(separator: " ")
                switch line {
                case "buildctl --version": return .output("buildctl github.com/moby/buildkit v0.12.5 bac3f2b")
                case "docker --version": return .output("Docker version 28.2.2, build e6534b4")
                case "docker buildx version": return .output("github.com/docker/buildx v0.13.1 7884339")
                default: return try await answer(line)
                }
            }
            let warnings = Mutex<[String]>([])
            let images = RegistryImages(existence: { _, _ in .absent }, specID: { _, _, _ in nil })
            let builder = ImageSpec.ContainerBuilder(
                runner: fake.runner, folders: [folder + "/bin"], registry: images)
            let context = ImageSpec.Context(
                workingDirectory: folder + "/project", hostArchitecture: "x86_64")
            let requests = try (0..<count).map { index in
                let spec = ImageSpec(
                    name: "a\(index)", registry: "r.io", baseImage: "debian:1", copy: ["file"],
                    builderOptions: options)
                return ImageSpec.BuildRequest(
                    spec: spec, imageName: try spec.imageName(in: context), context: context,
                    policy: .init(pushes: pushes)
                ) { event in
                    if case .warning(let text) = event { warnings.withLock { $0.append(text) } }
                }
            }
            var seen = Seen()
            if atOnce {
                seen.results = await withTaskGroup(of: Result<ImageSpec.BuildResult, any Error>.self) {
                    group in
                    for request in requests {
                        group.addTask { await Self.result(builder, request) }
                    }
                    return await group.reduce(into: []) { $0.append($1) }
                }
            } else {
                for request in requests { seen.results.append(await Self.result(builder, request)) }
            }
            seen.warnings = warnings.withLock { $0 }
            seen.lines = fake.lines
            return seen
        }
    }

    private static func result(
        _ builder: ImageSpec.ContainerBuilder, _ request: ImageSpec.BuildRequest
    ) async -> Result<ImageSpec.BuildResult, any Error> {
        do { return .success(try await builder.build(request)) } catch { return .failure(error) }
    }

    private let three: ImageSpec.OrderedDictionary<ImageSpec.JSONValue> = [
        "addresses": ["tcp://a:1", "tcp://b:1", "tcp://c:1"]
    ]

    /// Waits until some builds run at the same time.
    private final class Meeting: Sendable {
        private let state = Mutex<(waiting: [CheckedContinuation<Void, Never>], left: Int)>(([], 0))
        init(of count: Int) { state.withLock { $0.left = count } }

        func arrive() async {
            await withCheckedContinuation { continuation in
                let ready = state.withLock { state in
                    state.waiting.append(continuation)
                    state.left -= 1
                    guard state.left == 0 else { return [] as [CheckedContinuation<Void, Never>] }
                    defer { state.waiting = [] }
                    return state.waiting
                }
                for continuation in ready { continuation.resume() }
            }
        }
    }

    @Test func buildsAtOnceSpreadEvenly() async throws {
        let meeting = Meeting(of: 6)
        let seen = try await build(three, program: "buildctl", count: 6, atOnce: true) { line in
            if line.contains(" build ") { await meeting.arrive() }
            return .output()
        }
        let engines = try seen.results.map { try $0.get().engine ?? "" }.sorted()
        let names = ["tcp://a:1", "tcp://b:1", "tcp://c:1"].map { "buildctl 0.12.5, " + $0 }
        #expect(engines == names.flatMap { [$0, $0] })
        #expect(seen.warnings.isEmpty)
    }

    @Test func aDeadOneIsPassedOverWithOneWarning() async throws {
        let seen = try await build(three, program: "buildctl", count: 3) { line in
            line.contains("tcp://a:1") ? .failure("connection refused") : .output()
        }
        for result in seen.results { #expect(try result.get().engine == "buildctl 0.12.5, tcp://b:1") }
        #expect(
            seen.warnings == [
                "tcp://a:1 does not answer and is skipped for 60 seconds: connection refused"
            ])
        #expect(seen.lines.filter { $0.contains("tcp://a:1") } == ["buildctl --addr tcp://a:1 debug workers"])
    }

    @Test func whereNoneAnswersEachReasonIsTold() async throws {
        let seen = try await build(three, program: "buildctl") { _ in .failure("connection refused") }
        let error = #expect(throws: ImageSpecError.self) { try seen.results[0].get() }
        #expect(error?.code == .toolUnavailable)
        for name in ["tcp://a:1", "tcp://b:1", "tcp://c:1"] {
            #expect(error?.message.contains(name + ": connection refused") == true)
        }
        #expect(!seen.lines.contains { $0.contains(" build ") })
    }

    @Test func oneThatDiesDuringABuildGivesWayToTheNext() async throws {
        let isDead = Mutex(false)
        let seen = try await build(three, program: "buildctl") { line in
            if line.contains("tcp://a:1"), line.contains(" build ") {
                isDead.withLock { $0 = true }
                return .failure("error: connection reset")
            }
            return line.contains("tcp://a:1") && isDead.withLock({ $0 }) ? .failure("refused") : .output()
        }
        #expect(try seen.results[0].get().engine == "buildctl 0.12.5, tcp://b:1")
        #expect(seen.warnings.count == 1)
    }

    @Test func aBuildThatFailsWhereTheEngineLivesIsNotTriedElsewhere() async throws {
        let seen = try await build(three, program: "buildctl") { line in
            line.contains(" build ") ? .failure("error: failed to solve: no such package") : .output()
        }
        let error = #expect(throws: ImageSpecError.self) { try seen.results[0].get() }
        #expect(error?.code == .toolFailed)
        #expect(error?.message.contains("buildctl 0.12.5, tcp://a:1 failed") == true)
        #expect(error?.message.contains("failed at \"building\": no such package") == true)
        #expect(seen.lines.filter { $0.contains(" build ") }.count == 1)
        #expect(seen.warnings.isEmpty)
    }

    @Test func aCancelledBuildGivesItsPlaceBack() async throws {
        let seen = try await build(three, program: "buildctl", count: 2) { line in
            if line.contains(" build ") { throw CancellationError() }
            return .output()
        }
        // The second build takes the first place again: nobody is there.
        #expect(seen.lines.filter { $0.contains("tcp://a:1 build ") }.count == 2)
        #expect(seen.results.allSatisfy { if case .failure = $0 { true } else { false } })
    }

    @Test func buildersOfBuildxAreStartedIfPossibleAndNeedNoLocalDaemon() async throws {
        let seen = try await build(["builders": ["east", "west"]], program: "docker") { line in
            switch line {
            case "docker buildx inspect east": .failure("ERROR: no builder \"east\" found")
            case "docker buildx inspect west": .output("Driver: kubernetes", "Status: inactive")
            default: .output()
            }
        }
        let result = try seen.results[0].get()
        #expect(result.engine == "docker 28.2.2 (buildx), west")
        #expect(!seen.lines.contains { $0.hasPrefix("docker version") })
        #expect(
            seen.lines.filter { $0.contains("inspect") } == [
                "docker buildx inspect east", "docker buildx inspect west",
                "docker buildx inspect --bootstrap west",
            ])
        #expect(seen.warnings.count == 1)
    }

    @Test func certificatesReachTheClientByLinks() async throws {
        let options: ImageSpec.OrderedDictionary<ImageSpec.JSONValue> = [
            "address": "tcp://a:1", "tls_ca": "my, tls/ca.pem", "tls_cert": "my, tls/cert.pem",
            "tls_key": "my, tls/key.pem",
        ]
        let files = ["ca", "cert", "key"].map { "my, tls/\($0).pem" }
        let seen = try await build(options, program: "buildctl", files: files) { _ in .output() }
        #expect(try seen.results[0].get().outcome == .built)
        let calls = seen.lines.filter { $0.contains("--addr") }
        #expect(calls.count == 2)
        for line in calls {
            #expect(line.contains(#/--tlscacert \S+/tls_ca --tlscert \S+/tls_cert --tlskey \S+/tls_key /#))
            #expect(!line.contains("my, tls"))
        }
        let gone = try await build(options, program: "buildctl") { _ in .output() }
        let error = #expect(throws: ImageSpecError.self) { try gone.results[0].get() }
        #expect(error?.code == .missingInput)
        #expect(error?.message.contains("tls_ca: cannot read the file \"my, tls/ca.pem\"") == true)
    }

    @Test func buildctlKeepsNoImagesHere() async throws {
        let seen = try await build(three, program: "buildctl", pushes: false) { _ in .output() }
        let error = #expect(throws: ImageSpecError.self) { try seen.results[0].get() }
        #expect(error?.code == .unsupportedField)
        #expect(!seen.lines.contains { $0.contains("--addr") })
    }
}
