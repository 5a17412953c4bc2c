// SPDX-License-Identifier: Apache-2.0

import Foundation
import ImageSpec
import Testing

@testable import ContentTree

/// Every error that the library can give, with an input that causes it, and what it says to the word.
///
/// `Fixtures` is written to be read through: each message has to say what is wrong, where, and what to do.
@Suite struct ErrorMessageTests {
    @Test(arguments: ErrorArea.alone)
    func everyMessageIsAsRecorded(_ area: ErrorArea) async throws { try await Self.compare(area) }

    @Test(
        .enabled(if: ErrorArea.registryProblem == nil, "\(ErrorArea.registryProblem ?? "")"),
        arguments: ErrorArea.onRegistries)
    func everyMessageAboutARegistryIsAsRecorded(_ area: ErrorArea) async throws {
        try await Self.compare(area)
    }

    private static func compare(_ area: ErrorArea) async throws {
        var text = ""
        for example in area.cases {
            let error = try #require(await error(of: example), "no error: \(example.testDescription)")
            text += "\(example.factory)\n  \(shortened(example.input))\n  \(error.kind)\n"
            text += error.message.split(separator: "\n").map { "    \($0)\n" }.joined() + "\n"
        }
        let file = SourceText.folder + "/Tests/ErrorMessageTests/Fixtures/\(area.name).txt"
        if ProcessInfo.processInfo.environment["RECORD_SNAPSHOTS"] == "1" {
            try text.write(toFile: file, atomically: true, encoding: .utf8)
            Issue.record("recorded \(file): read it, and run again")
            return
        }
        let recorded = try String(contentsOfFile: file, encoding: .utf8)
        let pairs = zip(entries(recorded), entries(text))
        for (expected, found) in pairs { #expect(found == expected) }
        #expect(recorded == text, "\(area.name).txt: the rows are others; record them")
    }

    /// The error, with a name in the place of the case's own folder.
    static func error(of example: ErrorCase) async throws -> Told? {
        let folder = FileManager.default.temporaryDirectory.resolvingSymlinksInPath()
            .appendingPathComponent("imagespec-errors-" + UUID().uuidString).path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        func told(_ kind: String, _ message: String) -> Told {
            Told(
                kind: kind,
                message: message.replacing(folder, with: "$FOLDER")
                    .replacing("(in \(FileManager.default.currentDirectoryPath))", with: "(in $HERE)"))
        }
        do {
            try await example.cause(Scene(folder: folder))
            return nil
        } catch let error as ImageSpecError {
            return told("\(error.code)", error.message)
        } catch let failure as ToolFailure {
            return told(failure.status, failure.message)
        }
    }

    /// An error as the user sees it.
    struct Told {
        /// The code, or how the tool ended.
        var kind: String
        var message: String
    }

    /// An input on one line, and not without end.
    private static func shortened(_ input: String) -> String {
        let line = input.replacing("\n", with: "\\n")
        return line.count <= 120 ? line : "\(line.prefix(120))… (\(line.count) characters)"
    }

    private static func entries(_ text: String) -> [String] { text.components(separatedBy: "\n\n") }

    // MARK: completeness

    /// Factories that no input of this machine reaches for certain, with the reason.
    static let exceptions = [
        "sourceChanged": "needs a file that changes between two reads",
        "renamed": "needs a file that changes between being named and being built",
        "layerChanged": "needs files that change between two reads",
        "unreadableStandardInput":
            "needs a standard input that cannot be read, which a test must not take away",
        "standardInputTooLarge": "needs a standard input of its own; the tests of the tool have one",
        "ignoreFileOfAnotherUser": "needs a file of another user, which only root can make",
        "noTemporaryDirectory": "needs a machine whose folder for temporary files is full or closed",
    ]

    @Test func everyFactoryHasACase() throws {
        let factories = try SourceText.factories()
        #expect(factories.count > 70)
        let tested = Set(ErrorArea.all.flatMap(\.cases).map(\.factory))
        let known = Set(factories.map(\.name))
        let missing = known.subtracting(tested).subtracting(Self.exceptions.keys)
        #expect(missing.sorted() == [])
        #expect(tested.subtracting(known).sorted() == [])
        #expect(Set(Self.exceptions.keys).subtracting(known).sorted() == [])
    }

    /// A case says which factory it is about; its message has to have words of that factory.
    @Test func everyCaseIsOfItsFactory() async throws {
        let factories = Dictionary(grouping: try SourceText.factories(), by: \.name)
        for example in ErrorArea.tried.flatMap(\.cases) {
            let words = (factories[example.factory] ?? []).flatMap(\.literals).filter { $0.count >= 5 }
            if words.isEmpty { continue }
            let message = try await Self.error(of: example)?.message ?? ""
            #expect(
                words.contains { message.contains($0) }, "\(example.testDescription): \(message)")
        }
    }

    @Test func onlyFactoriesMakeErrors() throws {
        for file in try SourceText.files() {
            // Where an error is made by hand, its sentence is in no table.
            let outside = file.outsideFactories.split(separator: "\n").filter {
                $0.contains("ImageSpecError(.")
            }
            #expect(outside == [], "\(file.name)")
        }
    }

    /// Every message says something to do, or quotes one who said what is wrong; and none breaks off or runs on.
    @Test func messagesAreSentencesOfOneStyle() async throws {
        for example in ErrorArea.tried.flatMap(\.cases) {
            let message = try #require(await Self.error(of: example)).message
            #expect(!message.hasSuffix(".") || message.hasSuffix("…"), "\(message)")
            #expect(message.utf8.allSatisfy { $0 >= 0x20 || $0 == 0x0A }, "\(message)")
            #expect(message.count < 900, "\(message)")
            #expect(!message.contains("  ") || message.contains("\n  "), "\(message)")
        }
    }
}
