// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import ContentTree
@testable import ImageSpec
@testable import ImageSpecBuilding

/// Whole files for envd. `RECORD_SNAPSHOTS=1` writes them anew, and fails the run so that nobody forgets to read them.
/// `Tests/Integration/envd.sh` has envd compile each of them.
@Suite struct EnvdFileTests {
    typealias Golden = DockerfileTests.Golden

    static let goldens: [Golden] = [
        Golden(name: "empty", spec: ImageSpec()),
        Golden(name: "apt", spec: ImageSpec(aptPackages: ["git", "curl", "git", "libc6:amd64=2.36-9"])),
        // Each case of Python.
        Golden(name: "python-default", spec: ImageSpec(packages: ["numpy==2.1.3", "pandas>=2,<3"])),
        Golden(
            name: "python-version", spec: ImageSpec(pythonVersion: "3.11", packages: ["uvicorn[standard]"])),
        Golden(name: "python-of-base", spec: ImageSpec(packages: ["numpy"], baseImage: "acme/base:1")),
        Golden(
            name: "python-version-on-base",
            spec: ImageSpec(pythonVersion: "3.12", packages: ["numpy"], baseImage: "ubuntu:24.04")),
        Golden(
            name: "conda",
            spec: ImageSpec(
                packages: ["flytekit"], condaPackages: ["pytorch=2.4", "numpy >=1"],
                condaChannels: ["pytorch", "conda-forge", "nvidia"])),
        Golden(name: "cuda", spec: ImageSpec(pythonVersion: "3.10", cuda: "11.2.2", cudnn: "8")),
        // What pip is told.
        Golden(
            name: "pip-index",
            spec: ImageSpec(
                packages: ["numpy"], pipIndex: "https://pypi.example.com/simple",
                pipExtraIndexURLs: ["https://a.example.com/simple", "https://b.example.com/%20/simple"])),
        Golden(
            name: "pip-extra-index",
            spec: ImageSpec(packages: ["numpy"], pipExtraIndexURLs: ["https://a.example.com/simple"])),
        Golden(name: "requirements", spec: ImageSpec(requirements: "app/requirements/main.txt")),
        // Files, commands, how it starts.
        Golden(
            name: "copies",
            spec: ImageSpec(
                sourceRoot: "src", sourceCopyMode: .all,
                copy: ["conf", "a file with 'quotes' and $HOME.txt", "app/requirements/main.txt", "."])),
        Golden(
            name: "commands",
            spec: ImageSpec(commands: [
                "echo hello", "echo \"it's $HOME\" && touch '/a b'", "cat > /x <<'EOF'\n\\ {} %s\nEOF", "#",
            ])),
        Golden(
            name: "values",
            spec: ImageSpec(
                env: [
                    "QUOTES": #"it's "quoted" and """tripled""""#, "BACKSLASH": #"a\nb\"#,
                    "BRACES": "{} {x} %s %d",
                    "UNICODE": "ü 日本 \u{1F600}", "TAB": "a\tb", "EMPTY": "",
                    "DOLLAR": "$HOME ${HOME} $(id) `id`",
                    "PYTHONPATH": "/mine",
                ], entrypoint: ["/bin/sh", "-c", "echo \"it's\"\n"])),
        Golden(
            name: "base-spec",
            spec: ImageSpec(
                builder: "envd", aptPackages: ["git"],
                baseImage: .spec(ImageSpec(name: "base", registry: "ghcr.io/acme", aptPackages: ["curl"])))),
    ]

    @Test(arguments: goldens) func theFileIsTheGoldenOne(golden: Golden) throws {
        let project = try RenderingProject(DockerfileTests.files)
        let text = try ImageSpec.EnvdFile(golden.spec, in: project.context).text
        let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("Fixtures/envd/\(golden.name).envd").path
        if ProcessInfo.processInfo.environment["RECORD_SNAPSHOTS"] != nil {
            try Data(text.utf8).write(to: URL(fileURLWithPath: path))
            Issue.record("recorded \(path); read it")
        }
        #expect(try String(contentsOfFile: path, encoding: .utf8) == text)
    }

    // MARK: quoting

    @Test(.enabled(if: Programs.has("python3"), "needs python3"))
    func everyLiteralMeansItsText() throws {
        var texts =
            HostileFieldTests.texts + ["\"\"\"", "'''", "a\"\"\"b\\", "\u{0}", "\u{1B}[0m", "\u{FFFF}"]
        texts += (0..<0x180).compactMap { Unicode.Scalar($0) }.map { "a\($0)1" }
        let literals = "[" + texts.map(\.starlarkLiteral).joined(separator: ",\n") + "]"
        let outcome = try Programs.run(
            [
                "python3", "-c",
                "import ast, json, sys; print(json.dumps(ast.literal_eval(sys.stdin.buffer.read().decode())))",
            ], input: literals)
        #expect(outcome.status == 0, "\(outcome.messages)")
        #expect(try JSONDecoder().decode([String].self, from: Data(outcome.output.utf8)) == texts)
        #expect(texts.allSatisfy { !$0.starlarkLiteral.utf8.contains { $0 < 0x20 } })
    }

    private static let fields: [(name: String, spec: @Sendable (String) -> ImageSpec)] = [
        ("env", { ImageSpec(env: ["VALUE": $0]) }), ("packages", { ImageSpec(packages: [$0]) }),
        ("conda_packages", { ImageSpec(condaPackages: [$0]) }),
        ("conda_channels", { ImageSpec(condaPackages: ["x"], condaChannels: [$0]) }),
        ("commands", { ImageSpec(commands: [$0]) }), ("entrypoint", { ImageSpec(entrypoint: [$0]) }),
        ("base_image", { ImageSpec(baseImage: .reference($0)) }),
        ("apt_packages", { ImageSpec(aptPackages: [$0]) }),
        ("python_version", { ImageSpec(pythonVersion: $0, baseImage: "x") }),
        ("pip_index", { ImageSpec(pipIndex: $0) }),
        ("pip_extra_index_url", { ImageSpec(pipExtraIndexURLs: [$0]) }),
        ("copy", { ImageSpec(copy: [$0]) }),
    ]

    private struct Case: Encodable {
        var text: String
        var field: String
        var value: String
    }

    // A value is refused, or it is what envd gets in the end, after its own reading of it.
    @Test(.enabled(if: Programs.has("python3"), "needs python3"))
    func noValueLeavesItsPlace() throws {
        let project = try RenderingProject()
        let texts =
            HostileFieldTests.texts + [
                "\"\"\"", "'''", "a'b'c", "it''s", "%s%d%", "1.2", "3.12", "a-b", "*.py",
            ]
        var cases: [Case] = []
        for (field, spec) in Self.fields {
            for text in texts where !text.isEmpty {
                if field == "copy" { try? project.write(text.filter { $0 != "\0" }, "x") }
                guard let file = try? ImageSpec.EnvdFile(spec(text), in: project.context) else { continue }
                cases.append(Case(text: file.text, field: field, value: text))
            }
        }
        for (field, _) in Self.fields { #expect(cases.contains { $0.field == field }, "\(field)") }
        let reader = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("Fixtures/envd/read.py").path
        let outcome = try Programs.run(
            ["python3", reader], input: String(decoding: JSONEncoder().encode(cases), as: UTF8.self))
        #expect(outcome.output == "")
        #expect(outcome.status == 0, "\(outcome.messages)")
    }

    // MARK: what envd cannot do

    @Test(arguments: [
        (ImageSpec(baseImage: "x", pythonExec: "/usr/bin/python3"), "python_exec"),
        (ImageSpec(packages: ["x"], pipSecretMounts: DockerfileTests.secrets), "pip_secret_mounts"),
        (ImageSpec(packages: ["x"], pipExtraArgs: "--no-deps"), "pip_extra_args"),
        (ImageSpec(requirements: "uv/uv.lock"), "requirements"),
        (ImageSpec(requirements: "./poetry/poetry.lock"), "requirements"),
        (ImageSpec(entrypoint: []), "entrypoint"),
        (ImageSpec(platform: "linux/amd64,linux/arm64"), "platform"),
        (ImageSpec(pythonVersion: "2.7"), "python_version"),
        (ImageSpec(env: ["PATH": "/x"]), "env.PATH"), (ImageSpec(env: ["LC_ALL": "C"]), "env.LC_ALL"),
        (ImageSpec(builderConfig: ["uv_image": "x"]), "builder_config.uv_image"),
        (ImageSpec(builderOptions: ["engine": "docker"]), "builder_options.engine"),
        (ImageSpec(baseImage: .spec(ImageSpec(name: "base"))), "base_image"),
        (ImageSpec(cuda: "11.2.2"), "cuda"), (ImageSpec(cudnn: "8"), "cudnn"),
        (ImageSpec(pythonVersion: "3.10", cuda: "11.2.2", baseImage: "x"), "cuda"),
        (ImageSpec(pythonVersion: "3.10", cuda: "11;2"), "cuda"),
    ])
    func whatEnvdCannotDoIsRefused(spec: ImageSpec, field: String) throws {
        let project = try RenderingProject(DockerfileTests.files)
        let error = #expect(throws: ImageSpecError.self) {
            try ImageSpec.EnvdFile(spec, in: project.context)
        }
        #expect([.unsupportedField, .invalidField].contains(error?.code), "\(String(describing: error))")
        #expect(error?.message.hasPrefix(field) == true, "\(error?.message ?? "")")
        #expect(error?.message.split(separator: "\n").count == 1, "\(error?.message ?? "")")
    }

    @Test func nullsAreNotGiven() throws {
        let spec = ImageSpec(builderOptions: ["x": .null], builderConfig: ["uv_image": .null])
        let project = try RenderingProject()
        #expect(throws: Never.self) { try ImageSpec.EnvdFile(spec, in: project.context) }
    }

    // A base that is found rather than built has no registry of its own.
    @Test func aBaseOfTheNoopBuilderServes() throws {
        let base = ImageSpec(builder: "noop", baseImage: "ghcr.io/acme/base:1")
        let project = try RenderingProject()
        let context = try ImageSpec.EnvdContext(
            ImageSpec(baseImage: .spec(base)), in: project.context, baseImageName: "ghcr.io/acme/base:1")
        #expect(context.file.text.contains("base(image=\"ghcr.io/acme/base:1\", dev=False)"))
    }

    // The builder decides what is checked; what is rendered may be asked for all the same.
    @Test func cudaIsForEnvdAlone() throws {
        let project = try RenderingProject()
        let spec = ImageSpec(pythonVersion: "3.10", builder: "envd", cuda: "11.2.2")
        #expect(spec.problems(in: project.context).isEmpty)
        #expect(throws: ImageSpecError.self) { try ImageSpec.Dockerfile(spec, in: project.context) }
        #expect(throws: ImageSpecError.self) { try ImageSpec.BuildContext(spec, in: project.context) }
        #expect(!ImageSpec(pythonVersion: "3.10", cuda: "11.2.2").problems(in: project.context).isEmpty)
        let above = ImageSpec(baseImage: .spec(spec.withRegistry("ghcr.io/acme")))
        #expect(above.problems(in: project.context).isEmpty)
    }

    // MARK: the context

    @Test func filesLieWhereTheFileTakesThemFrom() throws {
        let project = try RenderingProject(DockerfileTests.files)
        let spec = ImageSpec(
            sourceRoot: "src", requirements: "app/requirements/main.txt", sourceCopyMode: .all,
            copy: ["conf", "app/requirements/main.txt", "run.sh"])
        try project.setMode("run.sh", 0o755)
        let context = try ImageSpec.EnvdContext(spec, in: project.context)
        try context.write(to: project.output())
        let written = try listing(of: project.output()).filter { !$0.contains("/ 755") }.map {
            $0.split(separator: " ").prefix(2).joined(separator: " ")
        }
        #expect(
            written == [
                "build.envd 644", "copy/0/root/conf/a.yaml 644", "copy/1/root/app/requirements/main.txt 644",
                "copy/2/root/run.sh 755", "requirements/common.txt 644",
                "requirements/project/project/constraints.txt 644",
                "requirements/project/project/main.txt 644",
                "source/root/pipeline.py 644",
            ])
        #expect(try context.identity.imageName() == spec.imageName(in: project.context))
        #expect(
            try String(contentsOfFile: project.output("context/build.envd"), encoding: .utf8)
                == ImageSpec.EnvdFile(spec, in: project.context).text)
    }

    @Test func aChangeAfterTheNamingStopsTheWriting() throws {
        let project = try RenderingProject(DockerfileTests.files)
        let context = try ImageSpec.EnvdContext(ImageSpec(copy: ["conf"]), in: project.context)
        try project.write("conf/a.yaml", "b: 1\n")
        let error = #expect(throws: ImageSpecError.self) { try context.write(to: project.output()) }
        #expect(error?.code == .sourceChanged)
        #expect(!FileManager.default.fileExists(atPath: project.output()))
    }
}
