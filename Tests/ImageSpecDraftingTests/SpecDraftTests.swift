// SPDX-License-Identifier: Apache-2.0

import Foundation
import ImageSpec
import ImageSpecBuilding
import ImageSpecDrafting
import ImageSpecYAML
import Testing

@testable import ContentTree

/// Drafts of whole folders.
@Suite struct SpecDraftTests {
    struct Project: Sendable, CustomTestStringConvertible {
        var name: String
        var files: [String: String]
        /// The spec that the draft is, as JSON, without its tag format. Without a name, it has that of the directory, `project`.
        var spec: String
        /// What stands in comments.
        var comments: [String]

        init(_ name: String, _ files: [String: String], _ spec: String, _ comments: String...) {
            self.name = name
            self.files = files
            self.spec = spec
            self.comments = comments
        }

        var testDescription: String { name }
    }

    static let pyproject = """
        [project]
        name = "My_Trainer.App"
        requires-python = ">=3.10,<3.12"
        dependencies = ["numpy>=2.1; python_version >= '3.10'", "requests[socks]"]
        [project.optional-dependencies]
        dev = ["pytest"]
        """

    static let lock = """
        version = 1
        requires-python = ">=3.10, <3.12"
        [[package]]
        name = "my-trainer-app"
        source = { virtual = "." }
        [package.metadata]
        requires-dist = [
            { name = "numpy", marker = "python_full_version >= '3.10'", specifier = ">=2.1" },
            { name = "pytest", marker = "extra == 'dev'" },
            { name = "requests", extras = ["socks"] },
        ]
        """

    static let poetryLock =
        "[metadata]\nlock-version = \"2.1\"\ncontent-hash = \"fd462778e0c7744427a2a78053da45fe4b16d7b18a3b3a0bb45d84e7fcc35123\"\n"

    static let projects = [
        Project(
            "nothing", ["conf/a": ""], "{}", "# Not copied: conf/.\n# copy: [conf]",
            "# python_version: '3.12'", "# packages: [numpy==2.1.3]",
            "# registry: ghcr.io/acme"),
        Project(
            "pyproject.toml", ["pyproject.toml": pyproject],
            #"{"name": "my-trainer-app", "python_version": "3.11", "packages": ["numpy>=2.1; python_version >= '3.10'", "requests[socks]"]}"#,
            "allows Python \">=3.10,<3.12\"", "Not used: the optional dependencies dev."),
        Project(
            "uv",
            [
                "pyproject.toml": pyproject, "uv.lock": lock, ".python-version": "3.10\n",
                "requirements.txt": "",
            ],
            #"{"name": "my-trainer-app", "python_version": "3.10", "requirements": "uv.lock"}"#,
            "Set by .python-version.", "Not used: requirements.txt."),
        Project(
            "a Python that no image has", ["pyproject.toml": "[project]\nrequires-python = '>=2.7,<3'\n"],
            "{}",
            "# python_version: '3.12'", "No image has one that pyproject.toml allows (\">=2.7,<3\");"),
        Project(
            "requirements.txt", ["requirements.txt": "six\n"], #"{"requirements": "requirements.txt"}"#,
            "# Read with the files that it includes;"),
        Project("uv.lock alone", ["uv.lock": ""], "{}"),
        Project(
            "poetry",
            [
                "pyproject.toml":
                    "[tool.poetry]\nname = 'a'\npackage-mode = false\n[tool.poetry.dependencies]\npython = '^3.11'\nnumpy = '^2.1'\n",
                "poetry.lock": poetryLock,
            ], #"{"name": "a", "python_version": "3.12", "requirements": "poetry.lock"}"#),
        // What a check refuses is not drafted.
        Project(
            "a lock file that is out of date",
            ["pyproject.toml": pyproject, "uv.lock": lock.replacing("requests", with: "httpx")],
            #"{"name": "my-trainer-app", "python_version": "3.11"}"#, "imagespec check rejects it",
            "# requirements: uv.lock"),
        Project(
            "a dependency on this machine",
            [
                "pyproject.toml":
                    "[project]\nname = 'a'\ndependencies = ['six', 'lib @ file:///srv/lib', 'attrs']\n"
            ],
            #"{"name": "a", "packages": ["six", "attrs"]}"#,
            "omitted: \"lib @ file:///srv/lib\", because imagespec check rejects it"),
        Project(
            "poetry without its lock",
            [
                "pyproject.toml":
                    "[tool.poetry]\nname = 'a'\n[tool.poetry.dependencies]\npython = '^3.11'\nnumpy = '^2.1'\n"
            ],
            #"{"name": "a", "python_version": "3.12"}"#, "run `poetry lock`", "# requirements: poetry.lock"),
        Project(
            "requirements.txt",
            ["requirements.txt": "six\n-r other.txt\n", "other.txt": "", "requirements-dev.txt": ""],
            #"{"requirements": "requirements.txt"}"#, "Not used: requirements-dev.txt."),
        Project(
            "requirements files of which one includes another",
            [
                "requirements.txt": "-r ./requirements-extra.txt\n", "requirements-extra.txt": "six\n",
                "requirements-dev.txt": "",
            ],
            #"{"requirements": "requirements.txt"}"#, "# Not used: requirements-dev.txt.\n"),
        Project(
            "one requirements file", ["requirements/prod.txt": "six"],
            #"{"requirements": "requirements/prod.txt"}"#),
        Project(
            "several requirements files", ["requirements-a.txt": "", "requirements-b.txt": ""], "{}",
            "Choose one of the requirements files: requirements-a.txt, requirements-b.txt.",
            "# requirements: requirements-a.txt"),
        Project(
            "several, and a Dockerfile that names one",
            [
                "requirements-a.txt": "", "requirements-b.txt": "",
                "Dockerfile": "FROM debian:12\nRUN pip install -r requirements-b.txt\n",
            ],
            #"{"base_image": "debian:12", "requirements": "requirements-b.txt"}"#),
        Project(
            "conda",
            [
                "environment.yml":
                    "name: GPU env\nchannels: [conda-forge, nvidia]\ndependencies: [python=3.11, cudatoolkit>=12, pip, {pip: [torch==2.4, -e .]}]\n"
            ],
            #"{"name": "gpu-env", "python_version": "3.11", "conda_channels": ["nvidia"], "conda_packages": ["cudatoolkit>=12"], "packages": ["torch==2.4"]}"#,
            "\"-e .\" for pip is ignored"),
        Project(
            "conda with a requirements file",
            [
                "environment.yml": "dependencies: [gdal, {pip: [-r requirements.txt]}]\n",
                "requirements.txt": "six\n",
            ],
            #"{"conda_packages": ["gdal"], "requirements": "requirements.txt"}"#),
        Project(
            "conda, and a requirements file that it does not name",
            ["environment.yml": "dependencies: [gdal]\n", "requirements.txt": "six\n"],
            #"{"requirements": "requirements.txt"}"#,
            "Not used: environment.yml."),
        Project(
            "Dockerfile of Python",
            [
                "Dockerfile":
                    "FROM python:3.11-slim\nRUN apt-get update && apt-get install -y git\nENV MODE=fast\nCOPY . /app\n",
                "apt.txt": "# a\nffmpeg git\n",
            ],
            #"{"python_version": "3.11", "env": {"MODE": "fast"}, "apt_packages": ["git", "ffmpeg"]}"#,
            "Set by FROM in the Dockerfile.",
            "# The base image is then python:3.11-slim-bookworm; set base_image to use another.",
            "#   line 4: COPY . /app"),
        Project(
            "Dockerfile of another base",
            [
                "Containerfile":
                    "FROM --platform=linux/arm64 nvidia/cuda:12.4.1-base\nRUN pip install torch==2.4\n"
            ],
            #"{"platform": "linux/arm64", "base_image": "nvidia/cuda:12.4.1-base", "packages": ["torch==2.4"]}"#,
            "Defaults to that of the base image"
        ),
        Project(
            "Dockerfile with what a spec has no words for",
            ["Dockerfile": "ARG V=3.11\nFROM python:$V\nWORKDIR /app\nEXPOSE 80\nWORKDIR x\nCMD a\n"], "{}",
            "# Convert these instructions of the Dockerfile yourself (base_image, commands, copy, source_root, entrypoint):\n#   line 2: FROM python:$V\n",
            "\n# WORKDIR, EXPOSE of the Dockerfile: ignored. The image runs in /root as the user flytekit.\n"
        ),
        Project(
            "Dockerfile of a Python that only uv has", ["Dockerfile": "FROM python:3.9.16-slim\n"],
            #"{"python_version": "3.9.16"}"#,
            "# The base image is then debian:bookworm-slim, with Python from uv; set base_image to use another."
        ),
        Project(
            "Dockerfile of Python, and conda",
            ["Dockerfile": "FROM python:3.11\n", "environment.yml": "dependencies: [gdal]\n"],
            #"{"python_version": "3.11", "conda_packages": ["gdal"]}"#,
            "# The base image is then debian:bookworm-slim, with Python from conda; set base_image to use another."
        ),
        Project(
            "Dockerfile of several stages",
            ["Dockerfile": "FROM a AS build\nRUN make\nFROM b\nFROM debian:12\nCOPY --from=build /a /a\n"],
            #"{"base_image": "debian:12"}"#, "#\n# Stage \"build\" was not read: ",
            "#\n# Stage \"1\" was not read: ",
            "#   line 5: COPY --from=build /a /a"),
        Project(
            "versions that disagree",
            ["pyproject.toml": pyproject, ".python-version": "3.13", "Dockerfile": "FROM python:3.9"],
            #"{"name": "my-trainer-app", "python_version": "3.13", "packages": ["numpy>=2.1; python_version >= '3.10'", "requests[socks]"]}"#,
            "Not used: 3.9, set by FROM in the Dockerfile.", "requires \">=3.10,<3.12\", which excludes 3.13."
        ),
        Project(
            "src",
            ["src/trainer/__init__.py": "", ".dockerignore": "x", "tests/test_a.py": "", "setup.py": ""],
            #"{"source_root": "src", "source_copy_mode": "all"}"#,
            "The .dockerignore of this directory does not apply to src", "setup.py is not read",
            "# Not copied: setup.py, tests/.\n"),
        Project(
            "flat",
            [
                "trainer/__init__.py": "", "main.py": "", "tests/__init__.py": "", "conftest.py": "",
                "data/a.csv": "", ".venv/__init__.py": "", "requirements-a.txt": "", "requirements-b.txt": "",
                "Dockerfile": "", "image.yaml": "",
            ],
            #"{"copy": ["main.py", "trainer"]}"#, "# Not copied: conftest.py, data/, tests/.\n"),
        // What cannot be used stays out.
        Project(
            "malformed pyproject.toml", ["pyproject.toml": "[project\nname = 'a'"], "{}",
            "pyproject.toml is not used: line 1: "),
        Project(
            "malformed environment.yml", ["environment.yml": "a: b: c"], "{}",
            "environment.yml is not used: line 1"),
        Project(
            "a directory that Python runs", ["app/__main__.py": "", "data/x.csv": ""], #"{"copy": ["app"]}"#,
            "Not copied: data/."),
        Project("no version", [".python-version": "pypy3.10\n3.11\n"], "{}", ".python-version is not used: "),
        Project(
            "requirements that are refused", ["requirements.txt": "-r /etc/a.txt"], "{}",
            "imagespec check rejects it", "# requirements: requirements.txt"),
        Project(
            "a Dockerfile with a bad value", ["Dockerfile": "FROM UPPER!x\nENV 1A=b\n"], "{}",
            "# base_image: UPPER!x"),
        Project(
            "an ignore file that is refused", ["src/a.py": "", "src/.dockerignore": "["], "{}",
            "# source_root: src"),
    ]

    @Test(arguments: projects) func theFilesOfAFolderBecomeFields(_ project: Project) throws {
        try withProject(project.files) { folder in
            let draft = try SpecDraft(folder: folder)
            let found = try ImageSpec(yaml: draft.text)
            let expected = try ImageSpec(json: project.spec)
            let named = expected.name == nil ? expected.withName("project") : expected
            #expect(found == named.withTagFormat("sha-{spec_hash:.16}"), "\(draft.text)")
            for comment in project.comments { #expect(draft.text.contains(comment), "\(draft.text)") }
            try Self.checkLaws(of: draft, in: folder)
        }
    }

    @Test func aDraftWithoutCodeSaysSo() throws {
        let note = "no code is copied into the image; to copy files, set source_root or copy"
        try withProject(["lib/a.py": "", "requirements.txt": "six"]) { folder in
            let notes = try SpecDraft(folder: folder).notes
            #expect(notes.contains(note))
        }
        try withProject(["src/a.py": ""]) { folder in
            let notes = try SpecDraft(folder: folder).notes
            #expect(!notes.contains(note))
        }
    }

    /// What holds for every draft.
    static func checkLaws(of draft: SpecDraft, in folder: String) throws {
        let context = ImageSpec.Context(workingDirectory: folder, hostArchitecture: "x86_64")
        let spec = try ImageSpec(yaml: draft.text)
        #expect(spec.problems(in: context).map(\.message) == [])
        _ = try ImageSpec.BuildContext(spec, in: context)
        _ = try spec.imageName(in: context)
        // A label of Kubernetes.
        #expect(
            try spec.tag(in: context).wholeMatch(of: /[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?/) != nil)
        #expect(try SpecDraft(folder: folder).text == draft.text)
        #expect(!draft.text.contains(folder))
        #expect(draft.text.hasSuffix("\n"))
        #expect(
            draft.text.unicodeScalars.allSatisfy { $0 == "\n" || $0.properties.generalCategory != .control })
        for note in draft.notes { #expect(!note.contains("\n")) }
    }

    struct Hostile: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var prepare: @Sendable (String) throws -> Void

        init(_ name: String, _ prepare: @escaping @Sendable (String) throws -> Void) {
            testDescription = name
            self.prepare = prepare
        }
    }

    static let hostile = [
        Hostile("names with quotes and line breaks") { folder in
            for name in ["a'b\".py", "a\nb.py", "a b.py", "- x.py", "ü: [.py", "requirements\n.txt", "#.py"] {
                try Data().write(to: URL(fileURLWithPath: folder + "/" + name))
            }
        },
        Hostile("values with quotes and line breaks") { folder in
            try write(
                "[project]\nname = \"a'\\n\\\"b: {\"\nrequires-python = \"'\\n\"\ndependencies = [\"a\\nb: c\", \"'\", \"\", \"#\", \"\\uFEFFx\", \"y\\u0000\"]",
                to: folder + "/pyproject.toml")
        },
        Hostile("a version and extras with line breaks") { folder in
            try write(
                "[project]\nrequires-python = \"x\\ny: z\"\ndependencies = ['a']\n[project.optional-dependencies]\n\"x\\ny: z\" = []",
                to: folder + "/pyproject.toml")
        },
        Hostile("values of a Dockerfile") { folder in
            try write(
                "FROM a\u{2028}b:\u{85}c\nENV A='x\u{2028}y' \u{FEFF}B=1 C=\"#\"\nRUN x \u{1}\u{2029}y: z\n",
                to: folder + "/Dockerfile")
        },
        Hostile("a password") { folder in
            try write(
                "[project]\ndependencies = ['a @ https://me:hunter2@example.com/a.whl']",
                to: folder + "/pyproject.toml")
            try write(
                "FROM debian\nENV INDEX=https://me:hunter2@example.com DB_PASSWORD=hunter2\nRUN curl https://me:hunter2@example.com\n",
                to: folder + "/Dockerfile")
        },
        Hostile("files of 100 MB") { folder in
            for name in [
                "pyproject.toml", "requirements.txt", "Dockerfile", "environment.yml", ".python-version",
                "apt.txt",
            ] {
                try Data().write(to: URL(fileURLWithPath: folder + "/" + name))
                let file = try FileHandle(forWritingTo: URL(fileURLWithPath: folder + "/" + name))
                try file.truncate(atOffset: 100 << 20)
                try file.close()
            }
        },
        Hostile("links that loop and dangle") { folder in
            for (name, target) in [
                ("pyproject.toml", "pyproject.toml"), ("src", "src"), ("requirements.txt", "nowhere"),
                ("Dockerfile", "."), ("pkg", ".."), ("requirements", "requirements"),
            ] {
                try FileManager.default.createSymbolicLink(
                    atPath: folder + "/" + name, withDestinationPath: target)
            }
        },
        Hostile("folders in the place of files") { folder in
            for name in [
                "pyproject.toml", "requirements.txt", "Dockerfile", "uv.lock", "environment.yml",
                ".python-version", "main.py",
            ] {
                try FileManager.default.createDirectory(
                    atPath: folder + "/" + name, withIntermediateDirectories: false)
            }
            try write("", to: folder + "/src")
        },
        Hostile("pipes") { folder in
            for name in ["pyproject.toml", "requirements.txt", "Dockerfile", "main.py"] {
                _ = mkfifo(folder + "/" + name, 0o644)
            }
        },
        Hostile("bytes that are no UTF-8") { folder in
            for name in [
                "pyproject.toml", "requirements.txt", "Dockerfile", "environment.yml", ".python-version",
                "apt.txt",
            ] {
                try Data([0x61, 0xFF, 0x0A]).write(to: URL(fileURLWithPath: folder + "/" + name))
            }
        },
    ]

    @Test(arguments: hostile) func nothingMakesADraftThatIsRefused(_ example: Hostile) throws {
        try withProject([:]) { folder in
            try example.prepare(folder)
            let draft = try SpecDraft(folder: folder)
            #expect(!draft.text.contains("hunter2"))
            #expect(!draft.notes.joined().contains("hunter2"))
            try Self.checkLaws(of: draft, in: folder)
        }
    }

    @Test(.enabled(if: geteuid() != 0, "root can read every file"))
    func whatCannotBeReadIsSaid() throws {
        try withProject(["pyproject.toml": Self.pyproject]) { folder in
            chmod(folder + "/pyproject.toml", 0)
            let draft = try SpecDraft(folder: folder)
            #expect(draft.text.contains("pyproject.toml is not used: permission denied"))
            try Self.checkLaws(of: draft, in: folder)
        }
    }

    @Test(arguments: ["äöü", "...", "日本", "A B", "-x-", "a\nb", "0"])
    func theFoldersNameIsMadeAnImagesName(_ name: String) throws {
        try withProject([:]) { folder in
            let inner = folder + "/" + name
            try FileManager.default.createDirectory(atPath: inner, withIntermediateDirectories: false)
            try Self.checkLaws(of: try SpecDraft(folder: inner), in: inner)
        }
    }
}

/// A folder named `project` with files, there for one test.
func withProject(_ files: [String: String], _ body: (String) throws -> Void) throws {
    let place = FileManager.default.temporaryDirectory.resolvingSymlinksInPath()
        .appendingPathComponent("imagespec-draft-" + UUID().uuidString).path
    let folder = place + "/project"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: place) }
    for (name, text) in files { try write(text, to: folder + "/" + name) }
    try body(folder)
}

func write(_ text: String, to path: String) throws {
    let url = URL(fileURLWithPath: path)
    try FileManager.default.createDirectory(
        at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(text.utf8).write(to: url)
}
