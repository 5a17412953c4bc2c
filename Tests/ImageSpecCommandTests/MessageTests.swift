// SPDX-License-Identifier: Apache-2.0

import Testing

/// What somebody reads who made a mistake, to the word.
@Suite struct MessageTests {
    struct Usage: Sendable, CustomTestStringConvertible {
        var arguments: [String]
        var message: String
        var help: String

        /// `help` is the command whose help is pointed to.
        init(_ arguments: String..., says message: String, help: String = "") {
            self.arguments = arguments
            self.message = message
            self.help = help
        }

        var testDescription: String { arguments.joined(separator: " ") }
    }

    @Test(arguments: [
        // Commands.
        Usage("nmae", "x", says: "unknown command 'nmae'; did you mean 'name'?"),
        Usage("nmae", "--help", says: "unknown command 'nmae'; did you mean 'name'?"),
        Usage("Files", says: "unknown command 'Files'; did you mean 'files'?"),
        Usage("help", "contxt", says: "unknown command 'contxt'; did you mean 'context'?"),
        Usage("a\nb", says: "unknown command 'a\\nb'; the commands are name, tag, id, "),
        Usage(
            "trainer.yaml",
            says:
                "unknown command 'trainer.yaml'; pass the spec after a command, such as 'imagespec name trainer.yaml'; "
        ),
        // Arguments.
        Usage("diff", says: "missing expected argument '<from>'", help: "diff"),
        Usage("files", "a.yaml", "b.yaml", says: "unexpected argument 'b.yaml'", help: "files"),
        Usage("context", "a.yaml", says: "missing destination; ", help: "context"),
        Usage("document", "a.yaml", says: "missing one of: '--id', '--tag'", help: "document"),
        Usage(
            "document", "--id", "--tag", "a.yaml",
            says: "value to be set with flag '--tag' had already been set with flag '--id'", help: "document"),
        Usage(
            "name", "--regisrty", "x", "a.yaml",
            says: "unknown option '--regisrty'. Did you mean '--registry'?", help: "name"),
        Usage("name", "--registry", says: "missing value for '--registry <registry>'", help: "name"),
        Usage("--json", "name", "a.yaml", says: "unknown option '--json'"),
        Usage(
            "files", "--null", "--json", "a.yaml", says: "--null cannot be combined with --json; ",
            help: "files"),
    ])
    func wrongUsageIsOneSentenceAndAPlaceToLook(_ example: Usage) throws {
        try withTemporaryFolder { folder in
            let outcome = try Tool.run(example.arguments, in: folder)
            #expect(outcome.status == 64)
            #expect(outcome.text == "")
            #expect(outcome.messages.hasPrefix("imagespec: " + example.message), "\(outcome.messages)")
            let command = example.help.isEmpty ? "" : " " + example.help
            #expect(outcome.messages.hasSuffix("\nSee 'imagespec help\(command)'.\n"), "\(outcome.messages)")
            #expect(outcome.messages.split(separator: "\n").count == 2)
        }
    }

    @Test func theUsageOfDocumentAsksForOneOfTwoFlags() throws {
        try withTemporaryFolder { folder in
            let text = try Tool.run(["document", "--help"], in: folder).text
            #expect(text.contains("USAGE: imagespec document (--id | --tag) <spec> [<options>]\n"))
        }
    }

    @Test func helpListsTheExitStatusesThatThereAre() throws {
        try withTemporaryFolder { folder in
            let words = try Tool.run(["--help"], in: folder).text.split { $0.isWhitespace }.joined(
                separator: " ")
            #expect(
                words.contains(
                    "Exit status: 0 success, 1 an image is absent (exist, digest) or a tag or id differs (diff, check), 64 "
                ))
            #expect(words.contains(" invalid usage, 65 invalid spec, 66 "))
        }
    }

    static let hint =
        "imagespec: there are more problems; to list all, run: imagespec check"

    @Test(arguments: [
        // Something more is wrong, about names or rendering.
        ("tag_format: x\ncuda: '12'", "name", true), ("tag_format: x\ncuda: '12'", "tag", true),
        ("tag_format: x\ncuda: '12'", "document --tag", true),
        ("registry: A B\napt_packages: [Git]", "name", true),
        ("copy: [/a, /b]", "tag", true), ("copy: [/a, /b]", "files", true),
        // It is all.
        ("tag_format: x", "name", false), ("registry: A B", "name", false), ("copy: [/a]", "files", false),
        ("base_image: {copy: [/a]}", "tag", false),
        // All of it was said, or the spec cannot be read.
        ("tag_format: x\ncuda: '12'", "render", false), ("copy: [/a, /b]", "check", false),
        ("nmae: x\ntag_foramt: y", "tag", false),
    ])
    func checkIsNamedWhereItHasMoreToSay(_ spec: String, _ command: String, _ isNamed: Bool) throws {
        try withFolder(of: ["a.yaml": spec]) { folder in
            let outcome = try Tool.shell("\"$0\" \(command) a.yaml", in: folder)
            #expect(outcome.status == 65)
            #expect(outcome.messages.hasPrefix("imagespec: a.yaml:"))
            #expect(outcome.messages.hasSuffix(Self.hint + " a.yaml\n") == isNamed, "\(outcome.messages)")
            let input = try Tool.shell("\"$0\" \(command) - < a.yaml", in: folder)
            #expect(input.status == 65)
            #expect(input.messages.hasPrefix("imagespec: standard input"))
            #expect(input.messages.hasSuffix(Self.hint + " -\n") == isNamed)
        }
    }

    // Of missing files there is no hint: check stops at the same ones.
    @Test(arguments: ["name", "tag", "document --tag", "files", "render", "check"])
    func theSpecFileIsNamedBeforeItsMissingFiles(_ command: String) throws {
        try withFolder(of: ["a.yaml": "requirements: r.txt", "sub/b.yaml": "source_root: src"]) { folder in
            for (place, problem) in [
                ("a.yaml:1:15", "requirements: \"r.txt\" (in \(folder)) does not exist; expected a file"),
                (
                    "sub/b.yaml:1:14",
                    "source_root: \"sub/src\" (in \(folder)) does not exist; expected a directory"
                ),
            ] {
                let file = place.prefix { $0 != ":" }
                let outcome = try Tool.shell("\"$0\" \(command) \(file)", in: folder)
                #expect(outcome.status == 66)
                let advice = "; paths are relative to the spec file (see --base-dir)"
                #expect(outcome.messages == "imagespec: \(place): \(problem)\(advice)\n")
            }
        }
    }

    @Test(arguments: [
        ("nofile.yaml", "nofile.yaml", "does not exist"), ("./nofile.yaml", "nofile.yaml", "does not exist"),
        ("sub", "sub", "is a directory"), ("sub/a.yaml/b", "sub/a.yaml/b", "does not exist"),
    ])
    func aSpecFileThatIsNotThereIsNamed(_ argument: String, _ shown: String, _ what: String) throws {
        try withFolder(of: ["sub/a.yaml": "{}"]) { folder in
            for command in ["id", "name", "check"] {
                let outcome = try Tool.run([command, argument], in: folder)
                #expect(outcome.status == 66)
                #expect(
                    outcome.messages
                        == "imagespec: \"\(shown)\" (in \(folder)) \(what); pass the path of a spec file\n")
            }
        }
    }
}
