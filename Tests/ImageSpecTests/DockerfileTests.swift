// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import ContentTree
@testable import ImageSpec
@testable import ImageSpecBuilding

/// Whole Dockerfiles. `RECORD_SNAPSHOTS=1` writes them anew, and fails the run so that nobody forgets to read them.
@Suite struct DockerfileTests {
    struct Golden: Sendable, CustomTestStringConvertible {
        let name: String
        let spec: ImageSpec
        var testDescription: String { name }
    }

    static let files = [
        "requirements.txt": "# what the service needs\nfastapi==0.115.0  # web\nuvicorn>=0.30,<1\n",
        "app/requirements/main.txt": "-r ../../common.txt\n-c constraints.txt\nnumpy\n",
        "app/requirements/constraints.txt": "numpy<3\n",
        "common.txt": "six\n",
        "uv/uv.lock": LockTexts.uv, "uv/pyproject.toml": LockTexts.uvProject,
        "poetry/poetry.lock": LockTexts.poetry, "poetry/pyproject.toml": LockTexts.poetryProject,
        "conf/a.yaml": "a: 1\n", "a file with 'quotes' and $HOME.txt": "text\n", "run.sh": "#!/bin/sh\n",
        "src/pipeline.py": "import os\n",
    ]

    static let secrets = [
        ImageSpec.SecretMount(source: ".netrc", target: ".netrc"),
        ImageSpec.SecretMount(source: "/etc/ca.crt", target: "/etc/ssl/certs/ca-certificates.crt"),
    ]

    static let goldens: [Golden] = [
        // What nothing asks for is not there.
        Golden(name: "empty", spec: ImageSpec()),
        Golden(
            name: "apt", spec: ImageSpec(aptPackages: ["git", "curl", "git", "g++", "libc6:amd64=2.36-9"])),
        // Each case of Python.
        Golden(
            name: "python-default",
            spec: ImageSpec(packages: ["numpy==2.1.3", "pandas>=2,<3", "numpy==2.1.3"])),
        Golden(
            name: "python-version", spec: ImageSpec(pythonVersion: "3.11.9", packages: ["uvicorn[standard]"])),
        Golden(name: "python-version-alone", spec: ImageSpec(pythonVersion: "3.13")),
        Golden(name: "python-version-of-uv", spec: ImageSpec(pythonVersion: "3.9.6", packages: ["six"])),
        Golden(
            name: "python-of-base",
            spec: ImageSpec(packages: ["numpy"], baseImage: "pytorch/pytorch:2.4.0-cuda12.4-cudnn9-runtime")),
        Golden(
            name: "python-version-on-base",
            spec: ImageSpec(pythonVersion: "3.12", packages: ["numpy"], baseImage: "ubuntu:24.04")),
        Golden(
            name: "python-exec",
            spec: ImageSpec(packages: ["numpy"], baseImage: "acme/base:1", pythonExec: "/usr/bin/python3.11")),
        Golden(
            name: "conda",
            spec: ImageSpec(
                pythonVersion: "3.12", packages: ["flytekit"], condaPackages: ["pytorch=2.4", "numpy"],
                condaChannels: ["pytorch", "nvidia"])),
        // What pip is told.
        Golden(
            name: "pip-options",
            spec: ImageSpec(
                packages: ["private-package"], pipIndex: "https://pypi.acme.example/simple?a=b&c",
                pipExtraIndexURLs: ["https://download.pytorch.org/whl/cu124", "https://pypi.org/simple"],
                pipExtraArgs: "--pre --config-setting 'build=a b'")),
        Golden(name: "secrets", spec: ImageSpec(packages: ["private-package"], pipSecretMounts: secrets)),
        Golden(name: "requirements", spec: ImageSpec(packages: ["pandas"], requirements: "requirements.txt")),
        Golden(name: "requirements-includes", spec: ImageSpec(requirements: "app/requirements/main.txt")),
        Golden(name: "uv-lock", spec: ImageSpec(pythonVersion: "3.12", requirements: "uv/uv.lock")),
        Golden(
            name: "poetry-lock", spec: ImageSpec(pythonVersion: "3.12", requirements: "poetry/poetry.lock")),
        Golden(
            name: "poetry-options",
            spec: ImageSpec(
                requirements: "poetry/poetry.lock", pipIndex: "https://pypi.acme.example/simple",
                pipExtraArgs: "--only 'main' -vv", builderConfig: ["poetry": "2.2.1"])),
        // Files, variables, commands, entry points.
        Golden(
            name: "copies",
            spec: ImageSpec(
                sourceRoot: "src", sourceCopyMode: .all,
                copy: ["conf", "./run.sh", "a file with 'quotes' and $HOME.txt", "."])),
        Golden(
            name: "environment",
            spec: ImageSpec(
                env: ["MODE": "fast", "JSON": #"{"a": "$b\c"}"#, "EMPTY": "", "CITY": "Zürich"]
            )),
        // What the image has of these by itself gives way.
        Golden(
            name: "environment-paths",
            spec: ImageSpec(
                env: [
                    "PATH": "/srv/bin:/opt/venv/bin:/usr/local/bin:/usr/bin:/bin", "PYTHONPATH": "/srv/code",
                    "LD_LIBRARY_PATH": "/srv/lib",
                ], packages: ["numpy"])),
        Golden(
            name: "commands",
            spec: ImageSpec(
                commands: [
                    "echo \"$HOME\" > /home.txt && ls -l | wc", "cat <<EOF > /file\nline\nEOF",
                    "[ -d /root ]",
                    "# only a comment", "echo trailing \\", "  echo 'spaces'",
                ])),
        Golden(name: "entrypoint", spec: ImageSpec(entrypoint: ["tini", "--", "sh", "-c", "echo \"$0\"\n"])),
        Golden(name: "entrypoint-removed", spec: ImageSpec(entrypoint: [])),
        Golden(
            name: "base-spec",
            spec: ImageSpec(
                packages: ["pandas"],
                baseImage: .spec(
                    ImageSpec(
                        name: "Base", registry: "ghcr.io/acme", packages: ["numpy"],
                        tagFormat: "{spec_hash:.12}-base")))),
        Golden(
            name: "everything",
            spec: ImageSpec(
                name: "everything", pythonVersion: "3.12", builder: "default", sourceRoot: "src",
                env: ["MODE": "fast"],
                registry: "ghcr.io/acme", packages: ["numpy", "pandas"], condaPackages: ["gdal"],
                condaChannels: ["conda-forge", "nvidia"], requirements: "requirements.txt",
                aptPackages: ["git"],
                baseImage: "debian:bookworm", platform: "linux/amd64,linux/arm64",
                pipIndex: "https://pypi.org/simple", pipExtraIndexURLs: ["https://acme.example/simple"],
                pipSecretMounts: secrets, pipExtraArgs: "--no-deps", registryConfig: "/tmp/docker",
                entrypoint: ["python", "-m", "service"], commands: ["echo hi"],
                tagFormat: "{spec_hash:.16}-dev",
                sourceCopyMode: .loadedModules, copy: ["conf"], runtimePackages: ["ipdb"],
                builderOptions: ["cache": true],
                builderConfig: ["uv_image": "acme/uv:1", "micromamba_image": "acme/micromamba:1"])),
    ]

    static let isRecording = ProcessInfo.processInfo.environment["RECORD_SNAPSHOTS"] == "1"

    @Test(arguments: goldens)
    func rendersTheRecordedDockerfile(golden: Golden) throws {
        let project = try RenderingProject(Self.files)
        let text = try ImageSpec.Dockerfile(golden.spec, in: project.context).text
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("Fixtures/dockerfiles/\(golden.name).Dockerfile")
        if Self.isRecording {
            try Data(text.utf8).write(to: file)
            Issue.record(
                "recorded \(golden.name).Dockerfile; read it, then run again without RECORD_SNAPSHOTS")
        } else {
            #expect(text == String(decoding: try Data(contentsOf: file), as: UTF8.self))
        }
    }

    @Test func everyRecordedDockerfileHasItsCase() throws {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("Fixtures/dockerfiles")
        let recorded = try FileManager.default.contentsOfDirectory(atPath: folder.path)
            .filter { $0.hasSuffix(".Dockerfile") }
        #expect(Set(recorded) == Set(Self.goldens.map { $0.name + ".Dockerfile" }))
    }

    @Test(arguments: goldens)
    func isTheSameWhetherFilesAreReadOrOnlyLookedAt(golden: Golden) throws {
        let project = try RenderingProject(Self.files)
        let light = try ImageSpec.Dockerfile(golden.spec, in: project.context)
        let context = try ImageSpec.BuildContext(golden.spec, in: project.context)
        #expect(light == context.dockerfile)
        #expect(context.identity == (try golden.spec.identity(in: project.context)))
    }

    @Test func secretsAreOfTheStepsThatInstall() throws {
        let project = try RenderingProject()
        let installing = try ImageSpec.Dockerfile(
            ImageSpec(packages: ["a"], pipSecretMounts: Self.secrets), in: project.context)
        #expect(installing.secrets.map(\.id) == ["secret_0", "secret_1"])
        #expect(installing.secrets.map(\.source) == [project.path(".netrc"), "/etc/ca.crt"])
        let other = try ImageSpec.Dockerfile(ImageSpec(pipSecretMounts: Self.secrets), in: project.context)
        #expect(other.secrets.isEmpty)
        #expect(!other.text.contains("secret"))
    }

    // GPU directories are named once, however many specs are based on each other. A spec that is not built adds none, and
    // the engine says so by the name of its image.
    @Test func directoriesOfDriversAreNamedOnce() throws {
        let project = try RenderingProject()
        let base = ImageSpec(name: "base", packages: ["a"], baseImage: "acme/base:1")
        let spec = ImageSpec(packages: ["b"], baseImage: .spec(base))
        func count(_ spec: ImageSpec, baseImageName: String? = nil) throws -> Int {
            let inputs = try RenderingInputs(of: spec, in: project.context, baseImageName: baseImageName)
            let lines = Instructions(spec: spec, inputs: inputs).lines
            return lines.filter { $0.contains("/usr/local/nvidia/") }.count
        }
        #expect(try count(base) == 2)
        #expect(try count(spec) == 0)
        #expect(try count(spec, baseImageName: "mirror.example.com/base:2") == 0)
        #expect(try count(spec, baseImageName: "acme/base:1") == 2)
    }

    @Test func aRelativeTargetOfASecretCountsFromRoot() throws {
        let project = try RenderingProject()
        func text(_ target: String) throws -> String {
            try ImageSpec.Dockerfile(
                ImageSpec(packages: ["a"], pipSecretMounts: [.init(source: "s", target: target)]),
                in: project.context
            ).text
        }
        #expect(try text("conf/.netrc").contains("target=/root/conf/.netrc,required=true"))
        #expect(try text("conf/.netrc") == text("/root/conf/.netrc"))
    }

    // An appended command, and a new id, leave the layers before them.
    @Test func anAppendedCommandChangesOnlyTheEnd() throws {
        let project = try RenderingProject()
        let spec = ImageSpec(packages: ["a"], aptPackages: ["git"], commands: ["one"])
        func steps(_ spec: ImageSpec) throws -> [String] {
            try ImageSpec.Dockerfile(spec, in: project.context).text.split(separator: "\n").map(String.init)
        }
        let before = try steps(spec)
        let after = try steps(spec.withCommands("two"))
        let shared = zip(before, after).prefix { $0 == $1 }.map(\.0)
        #expect(shared.last == "RUN one")
        #expect(after[shared.count] == "RUN two")
    }

    @Test func aBaseWithoutPlatformIsThatOfThePlatformAbove() throws {
        let project = try RenderingProject()
        let base = ImageSpec(name: "base", aptPackages: ["git"])
        func from(_ platform: String?) throws -> String {
            let spec = ImageSpec(baseImage: .spec(base), platform: platform)
            let text = try ImageSpec.Dockerfile(spec, in: project.context).text
            return String(text.prefix { $0 != "\n" })
        }
        #expect(try from(nil) == "FROM " + base.imageName(in: project.context))
        #expect(try from("linux/amd64") == from(nil))
        let arm = ImageSpec(name: "base", aptPackages: ["git"], platform: "linux/arm64")
        #expect(try from("linux/arm64") == "FROM " + arm.imageName(in: project.context))
        #expect(try from("linux/arm64") != from(nil))
    }
}
