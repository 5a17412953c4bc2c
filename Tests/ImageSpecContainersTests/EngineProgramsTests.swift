// SPDX-License-Identifier: Apache-2.0

import ImageSpec
import ImageSpecBuilding
import Synchronization
import Testing

@testable import ContentTree
@testable import ImageSpecContainers

/// Engines that are scripts, run for real.
@Suite struct EngineProgramsTests {
    private static let podman = """
        #!/bin/sh
        case $1 in
        info) echo 4.3.1 ;;
        build) echo 'STEP 1/2: FROM scratch'; echo 'STEP 2/2: RUN x'; echo one; echo 'Error: exit status 3' >&2; exit 3 ;;
        *) exit 8 ;;
        esac
        """

    @Test(arguments: ["#!/nowhere/sh\n", "\u{7F}ELF no program", ""])
    func aFileThatCannotBeRunGivesWayToTheNextEngine(_ contents: String) async throws {
        try await withTemporaryFolder { folder in
            try write(contents, to: folder + "/docker", mode: 0o755)
            let finder = EngineFinder(folders: [folder])
            let error = await #expect(throws: ImageSpecError.self) { try await finder.find(nil) }
            #expect(error?.code == .toolUnavailable)
            #expect(error?.message.contains(folder + "/docker: ") == true)
            try write(Self.podman, to: folder + "/podman", mode: 0o755)
            #expect(try await finder.find(nil).name == "podman 4.3.1")
        }
    }

    /// A program that never answers.
    private func silent(_ command: Command) async throws -> CommandOutcome? {
        try await Task.sleep(for: .seconds(600))
        return nil
    }

    @Test func aProgramThatDoesNotAnswerIsNotAskedAgain() async throws {
        try await withTemporaryFolder { folder in
            try write("", to: folder + "/docker", mode: 0o755)
            let fake = FakeRunner(silent)
            var finder = EngineFinder(runner: fake.runner, folders: [folder])
            finder.limit = .milliseconds(50)
            let error = await #expect(throws: ImageSpecError.self) { try await finder.find(.docker) }
            #expect(error?.message.contains("does not answer") == true)
            #expect(fake.commands.count == 1)
        }
    }

    @Test func anEngineIsLookedForOnceForEachFileOfCredentials() async throws {
        let cache = EngineCache()
        let searches = Mutex(0)
        let engine = DetectedEngine(dialect: .podman, path: "/bin/podman", version: "4")
        @Sendable func find() async throws -> DetectedEngine {
            let count = searches.withLock { count in
                count += 1
                return count
            }
            if count == 1 { throw ImageSpecError(.toolUnavailable, "none") }
            return engine
        }
        await #expect(throws: ImageSpecError.self) { try await cache.engine(for: .init(), find) }
        for _ in 0..<3 { #expect(try await cache.engine(for: .init(), find) == engine) }
        #expect(searches.withLock { $0 } == 2)
        for _ in 0..<3 { _ = try await cache.engine(for: .init(credentials: "/config.json"), find) }
        _ = try await cache.engine(for: .init(wanted: .podman), find)
        #expect(searches.withLock { $0 } == 4)
    }

    /// Two streams have no order; the reason must not be what the step happened to print last.
    @Test func theReasonOfAFailureIsWhatTheEngineSaidLast() async throws {
        try await withTemporaryFolder { folder in
            try write(Self.podman, to: folder + "/podman", mode: 0o755)
            let cache = EngineCache()
            let spec = ImageSpec(name: "a", baseImage: "debian:1")
            let context = ImageSpec.Context(workingDirectory: folder, hostArchitecture: "x86_64")
            let request = ImageSpec.BuildRequest(
                spec: spec, imageName: try spec.imageName(in: context), context: context, policy: .init())
            for _ in 0..<20 {
                let scratch = try TemporaryDirectory()
                defer { scratch.remove() }
                let job = try await BuildJob(
                    request, wanted: nil, finder: EngineFinder(folders: [folder]), cache: cache,
                    scratch: scratch)
                let error = await #expect(throws: ImageSpecError.self) { try await job.build() }
                #expect(
                    error?.message == """
                        \(request.imageName): podman 4.3.1 failed at "STEP 2/2: RUN x": exit status 3
                          one
                        """)
            }
        }
    }

    @Test func mergedStreamsKeepTheirOrder() async throws {
        let script = "i=0; while [ $i -lt 500 ]; do echo o$i; echo e$i >&2; i=$((i+1)); done"
        let command = Command(executable: "/bin/sh", arguments: ["-c", script], mergesStreams: true)
        let outcome = try await CommandRunner.system(command)
        #expect(outcome.output == (0..<500).flatMap { ["o\($0)", "e\($0)"] })
        #expect(outcome.messages.isEmpty)
    }

    @Test func ofAnOutputWithoutEndTheLastLinesAreKept() async throws {
        let script = "head -c 10000000 /dev/zero | tr '\\0' a; echo; echo end"
        let outcome = try await CommandRunner.system(
            Command(executable: "/bin/sh", arguments: ["-c", script]))
        #expect(outcome.output.last == "end")
        #expect(outcome.output.reduce(0) { $0 + $1.utf8.count } <= OutputTail.maximumSize)
    }

    @Test func theTitleOfAStepOutlastsWhatTheStepPrints() {
        var ring = OutputTail(keepingTitles: StepTitles())
        for line in ["STEP 1/2: FROM a", "STEP 2/2: RUN b"] { ring.append(line) }
        for number in 0..<200_000 { ring.append("line \(number) of a step that prints much") }
        ring.append("Error: exit status 3")
        let lines = ring.lines
        #expect(lines.reduce(0) { $0 + $1.utf8.count } <= OutputTail.maximumSize)
        let failure = BuildFailure(
            step: .build, printed: lines, outcome: CommandOutcome(status: .exited(1), output: lines))
        #expect(failure.stage == "STEP 2/2: RUN b")
        #expect(failure.reason == "exit status 3")
        #expect(failure.lines.last == "line 199999 of a step that prints much")
    }
}
