// SPDX-License-Identifier: Apache-2.0

import Foundation
import ImageSpec
import ImageSpecBuilding
import Synchronization
import Testing

@testable import ContentTree

@Suite struct BuildEngineTests {
    typealias Engine = ImageSpec.BuildEngine

    private let context = ImageSpec.Context(workingDirectory: "/", hostArchitecture: "x86_64")

    private func engine(_ builder: RecordingBuilder, _ policy: ImageSpec.BuildPolicy = .init()) -> Engine {
        let engine = Engine(policy: policy)
        engine.register("recording", builder)
        return engine
    }

    // MARK: builders

    @Test func noopReturnsTheBaseImageOfSpecsThatNameIt() async throws {
        let engine = Engine(policy: .init())
        #expect(engine.builderNames == ["noop"])
        let spec = ImageSpec(builder: "noop", baseImage: "ghcr.io/acme/base:1")
        let result = try await engine.result(of: spec, in: context)
        #expect(result.imageName == "ghcr.io/acme/base:1")
        #expect(result.outcome == .found)
        #expect(try engine.imageName(for: spec, in: context) == "ghcr.io/acme/base:1")
    }

    /// An image without the packages of its spec must not pass for the image of the spec.
    @Test func aSpecWithoutABuilderIsNotBuiltByNoopUnlessItWasRegistered() async throws {
        let engine = Engine(policy: .init())
        let spec = ImageSpec(packages: ["numpy"], baseImage: "ghcr.io/acme/base:1")
        let error = await #expect(throws: ImageSpecError.self) { try await engine.build(spec, in: context) }
        #expect(error?.code == .builderNotRegistered && error?.problems.first?.field == "builder")
        #expect(try engine.imageName(for: spec, in: context) == spec.imageName(in: context))
        engine.register("noop", .noop)
        #expect(try await engine.build(spec, in: context) == "ghcr.io/acme/base:1")
    }

    @Test func theHighestPriorityBuildsASpecThatNamesNoBuilderAndAmongEqualsTheFirst() async throws {
        let builders = (0..<3).map { _ in RecordingBuilder() }
        let engine = Engine(policy: .init())
        engine.register("low", builders[0], priority: 2)
        engine.register("high", builders[1], priority: 7)
        engine.register("late", builders[2], priority: 7)
        try await engine.build(ImageSpec(name: "any"), in: context)
        try await engine.build(ImageSpec(name: "named", builder: "low"), in: context)
        #expect(builders.map(\.names) == [["named"], ["any"], []])
    }

    @Test func aBuilderIsReplacedByOneOfItsName() async throws {
        let old = RecordingBuilder()
        let new = RecordingBuilder()
        let engine = engine(old)
        engine.register("recording", new)
        try await engine.build(ImageSpec(name: "a"), in: context)
        #expect(old.names.isEmpty)
        #expect(new.names == ["a"])
        #expect(engine.builderNames == ["noop", "recording"])
    }

    @Test func whatAReplacedBuilderMadeIsNotKnownAnyMore() async throws {
        let old = RecordingBuilder { _, _ in "old:1" }
        let new = RecordingBuilder { _, _ in "new:1" }
        let engine = engine(old)
        let spec = ImageSpec(name: "a")
        #expect(try await engine.build(spec, in: context) == "old:1")
        engine.register("recording", new)
        let name = try spec.imageName(in: context)
        #expect(try engine.imageName(for: spec, in: context) == name)
        #expect(try await engine.build(spec, in: context) == "new:1")
    }

    @Test func aBuilderThatIsNotRegisteredIsNamedWithThoseThatAre() async throws {
        let error = await #expect(throws: ImageSpecError.self) {
            try await Engine(policy: .init()).build(ImageSpec(builder: "envd"), in: context)
        }
        #expect(error?.code == .builderNotRegistered)
        #expect(error?.message.contains("\"envd\"") == true)
        #expect(error?.message.contains("\"noop\"") == true)
        let slip = await #expect(throws: ImageSpecError.self) {
            try await Engine(policy: .init()).build(ImageSpec(builder: "nop"), in: context)
        }
        #expect(slip?.message.hasSuffix("did you mean \"noop\"?") == true)
    }

    /// A user-written builder has one function.
    private struct Mine: ImageSpec.Builder {
        var existence: ImageSpec.Existence

        func build(_ request: ImageSpec.BuildRequest) async throws -> ImageSpec.BuildResult {
            try await request.ensureImage(
                inspect: { .init(existence) },
                build: { .init(imageName: "mine/" + (request.spec.name ?? ""), outcome: .built) })
        }
    }

    @Test(
        arguments: [
            (existence: .absent, force: false, outcome: .built),
            (existence: .present(digest: nil), force: false, outcome: .found),
            (existence: .present(digest: nil), force: true, outcome: .built),
            (existence: .unknown(reason: "timeout"), force: true, outcome: .built),
        ] as [(existence: ImageSpec.Existence, force: Bool, outcome: ImageSpec.BuildResult.Outcome)])
    func aUserWrittenBuilderBuildsOnlyWhatIsAbsentUnlessTheBuildIsForced(
        _ row: (existence: ImageSpec.Existence, force: Bool, outcome: ImageSpec.BuildResult.Outcome)
    ) async throws {
        let engine = Engine(policy: .init())
        engine.register("mine", Mine(existence: row.existence))
        let spec = row.force ? ImageSpec(name: "x").forcePush() : ImageSpec(name: "x")
        let result = try await engine.result(of: spec, in: context)
        #expect(result.outcome == row.outcome)
        let name = try spec.imageName(in: context)
        #expect(result.imageName == (row.outcome == .built ? "mine/x" : name))
    }

    // MARK: bases

    @Test func basesComeFirstAtAnyDepthWithThePlatformOfTheSpecAbove() async throws {
        let builder = RecordingBuilder()
        let bottom = ImageSpec(name: "bottom")
        let middle = ImageSpec(name: "middle", baseImage: .spec(bottom))
        let top = ImageSpec(name: "top", baseImage: .spec(middle), platform: "linux/arm64")
        try await engine(builder).build(top, in: context)
        #expect(builder.names == ["bottom", "middle", "top"])
        #expect(builder.requests.map(\.spec.platform) == ["linux/arm64", "linux/arm64", "linux/arm64"])
        #expect(
            builder.requests.map(\.imageName)
                == (try [
                    bottom.withPlatform("linux/arm64"), middle.withPlatform("linux/arm64"), top,
                ].map { spec throws(ImageSpecError) in try spec.imageName(in: context) }))
    }

    @Test func theRealNameOfABaseIsPassedOnAndRemembered() async throws {
        let builder = RecordingBuilder { request, _ in request.spec.name == "base" ? "real/base:1" : nil }
        let engine = engine(builder)
        let base = ImageSpec(name: "base")
        let top = ImageSpec(name: "top", baseImage: .spec(base))
        try await engine.build(top, in: context)
        #expect(builder.requests.map(\.baseImageName) == [nil, "real/base:1"])
        #expect(try engine.imageName(for: base, in: context) == "real/base:1")
        let topName = try top.imageName(in: context)
        #expect(try engine.imageName(for: top, in: context) == topName)
        // A name does not change because something was built.
        #expect(try Engine(policy: .init()).imageName(for: top, in: context) == topName)
    }

    @Test func aBaseThatSeveralSpecsShareIsBuiltOnce() async throws {
        let builder = RecordingBuilder()
        let engine = engine(builder)
        let base = ImageSpec(name: "base")
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<10 {
                group.addTask {
                    try await engine.build(
                        ImageSpec(name: "top\(number)", baseImage: .spec(base)), in: context)
                }
            }
            try await group.waitForAll()
        }
        #expect(builder.names.filter { $0 == "base" }.count == 1)
        #expect(builder.names.count == 11)
    }

    @Test func aBaseThatFailsStopsTheSpecAbove() async throws {
        let builder = RecordingBuilder { _, _ in throw RecordingBuilder.Failure() }
        let top = ImageSpec(name: "top", baseImage: .spec(ImageSpec(name: "base")))
        await #expect(throws: RecordingBuilder.Failure.self) {
            try await engine(builder).build(top, in: context)
        }
        #expect(builder.names == ["base"])
    }

    // MARK: once

    @Test func fiftyWhoAskAtOnceGetOneBuild() async throws {
        let gate = Gate()
        let builder = RecordingBuilder { _, _ in
            try await gate.pass()
            return "real:1"
        }
        let engine = engine(builder)
        let names = try await withThrowingTaskGroup(of: String.self) { group in
            for number in 0..<50 {
                group.addTask {
                    if number == 49 { gate.open() }
                    return try await engine.build(ImageSpec(name: "one"), in: context)
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(names == Array(repeating: "real:1", count: 50))
        #expect(builder.names == ["one"])
    }

    @Test func whatWasBuiltIsNotAskedForAgainUnlessTheSpecIsForced() async throws {
        let builder = RecordingBuilder()
        let engine = engine(builder)
        let spec = ImageSpec(name: "a")
        try await engine.build(spec, in: context)
        try await engine.build(spec, in: context)
        #expect(builder.requests.count == 1)
        try await engine.build(spec.forcePush(), in: context)
        try await engine.build(spec.forcePush(), in: context)
        #expect(builder.requests.map(\.isForcePush) == [false, true, true])
    }

    @Test func aForcingPolicyForcesEachImageOnce() async throws {
        let builder = RecordingBuilder()
        let engine = engine(builder, .init(isForcePush: true))
        for _ in 0..<2 { try await engine.build(ImageSpec(name: "a"), in: context) }
        #expect(builder.requests.map(\.isForcePush) == [true])
    }

    @Test func twoBuildersOfOneNameAreTwoImages() async throws {
        let first = RecordingBuilder { _, _ in "first" }
        let second = RecordingBuilder { _, _ in "second" }
        let engine = Engine(policy: .init())
        engine.register("first", first)
        engine.register("second", second)
        #expect(try await engine.build(ImageSpec(builder: "first"), in: context) == "first")
        #expect(try await engine.build(ImageSpec(builder: "second"), in: context) == "second")
    }

    @Test func whoDoesNotForceABuildJoinsOneThatIsForced() async throws {
        let started = Gate()
        let gate = Gate()
        let builder = RecordingBuilder { _, _ in
            started.open()
            try await gate.pass()
            return "real:1"
        }
        let engine = engine(builder)
        let spec = ImageSpec(name: "a")
        let forced = Task { try await engine.build(spec.forcePush(), in: context) }
        try await started.pass()
        let other = Task { try await engine.build(spec, in: context) }
        // One that joined waits, and one that did not would have called the builder.
        for _ in 0..<1000 where builder.requests.count == 1 { await Task.yield() }
        gate.open()
        #expect(try await [forced.value, other.value] == ["real:1", "real:1"])
        #expect(builder.requests.count == 1)
    }

    // MARK: what is found before

    @Test func whatIsWrongWithASpecIsFoundBeforeItsBaseIsBuilt() async throws {
        let builder = RecordingBuilder()
        let engine = engine(builder)
        let base = ImageSpec(name: "base")
        for (top, code) in [
            (
                ImageSpec(name: "top", builder: "envd", baseImage: .spec(base)),
                ImageSpecError.Code.builderNotRegistered
            ),
            (ImageSpec(name: "top", builder: "noop", baseImage: .spec(base)), .unsupportedField),
        ] {
            let error = await #expect(throws: ImageSpecError.self) {
                try await engine.build(top, in: context)
            }
            #expect(error?.code == code)
        }
        #expect(builder.requests.isEmpty)
    }

    @Test func theContextOfARequestHasTheFilesAsTheyWereNamed() async throws {
        let folder = TemporaryFolder()
        try folder.folder("source")
        try folder.write("source/a.py", "one")
        let output = folder.path + "/output"
        let builder = RecordingBuilder { request, _ in
            // Not among the files that the image is named by.
            try folder.write("source/later.py", "two")
            try request.buildContext().write(to: output)
            return nil
        }
        let engine = engine(builder)
        let context = ImageSpec.Context(workingDirectory: folder.path, hostArchitecture: "x86_64")
        let spec = ImageSpec(name: "a", sourceRoot: "source", sourceCopyMode: .all)
        try await engine.build(spec, in: context)
        #expect(try FileManager.default.contentsOfDirectory(atPath: output + "/source") == ["a.py"])
        try folder.write("source/a.py", "changed")
        let changing = RecordingBuilder { request, _ in
            try folder.write("source/a.py", "changed again")
            try request.buildContext().write(to: folder.path + "/other")
            return nil
        }
        let other = self.engine(changing)
        let error = await #expect(throws: ImageSpecError.self) { try await other.build(spec, in: context) }
        #expect(error?.code == .sourceChanged)
    }

    @Test func aDockerfileBuilderUnderAnEngineUsesItsContextAndTheBasesName() async throws {
        let folder = TemporaryFolder()
        try folder.folder("source")
        try folder.write("source/a.py", "one")
        let engine = engine(RecordingBuilder { _, _ in "real/base:1" })
        engine.register("file", ImageSpec.DockerfileBuilder(directory: folder.path + "/output"), priority: 0)
        let spec = ImageSpec(
            name: "a", builder: "file", sourceRoot: "source", baseImage: .spec(ImageSpec(name: "base")),
            sourceCopyMode: .all)
        let context = ImageSpec.Context(workingDirectory: folder.path, hostArchitecture: "x86_64")
        let result = try await engine.result(of: spec, in: context)
        #expect(result.outcome == .built)
        let name = try spec.imageName(in: context)
        #expect(result.imageName == name)
        let text = try String(contentsOfFile: folder.path + "/output/Dockerfile", encoding: .utf8)
        #expect(text.contains("FROM real/base:1"))
    }

    @Test func aFailureReachesAllWhoWaitAndCanBeTriedAgain() async throws {
        let gate = Gate()
        let builder = RecordingBuilder { _, count in
            if count > 0 { return nil }
            try await gate.pass()
            throw RecordingBuilder.Failure()
        }
        let engine = engine(builder)
        let spec = ImageSpec(name: "a")
        let first = Task { try await engine.build(spec, in: context) }
        let second = Task { try await engine.build(spec, in: context) }
        gate.open()
        var failures = 0
        for task in [first, second] {
            do { _ = try await task.value } catch is RecordingBuilder.Failure { failures += 1 }
        }
        // The second may have come when the first had failed already, and then it was a new try.
        #expect(failures >= 1)
        #expect(builder.requests.count == 3 - failures)
        let name = try spec.imageName(in: context)
        #expect(try await engine.build(spec, in: context) == name)
    }

    // MARK: cancellation

    @Test func cancellingTheOnlyOneWhoWaitsCancelsTheBuildAndWaitsForItsEnd() async throws {
        let started = Gate()
        let ended = Mutex(false)
        let builder = RecordingBuilder { _, _ in
            started.open()
            defer { ended.withLock { $0 = true } }
            try await Gate().pass()
            return nil
        }
        let engine = engine(builder)
        let task = Task { try await engine.build(ImageSpec(name: "a"), in: context) }
        try await started.pass()
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(ended.withLock { $0 })
        #expect(builder.cancellations == 1)
    }

    @Test func aCancelledBuildCanBeTriedAgain() async throws {
        let started = Gate()
        let builder = RecordingBuilder { _, count in
            if count > 0 { return "second:1" }
            started.open()
            try await Gate().pass()
            return nil
        }
        let engine = engine(builder)
        let task = Task { try await engine.build(ImageSpec(name: "a"), in: context) }
        try await started.pass()
        task.cancel()
        _ = await task.result
        #expect(try await engine.build(ImageSpec(name: "a"), in: context) == "second:1")
    }

    // MARK: executions and configs

    @Test func insideAnExecutionNoBuilderIsAsked() async throws {
        let builder = RecordingBuilder()
        let events = Mutex<[ImageSpec.BuildEvent]>([])
        let engine = Engine(policy: .init(isInsideExecution: true)) { event in
            events.withLock { $0.append(event) }
        }
        engine.register("recording", builder)
        let spec = ImageSpec(name: "a", builder: "recording", baseImage: .spec(ImageSpec(name: "base")))
        let result = try await engine.result(of: spec, in: context)
        #expect(result.outcome == .skipped)
        let name = try spec.imageName(in: context)
        #expect(result.imageName == name)
        #expect(builder.requests.isEmpty)
        #expect(events.withLock { $0 } == [.finished(imageName: name, result: result)])
    }

    @Test func aConfigAnswersFirst() async throws {
        let builder = RecordingBuilder()
        let engine = engine(builder)
        let known = ImageSpec(name: "known")
        var config = ImageSpec.ImageConfig(default: "default:1")
        config.add("known:1", for: known)
        #expect(try await engine.resolve(known, in: config, context: context) == "known:1")
        #expect(try await engine.resolve(nil, in: config, context: context) == "default:1")
        #expect(builder.requests.isEmpty)
        let other = ImageSpec(name: "other", packages: ["six"])
        let name = try other.imageName(in: context)
        #expect(try await engine.resolve(other, in: config, context: context) == name)
        #expect(builder.names == ["other"])
        let error = await #expect(throws: ImageSpecError.self) {
            try await engine.resolve(nil, in: .init(), context: context)
        }
        #expect(error?.code == .missingInput)
    }

    @Test func aProgramThatFailsIsReportedWithItsImageAndItsOutput() async throws {
        let events = Mutex<[ImageSpec.BuildEvent]>([])
        let engine = Engine(policy: .init()) { event in events.withLock { $0.append(event) } }
        engine.register(
            "recording",
            RecordingBuilder { _, _ in
                throw ImageSpecError(.toolFailed, "uv cannot install the packages", output: ["no six"])
            })
        let spec = ImageSpec(name: "a")
        let name = try spec.imageName(in: context)
        let error = await #expect(throws: ImageSpecError.self) { try await engine.build(spec, in: context) }
        #expect(error?.message == "\(name): uv cannot install the packages\n  no six")
        #expect(
            events.withLock { $0 } == [
                .failed(imageName: name, reason: "uv cannot install the packages\n  no six")
            ])
    }

    @Test func eventsTellWhatBecameOfEachImage() async throws {
        let events = Mutex<[ImageSpec.BuildEvent]>([])
        let engine = Engine(policy: .init()) { event in events.withLock { $0.append(event) } }
        // A builder may give an image another name than it was to have.
        engine.register("recording", RecordingBuilder { _, _ in "real/a:1" })
        let spec = ImageSpec(name: "a")
        let name = try spec.imageName(in: context)
        let result = try await engine.result(of: spec, in: context)
        #expect(result.imageName == "real/a:1")
        #expect(events.withLock { $0 } == [.finished(imageName: name, result: result)])
    }
}
