// SPDX-License-Identifier: Apache-2.0

import Foundation
import ImageSpec
import ImageSpecBuilding
import Synchronization
import Testing

@testable import ContentTree
@testable import ImageSpecContainers

/// What the builder asks of envd: the commands, in order, and the file that they find.
@Suite struct EnvdBuilderTests {
    private struct Seen {
        var result: Result<ImageSpec.BuildResult, any Error>
        /// The commands, without the temporary folder.
        var lines: [String]
        var environments: [[String: String?]]
        /// What stood in `build.envd` when envd was to build.
        var file: String?
        var asked: [String]
        var events: [ImageSpec.BuildEvent]

        /// What was shown of envd's output.
        var shown: [String] {
            events.compactMap {
                guard case .output(let line, _) = $0 else { return nil }
                return line
            }
        }

        var error: ImageSpecError? {
            guard case .failure(let error) = result else { return nil }
            return error as? ImageSpecError
        }
    }

    private static let working: [String: CommandOutcome] = [
        "envd version": .output("envd: v1.3.6"), "envd context": .output(), "envd build": .output("#1 done"),
        "envd bootstrap": .output(), "docker version": .output("20.10.24"),
        "docker buildx": .output("buildx"), "docker image inspect": .failure("Error: No such image: x"),
    ]

    private func image(
        of spec: ImageSpec, programs: [String] = ["envd", "docker"],
        answers: [String: CommandOutcome] = working, policy: ImageSpec.BuildPolicy = .init(),
        files: [String: String] = [:], registry: ImageSpec.Existence = .absent, context name: String? = nil
    ) async throws -> Seen {
        try await withTemporaryFolder { folder in
            for program in programs { try write("", to: folder + "/bin/" + program, mode: 0o755) }
            for (path, text) in files { try write(text, to: folder + "/project/" + path) }
            let file = Mutex<String?>(nil)
            let fake = FakeRunner { command in
                let words = [command.executable.split(separator: "/").last.map(String.init) ?? ""]
                let line = (words + command.arguments).joined(separator: " ")
                if command.arguments.first == "build", command.arguments.count > 2 {
                    let text = try String(
                        contentsOfFile: command.arguments[2] + "/build.envd", encoding: .utf8)
                    file.withLock { $0 = text }
                }
                return answers.filter { line.hasPrefix($0.key) }.max { $0.key.count < $1.key.count }?.value
            }
            let asked = Mutex<[String]>([])
            let images = RegistryImages(
                existence: { image, _ in
                    asked.withLock { $0.append(image) }
                    return registry
                },
                specID: { _, _, _ in nil })
            let events = Mutex<[ImageSpec.BuildEvent]>([])
            let engine = ImageSpec.BuildEngine(policy: policy) { event in
                events.withLock { $0.append(event) }
            }
            let variables = ["HOME": folder + "/project", "FLYTE_ENVD_CONTEXT": name]
            engine.register(
                "envd",
                ImageSpec.EnvdBuilder(
                    runner: fake.runner, folders: [folder + "/bin"], registry: images,
                    environment: { variables[$0] ?? nil }))
            let surroundings = ImageSpec.Context(
                workingDirectory: folder + "/project", hostArchitecture: "x86_64")
            let result: Result<ImageSpec.BuildResult, any Error>
            do {
                result = .success(try await engine.result(of: spec, in: surroundings))
            } catch {
                result = .failure(error)
            }
            return Seen(
                result: result,
                lines: fake.lines.map {
                    $0.replacing(#/\/[^ =]*\/imagespec-[A-Za-z0-9]{6}/#, with: "TMP").replacing(
                        folder, with: "HERE")
                }, environments: fake.commands.map(\.environment), file: file.withLock { $0 },
                asked: asked.withLock { $0 }, events: events.withLock { $0 })
        }
    }

    private let spec = ImageSpec(
        name: "a", builder: "envd", registry: "r.io/x", baseImage: "debian:1", tagFormat: "t{spec_hash:.8}")

    private func name(_ spec: ImageSpec) throws -> String {
        try spec.imageName(in: .init(workingDirectory: "/", hostArchitecture: "x86_64"))
    }

    private static let creation =
        "envd context create --name flyte --builder docker-container --builder-address buildkitd-demo --use"

    @Test func whatIsAbsentIsBuiltAndPushed() async throws {
        let seen = try await image(of: spec)
        let result = try seen.result.get()
        let name = try name(spec)
        #expect(result.outcome == .built)
        #expect(result.engine == "envd 1.3.6")
        #expect(seen.asked == [name])
        #expect(
            seen.lines == [
                "envd version --short", Self.creation,
                "envd build --path TMP/context --platform linux/amd64 --force --output type=image,name=\(name),push=true",
            ])
        #expect(seen.environments.allSatisfy { $0["ENVD_ANALYTICS"] == "false" })
        #expect(seen.file == (try ImageSpec.EnvdFile(spec).text))
    }

    @Test func withoutARegistryTheImageStaysInDocker() async throws {
        let local = spec.withRegistry("")
        let seen = try await image(of: local)
        let name = try name(local)
        #expect(try seen.result.get().outcome == .built)
        #expect(seen.asked == [])
        #expect(
            seen.lines.suffix(3) == [
                "envd version --short", Self.creation,
                "envd build --path TMP/context --platform linux/amd64 --force --tag \(name)",
            ])
        let notPushed = try await image(of: spec, policy: .init(pushes: false))
        #expect(
            notPushed.lines.last
                == "envd build --path TMP/context --platform linux/amd64 --force --tag \(try self.name(spec))"
        )
        let there = try await image(
            of: local, answers: Self.working.merging(["docker image inspect": .output("sha256:abc ")]) { $1 })
        #expect(try there.result.get().outcome == .found)
        #expect(there.lines.allSatisfy { !$0.hasPrefix("envd") })
    }

    @Test func whatIsThereIsNotBuiltUnlessForced() async throws {
        let found = try await image(of: spec, programs: [], registry: .present(digest: "sha256:d"))
        #expect(try found.result.get().outcome == .found)
        #expect(try found.result.get().digest == "sha256:d")
        #expect(found.lines == [])
        let forced = try await image(of: spec.forcePush(), registry: .present(digest: nil))
        #expect(try forced.result.get().outcome == .built)
        let unknown = try await image(of: spec, registry: .unknown(reason: "no answer"))
        #expect(unknown.error?.code == .existenceUnknown)
        let assumed = try await image(
            of: spec, policy: .init(assumesExists: true), registry: .unknown(reason: "no answer"))
        #expect(try assumed.result.get().outcome == .assumed)
    }

    // MARK: contexts

    @Test func aContextThatIsThereIsUsed() async throws {
        var answers = Self.working
        answers["envd context create"] = .failure("context \"flyte\" exists")
        answers["envd context use"] = .output("flyte is used")
        let seen = try await image(of: spec, answers: answers)
        #expect(try seen.result.get().outcome == .built)
        #expect(seen.lines[1...2] == [Self.creation, "envd context use --name flyte"])
        // That it is there is no news; that it was made is.
        #expect(seen.shown == ["flyte is used", "#1 done"])
        answers["envd context create"] = .output("flyte is made")
        #expect(try await image(of: spec, answers: answers).shown == ["flyte is made", "#1 done"])
        answers["envd context create"] = .failure("context \"flyte\" exists")
        answers["envd context use"] = .failure("no such context")
        let error = try await image(of: spec, answers: answers).error
        #expect(error?.message.contains("context \"flyte\" exists") == true)
        #expect(error?.message.contains("no such context") == true)
    }

    @Test(arguments: ["localhost:30000", "localhost:30000/acme", "LOCALHOST:30000"])
    func theSandboxHasAContextOfItsOwn(_ registry: String) async throws {
        let seen = try await image(of: spec.withRegistry(registry))
        #expect(
            seen.lines[1]
                == "envd context create --name flyte-sandbox --builder tcp --builder-address localhost:30003 --use"
        )
    }

    @Test func theEnvironmentNamesAContext() async throws {
        let seen = try await image(of: spec, context: "mine")
        #expect(seen.lines[1] == "envd context use --name mine")
        let failing = Self.working.merging(["envd context use": .failure("context \"mine\" is unknown")]) {
            $1
        }
        let error = try await image(of: spec, answers: failing, context: "mine").error
        #expect(error?.code == .toolFailed)
        #expect(error?.message.contains("selecting the envd context") == true)
        #expect(error?.message.contains("context \"mine\" is unknown") == true)
    }

    @Test func registriesAreMadeKnownToTheDaemonOfTheChosenContext() async throws {
        let file = ImageSpec(
            name: "a", builder: "envd", registry: "r.io/x", baseImage: "debian:1", registryConfig: "r.json")
        let seen = try await image(of: file, files: ["r.json": "{}"])
        #expect(
            seen.lines[1...2] == [
                Self.creation,
                "envd bootstrap --with-autocomplete=false --registry-config HERE/project/r.json",
            ])
        let missing = try await image(of: file)
        #expect(missing.error?.code == .missingInput)
        #expect(missing.error?.message.contains("registry_config") == true)
        #expect(!missing.lines.contains { $0.hasPrefix("envd build") })
    }

    // Which one is chosen stands in one file for all of a user's envd commands.
    @Test func nobodyElseUsesEnvdBetweenTheChoiceAndTheEndOfTheBuild() async throws {
        try await withTemporaryFolder { folder in
            try write("", to: folder + "/bin/envd", mode: 0o755)
            struct State {
                var running = 0
                var mostRunning = 0
                var chosen = ""
                /// The context in which each registry's image was built.
                var contexts: [String: Set<String>] = [:]
            }
            let state = Mutex(State())
            let fake = FakeRunner { command in
                let words = command.arguments
                state.withLock { state in
                    state.running += 1
                    state.mostRunning = max(state.mostRunning, state.running)
                    if words.first == "context" { state.chosen = words[3] }
                }
                for _ in 0..<100 { await Task.yield() }
                state.withLock { state in
                    state.running -= 1
                    guard words.first == "build", let output = words.last else { return }
                    let isSandbox = output.contains("localhost:30000")
                    state.contexts[isSandbox ? "sandbox" : "other", default: []].insert(state.chosen)
                }
                return .output("envd: v1.3.6")
            }
            let images = RegistryImages(existence: { _, _ in .absent }, specID: { _, _, _ in nil })
            let context = ImageSpec.Context(workingDirectory: folder, hostArchitecture: "x86_64")
            let warnings = Mutex<[String]>([])
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<8 {
                    let registry = number.isMultiple(of: 2) ? "localhost:30000" : "r.io"
                    let spec = ImageSpec(
                        name: "a\(number)", builder: "envd", registry: registry, baseImage: "debian:1")
                    // Each its own, as in as many processes.
                    let builder = ImageSpec.EnvdBuilder(
                        runner: fake.runner, folders: [folder + "/bin"], registry: images,
                        environment: { $0 == "HOME" ? folder : nil })
                    let request = ImageSpec.BuildRequest(
                        spec: spec, imageName: try spec.imageName(in: context), context: context,
                        policy: .init()
                    ) { event in
                        if case .warning(let text) = event { warnings.withLock { $0.append(text) } }
                    }
                    group.addTask { _ = try await builder.build(request) }
                }
                try await group.waitForAll()
            }
            let seen = state.withLock { $0 }
            #expect(seen.mostRunning == 1)
            #expect(seen.contexts == ["sandbox": ["flyte-sandbox"], "other": ["flyte"]])
            #expect(warnings.withLock { $0 } == [])
        }
    }

    // MARK: what fails

    @Test func withoutEnvdTheErrorSaysHowToGetIt() async throws {
        let error = try await image(of: spec, programs: ["docker"]).error
        #expect(error?.code == .toolUnavailable)
        #expect(error?.message.contains("envd is not on PATH; run: pip install --upgrade envd") == true)
    }

    @Test(arguments: [
        ("envd: v0.3.37", false), ("envd: v0.3.38", true), ("v0.4.0", true), ("1.3.6", true),
        ("envd: v1.0.0-alpha.3+abc", true), ("envd: v0.2.99", false), ("envd: unknown", false), ("", false),
    ])
    func theVersionHasToBeNewEnough(line: String, isNewEnough: Bool) async throws {
        let answers = Self.working.merging(["envd version": .output(line)]) { $1 }
        let seen = try await image(of: spec, answers: answers)
        #expect((seen.error == nil) == isNewEnough)
        guard !isNewEnough else { return }
        #expect(seen.error?.code == .toolUnavailable)
        #expect(seen.error?.message.contains("0.3.38") == true)
        #expect(seen.lines == ["envd version --short"])
    }

    @Test func aFailedBuildShowsWhatEnvdSaid() async throws {
        let answers = Self.working.merging([
            "envd build": .failure(
                "#6 ERROR: process \"bash\" did not complete", "time=\"2026\" level=error msg=\"no\"",
                #"time="2026" level=fatal msg=exit app=envd error="failed to build: \"bash\" ended" version=v1.3.6"#
            )
        ]) { $1 }
        let error = try await image(of: spec, answers: answers).error
        #expect(error?.code == .toolFailed)
        #expect(error?.message.contains("envd 1.3.6 failed at \"building\"") == true)
        #expect(error?.message.contains(": \"bash\" ended\n") == true)
        #expect(error?.message.contains("#6 ERROR: process") == true)
        #expect(error?.message.contains("level=") == false)
    }

    @Test func whatEnvdCannotDoIsFoundBeforeItIsAsked() async throws {
        let wrong = ImageSpec(
            name: "a", builder: "envd", registry: "r.io/x", baseImage: "debian:1",
            pythonExec: "/usr/bin/python3")
        let seen = try await image(of: wrong)
        #expect(seen.error?.code == .unsupportedField)
        #expect(seen.lines == [])
        #expect(seen.asked == [])
    }

    // MARK: who comes to it

    @Test func noSpecComesToItThatDoesNotNameIt() async throws {
        let engine = ImageSpec.BuildEngine.containers()
        #expect(engine.builderNames == ["noop", "default", "envd"])
        // Where it came to envd, cuda would be something that can be rendered.
        let spec = ImageSpec(pythonVersion: "3.10", cuda: "11.2.2")
        let error = await #expect(throws: ImageSpecError.self) { try await engine.build(spec) }
        #expect(error?.message.contains("cuda: not installed by this builder") == true)
    }
}
