// SPDX-License-Identifier: Apache-2.0

import Synchronization
import Testing

@testable import ContentTree
@testable import ImageSpec
@testable import ImageSpecBuilding

/// Builds of many specs at once.
@Suite(.timeLimit(.minutes(20))) struct BuildGraphTests {
    typealias Engine = ImageSpec.BuildEngine
    typealias Graph = ImageSpec.BuildGraph

    private let context = ImageSpec.Context(workingDirectory: "/", hostArchitecture: "x86_64")

    private func engine(_ builder: RecordingBuilder, _ policy: ImageSpec.BuildPolicy = .init()) -> Engine {
        let engine = Engine(policy: policy)
        engine.register("recording", builder)
        return engine
    }

    /// Thirty images: one below all, three on it, and 26 leaves on those.
    private static let thirty: [ImageSpec] = {
        let bottom = ImageSpec(name: "bottom")
        let middles = (0..<3).map { ImageSpec(name: "middle\($0)", baseImage: .spec(bottom)) }
        let leaves = (0..<26).map { ImageSpec(name: "leaf\($0)", baseImage: .spec(middles[$0 % 3])) }
        return leaves + middles + [bottom]
    }()

    private func outcomes(_ results: [ImageSpec.GraphResult]) -> [String] {
        results.map { result in
            switch result.result {
            case .success(let result): result.outcome.rawValue
            case .failure(let error as ImageSpecError): error.code.description
            case .failure(is CancellationError): "cancelled"
            case .failure: "failed"
            }
        }
    }

    /// Counts how many builds run at once: the most, and each start at which that many ran.
    private final class Gauge: Sendable {
        private let state = Mutex((running: 0, peak: 0, counts: [Int: Int]()))
        var peak: Int { state.withLock { $0.peak } }
        func starts(with running: Int) -> Int { state.withLock { $0.counts[running] ?? 0 } }
        func enter() {
            state.withLock { state in
                state.running += 1
                state.peak = max(state.peak, state.running)
                state.counts[state.running, default: 0] += 1
            }
        }
        func leave() { state.withLock { $0.running -= 1 } }
    }

    // MARK: once, and at once

    @Test func thirtyImagesAreBuiltOnceEachAndFourAtOnce() async throws {
        let graph = try Graph(Self.thirty, in: context)
        #expect(graph.nodes.count == 30)
        #expect(graph.edges.count == 29)
        for jobs in [1, 4] {
            let gauge = Gauge()
            let builder = RecordingBuilder { _, _ in
                gauge.enter()
                defer { gauge.leave() }
                // What a build takes.
                try await Task.sleep(for: .milliseconds(20))
                return nil
            }
            let engine = engine(builder)
            let results = try await engine.results(of: graph, jobs: jobs)
            #expect(outcomes(results) == Array(repeating: "built", count: 30))
            #expect(
                try results.map { try $0.get().imageName }
                    == graph.requested.map { graph.nodes[$0].imageName })
            #expect(builder.names.sorted() == Self.thirty.compactMap(\.name).sorted())
            #expect(gauge.peak == jobs)
            // Even if builds always ended in groups of four, the last start of each group would see four of them.
            #expect(gauge.starts(with: jobs) >= 26 / 4)
            for edge in graph.edges {
                let names = builder.requests.map(\.imageName)
                let base = try #require(names.firstIndex(of: graph.nodes[edge.base].imageName))
                let child = try #require(names.firstIndex(of: graph.nodes[edge.child].imageName))
                #expect(base < child)
            }
        }
    }

    @Test func imagesThatDoNotNeedEachOtherAreBuiltAtOnce() async throws {
        let gauge = Gauge()
        let all = Gate()
        let builder = RecordingBuilder { _, _ in
            gauge.enter()
            if gauge.peak == 4 { all.open() }
            // Nobody passes before four are here.
            try await all.pass()
            return nil
        }
        let graph = try Graph((0..<4).map { ImageSpec(name: "leaf\($0)") }, in: context)
        let results = try await engine(builder).results(of: graph, jobs: 4)
        #expect(outcomes(results) == ["built", "built", "built", "built"])
    }

    @Test(arguments: [-1, 0, 1]) func lessThanOneAtOnceIsOne(_ jobs: Int) async throws {
        let builder = RecordingBuilder()
        let graph = try Graph([ImageSpec(name: "a"), ImageSpec(name: "b")], in: context)
        #expect(outcomes(try await engine(builder).results(of: graph, jobs: jobs)) == ["built", "built"])
        #expect(builder.names == ["a", "b"])
    }

    @Test func thereIsAJobAtLeastAndAreFourAtMost() { #expect((1...4).contains(Engine.defaultJobs)) }

    @Test func aGraphWithoutImagesHasNoResults() async throws {
        #expect(try await engine(RecordingBuilder()).results(of: Graph()).isEmpty)
        #expect(Graph().mermaid == "flowchart LR\n")
    }

    // MARK: nodes

    @Test func aBaseThatIsGivenTooAndASpecThatIsGivenTwiceAreOneNode() throws {
        let base = ImageSpec(name: "base")
        let top = ImageSpec(name: "top", baseImage: .spec(base))
        let graph = try Graph([top, base, top], in: context)
        #expect(graph.nodes.map(\.spec.name) == ["base", "top"])
        #expect(graph.requested == [1, 0, 1])
        #expect(graph.edges == [Graph.Edge(base: 0, child: 1)])
    }

    @Test func aBaseForAnotherPlatformAndOneOfAnotherBuilderAreNodesOfTheirOwn() throws {
        let base = ImageSpec(name: "base")
        let graph = try Graph(
            [
                ImageSpec(name: "top", baseImage: .spec(base), platform: "linux/arm64"), base,
                ImageSpec(name: "base", builder: "noop"),
            ], in: context)
        #expect(graph.nodes.map(\.base) == [nil, 0, nil, nil])
    }

    @Test func aSpecThatCannotBeNamedLeavesTheGraphAsItWas() throws {
        var graph = Graph()
        try graph.add(ImageSpec(name: "a"), in: context)
        let wrong = ImageSpec(name: "top", baseImage: .spec(ImageSpec(name: "A B")))
        #expect(throws: ImageSpecError.self) { try graph.add(wrong, in: context) }
        #expect(graph.nodes.map(\.spec.name) == ["a"])
        #expect(graph.requested == [0])
    }

    @Test func aForcedImageIsBuiltOnceForAllThatNeedIt() async throws {
        let builder = RecordingBuilder()
        let base = ImageSpec(name: "base")
        let tops = (0..<3).map { number in
            ImageSpec(name: "top\(number)", baseImage: .spec(number == 1 ? base.forcePush() : base))
        }
        let engine = engine(builder)
        try await engine.build(base, in: context)
        _ = try await engine.results(of: try Graph(tops, in: context))
        #expect(builder.names.filter { $0 == "base" }.count == 2)
        #expect(builder.requests.filter { $0.spec.name == "base" }.map(\.isForcePush) == [false, true])
    }

    @Test func whatTheEngineKnowsIsNotAskedForAgainNorWhatItIsBasedOn() async throws {
        let builder = RecordingBuilder()
        let engine = engine(builder)
        let base = ImageSpec(name: "base")
        let top = ImageSpec(name: "top", baseImage: .spec(base))
        let graph = try Graph([top], in: context)
        let first = try await engine.results(of: graph)
        let again = try await engine.results(of: graph)
        #expect(try first.map { try $0.get() } == again.map { try $0.get() })
        #expect(builder.names == ["base", "top"])
    }

    @Test func theRealNameOfABaseIsPassedOn() async throws {
        let builder = RecordingBuilder { request, _ in request.spec.name == "base" ? "real/base:1" : nil }
        let top = ImageSpec(name: "top", baseImage: .spec(ImageSpec(name: "base")))
        _ = try await engine(builder).results(of: try Graph([top], in: context))
        #expect(builder.requests.map(\.baseImageName) == [nil, "real/base:1"])
    }

    // MARK: failures

    @Test func aLeafThatFailsFailsAlone() async throws {
        let builder = RecordingBuilder { request, _ in
            if request.spec.name == "leaf17" { throw RecordingBuilder.Failure() }
            return nil
        }
        let results = try await engine(builder).results(of: try Graph(Self.thirty, in: context), jobs: 4)
        let expected = Self.thirty.map { $0.name == "leaf17" ? "failed" : "built" }
        #expect(outcomes(results) == expected)
        #expect(builder.names.count == 30)
    }

    @Test(arguments: [("middle1", 1 + 9), ("bottom", 30)])
    func whatIsAboveAFailedBaseIsNotBuiltAndSaysWhy(_ failing: String, _ missing: Int) async throws {
        let builder = RecordingBuilder { request, _ in
            if request.spec.name == failing { throw RecordingBuilder.Failure() }
            return nil
        }
        let graph = try Graph(Self.thirty, in: context)
        let failed = try #require(graph.nodes.first { $0.spec.name == failing })
        let events = Mutex<[String]>([])
        let engine = Engine(policy: .init()) { event in
            switch event {
            case .failed(let name, _): events.withLock { $0.append(name) }
            case .notBuilt(let name, let base):
                events.withLock { $0.append(name) }
                #expect(base == failed.imageName)
            default: break
            }
        }
        engine.register("recording", builder)
        let results = try await engine.results(of: graph, jobs: 4)
        #expect(outcomes(results).filter { $0 == "failed" }.count == 1)
        #expect(outcomes(results).filter { $0 == "baseNotBuilt" }.count == missing - 1)
        #expect(builder.names.count == 30 - missing + 1)
        for case .failure(let error as ImageSpecError) in results.map(\.result) {
            // The one that failed, not the one in between.
            #expect(error.message.contains("its base image \(failed.imageName) failed"))
            #expect(error.problems[0].underlying is RecordingBuilder.Failure)
        }
        for (result, spec) in zip(results, Self.thirty) {
            #expect(result.spec == spec)
            guard let failure = result.failure else {
                #expect(
                    try result.get().imageName == result.imageName
                        && "\(result)".hasSuffix(": built in 0.0 s"))
                continue
            }
            #expect(failure.spec == failed.spec && failure.imageName == failed.imageName)
            #expect(failure.error is RecordingBuilder.Failure && "\(result)".hasSuffix(" failed: Failure()"))
            #expect(
                "\(result)".contains("its base image \(failed.imageName) failed") == (spec != failed.spec))
        }
        #expect(events.withLock { $0.count } == missing)
        #expect(events.withLock { Set($0).count } == missing)
    }

    @Test func whatCanBeFoundBeforeIsFoundBeforeAnythingIsBuilt() async throws {
        let builder = RecordingBuilder()
        let specs = [ImageSpec(name: "a"), ImageSpec(name: "b", builder: "nobody"), ImageSpec(name: "c")]
        let graph = try Graph(specs, in: context)
        let error = await #expect(throws: ImageSpecError.self) {
            try await engine(builder).results(of: graph)
        }
        #expect(error?.code == .builderNotRegistered)
        #expect(error?.message.hasPrefix(graph.nodes[1].imageName + ": builder: ") == true)
        #expect(builder.names.isEmpty)
    }

    @Test func cancellingEndsWhatRunsAndKeepsWhatWasBuilt() async throws {
        let started = Gate()
        let never = Gate()
        let builder = RecordingBuilder { request, count in
            if request.spec.name == "done" { return nil }
            if count == 2 { started.open() }
            try await never.pass()
            return nil
        }
        let specs = ["done", "runs1", "runs2", "waits"].map { ImageSpec(name: $0) }
        let above = ImageSpec(name: "above", baseImage: .spec(specs[1]))
        let graph = try Graph(specs + [above], in: context)
        let engine = engine(builder)
        let task = Task { try await engine.results(of: graph, jobs: 2) }
        try await started.pass()
        task.cancel()
        #expect(outcomes(try await task.value) == ["built"] + Array(repeating: "cancelled", count: 4))
        #expect(builder.names.sorted() == ["done", "runs1", "runs2"])
        #expect(builder.cancellations == 2)
    }

    @Test func theProblemsOfAllImagesAreInOneError() async throws {
        let specs = [
            ImageSpec(name: "a", builder: "x"), ImageSpec(name: "b"), ImageSpec(name: "c", builder: "y"),
        ]
        let graph = try Graph(specs, in: context)
        let error = try await #require(throws: ImageSpecError.self) {
            try await engine(RecordingBuilder()).results(of: graph)
        }
        #expect(
            error.problems.map { $0.locations.first?.subject } == [0, 2].map { graph.nodes[$0].imageName })
    }

    @Test func insideAnExecutionOnlyTheSpecsAreNamed() async throws {
        let builder = RecordingBuilder()
        let events = Mutex(0)
        let engine = Engine(policy: .init(isInsideExecution: true)) { _ in events.withLock { $0 += 1 } }
        engine.register("recording", builder)
        let top = ImageSpec(name: "top", baseImage: .spec(ImageSpec(name: "base")))
        #expect(outcomes(try await engine.results(of: try Graph([top], in: context))) == ["skipped"])
        #expect(events.withLock { $0 } == 1)
        #expect(builder.requests.isEmpty)
    }

    @Test func theEngineSaysOfWhichImageALineIs() async throws {
        let events = Mutex<[ImageSpec.BuildEvent]>([])
        let engine = Engine(policy: .init()) { event in events.withLock { $0.append(event) } }
        let builder = RecordingBuilder { request, _ in
            request.report(.output(line: "one"))
            return nil
        }
        engine.register("recording", builder)
        let name = try await engine.build(ImageSpec(name: "a"), in: context)
        #expect(events.withLock { $0.first } == .output(line: "one", imageName: name))
    }

    // MARK: text

    private static let family: [ImageSpec] = {
        let base = ImageSpec(name: "base", registry: "ghcr.io/acme", tagFormat: "{spec_hash:.16}")
        return [
            ImageSpec(name: "left", registry: "ghcr.io/acme", baseImage: .spec(base)),
            ImageSpec(name: "right", baseImage: .spec(base), tagFormat: "{spec_hash:.8}-dev"),
        ]
    }()

    @Test func aGraphIsTextForMermaidAndForGraphviz() throws {
        let graph = try Graph(Self.family, in: context)
        let tags = try #require(
            graph.nodes.map { $0.imageName.split(separator: ":").last.map(String.init) ?? "" } as [String]?)
        let labels = ["base:\(tags[0])", "left:\(tags[1].prefix(12))…", "right:\(tags[2])"]
        #expect(graph.labels == labels)
        #expect(
            graph.mermaid == """
                flowchart LR
                    n0["\(labels[0])"]
                    n1["\(labels[1])"]
                    n2["\(labels[2])"]
                    n0 --> n1
                    n0 --> n2

                """)
        #expect(
            graph.dot == """
                digraph images {
                    rankdir=LR;
                    node [shape=box];
                    n0 [label="\(labels[0])"];
                    n1 [label="\(labels[1])"];
                    n2 [label="\(labels[2])"];
                    n0 -> n1;
                    n0 -> n2;
                }

                """)
        #expect(try Graph(Self.family, in: context).mermaid == graph.mermaid)
    }

    @Test func whatWouldReadTheSameIsTheWholeName() throws {
        let specs = ["one", "two"].map { ImageSpec(name: "a", registry: $0) }
        let graph = try Graph(specs, in: context)
        #expect(graph.labels == graph.nodes.map(\.imageName))
    }

    @Test(arguments: [
        ("a:1_x-y.z…", "a:1_x-y.z…", "a:1_x-y.z…"), (#"a"b"#, "a#34;b", #"a\"b"#),
        ("a[b]{c}(d)", "a#91;b#93;#123;c#125;#40;d#41;", "a[b]{c}(d)"),
        ("<b>&#", "#60;b#62;#38;#35;", "<b>&#"), (#"a\"#, "a#92;", #"a\\"#), ("a\nb", "a#10;b", "a b"),
        ("`a`;%%", "#96;a#96;#59;#37;#37;", "`a`;%%"), ("ü日", "ü日", "ü日"),
    ])
    func aLabelIsNothingButText(_ label: String, _ mermaid: String, _ dot: String) {
        #expect(Graph.escapedForMermaid(label) == mermaid)
        #expect(Graph.escapedForDot(label) == dot)
    }
}
