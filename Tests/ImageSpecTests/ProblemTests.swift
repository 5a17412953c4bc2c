// SPDX-License-Identifier: Apache-2.0

import ImageSpec
import Testing

/// Errors as data: locations, what they print, and what no text of a problem contains.
@Suite struct ProblemTests {
    typealias Location = ImageSpecError.Location

    // MARK: locations

    @Test(
        arguments: [
            (Location(), ""), (Location(file: "a.yaml"), "a.yaml"), (Location(line: 3), "line 3"),
            (Location(line: 3, column: 4), "line 3, column 4"),
            (Location(file: "a.yaml", line: 3), "a.yaml:3"),
            (Location(file: "a.yaml", line: 3, column: 4, field: "copy[0]"), "a.yaml:3:4: copy[0]"),
            (Location(subject: "ghcr.io"), "ghcr.io"), (Location(field: "name", subject: "x"), "name: x"),
        ] as [(Location, String)])
    func aLocationPrintsWhatIsKnown(location: Location, text: String) {
        #expect("\(location)" == text)
    }

    /// How an error is placed from the inside out, and its message.
    struct Placed: Sendable {
        var error: ImageSpecError
        var file: String?
        var line: Int?
        var column: Int?
        var field: String?
        var message: String
    }

    private static let flaw = ImageSpecError(
        .invalidField, field: "copy[0]", found: "/x", "is absolute", fix: "remove it")

    @Test(arguments: [
        Placed(error: flaw, field: "copy[0]", message: "copy[0]: is absolute; remove it"),
        Placed(
            error: flaw.at(line: 8, column: 3), line: 8, column: 3, field: "copy[0]",
            message: "line 8, column 3: copy[0]: is absolute; remove it"),
        Placed(
            error: flaw.at(line: 8, column: 3).inFile("a.yaml"), file: "a.yaml", line: 8, column: 3,
            field: "copy[0]",
            message: "a.yaml:8:3: copy[0]: is absolute; remove it"),
        // The base of a spec in another file.
        Placed(
            error: flaw.inFile("b.yaml").inside(Location(file: "a.yaml", field: "base_image")),
            file: "b.yaml",
            field: "copy[0]", message: "a.yaml: base_image: b.yaml: copy[0]: is absolute; remove it"),
        // A base in the same document.
        Placed(
            error: flaw.inBaseImage(levels: 2).inFile("a.yaml"), file: "a.yaml", field: "copy[0]",
            message: "a.yaml: base_image: base_image: copy[0]: is absolute; remove it"),
        // A file that a field names.
        Placed(
            error: ImageSpecError(
                .invalidRequirements,
                at: [Location(field: "requirements"), Location(file: "r.txt", line: 2)], "bad"
            ).inFile("a.yaml"), file: "r.txt", line: 2, field: "requirements",
            message: "a.yaml: requirements: r.txt:2: bad"),
        Placed(
            error: ImageSpecError(.toolFailed, about: "a:1", "failed", fix: "retry", output: ["x", "y"]),
            message: "a:1: failed\n  x\n  y\nhint: retry"),
    ])
    func theMessageHasTheLocationsOutermostFirst(_ placed: Placed) throws {
        let problem = try #require(placed.error.problems.first)
        #expect(problem.file == placed.file)
        #expect(problem.line == placed.line)
        #expect(problem.column == placed.column)
        #expect(problem.field == placed.field)
        #expect(problem.message == placed.message)
        #expect("\(problem)" == placed.message)
        #expect(placed.error.message == placed.message)
    }

    @Test func anErrorHasTheProblemsOfAllErrors() throws {
        let other = ImageSpecError(.missingInput, field: "copy", "missing")
        let both = try #require(ImageSpecError(problems: [Self.flaw, other]))
        #expect(both.code == .invalidField)
        #expect(both.problems == Self.flaw.problems + other.problems)
        #expect(both.message == Self.flaw.message + "\n" + other.message)
        #expect(both.inFile("a").message.split(separator: "\n").allSatisfy { $0.hasPrefix("a: copy") })
        #expect(ImageSpecError(problems: [ImageSpecError]()) == nil)
    }

    // MARK: equality

    @Test func equalityIsOfEverythingButTheUnderlyingError() {
        struct Cause: Error {}
        let caused = ImageSpecError(.invalidField, field: "a", "x", underlying: Cause())
        #expect(caused == ImageSpecError(.invalidField, field: "a", "x"))
        #expect(caused.hashValue == ImageSpecError(.invalidField, field: "a", "x").hashValue)
        #expect(caused.problems[0].underlying is Cause)
        for other in [
            ImageSpecError(.unknownField, field: "a", "x"), ImageSpecError(.invalidField, field: "b", "x"),
            ImageSpecError(.invalidField, field: "a", "y"),
            ImageSpecError(.invalidField, field: "a", "x", fix: "z"),
            ImageSpecError(.invalidField, field: "a", found: "f", "x"),
            ImageSpecError(.invalidField, field: "a", "x", output: ["l"]),
        ] {
            #expect(caused != other)
        }
    }

    // MARK: texts

    /// Text of others must not end a line, move the cursor, change the direction of text or hide.
    @Test(arguments: [
        ("a\nb", #"a\nb"#), ("a\r\n::error::b", #"a\r\n::error::b"#), ("\u{1B}[2Ja", #"\u{1b}[2Ja"#),
        ("\t", #"\t"#),
        ("\u{202E}txt", #"\u{202e}txt"#), ("\u{2066}a\u{2069}", #"\u{2066}a\u{2069}"#),
        ("a\u{2028}b", #"a\u{2028}b"#),
        ("a\u{2029}b", #"a\u{2029}b"#), ("a\u{85}b", #"a\u{85}b"#), ("a\u{200B}b", #"a\u{200b}b"#),
        ("\0", #"\u{0}"#),
        ("\u{FEFF}", #"\u{feff}"#), ("é ß 東京 \\n", "é ß 東京 \\n"),
    ])
    func noTextOfAProblemHasControlCharacters(text: String, escaped: String) throws {
        let error = ImageSpecError(
            .toolFailed, at: [Location(file: text, field: text, subject: text)], found: text, text,
            fix: ImageSpecError.Fix(text), output: [text])
        let problem = try #require(error.problems.first)
        let location = try #require(problem.locations.first)
        for found in [
            location.file, location.field, location.subject, problem.found, problem.reason, problem.fix?.text,
            problem.output.first,
        ] as [String?] {
            #expect(found.map { Array($0.utf8) } == Array(escaped.utf8))
        }
        #expect(error.message.split(separator: "\n").count == 3)
    }

    @Test func noTextOfAProblemHasUserInfo() {
        let url = "https://user:hunter2@example.com/simple"
        let error = ImageSpecError(
            .toolFailed, at: [Location(subject: url)], found: url, "cannot read \(url)", fix: "remove \(url)",
            output: ["GET \(url)"])
        #expect(!"\(error.problems)".contains("hunter2"))
        #expect(!error.message.contains("hunter2"))
        #expect(error.message.contains("example.com/simple"))
    }

    /// A failing step is shown whole, unless it printed without end.
    @Test(arguments: [
        (0, 0, ""), (1000, 1000, "line 0"), (1001, 1000, "… 2 earlier lines"),
        (5000, 1000, "… 4001 earlier lines"),
    ])
    func longOutputIsCutAtTheStart(count: Int, kept: Int, first: String) {
        let error = ImageSpecError(.toolFailed, "a", output: (0..<count).map { "line \($0)" })
        let output = error.problems[0].output
        #expect(output.count == kept)
        #expect(output.first ?? "" == first)
        #expect(output.last ?? "line -1" == "line \(count - 1)")
        for last in 0...2 {
            #expect(error.problems[0].withOutput(last: last).output.count == min(count, last))
        }
    }

    @Test func anErrorEndsAProgramWithItsMessage() async throws {
        let result = try await #require(
            processExitsWith: .exitCode(1), observing: [\.standardErrorContent]
        ) {
            ImageSpec.exit(
                withError: ImageSpecError(.toolFailed, "it \u{1B} failed", fix: "retry", output: ["line"]))
        }
        let printed = String(decoding: result.standardErrorContent, as: UTF8.self)
        #expect(printed.contains("it \\u{1b} failed\n  line\nhint: retry\n"))
    }

    @Test func aLongValueIsCut() {
        let error = ImageSpecError(.invalidField, found: String(repeating: "x", count: 10_000), "too long")
        #expect(error.problems[0].found?.count == 301)
    }
}
