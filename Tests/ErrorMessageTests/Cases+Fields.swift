// SPDX-License-Identifier: Apache-2.0

import ImageSpec
import ImageSpecBuilding

@testable import ContentTree

extension ErrorArea {
    /// What no field may hold.
    static let fields = ErrorArea(
        name: "fields",
        cases: [
            .spec("invalidText", "python_version: '3'"), .spec("invalidText", "packages: ['']"),
            .spec("invalidText", "packages: [\"a\\nb\"]"), .spec("invalidText", "packages: [-r x.txt]"),
            .spec("invalidText", "conda_channels: [my channel]"), .spec("invalidText", "apt_packages: [Git]"),
            .spec("invalidText", "base_image: https://ghcr.io/a"), .spec("invalidText", "platform: amd64"),
            .spec("invalidText", "platform: linux/amd46"),
            .spec("invalidText", "platform: linux/arm64,linix/amd64"),
            .spec("invalidText", "pip_index: 'https://a b'"),
            .spec("invalidText", "pip_extra_args: \"--a 'b\""),
            .spec("invalidText", "pip_extra_args: \"'a\\nb'\""),
            .spec("invalidText", "entrypoint: [\"a\\0\"]"),
            .spec("invalidText", "commands: [-v]"), .spec("invalidText", "commands: [' ']"),
            .spec("invalidText", "copy: [\"a\\tb\"]", files: ["a\tb": ""]),
            .spec("invalidText", "python_exec: bin/python"),
            .spec("invalidText", "env: {1A: b}"), .spec("invalidText", "env: {A: \"b\\nc\"}"),
            .spec("invalidText", "env: {PATH: '/x:$PATH'}"),
            .spec("invalidText", "pip_secret_mounts: [[a, ../b]]"),
            .spec("invalidText", "pip_secret_mounts: [['', /b]]"),
            .spec("invalidText", "pip_secret_mounts: [[a, /opt/venv/b]]"),
            .spec("invalidText", "pip_secret_mounts: [[a, /b], [c, /b]]"),
            .spec("invalidText", "builder_config: {uv_image: ''}"),
            .spec("invalidText", "builder_config: {uv_image: 3}"),
            .spec("invalidText", "builder_config: {uv_image: 'a b'}"),
            .spec("credential", "pip_index: https://me:secret@example.com"),
            .spec("credential", "packages: ['a @ https://me:secret@example.com/a.whl']"),
            .spec("cudaUnsupported", "cuda: '12.4'"),
            .spec("unsupportedByEnvd", "builder: envd\npython_exec: /usr/bin/python3"),
            .spec("unsupportedByEnvd", "builder: envd\npip_extra_args: --no-deps"),
            .spec("unsupportedByEnvd", "builder: envd\nentrypoint: []"),
            .spec("unsupportedByEnvd", "builder: envd\nenv: {PATH: /bin}"),
            .spec("unsupportedByEnvd", "builder: envd\nbase_image: {name: a}"),
            .spec("unsupportedByEnvd", "builder: envd\ncuda: '12.4'"),
            .spec("unsupportedBeside", "python_exec: /usr/bin/python3\nconda_packages: [a]"),
            .spec("unsupportedBeside", "python_exec: /usr/bin/python3\npython_version: '3.12'"),
            .spec(
                "unsupportedBeside", "requirements: uv.lock\npackages: [a]",
                files: [
                    "uv.lock": "version = 1\n", "pyproject.toml": "[dependency-groups]\nprod = []\n",
                ]),
            .spec(
                "poetryNeedsPython", "requirements: poetry.lock\npython_version: '3.9'",
                files: ["poetry.lock": "", "pyproject.toml": ""]),
            .spec("unavailablePython", "python_version: '3.10.1'"),
            .spec("unavailablePython", "python_version: '3.99'"),
            .spec("unavailablePython", "python_version: '2.7'"),
            .spec("invalidText", "builder_config: {poetry: '>=2'}"),
            .spec("invalidText", "env: {PATH: \"/it's:/bin\"}"),
            .spec("unknownBuilderConfiguration", "builder_config: {uv: a}"),
            .spec("reservedVariable", "env: {_F_IMG_ID: a}"),
            .spec("sourceRootRequired", "source_copy_mode: all"),
            ErrorCase("instructionTooLong", "a command of 70,000 characters") { scene in
                _ = try ImageSpec.Dockerfile(
                    ImageSpec(commands: ["echo " + String(repeating: "a", count: 70_000)]), in: scene.context)
            },
        ])

    /// Specs without a valid image name.
    static let names = ErrorArea(
        name: "names",
        cases: [
            .name("invalidTagFormat", "tag_format: dev"),
            .name("invalidTagFormat", "tag_format: '{spec_hash:.4}'"),
            .name("invalidTagFormat", "tag_format: '{spec_hash'"),
            .name("invalidTagFormat", "tag_format: '{id}'"),
            .name("invalidTag", "tag_format: '-{spec_hash}'"),
            .name("invalidTag", "tag_format: '{spec_hash}{spec_hash}{spec_hash}'"),
            .name("spaceInName", "name: My Image"), .name("invalidImageName", "name: my_-image"),
            .name("invalidImageName", "name: a//b"),
            .name("slashAfterRegistry", "registry: ghcr.io/acme/\nname: trainer"),
            .name("slashAfterRegistry", "registry: localhost:5000/"),
            .name("tagInName", "name: trainer:latest"), .name("tagInName", "registry: r.io\nname: a/b:1"),
            .name("schemeInRegistry", "registry: https://me:secret@ghcr.io/acme/"),
            .name("invalidImageName", "name: trainer@sha256:0"),
            .name("invalidImageName", "name: me:secret@host"),
            .name("schemeInRegistry", "registry: https://ghcr.io/acme"),
            .name("credentialsInRegistry", "registry: me:secret@ghcr.io/acme"),
            .name("portOutOfRange", "registry: localhost:99999"),
            .name("invalidImageName", "name: " + String(repeating: "a", count: 300)),
        ])
}
