// SPDX-License-Identifier: Apache-2.0

import Foundation
import ImageSpec
import ImageSpecBuilding
import Synchronization
import Testing

@testable import ContentTree
@testable import ImageSpecContainers

/// What the builder asks of an engine: the commands, in order.
@Suite struct ContainerBuilderTests {
    /// A machine with some programs, what they answer, and a project.
    private struct Machine: ~Copyable {
        var programs: [String]
        /// By the first words of a command; the longest that fits counts.
        var answers: [String: CommandOutcome]

        static func docker(_ answers: [String: CommandOutcome] = [:]) -> Machine {
            Machine(
                programs: ["docker"],
                answers: [
                    "docker version": .output("20.10.24"),
                    "docker build --help": .output("  --secret stringArray"), "docker build": .output(),
                    "docker buildx": .failure("docker: 'buildx' is not a docker command."),
                    "docker push": .output(
                        "The push refers to repository [r]", "1: digest: sha256:abc size: 528"),
                ].merging(answers) { $1 })
        }

        static func buildah(_ answers: [String: CommandOutcome] = [:]) -> Machine {
            Machine(
                programs: ["buildah"],
                answers: [
                    "buildah info": .output("{"), "buildah --version": .output("buildah version 1.28.2"),
                    "buildah build": .output(), "buildah push": .output(), "buildah pull": .output(),
                    "buildah manifest": .output(),
                ].merging(answers) { $1 })
        }
    }

    private struct Seen {
        var result: Result<ImageSpec.BuildResult, any Error>
        var commands: [Command]
        var lines: [String]
        var events: [ImageSpec.BuildEvent]
        /// What the registry was asked, and with which file of credentials.
        var asked: [String]

        /// The commands that do something, without the temporary folder.
        var work: [String] {
            lines.filter { line in
                !["--version", "docker version", "info", "buildx version", "--help"].contains {
                    line.contains($0)
                }
            }.map {
                $0.replacing(
                    #/\/[^ =]*\/imagespec-(?:context-[0-9]+-[0-9a-f]{16}|[A-Za-z0-9]{6})/#, with: "TMP")
            }
        }
    }

    private func image(
        of spec: ImageSpec, on machine: consuming Machine, policy: ImageSpec.BuildPolicy = .init(),
        files: [String: String] = [:], registry: ImageSpec.Existence = .absent, label: String? = nil
    ) async throws -> Seen {
        let programs = machine.programs
        let answers = machine.answers
        return try await withTemporaryFolder { folder in
            for program in programs { try write("", to: folder + "/bin/" + program, mode: 0o755) }
            for (path, text) in files { try write(text, to: folder + "/project/" + path) }
            let fake = FakeRunner { command in
                let line =
                    ([command.executable.split(separator: "/").last.map(String.init) ?? ""]
                    + command.arguments)
                    .joined(separator: " ")
                return answers.filter { line.hasPrefix($0.key) }.max { $0.key.count < $1.key.count }?.value
            }
            let context = ImageSpec.Context(
                workingDirectory: folder + "/project", hostArchitecture: "x86_64")
            let events = Mutex<[ImageSpec.BuildEvent]>([])
            let engine = ImageSpec.BuildEngine(policy: policy) { event in events.withLock { $0.append(event) }
            }
            let asked = Mutex<[String]>([])
            let images = RegistryImages(
                existence: { image, file in
                    asked.withLock {
                        $0.append(image + " " + (file.map { "with " + $0.replacing(folder, with: "") } ?? ""))
                    }
                    return registry
                },
                specID: { _, _, _ in label })
            engine.register(
                "default",
                ImageSpec.ContainerBuilder(
                    engine: programs.first.flatMap(ImageSpec.ContainerEngine.init), runner: fake.runner,
                    folders: [folder + "/bin"], registry: images))
            let result: Result<ImageSpec.BuildResult, any Error>
            do {
                result = .success(try await engine.result(of: spec, in: context))
            } catch {
                result = .failure(error)
            }
            return Seen(
                result: result, commands: fake.commands, lines: fake.lines, events: events.withLock { $0 },
                asked: asked.withLock { $0 })
        }
    }

    private let spec = ImageSpec(
        name: "a", registry: "r.io", baseImage: "debian:1", tagFormat: "t{spec_hash:.8}")

    private func name(_ spec: ImageSpec) throws -> String {
        try spec.imageName(in: .init(workingDirectory: "/", hostArchitecture: "x86_64"))
    }

    // MARK: whether to build

    @Test func whatIsAbsentIsBuiltAndPushedByDocker() async throws {
        let seen = try await image(of: spec, on: .docker())
        let result = try seen.result.get()
        let name = try name(spec)
        #expect(result.outcome == .built)
        #expect(seen.asked == [name + " "])
        #expect(result.digest == "sha256:abc")
        #expect(result.engine == "docker 20.10.24")
        #expect(
            seen.work == [
                "docker build --progress plain --platform linux/amd64 --tag \(name) --iidfile TMP/image-id TMP/context",
                "docker push \(name)",
            ])
        #expect(seen.commands.last { $0.arguments.first == "build" }?.environment["DOCKER_BUILDKIT"] == "1")
        #expect(seen.events.contains(.started(imageName: name, engine: "docker 20.10.24")))
    }

    @Test func whatExistsIsNotBuiltAndNeedsNoEngine() async throws {
        let seen = try await image(
            of: spec, on: Machine(programs: [], answers: [:]), registry: .present(digest: "sha256:abc"),
            label: spec.id)
        let result = try seen.result.get()
        #expect(result.outcome == .found)
        #expect(result.digest == "sha256:abc")
        #expect(result.engine == nil)
        #expect(seen.commands.isEmpty)
        #expect(seen.events == [.finished(imageName: result.imageName, result: result)])
    }

    @Test func aLabelOfAnotherSpecIsAWarning() async throws {
        let seen = try await image(
            of: spec, on: .docker(), registry: .present(digest: "sha256:abc"), label: "1234")
        #expect(try seen.result.get().outcome == .found)
        guard case .warning(let text)? = seen.events.first else {
            Issue.record("there is no warning")
            return
        }
        #expect(text.contains("1234"))
    }

    @Test func aForcedBuildAsksNothing() async throws {
        let seen = try await image(of: spec.forcePush(), on: .docker())
        #expect(try seen.result.get().outcome == .built)
        #expect(seen.asked.isEmpty)
    }

    @Test func whatNobodyCanTellStopsTheBuild() async throws {
        let denied = ImageSpec.Existence.unknown(reason: "authentication required")
        let seen = try await image(of: spec, on: .docker(), registry: denied)
        let error = #expect(throws: ImageSpecError.self) { try seen.result.get() }
        #expect(error?.code == .existenceUnknown)
        #expect(error?.message.contains("authentication required") == true)

        let assumed = try await image(
            of: spec, on: .docker(), policy: .init(assumesExists: true), registry: denied)
        #expect(try assumed.result.get().outcome == .assumed)
        #expect(assumed.events.contains { if case .warning = $0 { true } else { false } })
    }

    @Test func withoutARegistryTheEngineIsAskedAndNothingIsPushed() async throws {
        let local = spec.withRegistry(nil)
        let seen = try await image(
            of: local, on: .docker(["docker image inspect": .failure("Error: No such image: a")]))
        #expect(try seen.result.get().outcome == .built)
        #expect(seen.work.map { $0.split(separator: " ")[1] } == ["image", "build", "image"])
        let found = try await image(
            of: local, on: .docker(["docker image inspect": .output("sha256:def \(local.id)")]))
        #expect(try found.result.get().digest == "sha256:def")
    }

    @Test func withoutPushingTheImageIsLookedForWithTheEngine() async throws {
        let seen = try await image(
            of: spec, on: .buildah(["buildah inspect": .failure("Error: a: image not known")]),
            policy: .init(pushes: false))
        #expect(try seen.result.get().outcome == .built)
        #expect(seen.work.map { $0.split(separator: " ")[1] } == ["inspect", "build"])
    }

    @Test(arguments: [
        ("Error: No such image: nope", true), ("Error: importing settings: nope: image not known", true),
        ("permission denied while trying to connect to the Docker daemon", false),
    ])
    func onlyCertainWordsMeanAbsent(_ reason: String, _ isAbsent: Bool) {
        #expect(LocalImages.existence(reason: reason) == (isAbsent ? .absent : .unknown(reason: reason)))
    }

    // MARK: what is built

    @Test func buildahFetchesFromLoopbackRegistriesBeforeAndWritesTheDigestToAFile() async throws {
        let local = ImageSpec(name: "a", registry: "localhost:5000/x", baseImage: "127.0.0.1:5000/base:1")
        let name = try name(local)
        let seen = try await image(of: local, on: .buildah())
        #expect(try seen.result.get().outcome == .built)
        #expect(
            seen.work == [
                "buildah pull --quiet --tls-verify=false 127.0.0.1:5000/base:1",
                "buildah build --layers --force-rm --platform linux/amd64 --tag \(name) --iidfile TMP/image-id TMP/context",
                "buildah push --digestfile TMP/digest --tls-verify=false \(name) docker://\(name)",
            ])
    }

    @Test func secretsAreFilesOfNumberedNames() async throws {
        let secret = ImageSpec(
            name: "a", packages: ["six"],
            pipSecretMounts: [.init(source: "my,\"secret", target: "/root/.netrc")])
        let seen = try await image(
            of: secret, on: .docker(["docker image inspect": .failure("No such image")]),
            files: ["my,\"secret": "password"])
        #expect(try seen.result.get().outcome == .built)
        let build = try #require(seen.work.first { $0.hasPrefix("docker build ") })
        #expect(build.contains(" --secret id=secret_0,src=TMP/secret_0 "))
        #expect(!seen.lines.contains { $0.contains("my,") || $0.contains("password") })
    }

    @Test func aSecretThatIsNotThereIsNamed() async throws {
        let secret = ImageSpec(
            packages: ["six"], pipSecretMounts: [.init(source: "gone", target: "/root/.netrc")])
        let seen = try await image(
            of: secret, on: .docker(["docker image inspect": .failure("No such image")]))
        let error = #expect(throws: ImageSpecError.self) { try seen.result.get() }
        #expect(error?.code == .missingInput)
        #expect(error?.message.contains("pip_secret_mounts[0]") == true)
    }

    @Test func optionsBecomeArguments() async throws {
        let options = spec.withBuilderOptions(["network": "host", "cache": false, "progress": "plain"])
        let seen = try await image(of: options, on: .docker())
        #expect(seen.work[0].contains(" --network host --no-cache "))
    }

    @Test(
        arguments: [
            (["enigne": "docker"], ImageSpecError.Code.unsupportedField, "did you mean \"engine\"?"),
            (["retries": 3], .unsupportedField, "retries"),
            (["engine": "envd"], .invalidField, "docker, podman, buildah"),
            (["engine": true], .invalidField, "engine"),
            (["network": "--push"], .invalidField, "network"),
            (["network": "a b"], .invalidField, "network"),
            (["cache": "no"], .invalidField, "cache"),
            (["progress": "tty"], .invalidField, "progress"),
        ] as [(ImageSpec.OrderedDictionary<ImageSpec.JSONValue>, ImageSpecError.Code, String)])
    func otherOptionsAreErrors(
        _ options: ImageSpec.OrderedDictionary<ImageSpec.JSONValue>, _ code: ImageSpecError.Code,
        _ text: String
    ) async throws {
        let seen = try await image(of: spec.withBuilderOptions(options), on: .docker())
        let error = #expect(throws: ImageSpecError.self) { try seen.result.get() }
        #expect(error?.code == code)
        #expect(error?.message.contains(text) == true)
        #expect(seen.commands.isEmpty)
    }

    @Test func severalPlatformsMakeAnIndexWhereTheEngineCan() async throws {
        let both = spec.withPlatform("linux/amd64,linux/arm64")
        let seen = try await image(of: both, on: .buildah())
        #expect(try seen.result.get().outcome == .built)
        let name = try name(both)
        let words = seen.work[0].split(separator: " ").map(String.init)
        let index = words[try #require(words.firstIndex(of: "--manifest")) + 1]
        #expect(index.hasPrefix("localhost/imagespec-"))
        // One after the other, because the order of the index is random otherwise.
        for (line, platform) in zip(seen.work, ["linux/amd64", "linux/arm64"]) {
            #expect(line.contains(" --platform \(platform) ") && line.contains(" --manifest \(index) "))
        }
        #expect(seen.work.count == 4)
        #expect(
            seen.work.suffix(2) == [
                "buildah manifest push --all --digestfile TMP/digest \(index) docker://\(name)",
                "buildah manifest rm \(index)",
            ])
        #expect(seen.events.allSatisfy { if case .warning = $0 { false } else { true } })
        for (spec, machine, text) in [
            (both, [:], "buildx"), (both.withRegistry(nil), [:], "platform"),
        ] as [(ImageSpec, [String: CommandOutcome], String)] {
            let seen = try await image(of: spec, on: .docker(machine))
            let error = #expect(throws: ImageSpecError.self) { try seen.result.get() }
            #expect(error?.code == .unsupportedField)
            #expect(error?.message.contains(text) == true)
        }
    }

    @Test func aRegistryConfigReachesEachEngineInItsWay() async throws {
        let folder = ImageSpec(name: "a", registry: "r.io", baseImage: "debian:1", registryConfig: "auth")
        let docker = try await image(
            of: folder, on: .docker(), files: ["auth/config.json": "{}"])
        #expect(docker.asked == [try name(folder) + " with /project/auth/config.json"])
        let push = try #require(docker.commands.last)
        #expect(push.environment["DOCKER_CONFIG"]??.hasSuffix("/docker") == true)

        let file = ImageSpec(name: "a", registry: "r.io", baseImage: "debian:1", registryConfig: "auth.json")
        let buildah = try await image(of: file, on: .buildah(), files: ["auth.json": "{}"])
        #expect(buildah.asked == [try name(file) + " with /project/auth.json"])
        for command in buildah.work { #expect(command.contains(" --authfile TMP/auth.json")) }

        let gone = try await image(of: file, on: .buildah())
        let error = #expect(throws: ImageSpecError.self) { try gone.result.get() }
        #expect(error?.code == .missingInput)
        #expect(error?.message.contains("registry_config") == true)
    }

    // MARK: failures

    @Test func aFailureOfBuildKitNamesTheStepAndItsLastLines() async throws {
        let failure = CommandOutcome(
            status: .exited(1),
            messages: [
                "#5 [2/3] RUN true", "#5 DONE 0.1s", "#6 [3/3] RUN echo one;     exit 3", "#6 sha256:abc",
                "#6 0.312 one",
                "#6 ERROR: executor failed running [/bin/sh -c echo one; exit 3]: exit code: 3",
                "------", " > [3/3] RUN echo one; exit 3:", "------",
                "executor failed running [/bin/sh -c echo one; exit 3]: exit code: 3",
            ])
        let seen = try await image(
            of: spec, on: .docker(["docker build --progress": failure]))
        let error = #expect(throws: ImageSpecError.self) { try seen.result.get() }
        #expect(error?.code == .toolFailed)
        #expect(
            error?.message == """
                \(try name(spec)): docker 20.10.24 failed at "[3/3] RUN echo one; exit 3": exit status 3
                  one
                """)
        #expect(!seen.work.contains { $0.hasPrefix("docker push") })
    }

    @Test func aFailureOfBuildahNamesTheStepAndItsLastLines() async throws {
        let failure = CommandOutcome(
            status: .exited(3), output: ["STEP 4/5: USER root", "STEP 5/5: RUN echo one; exit 3", "one"],
            messages: [
                "subprocess exited with status 3",
                "Error: building at STEP \"RUN echo one; exit 3\": exit status 3",
            ])
        let seen = try await image(of: spec, on: .buildah(["buildah build": failure]))
        let error = #expect(throws: ImageSpecError.self) { try seen.result.get() }
        #expect(
            error?.message == """
                \(try name(spec)): buildah 1.28.2 failed at "STEP 5/5: RUN echo one; exit 3": exit status 3
                  one
                """)
    }

    @Test func aPushThatFailsSaysSo() async throws {
        let seen = try await image(
            of: spec,
            on: .docker(["docker push": .failure("Preparing", "denied: no access")]))
        let error = #expect(throws: ImageSpecError.self) { try seen.result.get() }
        #expect(error?.message.contains("failed at \"pushing\": denied: no access") == true)
    }

    @Test func nothingTemporaryIsLeft() async throws {
        for answers in [[:], ["docker build --progress": .failure("no")]] as [[String: CommandOutcome]] {
            let seen = try await image(of: spec, on: .docker(answers))
            let context = try #require(seen.commands.first { $0.arguments.contains("--tag") }?.arguments.last)
            #expect(context.hasSuffix("/context"))
            #expect(!FileManager.default.fileExists(atPath: String(context.dropLast("/context".count))))
        }
    }
}
