// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// What the commands print, and how they end.
@Suite struct CommandTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var arguments: [String]
        var files: [String: String] = [:]
        var input = ""
        var status: Int32 = 0
        var output = ""
        var messages: [String] = []

        init(
            _ arguments: String..., files: [String: String] = [:], input: String = "",
            prints output: String = "",
            status: Int32 = 0, says messages: String...
        ) {
            self.arguments = arguments
            self.files = files
            self.input = input
            self.output = output
            self.status = status
            self.messages = messages
        }

        var testDescription: String {
            arguments.joined(separator: " ") + (input.isEmpty ? "" : " < \(input.debugDescription)")
        }
    }

    static let emptyID = "82cd742283a578f82b3ef14deab89209fe23a7c0fd8bddee669cd3701e466c6f"
    static let emptyDigest = "4f8501f1b3c82946a02313ebc971ccfad394f7b0c0c590df376852fe1063cf46"
    static let versionID = "d3f677895c0f1231a22e59ec85ddaadddc1f23d38d953f594a9b20d3fdf5e525"
    static let versionDigest = "6dd35467d7a7f455f5357b57085bee385d399e70c1786baf4db38e764b7f357c"

    static let results = [
        // Formats and standard input.
        Case("id", "a.json", files: ["a.json": "{}"], prints: emptyID + "\n"),
        Case("id", "a.yaml", files: ["a.yaml": "{}"], prints: emptyID + "\n"),
        Case("id", "a.yml", files: ["a.yml": "python_version: '3.12'"], prints: versionID + "\n"),
        Case("id", "-", input: "{}", prints: emptyID + "\n"),
        Case("id", "-", input: " \n\t{\"python_version\": \"3.12\"}\n", prints: versionID + "\n"),
        Case("id", "-", input: "python_version: '3.12'\n", prints: versionID + "\n"),
        Case("id", "sub/a b'\"$x.json", files: ["sub/a b'\"$x.json": "{}"], prints: emptyID + "\n"),
        // A byte order mark, which editors on Windows write.
        Case("id", "a.json", files: ["a.json": "\u{FEFF}{}"], prints: emptyID + "\n"),
        // Without an argument, and several specs.
        Case("id", files: ["image.yaml": "{}"], prints: emptyID + "\n"),
        Case(
            "name", "a.yaml", "b.yaml", files: ["a.yaml": "name: a", "b.yaml": "name: b"],
            prints: "a:\(emptyDigest)\nb:\(emptyDigest)\n"),
        Case(
            "tag", "a.yaml", "-", files: ["a.yaml": "{}"], input: "{}",
            prints: "\(emptyDigest)\n\(emptyDigest)\n"),
        Case(
            "id", "--json", "a.yaml", "b.yaml", files: ["a.yaml": "{}", "b.yaml": "{}"],
            prints:
                "{\"id\":\"\(emptyID)\",\"spec\":\"a.yaml\"}\n{\"id\":\"\(emptyID)\",\"spec\":\"b.yaml\"}\n"),
        Case("check", "a.yaml", "b.yaml", files: ["a.yaml": "{}", "b.yaml": "{}"]),
        Case(
            "check", "--json", "a.yaml", files: ["a.yaml": "{}"],
            prints: "{\"problems\":[],\"spec\":\"a.yaml\",\"valid\":true}\n"),
        // The results.
        Case("id", "--json", "-", input: "{}", prints: "{\"id\":\"\(emptyID)\",\"spec\":\"-\"}\n"),
        Case("tag", "-", input: "{}", prints: emptyDigest + "\n"),
        Case(
            "tag", "--json", "-", input: "{}",
            prints:
                #"{"content_digest":"\#(emptyDigest)","id":"\#(emptyID)","platform":"linux/amd64","spec":"-","tag":"\#(emptyDigest)"}"#
                + "\n"),
        Case("name", "-", input: "{}", prints: "flytekit:\(emptyDigest)\n"),
        Case(
            "name", "--json", "-", input: #"{"registry": "GHCR.io/Acme", "tag_format": "{spec_hash:.8}-x"}"#,
            prints:
                #"{"content_digest":"\#(emptyDigest)","id":"\#(emptyID)","image_name":"ghcr.io/acme/flytekit:4f8501f1-x","#
                + #""platform":"linux/amd64","repository":"ghcr.io/acme/flytekit","spec":"-","tag":"4f8501f1-x"}"#
                + "\n"
        ),
        Case(
            "document", "--id", "-", input: "{}",
            prints: #"{"fields":{"name":"flytekit"},"format":"imagespec.id.v1"}"#),
        Case(
            "document", "--tag", "-", input: "{}",
            prints: #"{"fields":{"platform":"linux/amd64"},"format":"imagespec.tag.v1"}"#),
        Case(
            "document", "--id", "--json", "-", input: "{}",
            prints:
                #"{"id":"\#(emptyID)","id_document":"{\"fields\":{\"name\":\"flytekit\"},\"format\":\"imagespec.id.v1\"}"}"#
                + "\n"),
        Case(
            "document", "--tag", "--json", "-", input: "{}",
            prints:
                #"{"content_digest":"\#(emptyDigest)","tag_document":"{\"fields\":{\"platform\":\"linux/amd64\"},"#
                + #"\"format\":\"imagespec.tag.v1\"}"}"# + "\n"),
        // Fields replaced.
        Case("name", "--name", "Other", "-", input: "name: x", prints: "other:\(emptyDigest)\n"),
        Case("name", "--name", "", "-", input: "name: x", prints: "flytekit:\(emptyDigest)\n"),
        Case(
            "name", "--registry", "localhost:5000", "-", input: "registry: x.io",
            prints: "localhost:5000/flytekit:\(emptyDigest)\n",
        ),
        Case("name", "--registry", "", "-", input: "registry: x.io", prints: "flytekit:\(emptyDigest)\n"),
        Case("tag", "--tag-format", "v-{spec_hash:.12}", "-", input: "{}", prints: "v-4f8501f1b3c8\n"),
        Case(
            "tag", "--tag-format", "", "-", input: "tag_format: 'x{spec_hash:.8}'", prints: emptyDigest + "\n"
        ),
        Case(
            "document", "--tag", "--platform", "linux/arm64", "-", input: "{}",
            prints: #"{"fields":{"platform":"linux/arm64"},"format":"imagespec.tag.v1"}"#),
        Case(
            "document", "--tag", "--registry", "localhost:5000", "--architecture", "aarch64", "-",
            input: "{}",
            prints: #"{"fields":{"platform":"linux/arm64"},"format":"imagespec.tag.v1"}"#),
        Case(
            "document", "--tag", "--architecture", "aarch64", "-", input: "{}",
            prints: #"{"fields":{"platform":"linux/amd64"},"format":"imagespec.tag.v1"}"#),
        // The tool itself.
        Case("--version", prints: "0.1.0\n"),
    ]

    static let failures = [
        // 64: the arguments.
        Case("tag", status: 66, says: "\"image.yaml\"", "does not exist; pass the path of a spec file"),
        Case(
            "tag", "a.yaml", "b.yaml", files: ["a.yaml": "{}"], status: 66,
            says: "b.yaml", "does not exist; did you mean \"a.yaml\"?"),
        Case("tag", "-", "-", input: "{}", status: 64, says: "standard input can be used only once"),
        Case(
            "tag", "--snapshot", "s.json", "a.yaml", "b.yaml", status: 64,
            says: "--snapshot takes a single spec"),
        Case("check", "--tag", "x", "a.yaml", "b.yaml", status: 64, says: "--tag takes a single spec"),
        Case("files", "a.yaml", "b.yaml", status: 64, says: "b.yaml"),
        Case(
            "tag", "--architecture", "foo", "-", input: "{}", status: 64, says: "unknown architecture 'foo'"),
        Case(
            "tag", "--base-dir", "none", "-", input: "{}", status: 64,
            says: "--base-dir none: not a directory"),
        // What each value should be, with its place.
        Case(
            "tag", "a.yaml", files: ["a.yaml": "name: x\nplatform:  darwin/arm64"], status: 65,
            says: "a.yaml:2:12: platform: ", "write \"linux/arm64\""),
        Case(
            "tag", "--platform", "amd64", "a.yaml", files: ["a.yaml": "platform: linux/arm64"], status: 65,
            says: "imagespec: a.yaml: platform: \"amd64\""),
        Case(
            "check", "a.json", files: ["a.json": "{\"name\": \"x\",\n \"builder\": \"docker\"}"], status: 65,
            says: "a.json:2:13: builder: \"docker\" is not registered", "remove builder, and use --engine"),
        Case(
            "check", "a.yaml", files: ["a.yaml": "copy: ['*.py']"], status: 66,
            says: "a.yaml:1:8: copy[0]: \"*.py\"", "patterns are not expanded"),
        Case(
            "check", "sub/a.yaml", files: ["sub/a.yaml": "requirements: r.txt"], status: 66,
            says: "sub/a.yaml:1:15: requirements: \"sub/r.txt\"",
            "expected a file; paths are relative to the spec file (see --base-dir)"),
        Case(
            "check", "d", files: ["d/image.yaml": "{}"], status: 66,
            says: "is a directory; pass \"d/image.yaml\""),
        Case(
            "check", "a.yaml", files: ["a.yaml": String(repeating: "# x\n", count: 600_000)], status: 65,
            says: "\"a.yaml\"", "is too large (2 MiB); a spec can be at most 1 MiB"),
        Case(
            "check", "-", input: String(repeating: "# x\n", count: 600_000), status: 65,
            says: "standard input is too large; a spec can be at most 1 MiB"),
        Case("nonsense", status: 64, says: "nonsense"),
        Case("tag", "--nonsense", "a.yaml", status: 64, says: "--nonsense"),
        Case("tag", "--registry", status: 64, says: "--registry"),
        Case("document", "a.yaml", status: 64, says: "--id", "--tag"),
        Case("document", "--id", "--tag", "a.yaml", status: 64, says: "imagespec: "),
        Case("files", "-z", "--json", "a.yaml", status: 64, says: "--json"),
        // 65: the spec.
        Case(
            "tag", "a.yaml", files: ["a.yaml": "python_version: 3.10"], status: 65,
            says: "imagespec: a.yaml:1:17: python_version", "quotes"),
        Case(
            "id", "a.json", files: ["a.json": "{\"name\": }"], status: 65, says: "a.json:1:10: "),
        Case("id", "a.json", files: ["a.json": "{} x"], status: 65, says: "a.json:1:4: "),
        Case("id", "a.json", files: ["a.json": ""], status: 65, says: "a.json:1:1: "),
        Case("id", "a.yaml", files: ["a.yaml": ""], status: 65, says: "a.yaml: the document is empty"),
        Case("id", "a.toml", files: ["a.toml": ""], status: 65, says: ".json, .yaml or .yml"),
        Case(
            "id", "-", input: "bulder: x", status: 65, says: "standard input (YAML)",
            "did you mean \"builder\"?"),
        Case("id", "-", input: "{name: x}", status: 65, says: "standard input (JSON)"),
        Case("id", "-", input: "", status: 65, says: "empty"),
        Case("tag", "-", input: "tag_format: latest", status: 65, says: "tag_format"),
        Case("tag", "--tag-format", "{spec_hash:.4}", "-", input: "{}", status: 65, says: "tag_format"),
        Case("tag", "--tag-format", "-{spec_hash}", "-", input: "{}", status: 64, says: "--tag-format"),
        Case(
            "tag", "--tag-format=-{spec_hash}", "-", input: "{}", status: 65,
            says: "does not produce a valid tag"),
        Case("name", "--registry", "a b", "-", input: "{}", status: 65, says: "invalid image name"),
        Case("tag", "-", input: "copy: [/etc]", status: 65, says: "copy[0]: \"/etc\" is absolute"),
        Case("tag", "-", input: "copy: [a/../..]", status: 65, says: "copy", ".."),
        Case("tag", "-", input: "source_copy_mode: all", status: 65, says: "source_root"),
        Case(
            "tag", "a.yaml", files: ["a.yaml": "requirements: r.txt", "r.txt": "-r\n"], status: 65,
            says: "requirements", "r.txt"),
        Case(
            "tag", "a.yaml", files: ["a.yaml": "source_root: .", ".dockerignore": "[a\n"], status: 65,
            says: ".dockerignore"),
        // 66: the files.
        Case("id", "a.yaml", status: 66, says: "\"a.yaml\"", "does not exist"),
        Case("id", "", status: 66, says: "does not exist"),
        Case("id", ".", status: 66, says: "\".\"", "is a directory; pass the path of a spec file"),
        Case(
            "tag", "-", input: "copy: [nothing]", status: 66, says: "copy[0]: ", "nothing", "does not exist"),
        Case("tag", "-", input: "requirements: r.txt", status: 66, says: "requirements", "r.txt"),
        Case("tag", "-", input: "source_root: src", status: 66, says: "source_root", "src"),
        Case(
            "tag", "a.yaml", files: ["a.yaml": "source_root: a.yaml"], status: 66, says: "source_root",
            "not a directory"),
        Case(
            "tag", "a.yaml", files: ["a.yaml": "requirements: r", "r/x": ""], status: 66, says: "requirements"
        ),
        Case(
            "tag", "--base-dir", "sub", "a.yaml", files: ["a.yaml": "copy: [a.yaml]", "sub/b": ""],
            status: 66,
            says: "sub/a.yaml"),
        Case(
            "tag", "--loaded-module", "src/b.py", "a.yaml",
            files: ["a.yaml": "source_root: src", "src/a.py": ""], status: 66,
            says: "src/b.py"),
        // Bytes that would command a terminal, and line breaks that would look like another message.
        Case("id", "-", input: "{\"a\u{9b}31m\": 1}", status: 65, says: "a\\u{9b}31m"),
        Case("id", "-", input: #"{"\u001b[31m": 1}"#, status: 65, says: "\\u{1b}[31m"),
    ]

    @Test(arguments: results)
    func aResultAloneIsOnStandardOutput(_ example: Case) throws {
        try withFolder(of: example.files) { folder in
            let outcome = try Tool.run(example.arguments, input: example.input, in: folder)
            #expect(outcome.text == example.output)
            #expect(outcome.messages == "")
            #expect(outcome.status == 0)
        }
    }

    /// All specs are read, and nothing is printed for those that are right.
    @Test func theProblemsOfSeveralSpecsAreReportedAtOnce() throws {
        try withFolder(of: ["a.yaml": "nmae: x", "b.yaml": "{}", "c.yaml": "platform: amd64"]) { folder in
            let outcome = try Tool.run(["name", "a.yaml", "b.yaml", "c.yaml"], in: folder)
            #expect(outcome.status == 65 && outcome.text == "")
            #expect(
                outcome.messages == """
                    imagespec: a.yaml:1:1: nmae: unknown field; did you mean "name"?
                    imagespec: c.yaml:1:11: platform: "amd64" is not a valid platform; write "linux/amd64"

                    """)
        }
    }

    @Test(arguments: failures)
    func aFailureIsOnStandardErrorAlone(_ example: Case) throws {
        try withFolder(of: example.files) { folder in
            let outcome = try Tool.run(example.arguments, input: example.input, in: folder)
            #expect(outcome.status == example.status)
            #expect(outcome.text == "")
            #expect(outcome.messages.hasPrefix("imagespec: "))
            #expect(outcome.messages.hasSuffix("\n"))
            for fragment in example.messages { #expect(outcome.messages.contains(fragment)) }
            let lines = outcome.messages.split(separator: "\n")
            #expect(lines.count == (example.status == 64 ? 2 : 1))
            if example.status == 64 { #expect(lines.last?.hasPrefix("See 'imagespec help") == true) }
        }
    }

    @Test(arguments: [
        ["--help"], [], ["help", "tag"], ["name", "-h"],
    ])
    func helpIsPrinted(_ arguments: [String]) throws {
        try withTemporaryFolder { folder in
            let outcome = try Tool.run(arguments, in: folder)
            #expect(outcome.status == 0)
            #expect(outcome.messages == "")
            #expect(outcome.text.contains("\n  imagespec "))
            #expect(outcome.text.contains("USAGE: imagespec"))
            // A line that is too long is torn apart, with an empty line after it.
            #expect(!outcome.text.contains("\n \n"))
        }
    }

    /// Pairs of commands over one folder that must print the same, or must not.
    @Test(arguments: [
        // Relative paths count from the folder of the spec, from the base folder, or from the working directory.
        ("tag p/a.yaml", "tag --base-dir p - < p/a.yaml", true),
        ("tag p/a.yaml", "tag --base-dir \"$PWD/p\" p/a.yaml", true),
        ("tag p/a.yaml", "tag --base-dir q p/a.yaml", false),
        ("tag q/a.yaml", "tag --base-dir q p/a.yaml", true),
        ("tag p/a.yaml", "tag p/a.json", true), ("id p/a.yaml", "id --base-dir q p/a.yaml", true),
        // What is replaced, and what it leaves alone.
        ("tag p/a.yaml", "tag --name x --registry y p/a.yaml", true),
        ("id p/a.yaml", "id --registry x --tag-format y p/a.yaml", true),
        ("id p/a.yaml", "id --name x p/a.yaml", false),
        ("id p/a.yaml", "id --platform linux/arm64 p/a.yaml", false),
        ("tag p/a.yaml", "tag --platform linux/arm64 p/a.yaml", false),
        ("tag p/a.yaml", "tag --platform linux/amd64 p/a.yaml", true),
        ("tag p/b.yaml", "tag --platform linux/arm64 p/b.yaml", false),
        // The list of modules.
        ("tag p/a.yaml", "tag --loaded-module src/a.py p/a.yaml", true),
        ("tag p/a.yaml", "tag --loaded-module src/a.py --loaded-module src/a.py p/a.yaml", true),
        ("tag p/a.yaml", "tag --loaded-module \"$PWD/p/src/a.py\" p/a.yaml", true),
        ("tag p/a.yaml", "tag --loaded-module src/a.py --loaded-module src/n.txt p/a.yaml", false),
    ])
    func commandsAgreeOrDiffer(_ first: String, _ second: String, _ same: Bool) throws {
        let spec = "source_root: src\nrequirements: r.txt\ncopy: [c]\n"
        let files = [
            "p/a.yaml": spec, "p/a.json": #"{"copy": ["c"], "requirements": "r.txt", "source_root": "src"}"#,
            "p/r.txt": "numpy",
            "p/c": "", "p/src/a.py": "1", "p/src/n.txt": "", "p/b.yaml": "base_image: {name: b}",
            "q/a.yaml": spec, "q/r.txt": "pandas",
            "q/c": "", "q/src/a.py": "2",
        ]
        try withFolder(of: files) { folder in
            let one = try Tool.shell("\"$0\" " + first, in: folder)
            let other = try Tool.shell("\"$0\" " + second, in: folder)
            #expect(one.status == 0 && other.status == 0, "\(one.messages)\(other.messages)")
            #expect((one.text == other.text) == same)
        }
    }
}
