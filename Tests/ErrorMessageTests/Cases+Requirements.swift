// SPDX-License-Identifier: Apache-2.0

extension ErrorArea {
    private static func line(_ factory: String, _ text: String) -> ErrorCase {
        .spec(factory, "requirements: r.txt", files: ["r.txt": text])
    }

    private static let project = "[project]\nname = \"app\"\nversion = \"1\"\nrequires-python = \">=3.9\"\n"
    private static let lock =
        "version = 1\nrequires-python = \">=3.9\"\n[[package]]\nname = \"app\"\nversion = \"1\"\nsource = { virtual = \".\" }\n"

    private static func uv(
        _ factory: String, _ spec: String = "", project: String = "", lock: String = ""
    ) -> ErrorCase {
        .spec(
            factory, "requirements: uv.lock\n" + spec,
            files: ["uv.lock": Self.lock + lock, "pyproject.toml": Self.project + project])
    }

    /// The metadata of a project without dependencies.
    private static let freshness =
        "lock-version = \"2.1\"\ncontent-hash = \"115cf985d932e9bf5f540555bbdd75decbb62cac81e399375fc19f6277f8c1d8\""

    private static func poetry(
        _ factory: String, _ spec: String = "", project: String, metadata: String = "lock-version = \"2.1\""
    ) -> ErrorCase {
        .spec(
            factory, "requirements: poetry.lock\n" + spec,
            files: ["poetry.lock": "[metadata]\n\(metadata)\n", "pyproject.toml": project])
    }

    /// What the installer cannot take of packages, requirements files, lock files and pip_extra_args.
    static let requirements = ErrorArea(
        name: "requirements",
        cases: [
            .spec("invalidPackage", "packages: ['six, attrs']"),
            .spec("invalidPackage", "packages: ['six >= 1.0 # why']"),
            .spec("invalidPackage", "packages: [my package==1]"),
            .spec("invalidPackage", "packages: [numpy=1.26]"),
            .spec("invalidPackage", "packages: [numpy 1.26]"),
            .spec("invalidPackage", "packages: [requirements.txt]"),
            .spec("invalidPackage", "packages: ['a; python > \"3\"']"),
            .spec("invalidPackage", "packages: ['git+https://example.com/a/b']"),
            .spec("invalidPackage", "packages: ['a @ git+ssh://git@example.com/a/b']"),
            .spec("invalidPackage", "packages: ['a @ https://example.com/${TOKEN}/a.zip']"),
            .spec("localPackage", "packages: [./dist/foo.whl]"), .spec("localPackage", "packages: [.]"),
            .spec("localPackage", "packages: ['foo @ file:///srv/foo']"),
            line("invalidRequirement", "numpy --only-binary=:all:"),
            line("invalidRequirement", "x --config-settings=a=b"),
            line("invalidRequirement", "six\n-e git+ssh://git@example.com/a/b#egg=b"),
            line("invalidRequirement", "-f ./wheels"),
            line("invalidRequirement", "x==${V}"), line("invalidRequirement", "<<<<<<< HEAD\nsix"),
            line("invalidRequirement", "--prefer-binary"), line("invalidRequirement", "--pre --no-index"),
            line("invalidRequirement", "--no-deps"),
            .spec(
                "invalidRequirement", "requirements: r.txt", files: ["r.txt": "-rmore.txt", "more.txt": ""]),
            line("invalidRequirement", "--require-hashes\nsix==1.0"),
            line("invalidRequirement", "six==1.0 --hash=sha256:00"),
            line("localRequirement", "numpy\n-e ./pkg[dev]"),
            line("otherFormat", "name: a\nchannels:\n  - defaults\ndependencies:\n  - python"),
            .spec(
                "otherFormat", "requirements: Pipfile.lock", files: ["Pipfile.lock": "{\n \"_meta\": {}\n}"]),
            .spec("otherFormat", "requirements: pyproject.toml", files: ["pyproject.toml": project]),
            .spec("otherFormat", "requirements: setup.py", files: ["setup.py": "import setuptools"]),
            .spec("otherFormat", "requirements: pdm.lock", files: ["pdm.lock": ""]),
            .spec(
                "packagesWithoutHashes",
                "packages: [a]\npip_extra_args: --require-hashes\nrequirements: r.txt", files: ["r.txt": ""]),
            line("requirementCredential", "--index-url https://me:secret@example.com"),
            .spec("invalidArgument", "packages: [a]\npip_extra_args: --no-dep"),
            .spec("invalidArgument", "packages: [a]\npip_extra_args: --user"),
            .spec("invalidArgument", "packages: [a]\npip_extra_args: -c constraints.txt"),
            .spec("invalidArgument", "packages: [a]\npip_extra_args: --python 3.12"),
            .spec("invalidArgument", "packages: [a]\npip_extra_args: --compile"),
            // uv.lock
            .spec(
                "invalidTOML", "requirements: uv.lock",
                files: ["uv.lock": "<<<<<<< HEAD", "pyproject.toml": project]),
            .spec(
                "invalidTOML", "requirements: uv.lock",
                files: ["uv.lock": lock, "pyproject.toml": "a = 1\n[a"]),
            .spec("staleLock", "requirements: uv.lock", files: ["uv.lock": "", "pyproject.toml": project]),
            uv("staleLock", project: "dependencies = [\"six\"]\n"),
            .spec(
                "newerLock", "requirements: uv.lock",
                files: [
                    "uv.lock": lock.replacing("version = 1\nr", with: "version = 2\nr"),
                    "pyproject.toml": project,
                ]),
            uv("toolNotAllowed", project: "[tool.uv]\nrequired-version = \">=99\"\n"),
            uv(
                "workspaceMembers",
                lock:
                    "[manifest]\nmembers = [\"app\", \"lib\"]\n[[package]]\nname = \"lib\"\nsource = { editable = \"lib\" }\n"
            ),
            uv(
                "localLockedPackage",
                lock: "[[package]]\nname = \"lib\"\nsource = { editable = \"../lib\" }\n"),
            uv("localFindLinks", project: "[tool.uv]\nfind-links = [\"./wheels\"]\n"),
            uv("dynamicDependencies", project: "dynamic = [\"dependencies\"]\n"),
            uv("pythonNotAllowed", "python_version: '3.8'"),
            uv(
                "unknownProjectPart", "pip_extra_args: --group docs",
                project: "[dependency-groups]\ntest = []\n"),
            uv("unknownProjectPart", "pip_extra_args: --extra fast"),
            uv(
                "requirementCredential",
                project: "[[tool.uv.index]]\nname = \"a\"\nurl = \"https://me:secret@example.com/simple\"\n"),
            uv("invalidArgument", "pip_extra_args: --frozen"),
            // poetry.lock
            poetry(
                "staleLock", project: "[tool.poetry]\npackage-mode = false\n",
                metadata: "lock-version = \"2.1\"\ncontent-hash = \"0\""),
            poetry(
                "newerLock", project: "[tool.poetry]\npackage-mode = false\n",
                metadata: "lock-version = \"3.0\""),
            poetry(
                "toolNotAllowed",
                project: "[tool.poetry]\npackage-mode = false\nrequires-poetry = \">=99\"\n",
                metadata: freshness),
            poetry("missingProjectKey", project: "[project]\nname = \"a\"\n", metadata: freshness),
        ])
}
