// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import ContentTree
@testable import ImageSpec
@testable import ImageSpecBuilding

/// Lock files that an image can be made from, and those of which a check says why not. Each verdict is that of uv 0.13.9 or
/// poetry 2.5.1 on the same files.
@Suite struct LockFileTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        let spec: ImageSpec
        let files: [String: String]
        /// What each problem names; empty if there is none.
        let words: [[String]]
        var testDescription: String { name }
    }

    // MARK: uv

    static let uvHead = "version = 1\nrequires-python = \">=3.9\"\n"

    /// A project that depends on `alpha`, and its lock file.
    static func uv(
        _ name: String, arguments: String? = nil, spec: ImageSpec = ImageSpec(), project: String = "",
        table: String = "",
        root: String = "", head: String = uvHead, lock: String = "", _ words: [String]...
    ) -> Case {
        var spec = spec
        spec.requirements = "uv.lock"
        spec.pipExtraArgs = arguments
        let pyproject =
            "[project]\nname = \"My_App\"\nversion = \"1.0\"\nrequires-python = \">=3.9\"\ndependencies = [\"Alpha>=1,<2\"]\n"
        return Case(
            name: name, spec: spec,
            files: [
                "pyproject.toml": pyproject + project + "\n" + table,
                "uv.lock": """
                \(head)
                [[package]]
                name = "my-app"
                version = "1"
                source = { virtual = "." }
                dependencies = [{ name = "alpha" }]
                \(root)
                [package.metadata]
                requires-dist = [{ name = "alpha", specifier = "<2,>=1.0" }]

                [[package]]
                name = "alpha"
                version = "1.1"
                source = { registry = "https://pypi.org/simple" }
                \(lock)
                """,
            ], words: words)
    }

    static let member = "[[package]]\nname = \"lib\"\nversion = \"1\"\n"
    static let groups =
        "[project.optional-dependencies]\nFast = []\n[dependency-groups]\ndev = []\ndocs = []\n"
    static let gitDependency =
        "[[package]]\nname = \"beta\"\nversion = \"1\"\nsource = { git = \"https://example.com/b?rev=main#0\" }\n"

    static let uvCases = [
        uv("a plain project"),
        uv("a workspace without members", table: "[tool.uv.workspace]\nmembers = []\n"),
        uv(
            "a workspace", table: "[tool.uv.workspace]\nmembers = [\"libs/*\"]\n",
            lock: "[manifest]\nmembers = [\"my-app\", \"lib\"]\n" + member
                + "source = { editable = \"libs/lib\" }",
            ["uv.lock:20:", "lib", "uv export"]),
        uv(
            "a path", lock: member + "source = { directory = \"../lib\" }",
            ["uv.lock:18:", "\"lib\"", "../lib", "uv export"]),
        uv("an editable path", lock: member + "source = { editable = \"lib\" }", ["\"lib\"", "uv.lock"]),
        uv("a local wheel", lock: member + "source = { path = \"lib-1.0-py3-none-any.whl\" }", ["lib-1.0"]),
        uv("a local index", lock: member + "source = { registry = \"wheels\" }", ["wheels"]),
        uv(
            "an absolute path without a base image", lock: member + "source = { directory = \"/srv/lib\" }",
            ["/srv/lib"]),
        uv(
            "an absolute path in a base image", spec: ImageSpec(baseImage: "acme/base:1"),
            lock: member + "source = { directory = \"/srv/lib\" }"),
        uv(
            "a relative path beside a base image", spec: ImageSpec(baseImage: "acme/base:1"),
            lock: member + "source = { directory = \"../lib\" }", ["../lib"]),
        uv("a source that nothing uses", table: "[tool.uv.sources]\nlib = {path = \"../lib\"}\n"),
        uv(
            "local links", table: "[tool.uv]\nfind-links = [\"./wheels\"]\n",
            ["pyproject.toml", "find-links", "./wheels"]),
        uv("remote links", table: "[tool.uv]\nfind-links = [\"https://example.com/wheels\"]\n"),
        // Dynamic fields.
        uv("a dynamic version", project: "dynamic = [\"version\"]"),
        uv("a dynamic readme", project: "dynamic = [\"readme\"]"),
        uv(
            "dynamic dependencies", project: "dynamic = [\"dependencies\"]",
            ["pyproject.toml:6:", "\"dependencies\" is dynamic", "uv lock"]),
        uv(
            "dynamic extras", project: "dynamic = [\"optional-dependencies\"]",
            ["\"optional-dependencies\" is dynamic"]),
        uv(
            "dependencies of poetry", project: "dynamic = [\"dependencies\"]",
            table:
                "[build-system]\nrequires = [\"poetry-core\"]\nbuild-backend = \"poetry.core.masonry.api\"\n"),
        // Versions.
        uv(
            "a newer uv", table: "[tool.uv]\nrequired-version = \">=99\"\n",
            ["pyproject.toml:8:", "required-version", "uv_image"]),
        uv("one version of uv", table: "[tool.uv]\nrequired-version = \"0.0.1\"\n", ["0.0.1", "uv_image"]),
        uv("an older uv", table: "[tool.uv]\nrequired-version = \">=0.5\"\n"),
        uv(
            "a newer uv that is chosen",
            spec: ImageSpec(builderConfig: ["uv_image": "ghcr.io/astral-sh/uv:99.0.1-alpine"]),
            table: "[tool.uv]\nrequired-version = \">=99\"\n"),
        uv(
            "a uv of an unknown version", spec: ImageSpec(builderConfig: ["uv_image": "acme/uv:latest"]),
            table: "[tool.uv]\nrequired-version = \">=99\"\n"),
        uv("a newer format", head: "version = 2\nrequires-python = \">=3.9\"\n", ["version 2", "uv_image"]),
        uv("a newer revision", head: "version = 1\nrevision = 99\nrequires-python = \">=3.9\"\n"),
        uv("no lock file", head: "", ["uv.lock", "no format version"]),
        // Python.
        uv(
            "an old Python", spec: ImageSpec(pythonVersion: "3.8"),
            ["pyproject.toml:4:", "\">=3.9\"", "Python 3.8", "python_version"]),
        uv("a Python of the base image", spec: ImageSpec(baseImage: "acme/base:1")),
        // What is out of date.
        uv(
            "another Python", head: "version = 1\nrequires-python = \">=3.10\"\n",
            ["out of date", "3.10", "uv lock"]),
        uv("a new group", table: "[dependency-groups]\ndev = [\"gamma\"]\n", ["out of date", "gamma"]),
        uv(
            "a new extra", table: "[project.optional-dependencies]\nfast = [\"gamma\"]\n",
            ["out of date", "gamma"]),
        uv(
            "a group of groups",
            table: "[dependency-groups]\ndev = [{include-group = \"test\"}]\ntest = []\n"),
        // Groups and extras.
        uv("a group", arguments: "--group docs --group=dev", table: groups),
        uv("no such group", arguments: "--group nope", table: groups, ["--group", "nope", "docs"]),
        uv("no such group to omit", arguments: "--no-group nope", table: groups, ["--no-group", "nope"]),
        uv(
            "a default group that is missing", table: "[tool.uv]\ndefault-groups = [\"nope\"]\n",
            ["default-groups", "nope"]),
        uv("the group dev need not exist", arguments: "--no-group dev"),
        uv("an extra", arguments: "--extra fast", table: groups),
        uv("no such extra", arguments: "--extra nope", table: groups, ["--extra", "nope", "fast"]),
        uv("one of two extras", arguments: "--extra fast,nope", table: groups, ["nope"]),
        uv("all extras", arguments: "--all-extras --no-default-groups", table: groups),
        uv(
            "all extras and one", arguments: "--all-extras --extra fast", table: groups,
            ["--extra", "--all-extras"]),
        uv("an option of pip", arguments: "--require-hashes", ["--require-hashes", "uv sync"]),
        uv("an option that excludes --locked", arguments: "--frozen", ["--frozen"]),
        uv("a package", arguments: "numpy", ["numpy"]),
        uv(
            "an option of another uv", arguments: "--new",
            spec: ImageSpec(builderConfig: ["uv_image": "acme/uv:1"])),
        // git
        uv("git that is not installed", lock: gitDependency),
        uv(
            "git", root: "dev-dependencies = { docs = [{ name = \"beta\" }] }", lock: gitDependency),
        uv(
            "git of a group", arguments: "--group docs", table: "[dependency-groups]\ndocs = []\n",
            root: "dev-dependencies = { docs = [{ name = \"beta\" }] }", lock: gitDependency,
            ["add \"git\" to apt_packages"]),
        uv(
            "git that is there", arguments: "--group docs", spec: ImageSpec(aptPackages: ["git"]),
            table: "[dependency-groups]\ndocs = []\n",
            root: "dev-dependencies = { docs = [{ name = \"beta\" }] }",
            lock: gitDependency),
        // Credentials.
        uv(
            "a URL of something else",
            table:
                "# https://me:secret@example.com\n[tool.acme]\ndsn = \"https://fake:secret@errors.example.com/1\"\n"
        ),
        uv(
            "an index",
            table: "[[tool.uv.index]]\nname = \"a\"\nurl = \"https://me:secret@example.com/simple\"\n",
            ["pyproject.toml", "tool.uv.index[0].url", ".netrc"]),
        uv(
            "a source", table: "[tool.uv.sources]\nb = {git = \"https://token@example.com/b\"}\n",
            ["tool.uv.sources.b.git"]),
        uv(
            "a locked archive",
            lock: member
                + "source = { registry = \"https://example.com\" }\nsdist = { url = \"https://u:secret@example.com/a\" }",
            ["uv.lock", "package[2].sdist.url"]),
        // TOML 1.1, which uv reads.
        uv("a table over several lines", table: "[tool.acme]\na = {\n  b = 1,\n}\n"),
        uv("no TOML", table: "[[[\n", ["pyproject.toml:7:", "TOML"]),
    ]

    // MARK: poetry

    static func poetry(
        _ name: String, arguments: String? = nil, spec: ImageSpec = ImageSpec(), table: String = "",
        lock: String = "",
        metadata: String = "lock-version = \"2.1\"\n",
        project: String = "[tool.poetry]\npackage-mode = false\n",
        _ words: [String]...
    ) -> Case {
        var spec = spec
        spec.requirements = "poetry.lock"
        spec.pipExtraArgs = arguments
        let pyproject = project + table
        let content =
            (try? TOMLReader.read(pyproject)).flatMap { PoetryContent($0, withGroups: true).json } ?? ""
        let hash = SHA256Digest(of: Array(content.utf8)).hex
        return Case(
            name: name, spec: spec,
            files: [
                "pyproject.toml": pyproject,
                "poetry.lock": lock + "\n[metadata]\n\(metadata)content-hash = \"\(hash)\"\n",
            ], words: words)
    }

    static func locked(_ type: String, groups: String = "[\"main\"]", marker: String = "") -> String {
        """
        [[package]]
        name = "lib"
        version = "1"
        optional = false
        groups = \(groups)
        \(marker)
        [package.source]
        type = "\(type)"
        url = "../lib"
        """
    }

    static let poetryGroups =
        "[tool.poetry.extras]\nfast = [\"a\"]\n[tool.poetry.group.dev.dependencies]\n[tool.poetry.group.docs]\noptional = true\n"
    static let optional = "marker = \"\"\nmarkers = \"extra == \\\"fast\\\" and python_version < \\\"4\\\"\""

    static let poetryCases = [
        poetry("a plain project"),
        poetry("a project of the older form", project: "[tool.poetry]\nname = \"a\"\nversion = \"1\"\n"),
        poetry("no name", project: "[project]\nversion = \"1\"\n", ["no name", "package-mode"]),
        poetry("a dynamic version", project: "[project]\nname = \"a\"\ndynamic = [\"version\"]\n"),
        poetry(
            "a newer poetry", project: "[tool.poetry]\npackage-mode = false\nrequires-poetry = \">=99\"\n",
            ["pyproject.toml:3:", "requires-poetry", "builder_config: {poetry"]),
        poetry(
            "a newer poetry that is chosen", spec: ImageSpec(builderConfig: ["poetry": "99.1"]),
            project: "[tool.poetry]\npackage-mode = false\nrequires-poetry = \"^99\"\n"),
        poetry("a newer format", metadata: "lock-version = \"3.0\"\n", ["version 3.0", "poetry"]),
        poetry("no lock file", metadata: "", ["no lock-version"]),
        poetry(
            "an old Python", spec: ImageSpec(pythonVersion: "3.10"),
            table: "[tool.poetry.dependencies]\npython = \"^3.11\"\n",
            ["pyproject.toml:4:", "\"^3.11\"", "Python 3.10"]),
        // Paths.
        poetry("a path", lock: locked("directory"), ["poetry.lock:2:", "lib", "../lib"]),
        poetry("a local archive", lock: locked("file"), ["../lib"]),
        poetry("a path that is left out", arguments: "--no-directory", lock: locked("directory")),
        poetry(
            "an archive that is not left out", arguments: "--no-directory", lock: locked("file"), ["../lib"]),
        poetry(
            "a path of a group", table: poetryGroups, lock: locked("directory", groups: "[\"dev\"]"),
            ["../lib"]),
        poetry(
            "a path of a group that is left out", arguments: "--without dev", table: poetryGroups,
            lock: locked("directory", groups: "[\"dev\"]")),
        poetry(
            "a path of an optional group", table: poetryGroups,
            lock: locked("directory", groups: "[\"docs\"]")),
        poetry(
            "a path of an optional group that is asked for", arguments: "--with docs", table: poetryGroups,
            lock: locked("directory", groups: "[\"docs\"]"), ["../lib"]),
        poetry("a path of an extra", table: poetryGroups, lock: locked("directory", marker: optional)),
        poetry(
            "a path of an extra that is asked for", arguments: "-E fast", table: poetryGroups,
            lock: locked("directory", marker: optional), ["../lib"]),
        // Groups and extras.
        poetry("groups", arguments: "--with docs --without=dev,main", table: poetryGroups),
        poetry(
            "no such group", arguments: "--with docs,nope", table: poetryGroups, ["--with", "nope", "docs"]),
        poetry("only no such group", arguments: "--only nope", table: poetryGroups, ["--only", "nope"]),
        poetry("an extra", arguments: "--extras Fast", table: poetryGroups),
        poetry("no such extra", arguments: "--extras 'fast nope'", table: poetryGroups, ["nope", "fast"]),
        poetry(
            "all groups and some", arguments: "--all-groups --with docs", table: poetryGroups,
            ["--with", "--all-groups"]),
        poetry("an option of pip", arguments: "--pre", ["--pre", "poetry install"]),
        poetry("the project", arguments: "--only-root", ["--only-root"]),
        poetry("a package", arguments: "numpy", ["numpy"]),
        // Credentials.
        poetry(
            "a URL of something else",
            table: "[tool.acme]\ndsn = \"https://fake:secret@errors.example.com/1\"\n"),
        poetry(
            "a source",
            table: "[[tool.poetry.source]]\nname = \"a\"\nurl = \"https://me:secret@example.com/simple\"\n",
            ["tool.poetry.source[0].url", ".netrc"]),
        // TOML 1.1, which poetry does not read.
        poetry(
            "a table over several lines", table: "[tool.acme]\na = {\n  b = 1,\n}\n",
            ["pyproject.toml:4:", "TOML"]),
    ]

    @Test(arguments: uvCases + poetryCases) func aCheckSaysWhetherALockFileCanBeInstalled(_ example: Case)
        throws
    {
        let project = try RenderingProject(example.files)
        let problems = example.spec.problems(in: project.context).filter {
            !$0.message.hasPrefix("builder_config")
        }
        #expect(problems.count == example.words.count, "\(problems.map(\.message))")
        for (problem, words) in zip(problems, example.words) {
            for word in words { #expect(problem.message.contains(word), "\(problem.message)") }
            #expect(!problem.message.contains("secret@"), "\(problem.message)")
        }
        // Whatever is refused keeps its name.
        _ = try example.spec.identity(in: project.context)
    }

    /// Projects, with the hash that poetry 2.5.1 wrote into their lock files.
    static let hashed = [
        (
            #"""
            [project]
            name = "app"
            version = "1"
            requires-python = ">=3.9"
            dependencies = ["beta; python_version > \"3\""]

            [project.optional-dependencies]
            fast = ["delta"]

            [dependency-groups]
            test = ["alpha"]

            [[tool.poetry.source]]
            name = "local"
            url = "http://127.0.0.1:18765/simple/"
            priority = "primary"

            [tool.poetry.dependencies]
            beta = { source = "local", allow-prereleases = true }

            [tool.poetry.group."täst"]
            optional = true

            [tool.poetry.group."täst".dependencies]
            gamma = { version = "*", extras = ["fast"] }

            """#, "2a8fb8973fdaac1b2fabdc23886d2586083183f30e26ad995e17f8ddbbd0accb"
        ),
        (
            #"""
            [tool.poetry]
            package-mode = false
            [tool.poetry.dependencies]
            python=">=3.9"
            beta="*"
            [[tool.poetry.source]]
            name = "local"
            url = "http://127.0.0.1:18765/simple/"
            priority = "primary"

            """#, "450c67e50afd7833032733dddf15cdcb993c71aa8114c538fa39521a64c9cf69"
        ),
    ]

    @Test(arguments: hashed) func aContentHashIsThatOfPoetry(_ text: String, _ hash: String) throws {
        let content = try #require(PoetryContent(TOMLReader.read(text), withGroups: true).json)
        #expect(SHA256Digest(of: Array(content.utf8)).hex == hash)
    }
}
