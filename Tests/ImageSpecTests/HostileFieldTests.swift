// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import ContentTree
@testable import ImageSpec
@testable import ImageSpecBuilding

/// Every field with texts that try to be more than a value. Each is refused with an error that names the field, or
/// BuildKit's own parser reads exactly the intended instructions and values.
@Suite struct HostileFieldTests {
    static let texts = [
        "", " ", "  spaces  ", "a b", "\t", "tab\tin", "\n", "a\nRUN touch /injected", "a\r\nRUN x", "a\rb",
        "\0", "a\0b", "'", "\"",
        "'a\nRUN touch /injected'", "\"a\nb\"", "'a\\\n# gone\nb'", "'a\rb'",
        "it's", "'quoted'", "\"quoted\"", "$HOME", "${HOME}", "$(touch /tmp/injected)", "`id`", "$", "\\",
        "a\\", "a\\ ", "\\n", "a\\\nb",
        "[", "[\"a\"]", "[\"a\", \"b\"", "a[b]", "]", "#", "# comment", "a # b", "&&", "a && b", "; touch x",
        "|", "> /x", "< /x",
        "<<EOF", "a <<EOF\nb\nEOF", "<<-'EOF'", "-", "--", "-e", "--flag", "--mount=type=secret,id=x", "*",
        "?", "a*b?c", "~", "!", "=", "a=b",
        "{", "}", "{a,b}", "ü", "日本", "é", "e\u{301}", "'\u{301}", "\"\u{301}", "\\\u{301}", "$\u{301}",
        "\u{301}", "\u{FEFF}a", "\u{A0}a\u{A0}",
        "a\u{2028}b", "\u{85}", "\u{1}", "\u{7F}", "\u{1F600}", "a,b", ",", ";", ":", "@", "%", "^", "a/../b",
        "FROM x", "# escape=`", "ONBUILD",
        "https://user:secret@host/x", "git+https://token@host/x", "\\\"", "\\'", "'\\''", "\"$(x)\"", "\\\\",
        "$$", "\\$", "a\u{0B}b", "a\u{0C}",
    ]

    struct Field: Sendable, CustomTestStringConvertible {
        let name: String
        let spec: @Sendable (String) -> ImageSpec
        /// Where the instructions of a valid value hold it.
        let intended: @Sendable (String) -> Intended
        var testDescription: String { name }

        init(
            _ name: String, _ intended: @escaping @Sendable (String) -> Intended,
            _ spec: @escaping @Sendable (String) -> ImageSpec
        ) {
            self.name = name
            self.spec = spec
            self.intended = intended
        }
    }

    enum Intended {
        /// Words that a shell passes to the installer, one after the other.
        case words([String])
        /// The value of an instruction: `ENV`'s, `COPY`'s destination, a command, an entry point.
        case value(String, [String])
        /// Something else, which the shape of the file alone has to show.
        case nothing
    }

    static let fields: [Field] = [
        Field("name", { _ in .nothing }) { ImageSpec(name: $0) },
        Field("registry", { _ in .nothing }) { ImageSpec(registry: $0) },
        Field("tag_format", { _ in .nothing }) { ImageSpec(tagFormat: $0) },
        Field("python_version", { _ in .nothing }) { ImageSpec(pythonVersion: $0, packages: ["x"]) },
        Field("source_root", { _ in .nothing }) { ImageSpec(sourceRoot: $0) },
        Field("env", { .value("ENV", ["NAME", $0]) }) { ImageSpec(env: ["NAME": $0]) },
        Field("env", { .value("ENV", [$0, "value"]) }) { ImageSpec(env: [$0: "value"]) },
        Field("packages", { .words([$0]) }) { ImageSpec(packages: [$0]) },
        Field("conda_packages", { .words(["python", $0]) }) { ImageSpec(condaPackages: [$0]) },
        Field("conda_channels", { .words(["conda-forge", "--channel", $0, "python"]) }) {
            ImageSpec(condaChannels: [$0])
        },
        Field("apt_packages", { .words([$0]) }) { ImageSpec(aptPackages: [$0]) },
        Field("requirements", { _ in .nothing }) { ImageSpec(requirements: $0) },
        Field("cuda", { _ in .nothing }) { ImageSpec(cuda: $0) },
        Field("cudnn", { _ in .nothing }) { ImageSpec(cudnn: $0) },
        Field("base_image", { .value("FROM", [$0]) }) { ImageSpec(baseImage: .reference($0)) },
        Field("platform", { _ in .nothing }) { ImageSpec(platform: $0) },
        Field("pip_index", { .words(["--index-url", $0]) }) { ImageSpec(packages: ["x"], pipIndex: $0) },
        Field("pip_extra_index_url", { .words(["--extra-index-url", $0]) }) {
            ImageSpec(packages: ["x"], pipExtraIndexURLs: [$0])
        },
        Field("pip_extra_args", { .words(ArgumentText.words($0) ?? []) }) {
            ImageSpec(packages: ["x"], pipExtraArgs: $0)
        },
        Field("pip_secret_mounts", { _ in .nothing }) {
            ImageSpec(packages: ["x"], pipSecretMounts: [.init(source: "s", target: $0)])
        },
        Field("pip_secret_mounts", { _ in .nothing }) {
            ImageSpec(packages: ["x"], pipSecretMounts: [.init(source: $0, target: "/x")])
        },
        Field("entrypoint", { .value("ENTRYPOINT", [$0, "x"]) }) { ImageSpec(entrypoint: [$0, "x"]) },
        Field("commands", { .value("RUN", [$0]) }) { ImageSpec(commands: [$0]) },
        // A folder is the destination, a file lies in the one that it is copied from.
        Field(
            "copy", { .value("COPY", ["copy/0/", "/root/" + Path.normalized("folder/" + $0 + "/in") + "/"]) }
        ) {
            ImageSpec(copy: ["folder/" + $0 + "/in"])
        },
        Field("copy", { .value("COPY", ["copy/0/", "/root/" + Path.normalized("in/" + $0) + "/"]) }) {
            ImageSpec(copy: ["in/" + $0 + "/file"])
        },
        Field("copy", { .value("COPY", ["copy/0/", Path.folder(of: "/root/" + Path.normalized($0)) + "/"]) })
        {
            ImageSpec(copy: [$0])
        },
        Field("python_exec", { _ in .nothing }) { ImageSpec(packages: ["x"], pythonExec: $0) },
        Field("python_exec", { _ in .nothing }) { ImageSpec(packages: ["x"], pythonExec: "/" + $0) },
        Field("builder_config", { _ in .nothing }) {
            ImageSpec(packages: ["x"], builderConfig: ["uv_image": .string($0)])
        },
        Field("builder_config", { _ in .nothing }) { ImageSpec(builderConfig: [$0: "x"]) },
        // These are rendered nowhere.
        Field("registry_config", { _ in .nothing }) { ImageSpec(registryConfig: $0) },
        Field("runtime_packages", { _ in .nothing }) { ImageSpec(runtimePackages: [$0]) },
        Field("builder", { _ in .nothing }) { ImageSpec(builder: $0) },
        Field("builder_options", { _ in .nothing }) { ImageSpec(builderOptions: [$0: "x"]) },
    ]

    /// A project in which every text that can be the name of a file is one.
    static func project() throws -> RenderingProject {
        let project = try RenderingProject()
        for text in texts where !text.utf8.contains(0) && !text.hasSuffix("..") {
            for path in ["folder/" + text + "/in/file", "in/" + text + "/file"] {
                try project.write(path, "x\n")
            }
            if !FileManager.default.fileExists(atPath: project.path(text)) { try? project.write(text, "x\n") }
        }
        return project
    }

    @Test(
        .enabled(
            if: DockerfileReader.isAvailable,
            "needs Python with PyPI's package dockerfile (IMAGESPEC_TEST_PYTHON)"))
    func isRefusedOrMeansItself() throws {
        let project = try Self.project()
        var rendered: [(field: Field, text: String, dockerfile: String)] = []
        var refused = 0
        for field in Self.fields {
            for text in Self.texts {
                do throws(ImageSpecError) {
                    let dockerfile = try ImageSpec.Dockerfile(field.spec(text), in: project.context)
                    rendered.append((field, text, dockerfile.text))
                } catch {
                    refused += 1
                    let comment: Comment = "\(field.name) \(text.debugDescription): \(error)"
                    let isPartOfName = field.name == "name" || field.name == "registry"
                    #expect(
                        error.message.contains(field.name)
                            || isPartOfName && error.message.contains("image name"), comment)
                    #expect(
                        !error.message.contains("secret@") && !error.message.contains("token@"), comment)
                }
            }
        }
        print("hostile fields: \(rendered.count) rendered, \(refused) refused")
        // Both happen often: neither refusing everything nor nothing passes for care.
        #expect(rendered.count > 500 && refused > 500)
        let read = try DockerfileReader.read(rendered.map(\.dockerfile))
        #expect(read.count == rendered.count)
        let shape = try DockerfileReader.read(
            Self.fields.map { field in try Self.benignShape(field, project) })
        for ((field, text, dockerfile), result) in zip(rendered, read) {
            let comment: Comment = "\(field.name) \(text.debugDescription):\n\(dockerfile)"
            guard case .instructions(let instructions) = result else {
                Issue.record("\(result) \(comment)")
                continue
            }
            let index = try #require(Self.fields.firstIndex { $0.name == field.name })
            guard case .instructions(let expected) = shape[index] else { continue }
            if !text.isEmpty && Self.hasOneShape(field.name) {
                #expect(instructions.map(\.command) == expected.map(\.command), comment)
            }
            #expect(instructions.allSatisfy { !$0.hasHeredoc }, comment)
            #expect(Self.holds(instructions, field.intended(text), text), comment)
        }
    }

    /// An empty text means that the field is not given; copying a folder and a file have one shape.
    static func hasOneShape(_ field: String) -> Bool {
        !["python_exec", "base_image", "python_version", "builder_config", "source_root"].contains(field)
    }

    static func benignShape(_ field: Field, _ project: RenderingProject) throws -> String {
        let benign = [
            "source_root": "folder", "requirements": "a=b", "tag_format": "{spec_hash}",
            "python_version": "3.12",
            "platform": "linux/amd64", "pip_secret_mounts": "/a", "python_exec": "/a",
            "builder_config": "uv_image",
        ]
        let text = benign[field.name] ?? "a=b"
        let fallback = ImageSpec()
        let dockerfile =
            (try? ImageSpec.Dockerfile(field.spec(text), in: project.context))
            ?? (try? ImageSpec.Dockerfile(field.spec("ab"), in: project.context))
        return try (dockerfile ?? ImageSpec.Dockerfile(fallback, in: project.context)).text
    }

    static func holds(
        _ instructions: [DockerfileReader.Instruction], _ intended: Intended, _ text: String
    ) -> Bool {
        switch intended {
        case .nothing: return true
        case .words(let words):
            if text.isEmpty { return true }
            // At the end of a command, or followed by the words that are there without it.
            return instructions.contains { instruction in
                guard let all = instruction.words else { return false }
                return all.indices.contains { (start: Int) -> Bool in
                    return all[start...].prefix(words.count).elementsEqual(words) { $0.hasSameBytes(as: $1) }
                }
            }
        case .value(let command, let value):
            if command == "FROM" && text.isEmpty { return true }
            return instructions.contains { instruction in
                guard instruction.command == command else { return false }
                let values =
                    instruction.isJSON && command == "RUN"
                    ? Array(instruction.value.suffix(1)) : instruction.value
                return values.prefix(value.count).elementsEqual(value) { $0.hasSameBytes(as: $1) }
            }
        }
    }

    @Test(
        .enabled(
            if: DockerfileReader.isAvailable,
            "needs Python with PyPI's package dockerfile (IMAGESPEC_TEST_PYTHON)"),
        arguments: DockerfileTests.goldens)
    func everyGoldenIsReadByBuildKit(golden: DockerfileTests.Golden) throws {
        let project = try RenderingProject(DockerfileTests.files)
        let text = try ImageSpec.Dockerfile(golden.spec, in: project.context).text
        let starts = text.split(separator: "\n").filter { !$0.hasPrefix(" ") }
            .map { String($0.prefix { $0 != " " }) }
        guard case .instructions(let instructions) = try DockerfileReader.read([text])[0] else {
            Issue.record("not read:\n\(text)")
            return
        }
        #expect(instructions.map(\.command) == starts)
        #expect(instructions.filter { $0.command == "FROM" }.count == 1)
    }
}

/// BuildKit's Dockerfile parser, run as a child process.
enum DockerfileReader {
    struct Instruction: Sendable {
        let command: String
        let isJSON: Bool
        let hasHeredoc: Bool
        let value: [String]
        let words: [String]?
    }

    enum Result: Sendable {
        case instructions([Instruction])
        case error(String)
    }

    struct Failure: Error {
        let text: String
    }

    static let isAvailable = (try? run(["-c", "import dockerfile"], Data())) != nil

    static func read(_ dockerfiles: [String]) throws -> [Result] {
        let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("Fixtures/dockerfiles/read.py").path
        let output = try run([script], JSONEncoder().encode(dockerfiles))
        guard let results = try JSONSerialization.jsonObject(with: output) as? [Any] else {
            throw Failure(text: "no list")
        }
        return results.map { result in
            guard let instructions = result as? [[String: Any]] else { return .error("\(result)") }
            return .instructions(
                instructions.map { item in
                    Instruction(
                        command: item["command"] as? String ?? "", isJSON: item["json"] as? Bool ?? false,
                        hasHeredoc: item["heredoc"] != nil, value: item["value"] as? [String] ?? [],
                        words: item["words"] as? [String])
                })
        }
    }

    /// Input and output go through files: pipes that fill up would stop both sides.
    private static func run(_ arguments: [String], _ input: Data) throws -> Data {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
            "imagespec-" + UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let files = ["in", "out", "err"].map(folder.appendingPathComponent)
        try input.write(to: files[0])
        for file in files[1...] { try Data().write(to: file) }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        let python = ProcessInfo.processInfo.environment["IMAGESPEC_TEST_PYTHON"] ?? "python3"
        process.arguments = [python] + arguments
        process.standardInput = try FileHandle(forReadingFrom: files[0])
        process.standardOutput = try FileHandle(forWritingTo: files[1])
        process.standardError = try FileHandle(forWritingTo: files[2])
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw Failure(text: String(decoding: (try? Data(contentsOf: files[2])) ?? Data(), as: UTF8.self))
        }
        return try Data(contentsOf: files[1])
    }
}
