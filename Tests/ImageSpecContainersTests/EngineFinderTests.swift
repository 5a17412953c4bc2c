// SPDX-License-Identifier: Apache-2.0

import Foundation
import ImageSpec
import ImageSpecBuilding
import Testing

@testable import ContentTree
@testable import ImageSpecContainers

/// Which engine is taken is decided by what answers.
@Suite struct EngineFinderTests {
    /// Programs in two folders, `first` and `second` of PATH, and what they answer to their arguments.
    private func find(
        _ wanted: ImageSpec.ContainerEngine? = nil, programs: [String],
        answers: [String: CommandOutcome], requirement: EngineFinder.DockerRequirement = .daemon
    ) async throws -> (engine: DetectedEngine, folder: String) {
        try await withTemporaryFolder { folder in
            for program in programs { try write("", to: folder + "/" + program, mode: 0o755) }
            let fake = FakeRunner { command in
                let program = command.executable.dropFirst(folder.count + 1)
                return answers[([String(program)] + command.arguments).joined(separator: " ")]
            }
            let finder = EngineFinder(runner: fake.runner, folders: [folder + "/first", folder + "/second"])
            return (try await finder.find(wanted, requirement), folder)
        }
    }

    /// On most machines `/bin` is a link to `/usr/bin`, and both are in PATH.
    @Test func oneProgramInTwoFoldersIsToldOnce() async throws {
        try await withTemporaryFolder { folder in
            try write("", to: folder + "/usr/docker", mode: 0o755)
            try write("", to: folder + "/other/docker", mode: 0o755)
            try FileManager.default.createSymbolicLink(
                atPath: folder + "/bin", withDestinationPath: "usr")
            let finder = EngineFinder(
                runner: FakeRunner { _ in .failure("nobody is at home") }.runner,
                folders: ["usr", "bin", "usr", "other"].map { folder + "/" + $0 })
            #expect(finder.programs("docker") == [folder + "/usr/docker", folder + "/other/docker"])
            let error = await #expect(throws: ImageSpecError.self) { try await finder.find(.docker) }
            #expect(error?.message.contains("/bin/docker") == false)
        }
    }

    private let daemon = "version --format {{.Server.Version}}"

    @Test func dockerWithBuildxComesFirst() async throws {
        let (engine, folder) = try await find(
            programs: ["first/docker", "first/buildah"],
            answers: [
                "first/docker --version": .output("Docker version 28.2.2, build e6534b4"),
                "first/docker \(daemon)": .output("26.1.5"), "first/docker buildx version": .output("0.13"),
                "first/buildah info": .output("{"),
                "first/buildah --version": .output("buildah version 1.28.2"),
            ])
        #expect(engine.dialect == .buildx)
        #expect(engine.path == folder + "/first/docker")
        #expect(engine.name == "docker 26.1.5 (buildx)")
    }

    @Test func aClientWithoutBuildxGivesWayToOneWithBuildKitLaterOnPath() async throws {
        let (engine, folder) = try await find(
            programs: ["first/docker", "second/docker"],
            answers: [
                "first/docker \(daemon)": .output("20.10.24"),
                "first/docker build --help": .failure(
                    "ERROR: BuildKit is enabled but the buildx component is missing"),
                "second/docker \(daemon)": .output("20.10.24"),
                "second/docker build --help": .output("Options:", "      --secret stringArray   Secret file"),
            ])
        #expect(engine.dialect == .buildKit)
        #expect(engine.path == folder + "/second/docker")
    }

    @Test func aDaemonThatDoesNotAnswerGivesWayToBuildah() async throws {
        let (engine, _) = try await find(
            programs: ["first/docker", "first/buildah"],
            answers: [
                "first/docker \(daemon)": .failure("Cannot connect to the Docker daemon"),
                "first/buildah info": .output("{"),
                "first/buildah --version": .output("buildah version 1.28.2 (image-spec 1.0.2)"),
            ])
        #expect(engine.dialect == .buildah)
        #expect(engine.name == "buildah 1.28.2")
    }

    @Test func podmanUnderTheNameOfDockerIsTakenForPodman() async throws {
        let (engine, _) = try await find(
            programs: ["first/docker", "first/podman"],
            answers: [
                "first/docker --version": .output("podman version 4.3.1"),
                "first/docker \(daemon)": .output("4.3.1"),
                "first/podman info --format {{.Version.Version}}": .output("4.3.1"),
            ])
        #expect(engine.dialect == .podman)
    }

    @Test func whereNoneWorksEachReasonIsTold() async throws {
        let error = await #expect(throws: ImageSpecError.self) {
            try await find(
                programs: ["first/docker", "second/buildah"],
                answers: [
                    "first/docker \(daemon)": .failure("Cannot connect to the Docker daemon"),
                    "second/buildah info": .failure("", "overlay is not supported"),
                ])
        }
        #expect(error?.code == .toolUnavailable)
        for text in [
            "Cannot connect to the Docker daemon", "podman is not on PATH", "overlay is not supported",
        ] {
            #expect(error?.message.contains(text) == true)
        }
    }

    @Test func theOneThatIsAskedForIsTakenOrNone() async throws {
        let buildah = [
            "first/buildah info": CommandOutcome.output("{"),
            "first/buildah --version": .output("buildah version 1.28.2"),
        ]
        let docker = [
            "first/docker \(daemon)": CommandOutcome.output("26"),
            "first/docker buildx version": .output("1"),
        ]
        let programs = ["first/docker", "first/buildah"]
        let all = buildah.merging(docker) { $1 }
        #expect(try await find(.buildah, programs: programs, answers: all).engine.kind == .buildah)
        let error = await #expect(throws: ImageSpecError.self) {
            try await find(.docker, programs: programs, answers: buildah)
        }
        #expect(error?.code == .toolUnavailable)
    }

    private let clientAlone = [
        "first/docker --version": CommandOutcome.output("Docker version 28.2.2, build e6534b4"),
        "first/docker buildx version": .output("github.com/docker/buildx v0.13.1 7884339"),
    ]

    @Test(arguments: [EngineFinder.DockerRequirement.builder, .builderOrDaemon])
    func aBuilderElsewhereNeedsNoDaemon(_ requirement: EngineFinder.DockerRequirement) async throws {
        let (engine, _) = try await find(
            programs: ["first/docker"], answers: clientAlone, requirement: requirement)
        #expect(engine.dialect == .buildx)
        #expect(engine.name == "docker 28.2.2 (buildx)")
        #expect(engine.pluginVersion == "0.13.1")
    }

    @Test func withoutThePluginADaemonServesUnlessTheSpecNamesABuilder() async throws {
        let answers = [
            "first/docker --version": CommandOutcome.output("Docker version 20.10.24, build 297e128"),
            "first/docker \(daemon)": .output("20.10.24"),
            "first/docker build --help": .output("      --secret stringArray   Secret file"),
        ]
        let (engine, _) = try await find(
            programs: ["first/docker"], answers: answers, requirement: .builderOrDaemon)
        #expect(engine.dialect == .buildKit)
        let error = await #expect(throws: ImageSpecError.self) {
            try await find(programs: ["first/docker"], answers: answers, requirement: .builder)
        }
        #expect(error?.message.contains("the buildx plugin is missing") == true)
    }
}
