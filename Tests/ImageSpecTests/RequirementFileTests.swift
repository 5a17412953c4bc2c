// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import ContentTree
@testable import ImageSpec
@testable import ImageSpecBuilding

/// Whole requirements files: what of them is refused, where, and what is passed on to uv.
@Suite struct RequirementFileTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let text: String
        let spec: ImageSpec
        /// The start of each problem, and words of it; empty if there is none.
        let problems: [[String]]
        var testDescription: String { text }

        init(_ text: String, _ spec: ImageSpec = ImageSpec(), _ problems: [String]...) {
            self.text = text
            self.spec = spec
            self.problems = problems
        }
    }

    static let pin = "alpha==1.0 --hash=sha256:" + RequirementGrammarTests.digest

    static let cases = [
        Case("alpha # why\n\n# comment\nbeta \\\n  ==1.0\n"),
        Case(
            "alpha\n\nmy package==1\nbeta\nsix, attrs\n", ImageSpec(), ["r.txt:3:", "my package==1"],
            ["r.txt:5:", "several"]),
        // Files that are included, and those of constraints.
        Case("-r more.txt\n", ImageSpec(), ["more.txt:2:", "x==${V}"]),
        Case(
            "alpha\n-c constraints.txt\n", ImageSpec(baseImage: "acme/base:1"),
            ["constraints.txt:1:", "NAME @"],
            ["constraints.txt:2:", "constraint"]),
        Case("alpha\n-r constraints.txt\n", ImageSpec(baseImage: "acme/base:1")),
        // Hashes.
        Case("--require-hashes\n\(pin)\n"),
        Case(
            "--require-hashes\n\(pin)\nbeta==1.0\nalpha>=1\n", ImageSpec(), ["r.txt:3:", "no hash"],
            ["r.txt:4:", "not pinned"]),
        Case("\(pin)\nbeta==1.0\n"),
        Case(
            "\(pin)\nbeta==1.0\n", ImageSpec(pipExtraArgs: "--require-hashes"), ["r.txt:2:", "no hash"]),
        Case(
            "--require-hashes\n\(pin)\n", ImageSpec(packages: ["beta"]),
            ["packages: cannot be combined with --require-hashes"]),
        Case("--require-hashes\nbeta; python_version < '3'\n"),
        // git, and variables, of which a base image may have any.
        Case("a @ git+https://example.com/a\n", ImageSpec(), ["r.txt:1:", "to apt_packages"]),
        Case(
            "git+ssh://git@example.com/a\n", ImageSpec(aptPackages: ["git"]),
            ["r.txt:1:", "add \"openssh-client\" to"]),
        Case("git+ssh://git@example.com/a\n", ImageSpec(aptPackages: ["git=1:2.39", "openssh-client"])),
        Case(
            "git+https://example.com/a\n", ImageSpec(condaPackages: ["gdal"]),
            ["r.txt:1:", "add \"git\" and \"ca-certificates\" to"]),
        Case(
            "git+https://example.com/a\n",
            ImageSpec(condaPackages: ["conda-forge::git>=2"], aptPackages: ["ca-certificates"])),
        Case("git+https://example.com/a\n", ImageSpec(baseImage: "acme/base:1")),
        Case("--index-url https://example.com/${TOKEN}\n", ImageSpec(), ["r.txt:1:", "TOKEN", "env"]),
        Case("--index-url https://example.com/${TOKEN}\n", ImageSpec(env: ["TOKEN": "x"])),
        Case("--index-url https://example.com/${TOKEN}\n", ImageSpec(baseImage: "acme/base:1")),
        Case("alpha; python_version > '${V}'\n"), Case("a @ https://example.com/${HOME}/a.zip\n"),
        Case("-f /srv/wheels\n", ImageSpec(), ["r.txt:1:", "local directory"]),
        Case("-f /srv/wheels\n", ImageSpec(baseImage: "acme/base:1")),
        Case("-f ./wheels\n", ImageSpec(baseImage: "acme/base:1"), ["r.txt:1:", "local directory"]),
        // Files of other tools.
        Case("name: a\nchannels:\n- defaults\n", ImageSpec(), ["r.txt:", "conda environment"]),
        Case("{\n  \"_meta\": {}\n}\n", ImageSpec(), ["r.txt:", "pipenv"]),
        Case("[[source]]\nurl = \"x\"\n[packages]\nsix = \"*\"\n", ImageSpec(), ["r.txt:", "Pipfile"]),
        Case("[metadata]\ncontent_hash = \"x\"\n", ImageSpec(), ["r.txt:", "pdm"]),
        Case("version = 1\n[[package]]\nname = \"a\"\n", ImageSpec(), ["r.txt:", "uv.lock"]),
        Case(
            "[[package]]\nname = \"a\"\n[metadata]\nlock-version = \"2.1\"\n", ImageSpec(),
            ["r.txt:", "poetry.lock"]),
        Case("[project]\nname = \"a\"\n", ImageSpec(), ["r.txt:", "project file"]),
        Case("from setuptools import setup\nsetup()\n", ImageSpec(), ["r.txt:", "setup script"]),
        Case("[tool]\na = 1\n", ImageSpec(), ["r.txt:", "TOML"]),
        Case("{}\n", ImageSpec(), ["r.txt:", "JSON"]),
        // envd leaves the file to pip.
        Case(
            "alpha --config-settings=a=b\n-f https://x/\n--prefer-binary\nx==${V}\n",
            ImageSpec(builder: "envd")),
        Case("my package\n", ImageSpec(builder: "envd"), ["r.txt:1:"]),
    ]

    @Test(arguments: cases) func aCheckNamesFileAndLine(_ example: Case) throws {
        let project = try RenderingProject([
            "r.txt": example.text, "more.txt": "# first\nx==${V}\n",
            "constraints.txt": "./wheel.whl\n-e ./project\nbeta[extra]<2\n",
        ])
        var spec = example.spec
        spec.requirements = "r.txt"
        let problems = spec.problems(in: project.context).map(\.message)
        #expect(problems.count == example.problems.count, "\(problems)")
        for (problem, words) in zip(problems, example.problems) {
            #expect(words.allSatisfy(problem.contains), "\(problem)")
        }
        // Whatever is refused keeps its name.
        _ = try spec.identity(in: project.context)
    }

    @Test func whatCannotBeIncludedHidesNoOtherProblemAndIsReportedOnce() throws {
        let project = try RenderingProject([
            "r.txt": "-r missing.txt\nmy package\n-r\n-r more.txt\n", "more.txt": "x==${V}\n",
        ])
        let spec = ImageSpec(requirements: "r.txt")
        let problems = spec.problems(in: project.context).flatMap(\.problems)
        #expect(
            problems.map { "\($0.file.map(Path.lastComponent) ?? ""):\($0.line ?? 0)" }
                == ["r.txt:3", "r.txt:1", "more.txt:1", "r.txt:2"])
        #expect(problems.map(\.code).prefix(2) == [.invalidRequirements, .missingInput])
    }

    @Test func aFileOfAnotherKindHasNoProblemInEachLine() throws {
        let project = try RenderingProject(["r.txt": String(repeating: "no requirement\n", count: 1000)])
        #expect(ImageSpec(requirements: "r.txt").problems(in: project.context).count == 8)
    }

    @Test(arguments: ["pylock.toml", "pylock.dev.toml"]) func uvReadsLockFilesOfPEP751(_ name: String) throws
    {
        let project = try RenderingProject([name: "lock-version = \"1.0\"\n[[packages]]\nname = \"a\"\n"])
        #expect(ImageSpec(requirements: name).problems(in: project.context).map(\.message) == [])
    }

    // MARK: what is passed on

    @Test(
        arguments: [
            (
                "--pre\n--require-hashes\n--trusted-host a\n--trusted-host b\n", nil,
                [
                    "--require-hashes", "--prerelease", "allow", "--allow-insecure-host", "a",
                    "--allow-insecure-host", "b",
                ]
            ),
            ("--pre\n--pre\n", nil, ["--prerelease", "allow"]),
            ("--pre\n", "--prerelease=disallow", []), ("--pre\n", "--pre", []),
            ("-i https://example.com/simple\nalpha\n", nil, []),
            ("-r more.txt\n", nil, ["--prerelease", "allow"]),
        ] as [(String, String?, [String])])
    func whatUvIgnoresInAFileIsOnItsCommandLine(_ text: String, _ extra: String?, _ expected: [String]) throws
    {
        let project = try RenderingProject(["r.txt": text, "more.txt": "--pre\n"])
        let spec = ImageSpec(requirements: "r.txt", pipExtraArgs: extra)
        let files = try RequirementFiles(
            "r.txt", workingDirectory: project.context.folder, in: project.context.boundary)
        let words = extra.map { [$0] } ?? []
        #expect(Set(try RequirementsLayout(files).installerArguments(beside: words)) == Set(expected))
        if text.contains("--require-hashes") { return }
        let dockerfile = try ImageSpec.Dockerfile(spec, in: project.context).text
        for argument in expected { #expect(dockerfile.contains(" \(argument)"), "\(dockerfile)") }
    }

    // MARK: packages

    @Test(arguments: [
        ("six, attrs", "several"), ("six >= 1.0 # comment", "comment"), ("./dist/foo.whl", "local path"),
        (".", "local path"),
        ("foo @ file:///srv/foo", "local path"), ("git+https://example.com/a", "to apt_packages"),
        ("x @ https://example.com/${TOKEN}/a.zip", "env"), ("a --hash=sha256:0", "after the name"),
    ])
    func aMemberOfPackagesIsOneRequirement(_ text: String, _ word: String) throws {
        let project = try RenderingProject()
        let spec = ImageSpec(packages: ["numpy", text])
        let problems = spec.problems(in: project.context)
        #expect(problems.map(\.code) == [.invalidField])
        let message = problems.first?.message ?? ""
        #expect(message.hasPrefix("packages[1]: ") && message.contains(word), "\(message)")
        _ = try spec.identity(in: project.context)
    }

    @Test(arguments: [
        "./dist/foo.whl", "foo @ file:///srv/foo", "git+https://example.com/a",
        "x @ https://example.com/${T}/a.zip",
    ])
    func aBaseImageMayHaveWhatAPackageNeeds(_ text: String) throws {
        let project = try RenderingProject()
        for base in [ImageSpec.BaseImage.reference("ghcr.io/acme/base:1"), .spec(ImageSpec())] {
            #expect(
                ImageSpec(packages: [text], baseImage: base).problems(in: project.context).map(\.message)
                    == [])
        }
    }

    @Test(
        arguments: [
            ("--no-deps --pre -U", nil), ("-C a=b --config-setting 'build=a b' --no-cache-dir", nil),
            ("--index-strategy=unsafe-best-match -qq", nil), ("--constraint /etc/c.txt", nil),
            ("--constraint https://example.com/c.txt", nil), ("attrs", nil),
            ("--no-dep", "did you mean \"--no-deps\"?"),
            ("--prefer-binary", "--prefer-binary"), ("--user", "virtual environment"),
            ("--dry-run", "nothing is installed"),
            ("-h", "nothing is installed"), ("-c constraints.txt", "local file"),
            ("--constraint=constraints.txt", "local file"),
            ("--python 3.12", "already set by the Dockerfile"), ("-p3.12", "already set by the Dockerfile"),
            ("--index-url", "no value"),
            ("--group dev", "pyproject.toml"), ("-z", "-z"),
        ] as [(String, String?)])
    func anArgumentIsOneOfTheInstaller(_ text: String, _ word: String?) throws {
        let project = try RenderingProject()
        let problems = ImageSpec(packages: ["six"], pipExtraArgs: text).problems(in: project.context).map(
            \.message)
        #expect(problems.count == (word == nil ? 0 : 1), "\(problems)")
        if let word { #expect(problems.first?.contains(word) == true, "\(problems)") }
    }
}
