// SPDX-License-Identifier: Apache-2.0

import Synchronization
import Testing

@testable import ContentTree
@testable import ImageSpec
@testable import ImageSpecBuilding
@testable import ImageSpecDiff

/// Specs with very many bases below each other.
@Suite(.timeLimit(.minutes(20))) struct BaseChainTests {
    private let context = ImageSpec.Context(
        workingDirectory: "/", hostArchitecture: "x86_64", digestCache: .off)

    /// A spec on so many specs, of which each has fields before and after the base in a document.
    private func chain(_ bases: Int, _ lowest: ImageSpec = ImageSpec(name: "n0")) -> ImageSpec {
        (0..<bases).reduce(lowest) { spec, index in
            ImageSpec(
                name: "n\(index + 1)", aptPackages: ["p\(index % 7)"], baseImage: .spec(spec),
                commands: ["true"])
        }
    }

    // MARK: what is asked of them

    enum Question: String, CaseIterable {
        case id, document, name, validate, inputs, dockerfile, context, usedImages, graph, difference

        /// Asks it of a spec on so many others.
        func ask(_ spec: ImageSpec, _ bases: Int, in context: ImageSpec.Context) throws {
            switch self {
            case .id: #expect(spec.id.count == 64)
            case .document: _ = spec.document
            case .name: #expect(try spec.imageName(in: context).hasPrefix("n\(bases):"))
            case .validate: try spec.validate(in: context)
            case .inputs: #expect(try spec.inputs(in: context).files.isEmpty)
            case .dockerfile:
                #expect(
                    try ImageSpec.Dockerfile(spec, in: context).text.hasPrefix("FROM n\(bases - 1):"))
            case .context: _ = try ImageSpec.BuildContext(spec, in: context)
            case .usedImages: #expect(try spec.usedImages(in: context).count == 1)
            case .difference:
                let record = try spec.snapshot(in: context)
                #expect(ImageSpec.Diff(from: record, to: record).isSame)
            case .graph:
                #expect(try ImageSpec.BuildGraph([spec], in: context).nodes.count == bases + 1)
            }
        }

        /// Whether more bases than there can be are an error; the others throw none.
        var hasLimit: Bool { ![.id, .document].contains(self) }
    }

    /// A recursion would be at the end of the stack.
    @Test(arguments: Question.allCases) func aLongChainIsAskedForEverything(_ question: Question) throws {
        try question.ask(chain(500), 500, in: context)
    }

    @Test func aLongChainIsBuiltFromTheLowestUp() async throws {
        let builder = RecordingBuilder()
        let engine = ImageSpec.BuildEngine(policy: .init())
        engine.register("recording", builder)
        try await engine.build(chain(500), in: context)
        #expect(builder.names == (0...500).map { "n\($0)" })
    }

    @Test func theFailureOfTheLowestEndsThemAll() async throws {
        let builder = RecordingBuilder { _, _ in throw RecordingBuilder.Failure() }
        let events = Mutex(0)
        let engine = ImageSpec.BuildEngine(policy: .init()) { event in
            if case .notBuilt = event { events.withLock { $0 += 1 } }
        }
        engine.register("recording", builder)
        let results = try await engine.results(of: try ImageSpec.BuildGraph([chain(500)], in: context))
        #expect(results.count == 1)
        #expect(builder.names == ["n0"])
        #expect(events.withLock { $0 } == 500)
    }

    @Test(arguments: Question.allCases.filter(\.hasLimit))
    func moreThanTheLimitIsAnError(_ question: Question) throws {
        let error = try #require(throws: ImageSpecError.self) {
            try question.ask(chain(501), 501, in: context)
        }
        #expect(error.code == .invalidField)
        #expect(error.message.contains("base_image: the base_image chain has more than 500 specs"))
    }

    @Test func theLimitItselfIsAllowed() throws {
        #expect(try chain(500).imageName(in: context).hasPrefix("n500:"))
    }

    // MARK: what comes out

    @Test func theDocumentOfTheIdHoldsTheBasesOneInTheOther() throws {
        let lowest = ImageSpec(name: "n0", aptPackages: ["a"], cuda: "12", baseImage: "debian")
        #expect(
            chain(2, lowest).idDocument
                == #"{"fields":{"apt_packages":["p1"],"base_image":{"fields":{"apt_packages":["p0"],"#
                + #""base_image":{"fields":{"apt_packages":["a"],"base_image":"debian","cuda":"12","name":"n0"}},"#
                + #""commands":["true"],"name":"n1"}},"commands":["true"],"name":"n2"},"#
                + #""format":"imagespec.id.v1"}"#)
    }

    @Test(arguments: [0, 1, 2, 5]) func aDocumentIsReadAsTheSpecThatItIsOf(_ bases: Int) throws {
        let spec = chain(bases, ImageSpec(baseImage: "debian"))
        #expect(try ImageSpec(document: spec.document) == spec)
    }

    @Test func aProblemSaysHowManyBasesBelowItIs() throws {
        let spec = chain(2, ImageSpec(name: "A B"))
        let error = try #require(throws: ImageSpecError.self) { try spec.validate(in: context) }
        #expect(error.message.hasPrefix("base_image: base_image: "))
        #expect(!error.message.hasPrefix("base_image: base_image: base_image"))
        // Whoever builds it with something else makes what it likes of it, and of what it is based on.
        let foreign = ImageSpec(
            builder: "mine", baseImage: .spec(ImageSpec(name: "A B")), pythonExec: "no path")
        try chain(2, foreign).validate(in: context)
    }

    @Test func theFilesOfEachBaseAreReadOnce() throws {
        let folder = TemporaryFolder()
        var spec = ImageSpec()
        for index in 0..<12 {
            try folder.write("f\(index)/a", "\(index)")
            spec = ImageSpec(
                sourceRoot: "f\(index)", baseImage: index == 0 ? nil : .spec(spec), sourceCopyMode: .all)
        }
        let progress = ImageSpec.HashingProgress { _ in }
        let context = ImageSpec.Context(
            workingDirectory: folder.path, hostArchitecture: "x86_64", digestCache: .off, progress: progress)
        var inputs: ImageSpec.Inputs? = try spec.inputs(in: context)
        #expect(progress.count.files == 12)
        for index in (0..<12).reversed() {
            #expect(inputs?.files.map(\.path) == ["f\(index)/a"])
            inputs = inputs?.base
        }
        #expect(inputs == nil)
    }

    // MARK: cost

    /// What takes no more for each base, however many there are.
    @Test(arguments: [Question.name, .validate, .inputs, .usedImages, .graph])
    func eightTimesAsManyBasesTakeEightTimesAsLong(_ question: Question) throws {
        func time(_ bases: Int) throws -> Double {
            let spec = chain(bases)
            return try processorTime { try question.ask(spec, bases, in: context) }
        }
        // The least of several, because other work on the machine only adds.
        let times = try (0..<3).map { _ in (try time(62), try time(496)) }
        let small = times.map(\.0).min() ?? 0
        let large = times.map(\.1).min() ?? 0
        // Where each looks at all below, it takes 64 times as long.
        #expect(large / small < 40, "\(small), \(large)")
    }

    // MARK: files

    private func files(_ count: Int) throws -> TemporaryFolder {
        let folder = TemporaryFolder()
        try folder.write("0.json", #"{"name": "n0"}"#)
        for index in 1..<count {
            try folder.write(
                "\(index).json", #"{"name": "n\#(index)", "base_image": "./\#(index - 1).json"}"#)
        }
        return folder
    }

    @Test func aLongChainOfFilesIsRead() throws {
        let folder = try files(501)
        let spec = try ImageSpec(jsonContentsOf: folder.path + "/500.json")
        #expect(spec.specBases.map(\.name) == (0..<500).reversed().map { "n\($0)" })
    }

    @Test func tooLongAChainOfFilesIsAnErrorOfTheFirst() throws {
        let folder = try files(502)
        #expect(try ImageSpec(jsonContentsOf: folder.path + "/500.json").name == "n500")
        let path = folder.path + "/501.json"
        let error = try #require(throws: ImageSpecError.self) { try ImageSpec(jsonContentsOf: path) }
        #expect(error.code == .invalidField)
        #expect(error.message.hasPrefix(path + ": base_image: the base_image chain has more than 500 specs"))
    }

    @Test func anErrorNamesTheFilesThatLeadToIt() throws {
        let folder = TemporaryFolder()
        try folder.write("a.json", #"{"base_image": {"base_image": "./b.json"}}"#)
        try folder.write("b.json", #"{"base_image": "./c.json"}"#)
        try folder.write("c.json", #"{"names": 1}"#)
        let error = try #require(throws: ImageSpecError.self) {
            try ImageSpec(jsonContentsOf: folder.path + "/a.json")
        }
        let places = [("a", "base_image.base_image"), ("b", "base_image"), ("c", "")].map {
            "\(folder.path)/\($0).json: " + ($1.isEmpty ? "" : $1 + ": ")
        }
        #expect(error.message.hasPrefix(places.joined()))
        try folder.write("c.json", #"{"name": "c", "base_image": "debian"}"#)
        let spec = try ImageSpec(jsonContentsOf: folder.path + "/a.json")
        let c = ImageSpec(name: "c", baseImage: "debian")
        #expect(
            spec == ImageSpec(baseImage: .spec(ImageSpec(baseImage: .spec(ImageSpec(baseImage: .spec(c)))))))
    }
}
