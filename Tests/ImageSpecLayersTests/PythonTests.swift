// SPDX-License-Identifier: Apache-2.0

import ImageSpec
import ImageSpecBuilding
import Testing

@testable import ImageSpecLayers

@Suite struct PythonTests {
    private static func facts(_ tree: BaseTree, environment: [String] = []) throws -> BaseFacts {
        let folder = try TemporaryFolder()
        let json: ImageSpec.JSONValue = [
            "architecture": "amd64", "os": "linux",
            "config": ["Env": .array(environment.map { .string($0) })],
            "rootfs": ["type": "layers", "diff_ids": []],
        ]
        let configuration = try #require(ImageConfiguration(json))
        return BaseFacts(
            image: BaseImage(
                reference: try ImageSpec.ImageReference("base"),
                repository: try OCILayout(writing: "a:1", to: folder.path + "/layout"), layers: [],
                configuration: configuration), tree: tree)
    }

    private static func setup(_ spec: ImageSpec) throws -> ImageSetup {
        try ImageSpec.BuildRequest(
            spec, in: ImageSpec.Context(workingDirectory: "/", hostArchitecture: "x86_64"), policy: .init()
        )
        .namedSetup().setup
    }

    private static func environment(
        _ spec: ImageSpec, _ tree: BaseTree, environment: [String] = []
    ) throws -> TargetEnvironment? {
        try TargetEnvironment(for: setup(spec), in: facts(tree, environment: environment))
    }

    @Test func thePythonOfTheBaseImageIsFoundOnItsPath() throws {
        let spec = ImageSpec(name: "a", packages: ["six"], baseImage: "base")
        let found = try #require(try Self.environment(spec, .debian))
        #expect(found.origin == .new(interpreter: "/usr/bin/python3", replacesOld: false))
        #expect(found.version == "3.11.2")
        #expect(found.sitePackages == Array("opt/venv/lib/python3.11/site-packages".utf8))
        #expect(throws: ImageSpecError.self) {
            _ = try Self.environment(spec, .debian, environment: ["PATH=/x"])
        }
        #expect(try Self.environment(ImageSpec(name: "a", baseImage: "base"), .debian) == nil)
    }

    @Test func aVersionIsThatOfTheMostSpecificProgram() throws {
        let spec = ImageSpec(name: "a", pythonVersion: "3.11", baseImage: "base")
        #expect(
            try Self.environment(spec, .debian)?.origin
                == .new(interpreter: "/usr/bin/python3.11", replacesOld: false))
        let other = ImageSpec(name: "a", pythonVersion: "3.12", baseImage: "base")
        #expect(throws: ImageSpecError.self) { _ = try Self.environment(other, .debian) }
    }

    @Test func theVersionOfASharedInterpreterIsThatOfItsLibrary() throws {
        let tree = BaseTree([
            "usr/local/bin/python3": "->python3.12", "usr/local/bin/python3.12": "program",
            "usr/local/lib/libpython3.12.so.1.0": "version 3.12.4",
            "usr/lib/libpython3.11.so.1.0": "version 3.11.2",
        ])
        let spec = ImageSpec(name: "a", pythonVersion: "3.12", packages: ["six"])
        let found = try #require(try Self.environment(spec, tree))
        #expect(found.origin == .new(interpreter: "/usr/local/bin/python3", replacesOld: false))
        #expect(found.version == "3.12.4")
    }

    @Test func anEnvironmentOfTheBaseImageIsUsed() throws {
        let tree = BaseTree([
            "opt/venv/bin/python": "->/usr/bin/python3.11", "usr/bin/python3.11": "version 3.11.2",
            "opt/venv/pyvenv.cfg": "home = /usr/bin\nversion_info = 3.11.2\n",
        ])
        let spec = ImageSpec(name: "a", packages: ["six"], baseImage: "base")
        #expect(try Self.environment(spec, tree)?.origin == .ofBase)
        let active = BaseTree([
            "srv/env/bin/python": "->/usr/bin/python3.11", "usr/bin/python3.11": "version 3.11.2",
            "srv/env/pyvenv.cfg": "version = 3.11.2\n",
        ])
        let linked = try #require(try Self.environment(spec, active, environment: ["VIRTUAL_ENV=/srv/env"]))
        #expect(linked.origin == .linked(to: "/srv/env"))
        #expect(linked.directory == Array("srv/env".utf8))
    }

    // The newest glibc that uv knows and that is not newer than that of the base image.
    @Test(arguments: [
        ("version 2.36", "linux/amd64", "x86_64-manylinux_2_36"),
        ("version 2.30", "linux/arm64", "aarch64-manylinux_2_28"),
        ("version 2.99", "linux/amd64", "x86_64-manylinux_2_40"), ("version 2.16", "linux/amd64", nil),
        ("version 2.36", "linux/s390x", nil), ("version 2.36", "windows/amd64", nil),
    ]) func thePlatformIsThatOfTheLibrary(library: String, platform: String, expected: String?) throws {
        let tree = BaseTree(["lib/libc.so.6": library])
        let platform = try #require(ImagePlatform(platform))
        let found = try? TargetPlatform(of: tree, platform)
        #expect(found?.name == expected)
    }

    @Test func theLibraryMayBeMusl() throws {
        let platform = try #require(ImagePlatform("linux/arm64"))
        #expect(
            try TargetPlatform(of: BaseTree(["lib/ld-musl-aarch64.so.1": "program"]), platform).name
                == "aarch64-unknown-linux-musl")
        #expect(throws: ImageSpecError.self) {
            _ = try TargetPlatform(of: BaseTree(["etc/passwd": ""]), platform)
        }
    }

    // MARK: records

    @Test func aLineOfARecordIsReplaced() throws {
        let text = """
            ../../../bin/pip3.12,sha256=x,1
            "with, comma.py",sha256=y,2
            pip/__init__.py,sha256=z,3
            pip-1.dist-info/RECORD,,

            """
        var record = InstallationRecord(Array(text.utf8))
        #expect(record.bytes == Array(text.utf8))
        #expect(
            record.paths(below: Array("lib/python3.11/site-packages".utf8)).map {
                String(decoding: $0, as: UTF8.self)
            } == [
                "bin/pip3.12", "lib/python3.11/site-packages/with, comma.py",
                "lib/python3.11/site-packages/pip/__init__.py",
                "lib/python3.11/site-packages/pip-1.dist-info/RECORD",
            ])
        record.replace(
            Array("../../../bin/pip3.12".utf8), by: Array("../../../bin/pip3.9".utf8),
            content: Array("abc".utf8))
        // The digest of "abc" in the alphabet for URLs: FIPS 180-2, B.1. Lines are sorted by path.
        #expect(
            String(decoding: record.bytes, as: UTF8.self).hasPrefix(
                """
                ../../../bin/pip3.9,sha256=ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0,3
                pip-1.dist-info/RECORD,,
                """))
    }
}
