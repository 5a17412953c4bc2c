// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import ContentTree
@testable import ImageSpec
@testable import ImageSpecBuilding

@Suite struct ValidationTests {
    struct Refused: Sendable, CustomTestStringConvertible {
        let spec: ImageSpec
        let code: ImageSpecError.Code
        /// What the message must hold: the field, and the advice.
        let words: [String]
        var testDescription: String { words.joined(separator: " … ") }

        init(_ code: ImageSpecError.Code, _ words: [String], _ spec: ImageSpec) {
            self.spec = spec
            self.code = code
            self.words = words
        }
    }

    static let refused: [Refused] = [
        // Names.
        Refused(.invalidReference, ["name: \"a b\" contains a space; write \"a-b\""], ImageSpec(name: "a b")),
        Refused(.invalidReference, ["image name", "registry"], ImageSpec(registry: "ghcr.io/a//b")),
        Refused(.invalidField, ["tag_format", "{spec_hash}"], ImageSpec(tagFormat: "latest")),
        Refused(.invalidField, ["tag_format", "128"], ImageSpec(tagFormat: "-{spec_hash}")),
        Refused(.invalidField, ["source_copy_mode", "source_root"], ImageSpec(sourceCopyMode: .all)),
        // Python.
        Refused(.invalidField, ["python_version", "3.x", "3.12"], ImageSpec(pythonVersion: "3.x")),
        Refused(.invalidField, ["python_version", "3.12"], ImageSpec(pythonVersion: "3")),
        Refused(.invalidField, ["python_version"], ImageSpec(pythonVersion: "3.12.4.1")),
        Refused(.invalidField, ["python_version"], ImageSpec(pythonVersion: "3.12 ")),
        Refused(.invalidField, ["python_version"], ImageSpec(pythonVersion: "3.09")),
        Refused(.invalidField, ["python_version", "3.14.0rc1"], ImageSpec(pythonVersion: "3.14.0rc1")),
        // Those that nobody has: released without an image and a download, not released, of the past.
        Refused(
            .unsupportedField, ["python_version", "3.10.1", "use \"3.10\"", "uv_image", "base_image"],
            ImageSpec(pythonVersion: "3.10.1")),
        Refused(
            .unsupportedField, ["python_version", "3.13.99", "\"3.13\""], ImageSpec(pythonVersion: "3.13.99")),
        Refused(
            .unsupportedField, ["python_version", "3.99", "earlier"],
            ImageSpec(pythonVersion: "3.99", packages: ["x"], baseImage: "")),
        Refused(
            .unsupportedField, ["python_version", "3.6", "3.7"],
            ImageSpec(pythonVersion: "3.6", baseImage: "ubuntu:18.04")),
        Refused(
            .unsupportedField, ["python_version", "2.7", "conda_packages"],
            ImageSpec(pythonVersion: "2.7", builderConfig: ["uv_image": "acme/uv:1"])),
        Refused(.invalidField, ["python_exec", "absolute"], ImageSpec(pythonExec: "bin/python")),
        Refused(
            .unsupportedField, ["python_exec", "conda_packages"],
            ImageSpec(condaPackages: ["x"], pythonExec: "/usr/bin/python3")),
        Refused(
            .unsupportedField, ["python_exec", "conda_channels"],
            ImageSpec(condaChannels: ["x"], pythonExec: "/usr/bin/python3")),
        Refused(
            .unsupportedField, ["python_exec", "python_version"],
            ImageSpec(pythonVersion: "3.12", pythonExec: "/usr/bin/python3")),
        Refused(
            .unsupportedField, ["packages", "uv.lock"], ImageSpec(packages: ["x"], requirements: "uv.lock")),
        Refused(
            .unsupportedField, ["packages", "poetry.lock"],
            ImageSpec(packages: ["x"], requirements: "p/poetry.lock")),
        Refused(
            .invalidField, ["pip_extra_args", "--pre", "poetry install"],
            ImageSpec(requirements: "p/poetry.lock", pipExtraArgs: "--pre")),
        // What poetry would take for another project, or that ends it early.
        Refused(.invalidField, ["pip_extra_args", "-C"], poetry("-C /srv")),
        Refused(.invalidField, ["pip_extra_args", "-P"], poetry("-P/srv")),
        Refused(.invalidField, ["pip_extra_args", "--directory"], poetry("--directory=/srv")),
        Refused(.invalidField, ["pip_extra_args", "--project"], poetry("--only main --project /srv")),
        Refused(.invalidField, ["pip_extra_args", "--dry-run"], poetry("--dry-run")),
        Refused(.invalidField, ["pip_extra_args", "--only-root"], poetry("--only-root")),
        Refused(.invalidField, ["pip_extra_args", "--help"], poetry("--help")),
        Refused(.invalidField, ["pip_extra_args", "--"], poetry("--")),
        Refused(
            .unsupportedField, ["requirements", "Python 3.9", "builder_config.poetry", "2.2.1"],
            ImageSpec(pythonVersion: "3.9", requirements: "p/poetry.lock")),
        // What is refused with advice.
        Refused(.unsupportedField, ["cuda: ", "base_image", "nvidia"], ImageSpec(cuda: "12")),
        Refused(.unsupportedField, ["cudnn: ", "PyPI"], ImageSpec(cudnn: "9")),
        Refused(
            .unsupportedField, ["pip_index", ".netrc", "pip_secret_mounts"],
            ImageSpec(pipIndex: "https://u:p@host/simple")),
        Refused(
            .unsupportedField, ["pip_extra_index_url[1]"],
            ImageSpec(pipExtraIndexURLs: ["https://a", "https://u@host/"])),
        Refused(
            .unsupportedField, ["packages[0]"], ImageSpec(packages: ["x @ git+https://token@github.com/a/b"])),
        Refused(
            .unsupportedField, ["pip_extra_args"], ImageSpec(pipExtraArgs: "--index-url=HTTPS://u:p@host")),
        // Texts that cannot be what their field is.
        Refused(.invalidField, ["packages[1]", "line break"], ImageSpec(packages: ["a", "b\nRUN x"])),
        Refused(.invalidField, ["packages[0]", "pip_extra_args"], ImageSpec(packages: ["-e ."])),
        Refused(.invalidField, ["apt_packages[0]", "Git"], ImageSpec(aptPackages: ["Git"])),
        Refused(.invalidField, ["apt_packages[0]"], ImageSpec(aptPackages: ["git-"])),
        Refused(.invalidField, ["apt_packages[0]"], ImageSpec(aptPackages: ["git curl"])),
        Refused(.invalidField, ["base_image"], ImageSpec(baseImage: "a b")),
        Refused(.invalidField, ["base_image"], ImageSpec(baseImage: "$BASE")),
        Refused(.invalidField, ["base_image", "\"Debian\""], ImageSpec(baseImage: "Debian")),
        Refused(.invalidField, ["base_image"], ImageSpec(baseImage: "debian@sha256:0000")),
        Refused(.invalidField, ["base_image"], ImageSpec(baseImage: "debian:")),
        Refused(
            .invalidField, ["uv_image"], ImageSpec(builderConfig: ["uv_image": "ghcr.io/astral-sh/UV:1"])),
        Refused(.invalidField, ["platform", "linux/amd64"], ImageSpec(platform: "amd64")),
        Refused(.invalidField, ["platform"], ImageSpec(platform: "linux/amd64 linux/arm64")),
        Refused(.invalidField, ["platform", "\"amd64\"?"], ImageSpec(platform: "linux/amd46")),
        Refused(.invalidField, ["platform", "\"arm64\"?"], ImageSpec(platform: "linux/amd64,linux/arm46")),
        Refused(.invalidField, ["platform", "\"linux/arm/v7\"?"], ImageSpec(platform: "linx/arm/v7")),
        Refused(.invalidField, ["pip_extra_args", "quote"], ImageSpec(pipExtraArgs: "--x 'y")),
        Refused(.invalidField, ["env", "1A"], ImageSpec(env: ["1A": "x"])),
        Refused(.invalidField, ["env", "A B"], ImageSpec(env: ["A B": "x"])),
        Refused(.invalidField, ["env.A", "line break"], ImageSpec(env: ["A": "x\ny"])),
        Refused(.invalidField, ["env.PATH", "single quote"], ImageSpec(env: ["PATH": "/it's:/bin"])),
        Refused(.invalidField, ["env", "_F_IMG_ID"], ImageSpec(env: ["_F_IMG_ID": "x"])),
        Refused(.invalidField, ["commands[1]", "blank"], ImageSpec(commands: ["a", " \n"])),
        Refused(.invalidField, ["entrypoint[0]", "NUL"], ImageSpec(entrypoint: ["\0"])),
        Refused(
            .invalidField, ["pip_secret_mounts[0][1]", "relative to /root"],
            ImageSpec(pipSecretMounts: [.init(source: "a", target: "../b")])),
        Refused(
            .invalidField, ["pip_secret_mounts[0][1]"],
            ImageSpec(pipSecretMounts: [.init(source: "a", target: "./")])),
        Refused(
            .invalidField, ["pip_secret_mounts[0][1]"],
            ImageSpec(pipSecretMounts: [.init(source: "a", target: ".")])),
        Refused(
            .invalidField, ["pip_secret_mounts[1][1]", "another"],
            ImageSpec(pipSecretMounts: [
                .init(source: "a", target: ".netrc"), .init(source: "c", target: "/root/.netrc"),
            ])),
        Refused(
            .invalidField, ["pip_secret_mounts[0][1]"],
            ImageSpec(pipSecretMounts: [.init(source: "a", target: "/b,readonly")])),
        Refused(
            .invalidField, ["pip_secret_mounts[1][1]", "another"],
            ImageSpec(pipSecretMounts: [.init(source: "a", target: "/b"), .init(source: "c", target: "/./b")])
        ),
        Refused(
            .unsupportedField, ["builder_config", "uv_imgae", "uv_image", "poetry"],
            ImageSpec(builderConfig: ["uv_imgae": "x"])),
        Refused(
            .invalidField, ["builder_config.uv_image", "string"],
            ImageSpec(builderConfig: ["uv_image": true])),
        Refused(.invalidField, ["builder_config.uv_image"], ImageSpec(builderConfig: ["uv_image": "a,b"])),
        Refused(
            .invalidField, ["builder_config.poetry", ">=2", "2.2.1"],
            ImageSpec(builderConfig: ["poetry": ">=2"])),
        Refused(
            .invalidField, ["builder_config.poetry", "\"2\""], ImageSpec(builderConfig: ["poetry": "2"])),
        Refused(.invalidField, ["builder_config.poetry"], ImageSpec(builderConfig: ["poetry": "2.2 && x"])),
        Refused(
            .invalidField, ["builder_config.poetry", "version", "string"],
            ImageSpec(builderConfig: ["poetry": 2.2])),
        // Files.
        Refused(.missingInput, ["requirements", "none.txt"], ImageSpec(requirements: "none.txt")),
        Refused(.missingInput, ["copy", "none"], ImageSpec(copy: ["none"])),
        Refused(.invalidField, ["copy", ".."], ImageSpec(copy: ["../x"])),
        Refused(.invalidField, ["copy", "absolute"], ImageSpec(copy: ["/x"])),
        Refused(.missingInput, ["source_root", "none"], ImageSpec(sourceRoot: "none")),
        Refused(.missingInput, ["source_root", "not a directory"], ImageSpec(sourceRoot: "file")),
        Refused(
            .invalidRequirements, ["requirements", "backslash"], ImageSpec(requirements: "backslash.txt")),
        // Bases.
        Refused(.unsupportedField, ["base_image: cuda"], ImageSpec(baseImage: .spec(ImageSpec(cuda: "12")))),
        Refused(
            .invalidReference, ["base_image: name: \"a b\" contains a space"],
            ImageSpec(baseImage: .spec(ImageSpec(name: "a b", builder: "mine")))),
    ]

    private static func poetry(_ arguments: String) -> ImageSpec {
        ImageSpec(requirements: "p/poetry.lock", pipExtraArgs: arguments)
    }

    private static let files = [
        "file": "x", "backslash.txt": "a \\ # comment\nb\n", "uv.lock": LockTexts.uv,
        "pyproject.toml": LockTexts.uvProject, "p/poetry.lock": LockTexts.poetry,
        "p/pyproject.toml": LockTexts.poetryProject,
    ]

    @Test(arguments: refused)
    func namesTheFieldAndWhatToDo(refused: Refused) throws {
        let project = try RenderingProject(Self.files)
        let error = #expect(throws: ImageSpecError.self) { try refused.spec.validate(in: project.context) }
        let message = error?.message ?? ""
        #expect(error?.code == refused.code, "\(message)")
        for word in refused.words { #expect(message.contains(word), "\(message)") }
        #expect(!message.contains("\n"), "one problem is one line: \(message)")
        #expect(throws: ImageSpecError.self) { try ImageSpec.Dockerfile(refused.spec, in: project.context) }
        #expect(throws: ImageSpecError.self) { try ImageSpec.BuildContext(refused.spec, in: project.context) }
    }

    @Test(arguments: [
        ImageSpec(),
        ImageSpec(pythonVersion: "3.9", platform: "linux/arm/v7,linux/amd64"),
        ImageSpec(platform: " linux/arm64 ,, linux/amd64,"),
        ImageSpec(aptPackages: ["g++", "libc6:amd64=1:2.36-9+deb12u4", "nodejs/bookworm-backports", "0ad"]),
        ImageSpec(
            packages: ["x @ git+ssh://git@github.com/a/b", "a[b]>=1,<2; python_version < '3.9'"],
            aptPackages: ["git", "openssh-client"]),
        ImageSpec(packages: ["x @ git+https://github.com/a/b"], baseImage: "acme/base:1"),
        ImageSpec(env: ["a.b-c": "x", "_": "\t", "PATH": "/bin"]),
        ImageSpec(pipIndex: "https://host/a@b/simple?x=@"),
        ImageSpec(
            baseImage: .reference("localhost:5000/a/b:1@sha256:" + String(repeating: "0", count: 64))),
        ImageSpec(baseImage: .spec(ImageSpec(builder: "mine", cuda: "12"))),
        ImageSpec(pythonExec: "", builderConfig: ["uv_image": .null]),
        ImageSpec(pythonVersion: "3.99", baseImage: "acme/python:1"),
        ImageSpec(pythonVersion: "3.99", builderConfig: ["uv_image": "acme/uv:1"]),
        ImageSpec(pythonVersion: "2.7", condaPackages: ["numpy"]),
        ImageSpec(
            pythonVersion: "3.9", requirements: "p/poetry.lock",
            pipExtraArgs: "--only main --all-extras -vv --no-interaction --compile",
            builderConfig: ["poetry": "2.2.1"]),
        ImageSpec(
            packages: ["x"],
            pipSecretMounts: [.init(source: "a", target: ".netrc"), .init(source: "b", target: "c/d")]),
    ])
    func acceptsWhatIsUsual(spec: ImageSpec) throws {
        let project = try RenderingProject(Self.files.merging(["a": "secret", "b": "secret"]) { $1 })
        #expect(spec.problems(in: project.context).map(\.message) == [])
    }

    @Test func everyProblemIsNamedAtOnce() throws {
        let project = try RenderingProject()
        let spec = ImageSpec(
            name: "A B", pythonVersion: "three", env: ["": "x", "B": "\n"], packages: ["ok", "", "-x"],
            requirements: "none",
            aptPackages: ["A"], cuda: "1", cudnn: "2", pipIndex: "https://u:hunter2@h", copy: ["/a", "b"])
        let problems = spec.problems(in: project.context)
        let error = #expect(throws: ImageSpecError.self) { try spec.validate(in: project.context) }
        #expect(problems.count == 13)
        #expect(error?.code == problems.first?.code)
        #expect(error?.message == problems.map(\.message).joined(separator: "\n"))
        #expect(error?.message.split(separator: "\n").count == problems.count)
        #expect(error?.message.contains("hunter2") == false)
    }

    /// Only a build needs the files of secrets: what they are has no part in a name, and a missing one no effect on it.
    @Test func aMissingSecretIsAProblemOfBuildingAlone() throws {
        let project = try RenderingProject(["netrc": "x", "folder/a": ""])
        func spec(_ sources: String...) -> ImageSpec {
            ImageSpec(
                packages: ["six"],
                pipSecretMounts: sources.enumerated().map { .init(source: $1, target: "/root/\($0)") })
        }
        let fine = spec("netrc")
        #expect(fine.problems(in: project.context).isEmpty)
        let wrong = spec("netrc", "none", "folder", "https://h//netrc")
        let above = ImageSpec(baseImage: .spec(wrong))
        for (spec, prefix) in [(wrong, ""), (above, "base_image: ")] {
            let problems = spec.problems(in: project.context)
            #expect(problems.map(\.code) == [.missingInput, .missingInput, .missingInput])
            let starts = [
                #"pip_secret_mounts[1]: "\#(project.path("none"))" does not exist"#,
                #"pip_secret_mounts[2]: "\#(project.path("folder"))" is not a file"#,
                #"pip_secret_mounts[3]: "https://h//netrc" is a URL, not a file; download it"#,
            ]
            for (problem, start) in zip(problems, starts) {
                #expect(problem.message.hasPrefix(prefix + start), "\(problem)")
            }
            try spec.validate(in: project.context)
            let dockerfile = try ImageSpec.Dockerfile(spec, in: project.context)
            #expect(dockerfile.secrets.count == (prefix.isEmpty ? 4 : 0))
            _ = try ImageSpec.BuildContext(spec, in: project.context)
        }
        let there = spec("netrc", "other")
        let before = try there.tag(in: project.context)
        try project.write("other", "secret")
        #expect(try there.tag(in: project.context) == before)
        #expect(there.problems(in: project.context).isEmpty)
        try project.write("other", "another secret")
        #expect(try there.tag(in: project.context) == before)
    }

    // MARK: warnings

    static let ignoreFiles = [
        ".dockerignore": "a", ".containerignore": "b", "train.dockerignore": "c", "src/.dockerignore": "",
        "src/.containerignore": "x", "src/Dockerfile.dockerignore": "x", "src/a.py": "",
        "src/below/.containerignore": "", "src/x.dockerignore/a": "", "src/dockerignore": "",
    ]

    @Test(
        arguments: [
            (ImageSpec(), []), (ImageSpec(sourceRoot: "src", sourceCopyMode: .noCopy), []),
            (ImageSpec(sourceRoot: "none", sourceCopyMode: .all), []),
            (
                ImageSpec(sourceRoot: "src"),
                ["source_root: src/.containerignore", "source_root: src/Dockerfile.dockerignore"]
            ),
            (
                ImageSpec(sourceRoot: ".", sourceCopyMode: .all),
                ["source_root: .containerignore", "source_root: train.dockerignore"]
            ),
            (
                ImageSpec(baseImage: .spec(ImageSpec(sourceRoot: "src/below/"))),
                ["base_image: source_root: src/below/.containerignore"]
            ),
        ] as [(ImageSpec, [String])])
    func ignoreFilesThatAreNotReadAreNamed(spec: ImageSpec, places: [String]) throws {
        let project = try RenderingProject(Self.ignoreFiles)
        let warnings = spec.warnings(in: project.context)
        #expect(warnings.map { "\($0.field): \($0.path)" } == places)
        for warning in warnings {
            #expect(warning.reason.contains(".dockerignore\""))
            #expect(warning.description == "\(warning.field): \"\(warning.path)\" \(warning.reason)")
        }
        #expect(spec.problems(in: project.context).count == (spec.sourceRoot == "none" ? 1 : 0))
    }

    /// An exact list of modules is not chosen by ignore files.
    @Test func modulesThatAreListedNeedNoIgnoreFile() throws {
        let project = try RenderingProject(Self.ignoreFiles)
        var context = project.context
        context.loadedModules = ["src/a.py"]
        #expect(ImageSpec(sourceRoot: "src").warnings(in: context) == [])
        #expect(ImageSpec(sourceRoot: "src", sourceCopyMode: .all).warnings(in: context).count == 2)
    }

    @Test func aValueThatIsTooLongForDockerIsNamed() throws {
        let project = try RenderingProject()
        let spec = ImageSpec(env: ["LONG": String(repeating: "x", count: 70_000)])
        let error = #expect(throws: ImageSpecError.self) {
            try ImageSpec.Dockerfile(spec, in: project.context)
        }
        #expect(error?.message.contains("ENV LONG=") == true)
        // A long list is many lines.
        let many = ImageSpec(packages: (0..<5000).map { "package-with-a-long-name-\($0)" })
        #expect(try ImageSpec.Dockerfile(many, in: project.context).text.utf8.count > 100_000)
    }

    @Test(arguments: [
        ("--pre  --no-deps", ["--pre", "--no-deps"]), (" a\t'b c'd \"\" ", ["a", "b cd", ""]),
        ("'\"'\"'\"", ["\"'"]),
        ("a\\ b", ["a\\", "b"]), ("$X `y`", ["$X", "`y`"]), ("", []),
    ])
    func argumentsAreSplitAtWhiteSpaceOutsideQuotes(text: String, words: [String]) {
        #expect(ArgumentText.words(text) == words)
    }
}
