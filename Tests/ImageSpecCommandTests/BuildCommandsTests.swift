// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// `imagespec render`, `context` and `check`.
@Suite struct BuildCommandsTests {
    static let files = [
        "a.yaml": """
        name: trainer
        requirements: r.txt
        pip_secret_mounts: [[.netrc, /root/.netrc]]
        copy: [conf]
        source_root: src
        tag_format: "{spec_hash:.12}"
        """,
        "r.txt": "numpy==2.1.3  # pinned\n", "conf/x": "1", "src/a.py": "2", "src/note": "3", ".netrc": "",
    ]

    @Test func theDockerfileOfAContextIsTheRenderedOne() throws {
        try withFolder(of: Self.files) { folder in
            let rendered = try Tool.run(["render", "a.yaml"], in: folder)
            let name = try Tool.run(["name", "a.yaml"], in: folder)
            let context = try Tool.run(["context", "a.yaml", "out"], in: folder)
            for outcome in [rendered, name, context] {
                #expect(outcome.status == 0)
                #expect(outcome.messages == "")
            }
            #expect(rendered.text.contains("\nFROM ") || rendered.text.hasPrefix("FROM "))
            #expect(rendered.text.hasSuffix("\n"))
            #expect(context.text == name.text)
            #expect(context.text.hasPrefix("trainer:"))
            let written = try Data(contentsOf: URL(fileURLWithPath: folder + "/out/Dockerfile"))
            #expect(written == rendered.output)
            let paths = try FileManager.default.subpathsOfDirectory(atPath: folder + "/out")
            #expect(paths.contains { $0.hasSuffix("/a.py") })
            #expect(!paths.contains { $0.hasSuffix("/note") })
        }
    }

    @Test func resultsAsJSONHoldTheSame() throws {
        try withFolder(of: Self.files) { folder in
            func object(_ arguments: String...) throws -> NSDictionary {
                let outcome = try Tool.run(arguments, in: folder)
                #expect(outcome.status == 0)
                #expect(outcome.text.split(separator: "\n").count == 1)
                return try #require(JSONSerialization.jsonObject(with: outcome.output) as? NSDictionary)
            }
            let secrets = [["id": "secret_0", "source": "./.netrc"]]
            let rendered = try Tool.run(["render", "a.yaml"], in: folder).text
            #expect(try object("render", "--json", "a.yaml") == ["dockerfile": rendered, "secrets": secrets])
            let name = String(try Tool.run(["name", "a.yaml"], in: folder).text.dropLast())
            #expect(
                try object("context", "a.yaml", "out", "--json") == [
                    "directory": "out", "image_name": name, "secrets": secrets,
                ])
            #expect(
                try object("check", "--json", "a.yaml") == [
                    "spec": "a.yaml", "valid": true, "problems": [String](),
                ])
        }
    }

    @Test func aFolderThatIsNotEmptyIsRefused() throws {
        try withFolder(of: Self.files) { folder in
            for target in ["src", "a.yaml"] {
                let outcome = try Tool.run(["context", "a.yaml", target], in: folder)
                #expect(outcome.status == 73)
                #expect(outcome.text == "")
                #expect(outcome.messages.contains(target))
            }
            #expect(
                try FileManager.default.contentsOfDirectory(atPath: folder + "/src").sorted() == [
                    "a.py", "note",
                ])
        }
    }

    @Test func noFolderIsMadeAboveTheContext() throws {
        try withFolder(of: Self.files) { folder in
            let outcome = try Tool.run(["context", "a.yaml", "nope/out"], in: folder)
            #expect(outcome.status == 73)
            #expect(outcome.text == "")
            #expect(
                outcome.messages
                    == "imagespec: cannot create \"nope/out\": the directory \"nope\" does not exist; create it "
                    + "first, or choose another path\n")
            #expect(!FileManager.default.fileExists(atPath: folder + "/nope"))
        }
    }

    @Test func aSpecThatIsWellIsCheckedInSilence() throws {
        try withFolder(of: Self.files) { folder in
            let outcome = try Tool.run(["check", "a.yaml"], in: folder)
            #expect(outcome.status == 0)
            #expect(outcome.text == "")
            #expect(outcome.messages == "")
        }
    }

    /// Naming, rendering and writing a context need no secret; the tag is the same without it, and `check` compares that too.
    @Test func aSecretThatIsMissingKeepsNothingFromBeingNamed() throws {
        try withFolder(of: Self.files) { folder in
            let tag = try Tool.run(["tag", "a.yaml"], in: folder).lines[0]
            try FileManager.default.removeItem(atPath: folder + "/.netrc")
            for arguments in [["render", "a.yaml"], ["name", "a.yaml"], ["context", "a.yaml", "out"]] {
                let outcome = try Tool.run(arguments, in: folder)
                #expect(outcome.status == 0 && outcome.messages == "")
            }
            #expect(try Tool.run(["tag", "a.yaml"], in: folder).lines[0] == tag)
            let outcome = try Tool.run(["check", "--tag", tag, "a.yaml"], in: folder)
            #expect(outcome.status == 66)
            #expect(
                outcome.messages
                    == "imagespec: a.yaml:3:21: pip_secret_mounts[0]: \".netrc\" (in \(folder)) does not exist; expected a file; paths are relative to the spec file (see --base-dir)\n"
            )
            let json = try Tool.run(["check", "--json", "--tag", tag, "a.yaml"], in: folder)
            let object = try #require(JSONSerialization.jsonObject(with: json.output) as? [String: Any])
            #expect(object["same_tag"] as? Bool == true && object["valid"] as? Bool == false)
        }
    }

    /// A warning is said, and changes no exit status.
    @Test func ignoreFilesThatAreNotReadAreWarnedOf() throws {
        var files = Self.files
        files["src/.containerignore"] = "note"
        try withFolder(of: files) { folder in
            let reason =
                "is not read, so it excludes no files; write its rules to \"src/.dockerignore\""
            let warning = "imagespec: warning: a.yaml: source_root: \"src/.containerignore\" \(reason)\n"
            for command in ["check", "files"] {
                let outcome = try Tool.run([command, "a.yaml"], in: folder)
                #expect(outcome.status == 0)
                #expect(outcome.messages == warning)
                let json = try Tool.run([command, "--json", "a.yaml"], in: folder)
                #expect(json.status == 0 && json.messages == "")
                let object = try #require(JSONSerialization.jsonObject(with: json.output) as? [String: Any])
                #expect(
                    object["warnings"] as? [[String: String]] == [
                        ["field": "source_root", "path": "src/.containerignore", "reason": reason]
                    ])
            }
            #expect(try Tool.run(["name", "a.yaml"], in: folder).messages == "")
        }
    }

    struct Wrong: Sendable {
        var spec: String
        var status: Int32
        var problems: [String]
    }

    @Test(arguments: [
        Wrong(
            spec: "registry: a b\ntag_format: latest\ncuda: '12'\ncopy: [/etc, none]\nenv: {'a b': c}",
            status: 65,
            problems: ["image name", "tag_format", "cuda", "/etc", "none", "a b"]),
        Wrong(
            spec: "copy: [none]\nrequirements: none.txt", status: 66,
            problems: ["requirements: ", "copy[0]: "]),
        Wrong(
            spec: "base_image: {cuda: '12', copy: [..]}", status: 65,
            problems: ["base_image: cuda", "base_image: copy"]),
        Wrong(spec: "source_root: bad", status: 65, problems: [".dockerignore"]),
        Wrong(spec: "nmae: x", status: 65, problems: ["nmae"]),
        Wrong(spec: "python_version: 3.10", status: 65, problems: ["write \"3.10\" in quotes"]),
        Wrong(
            spec: "nmae: x\npackages: [1]\nbase_image: {xyzzy: 1}", status: 65,
            problems: [
                ":1:1: nmae: unknown field", ":2:12: packages[0]",
                "base_image.xyzzy: unknown field",
            ]),
        // A spec is checked as far as it can be read.
        Wrong(
            spec: "base_image: ./bse.yaml\nnmae: x\npackages: [a b, 1]\ncopy: [none]\nrequirements: none.txt",
            status: 66,
            problems: [
                ":2:1: nmae: ", ":3:17: packages[1]", ":1:13: base_image: \"bse.yaml\" (in ",
                "requirements: ", "copy[0]: ",
            ]),
        // What only a build needs.
        Wrong(
            spec: "platform: linux/arm64\nbase_image: {platform: linux/amd64}", status: 65,
            problems: [":1:11: platform: the base spec is built for linux/amd64, not for linux/arm64"]),
        Wrong(
            spec:
                "registry: r.io\nplatform: linux/arm64/v8,linux/amd64\nbase_image: {registry: r.io, platform: 'linux/amd64,linux/arm64', builder_options: {a: 1}}",
            status: 65, problems: ["base_image: builder_options.a"]),
        Wrong(
            spec: "pip_secret_mounts: [[none, /a], [https://h/b, /b]]\nregistry_config: https://h/c",
            status: 66,
            problems: [
                "pip_secret_mounts[0]: \"none\" (in ",
                "pip_secret_mounts[1]: \"https://h/b\" is a URL, not a file",
                "registry_config: \"https://h/c\" is a URL, not a file",
            ]),
        Wrong(
            spec: "builder: podman\nbase_image: {builder: nop}", status: 65,
            problems: [
                "builder: \"podman\" is not registered", "base_image: builder: \"nop\" is not registered",
            ]),
        Wrong(
            spec:
                "builder_options: {netwrok: host, cache: 'no', engine: kaniko}\nbase_image: {builder_options: {a: 1}}",
            status: 65,
            problems: [
                "did you mean \"network\"", "builder_options.cache: ", "unknown container engine \"kaniko\"",
                "base_image: builder_options.a: unknown option",
            ]),
        Wrong(
            spec: "builder_options: {provenance: true}\nplatform: linux/amd64,linux/arm64", status: 65,
            problems: ["builder_options.provenance: ", "platform: a multi-platform image"]),
        Wrong(
            spec: "registry: r.io\nbuilder_options: {address: tcp://a:1, tls_ca: ca.pem}", status: 66,
            problems: ["tls_ca"]),
        Wrong(
            spec: "builder: noop\nbuilder_options: {a: 1}", status: 65,
            problems: ["base_image: the noop builder"]),
        Wrong(
            spec: "builder: envd\nbuilder_options: {network: host}\nregistry_config: none", status: 65,
            problems: ["builder_options.network", "registry_config: "]),
        Wrong(
            spec: "cuda: '1'\nbuilder_options: {a: 1}\npip_secret_mounts: [[none, /a]]", status: 65,
            problems: ["cuda", "builder_options", "pip_secret_mounts[0]"]),
    ])
    func everyProblemIsOnALineOfItsOwn(_ wrong: Wrong) throws {
        try withFolder(of: ["a.yaml": wrong.spec, "bad/.dockerignore": "[a"]) { folder in
            let outcome = try Tool.run(["check", "a.yaml"], in: folder)
            #expect(outcome.status == wrong.status)
            #expect(outcome.text == "")
            let lines = outcome.messages.split(separator: "\n")
            #expect(lines.count == wrong.problems.count)
            #expect(lines.allSatisfy { $0.hasPrefix("imagespec: a.yaml:") })
            for problem in wrong.problems { #expect(lines.contains { $0.contains(problem) }, "\(lines)") }

            let json = try Tool.run(["check", "--json", "a.yaml"], in: folder)
            #expect(json.status == wrong.status)
            #expect(json.messages == outcome.messages)
            let object = try JSONSerialization.jsonObject(with: json.output) as? [String: Any]
            #expect(object?["valid"] as? Bool == false)
            let messages = (object?["problems"] as? [[String: Any]])?.compactMap { $0["message"] as? String }
            #expect(messages?.map { "imagespec: " + $0 } == lines.map(String.init))
        }
    }

    @Test func whatCannotBeRenderedIsRefusedWithAllProblems() throws {
        try withFolder(of: ["a.yaml": "cuda: '12'\ncudnn: '9'"]) { folder in
            for arguments in [["render", "a.yaml"], ["context", "a.yaml", "out"]] {
                let outcome = try Tool.run(arguments, in: folder)
                #expect(outcome.status == 65)
                #expect(outcome.text == "")
                #expect(outcome.messages.split(separator: "\n").count == 2)
            }
            #expect(!FileManager.default.fileExists(atPath: folder + "/out"))
            // It has a name nevertheless.
            #expect(try Tool.run(["name", "a.yaml"], in: folder).status == 0)
        }
    }
}
