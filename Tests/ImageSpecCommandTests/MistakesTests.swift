// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// What the tool says of typical mistakes, to the word.
///
/// `Fixtures/mistakes.txt` is written to be read through: each message has to say what to write instead.
@Suite struct MistakesTests {
    struct Mistake: Sendable, CustomTestStringConvertible {
        var title: String
        /// The content of `image.yaml`.
        var spec: String
        /// What is run with the shell, in the folder of the spec; `imagespec` is the tool.
        var command: String
        /// What makes other files.
        var setup: String

        var testDescription: String { title }

        init(_ title: String, _ spec: String, _ command: String = "imagespec check", setup: String = ":") {
            self.title = title
            self.spec = spec
            self.command = command
            self.setup = setup
        }
    }

    static let mistakes = [
        // Fields.
        Mistake("a misspelled field", "requirement: requirements.txt\n"),
        Mistake("two misspelled fields", "requirement: requirements.txt\npython_verison: \"3.12\"\n"),
        Mistake("a Dockerfile", "dockerfile: Dockerfile\n"),
        Mistake("a version that YAML reads as a number", "python_version: 3.10\n"),
        Mistake("a number in env", "env: {PORT: 8080}\n"),
        Mistake("env as a list", "env: [PORT=8080]\n"),
        Mistake("an entrypoint as one text", "entrypoint: python -m app\n"),
        Mistake("platforms as a list", "platform: [linux/amd64, linux/arm64]\n"),
        Mistake("an architecture as the platform", "platform: amd64\n", "imagespec name"),
        Mistake("the platform in the words of uname", "platform: linux/x86_64\n", "imagespec name"),
        Mistake("the same, on ARM", "platform: linux/aarch64\n", "imagespec tag"),
        Mistake("the platform of a Mac", "platform: darwin/arm64\n", "imagespec name"),
        Mistake("a misspelled architecture", "platform: linux/amd46\n", "imagespec name"),
        Mistake("platforms with a space", "platform: linux/amd64, linux/arm64\n", "imagespec name"),
        Mistake("a name with a space", "name: My Orders\n"),
        Mistake("a tag format of another tool", "tag_format: \"{hash}\"\n"),
        Mistake("an engine as the builder", "builder: docker\n"),
        Mistake("a pattern in copy", "copy: [\"*.py\"]\n"),
        Mistake("a password in an index", "pip_index: https://ann:secret@pypi.example.com/simple\n"),
        Mistake(
            "an environment of conda as requirements", "requirements: environment.yml\n",
            setup: #"printf 'dependencies:\n  - numpy\n' >environment.yml"#),
        // YAML and JSON.
        Mistake("too little indentation", "env:\nA: \"1\"\nname: trainer\n"),
        Mistake("a mapping where none is allowed", "name: trainer\n  registry: ghcr.io\n"),
        Mistake("a tab", "name: trainer\nenv:\n\tA: \"1\"\n"),
        Mistake(
            "a comma at the end", "", "imagespec check image.json",
            setup: "echo '{\"name\": \"a\",}' >image.json"),
        Mistake(
            "a byte order mark", "", "imagespec name image.json",
            setup: #"printf '\357\273\277{"name": "trainer", "tag_format": "{spec_hash:.8}"}' >image.json"#),
        Mistake("a spec of 200 MB", "", setup: "truncate -s 200M image.yaml"),
        Mistake(
            "300,000 packages", "",
            setup: "{ printf 'packages: [a'; yes ,a | head -300000 | tr -d '\\n'; echo ']'; } >image.yaml"),
        // Registries.
        Mistake("a registry as a URL", "registry: https://ghcr.io/acme\n"),
        Mistake("a registry with a password", "registry: ann:secret@ghcr.io/acme\n"),
        Mistake("a port that there is not", "registry: localhost:99999\n", "imagespec name"),
        Mistake(
            "a registry without its port", "registry: localhost\n", "imagespec exist --architecture x86_64"),
        Mistake(
            "a registry that does not answer", "registry: localhost:1\n",
            "imagespec exist --architecture x86_64"),
        Mistake(
            "the same, before a build", "registry: localhost:1\n", "imagespec build --architecture x86_64"),
        Mistake(
            "no registry, and no engine", "name: trainer\n",
            "PATH=$(mktemp -d) imagespec build --architecture x86_64"),
        // Files.
        Mistake("a spec that is not there", "", "imagespec name imgae.yaml"),
        Mistake("no spec at all", "", "imagespec name", setup: "rm image.yaml"),
        Mistake(
            "a folder as the spec", "", "imagespec name folder",
            setup: "mkdir folder; touch folder/image.yaml"),
        Mistake(
            "a path from the wrong folder", "", "imagespec name specs/image.yaml",
            setup:
                "mkdir specs; touch requirements.txt; echo 'requirements: requirements.txt' >specs/image.yaml"
        ),
        Mistake(
            "a link to nowhere", "requirements: requirements.txt\n", "imagespec name",
            setup: "ln -s /nowhere requirements.txt"),
        Mistake(
            "a base that is not there, and more",
            "name: trainer\nbase_image: ./images/bsae.yaml\npackages: [a b]\nnmae: x\n",
            setup: "mkdir images; touch images/base.yaml"),
        Mistake("a file of the machine", "copy: [/etc/passwd]\n", "imagespec name"),
        // Options.
        Mistake("a misspelled command", "", "imagespec biuld"),
        Mistake(
            "a base directory that is not there", "name: trainer\n",
            "imagespec name --base-dir nope image.yaml"),
        Mistake("an unknown architecture", "name: trainer\n", "imagespec name --architecture foo image.yaml"),
        Mistake("a misspelled option", "name: trainer\n", "imagespec name --base-dri . image.yaml"),
    ]

    /// One at a time, so that other tests go on in between.
    @Test(arguments: mistakes) func theMessageIsAsRecorded(_ mistake: Mistake) throws {
        let recorded = try String(contentsOfFile: Self.file, encoding: .utf8).components(separatedBy: "\n\n")
        let entry = recorded.first { $0.hasPrefix(mistake.title + "\n") }
        let found = try Self.entry(of: mistake)
        #expect(found == entry)
    }

    @Test func theFileHasNothingElse() throws {
        if ProcessInfo.processInfo.environment["RECORD_SNAPSHOTS"] == "1" {
            let entries = try Self.mistakes.map(Self.entry)
            try (entries.joined(separator: "\n\n") + "\n\n").write(
                toFile: Self.file, atomically: true, encoding: .utf8)
            Issue.record("recorded \(Self.file): read it, and run again")
        }
        let recorded = try String(contentsOfFile: Self.file, encoding: .utf8).components(separatedBy: "\n\n")
        let titles = recorded.filter { !$0.isEmpty }.map { $0.prefix { $0 != "\n" } }
        #expect(titles == Self.mistakes.map { $0.title.prefix { $0 != "\n" } })
    }

    private static let file =
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().path + "/Fixtures/mistakes.txt"

    /// What is written of a mistake: the spec, the command, and what it prints.
    private static func entry(of mistake: Mistake) throws -> String {
        let outcome = try withFolder(of: ["image.yaml": mistake.spec]) { folder in
            try Tool.shell(
                "set -e; imagespec() { \"$tool\" \"$@\"; }; tool=$0; \(mistake.setup); set +e; \(mistake.command)",
                in: folder)
        }
        let shown = mistake.spec.split(separator: "\n").map { "    | \($0)\n" }.joined()
        let printed = (outcome.text + outcome.messages)
            .replacing(/after \d+ ms/, with: "after 0 ms").replacing(/\(in [^)]*\)/, with: "(in FOLDER)")
        return "\(mistake.title)\n\(shown)    $ \(mistake.command)\n"
            + printed.split(separator: "\n").map { "    \($0)\n" }.joined()
            + "    exit status \(outcome.status)"
    }
}
