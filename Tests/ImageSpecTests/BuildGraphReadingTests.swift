// SPDX-License-Identifier: Apache-2.0

import Synchronization
import Testing

@testable import ContentTree
@testable import ImageSpec
@testable import ImageSpecBuilding

/// What making a graph reads and costs, and which specs are one image.
@Suite(.timeLimit(.minutes(20))) struct BuildGraphReadingTests {
    typealias Graph = ImageSpec.BuildGraph

    private let context = ImageSpec.Context(workingDirectory: "/", hostArchitecture: "x86_64")

    private func context(
        _ folder: TemporaryFolder, _ progress: ImageSpec.HashingProgress
    ) -> ImageSpec.Context {
        ImageSpec.Context(
            workingDirectory: folder.path, hostArchitecture: "x86_64", digestCache: .off, progress: progress)
    }

    /// A folder of five files, and a spec that copies them.
    private func project() throws -> (folder: TemporaryFolder, base: ImageSpec) {
        let folder = TemporaryFolder()
        for index in 0..<5 { try folder.write("src/\(index)", "\(index)") }
        return (folder, ImageSpec(name: "base", sourceRoot: "src", sourceCopyMode: .all))
    }

    // MARK: files

    @Test func theFilesOfASharedBaseAreReadOnce() throws {
        let (folder, base) = try project()
        // In the tool each spec file has a progress of its own.
        let progresses = (0..<9).map { _ in ImageSpec.HashingProgress { _ in } }
        var graph = Graph()
        for (index, progress) in progresses.dropLast().enumerated() {
            try graph.add(
                ImageSpec(name: "child\(index)", baseImage: .spec(base)), in: context(folder, progress))
        }
        try graph.add(base, in: context(folder, progresses[8]))
        #expect(graph.nodes.count == 9)
        #expect(progresses.map(\.count.files) == [5] + Array(repeating: 0, count: 8))
        for node in graph.nodes { #expect(try node.spec.imageName(in: node.context) == node.imageName) }
    }

    @Test func aBaseForAnotherPlatformOrOfAnotherFolderIsReadForItself() throws {
        let (folder, base) = try project()
        let (other, _) = try project()
        let progress = ImageSpec.HashingProgress { _ in }
        let arm = ImageSpec(name: "arm", baseImage: .spec(base), platform: "linux/arm64")
        var graph = try Graph([base, arm], in: context(folder, progress))
        #expect(progress.count.files == 10)
        try other.write("src/0", "another")
        try graph.add(arm, in: context(other, progress))
        #expect(progress.count.files == 15)
        #expect(Set(graph.nodes.map(\.imageName)).count == 5)
    }

    @Test func anEngineReadsTheFilesOfEachBaseOnce() async throws {
        let folder = TemporaryFolder()
        var spec = ImageSpec()
        for index in 0..<6 {
            try folder.write("src\(index)/a", "\(index)")
            spec = ImageSpec(
                name: "level\(index)", sourceRoot: "src\(index)", baseImage: index == 0 ? nil : .spec(spec),
                sourceCopyMode: .all)
        }
        let progress = ImageSpec.HashingProgress { _ in }
        let engine = ImageSpec.BuildEngine(policy: .init())
        let builder = RecordingBuilder()
        engine.register("recording", builder)
        try await engine.build(spec, in: context(folder, progress))
        #expect(builder.names == (0..<6).map { "level\($0)" })
        #expect(progress.count.files == 6)
    }

    // MARK: one image

    private let twins = [
        ImageSpec(name: "base"), ImageSpec(name: "base", builder: "default"),
        ImageSpec(name: "base", builder: ""),
    ]

    @Test func aSpecThatNamesTheDefaultBuilderIsOneImageWithOneThatNamesNone() throws {
        let tops = twins.enumerated().map { ImageSpec(name: "top\($0)", baseImage: .spec($1)) }
        let graph = try Graph(tops + twins, in: context, defaultBuilder: "default")
        #expect(graph.nodes.map(\.spec.name) == ["base", "top0", "top1", "top2"])
        #expect(graph.nodes.map(\.builder) == ["default", "default", "default", "default"])
        #expect(graph.nodes.map(\.base) == [nil, 0, 0, 0])
        #expect(graph.requested == [1, 2, 3, 0, 0, 0])
        #expect(graph.labels.allSatisfy { $0.hasSuffix("…") })
    }

    @Test func whereAnEngineMayTakeAnotherBuilderTheyAreTwoImages() async throws {
        let graph = try Graph(twins, in: context)
        #expect(graph.nodes.map(\.builder) == [nil, "default"])
        #expect(graph.requested == [0, 1, 0])
        let builders = ["mine": RecordingBuilder(), "default": RecordingBuilder()]
        let engine = ImageSpec.BuildEngine(policy: .init())
        for (name, builder) in builders { engine.register(name, builder, priority: name == "mine" ? 9 : 1) }
        _ = try await engine.results(of: graph)
        #expect(builders.mapValues(\.names) == ["mine": ["base"], "default": ["base"]])
    }

    @Test func theDefaultBuilderOfAGraphBuildsWhatNamesNone() async throws {
        let builders = ["mine": RecordingBuilder(), "default": RecordingBuilder()]
        let engine = ImageSpec.BuildEngine(policy: .init())
        for (name, builder) in builders { engine.register(name, builder, priority: name == "mine" ? 9 : 1) }
        _ = try await engine.results(of: try Graph(twins, in: context, defaultBuilder: "default"))
        #expect(builders.mapValues(\.names) == ["mine": [], "default": ["base"]])
        let error = await #expect(throws: ImageSpecError.self) {
            try await engine.results(of: try Graph(twins, in: context, defaultBuilder: "gone"))
        }
        #expect(error?.code == .builderNotRegistered)
    }

    @Test func aForcedBaseOfAnImageThatIsThereIsForced() throws {
        let base = ImageSpec(name: "base")
        let tops = [base, base.forcePush()].map { ImageSpec(name: "top", baseImage: .spec($0)) }
        let graph = try Graph(tops, in: context)
        #expect(graph.nodes.map(\.spec.isForcePush) == [true, false])
    }

    @Test func anotherBaseOfTheSameContentAddsNoImageBelowOneThatIsThere() throws {
        let tops = ["one", "two"].map {
            ImageSpec(name: "top", baseImage: .spec(ImageSpec(name: $0)))
        }
        let graph = try Graph(tops, in: context)
        #expect(graph.nodes.map(\.spec.name) == ["one", "top"])
        #expect(graph.requested == [1, 1])
    }

    // MARK: cost

    @Test func addingASpecCostsTheSameInALargeGraph() throws {
        func time(_ count: Int) throws -> Double {
            let specs = (0..<count).map { ImageSpec(name: "n\($0)") }
            var graph = Graph()
            return try processorTime { for spec in specs { try graph.add(spec, in: context) } }
        }
        // The least of several, because other work on the machine only adds.
        let times = try (0..<3).map { _ in (try time(500), try time(8000)) }
        let small = times.map(\.0).min() ?? 0
        let large = times.map(\.1).min() ?? 0
        // Sixteen times as many take sixteen times as long; where each copies the graph, several times that.
        #expect(large / small < 32, "\(small), \(large)")
    }
}
