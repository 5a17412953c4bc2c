// SPDX-License-Identifier: Apache-2.0

import Foundation
import ImageSpec
import ImageSpecBuilding
import Testing

@testable import ContentTree
@testable import ImageSpecContainers

/// Credentials that are known here and that an engine would not find, because it reads other places.
@Suite struct EngineCredentialsTests {
    /// A machine: files below its home, and helpers in `bin` that write a file when they run.
    struct Machine: Sendable {
        var variables: [String: String] = [:]
        var files: [String: String] = [:]
        var helpers: [String: String] = [:]
        var registryConfig: String?
    }

    private struct Passed {
        /// The credentials file of podman and buildah, or docker's `config.json`; nil if nothing is passed.
        var json: [String: Any]?
        var environment: [String: String?] = [:]
        /// The helpers that were run.
        var run: [String] = []

        var users: [String: String] {
            (json?["auths"] as? [String: [String: String]] ?? [:]).compactMapValues { entry in
                let bytes = entry["auth"].flatMap(Base64.decoded) ?? []
                return String(decoding: bytes, as: UTF8.self).split(separator: ":").first.map(String.init)
            }
        }
    }

    private func pass(
        _ machine: Machine, to engine: ImageSpec.ContainerEngine, images: [String] = ["r.io/acme/app:1"]
    ) async throws -> Passed {
        try await withTemporaryFolder { folder in
            for (path, text) in machine.files { try write(text, to: folder + "/" + path) }
            for (name, script) in machine.helpers {
                try write(
                    "#!/bin/sh\ntouch \(folder)/run-\(name)\n" + script,
                    to: folder + "/bin/docker-credential-" + name, mode: 0o755)
            }
            let variables = ["HOME": folder].merging(
                machine.variables.mapValues { $0.replacing("$HOME", with: folder) }
            ) { $1 }
            let scratch = try TemporaryDirectory()
            defer { scratch.remove() }
            let spec = ImageSpec(name: "a", registryConfig: machine.registryConfig)
            let request = ImageSpec.BuildRequest(
                spec: spec, imageName: "a:1",
                context: ImageSpec.Context(workingDirectory: folder, hostArchitecture: "x86_64"),
                policy: ImageSpec.BuildPolicy())
            let configuration = try RegistryConfiguration(
                request, scratch, processEnvironment: { variables[$0] })
            let keychain = Keychain(
                configurationFile: configuration.source, environment: { variables[$0] },
                helpers: CredentialHelpers(finder: EngineFinder(folders: [folder + "/bin"])))
            let credentials = await EngineCredentials.find(
                for: images, engine, configuration.places(of: engine), keychain)
            let (file, environment) = try configuration.adding(credentials, for: engine, in: scratch)
            var passed = Passed(environment: environment)
            let path: String?
            switch engine {
            case .docker, .buildctl, .builtin:
                path =
                    environment == configuration.environment
                    ? nil : (environment["DOCKER_CONFIG"] ?? nil).map { $0 + "/config.json" }
            case .podman, .buildah: path = file == configuration.file ? nil : file
            }
            if let path {
                #expect(path.hasPrefix(scratch.path))
                let data = try Data(contentsOf: URL(fileURLWithPath: path))
                passed.json = try JSONSerialization.jsonObject(with: data) as? [String: Any]
                let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions]
                #expect(mode as? Int == 0o600)
            }
            passed.run = try FileManager.default.contentsOfDirectory(atPath: folder)
                .filter { $0.hasPrefix("run-") }.map { String($0.dropFirst(4)) }.sorted()
            return passed
        }
    }

    private static func entry(_ user: String, _ key: String = "r.io", _ more: String = "") -> String {
        #"{"auths": {"\#(key)": {"auth": "\#(Base64.text(Array("\(user):x".utf8)))"}}\#(more)}"#
    }

    // MARK: which places an engine reads

    private static let variable = Machine(variables: ["DOCKER_AUTH_CONFIG": entry("variable")])
    private static let docker = Machine(files: [".docker/config.json": entry("docker")])
    private static let podmanVariable = Machine(
        variables: ["REGISTRY_AUTH_FILE": "$HOME/own.json"], files: ["own.json": entry("own")])
    private static let podman = Machine(files: [".config/containers/auth.json": entry("podman")])
    private static let running = Machine(
        variables: ["XDG_RUNTIME_DIR": "$HOME/run"], files: ["run/containers/auth.json": entry("run")])

    @Test(
        arguments: [
            (.docker, variable, "variable"), (.docker, docker, nil), (.docker, podmanVariable, "own"),
            (.docker, podman, "podman"), (.docker, running, "run"),
            (.buildctl, variable, "variable"), (.buildctl, docker, nil), (.buildctl, podman, "podman"),
            (.podman, variable, "variable"), (.podman, docker, nil), (.podman, podmanVariable, nil),
            (.podman, podman, nil), (.podman, running, nil),
            (.buildah, variable, "variable"), (.buildah, docker, nil), (.buildah, podman, nil),
        ] as [(ImageSpec.ContainerEngine, Machine, String?)])
    func onlyWhatAnEngineDoesNotReadIsPassed(
        _ engine: ImageSpec.ContainerEngine, _ machine: Machine, _ user: String?
    ) async throws {
        let passed = try await pass(machine, to: engine)
        #expect(passed.users == (user.map { ["r.io": $0] } ?? [:]))
        #expect((passed.json != nil) == (user != nil))
    }

    /// For registries that the build does not use, the engine keeps to what it finds itself.
    @Test func otherRegistriesGetNothing() async throws {
        let machine = Machine(variables: ["DOCKER_AUTH_CONFIG": Self.entry("variable", "other.io")])
        for engine in ImageSpec.ContainerEngine.allCases {
            #expect(try await pass(machine, to: engine).json == nil)
        }
    }

    /// Podman and buildah read only the file that is passed to them, so it has what they would read otherwise.
    @Test func theFileOfPodmanHasWhatItReplaces() async throws {
        let machine = Machine(
            variables: ["REGISTRY_AUTH_FILE": "$HOME/own.json"],
            files: [
                "own.json": Self.entry("mirror", "mirror.io", #", "credHelpers": {"gcr.io": "gcloud"}"#),
                ".docker/config.json": Self.entry("docker"),
            ])
        let passed = try await pass(machine, to: .podman)
        #expect(passed.users == ["r.io": "docker", "mirror.io": "mirror"])
        #expect(passed.json?["credHelpers"] as? [String: String] == ["gcr.io": "gcloud"])
    }

    /// The configuration of docker keeps everything else.
    @Test func theConfigurationOfDockerHasItsContextsAndOtherCredentials() async throws {
        let more = #", "currentContext": "remote", "credHelpers": {"gcr.io": "gcloud"}"#
        let machine = Machine(
            variables: ["DOCKER_AUTH_CONFIG": Self.entry("variable")],
            files: [
                ".docker/config.json": Self.entry("other", "other.io", more), ".docker/contexts/meta/x": "",
            ])
        let passed = try await pass(machine, to: .docker)
        #expect(passed.users == ["r.io": "variable", "other.io": "other"])
        #expect(passed.json?["currentContext"] as? String == "remote")
        #expect(passed.json?["credHelpers"] as? [String: String] == ["gcr.io": "gcloud"])
        #expect(passed.environment["BUILDX_CONFIG"]??.hasSuffix("/.docker/buildx") == true)
    }

    @Test func theNamesOfDockerHubAreTheEngines() async throws {
        let machine = Machine(variables: ["DOCKER_AUTH_CONFIG": Self.entry("me", "docker.io")])
        #expect(
            try await pass(machine, to: .docker, images: ["debian:12"]).users
                == ["https://index.docker.io/v1/": "me"])
        #expect(try await pass(machine, to: .podman, images: ["debian:12"]).users == ["docker.io": "me"])
    }

    // MARK: helpers

    private static let secret = #"echo '{"Username": "helper", "Secret": "x"}'"#
    private static let nothing = "echo 'credentials not found in native keychain'; exit 1"

    @Test func aHelperThatTheEngineRunsItselfIsNotRun() async throws {
        let machine = Machine(
            files: [".docker/config.json": #"{"credHelpers": {"r.io": "a"}}"#], helpers: ["a": Self.secret])
        for engine in ImageSpec.ContainerEngine.allCases {
            let passed = try await pass(machine, to: engine)
            #expect(passed.json == nil)
            #expect(passed.run == [])
        }
        let store = Machine(
            files: [".docker/config.json": #"{"credsStore": "a"}"#], helpers: ["a": Self.secret])
        #expect(try await pass(store, to: .docker).run == [])
    }

    @Test func theHelperForAllRegistriesIsAskedForPodman() async throws {
        let file = #"{"auths": {"r.io": {}}, "credsStore": "a"}"#
        let machine = Machine(files: [".docker/config.json": file], helpers: ["a": Self.secret])
        #expect(try await pass(machine, to: .podman).users == ["r.io": "helper"])
        let ofSpec = Machine(
            files: ["own.json": file], helpers: ["a": Self.secret], registryConfig: "own.json")
        #expect(try await pass(ofSpec, to: .buildah).users == ["r.io": "helper"])
        #expect(try await pass(ofSpec, to: .docker).json == nil)
    }

    @Test func aHelperThatKnowsNothingIsNotAskedAgain() async throws {
        for key in [#""credsStore": "a""#, #""credHelpers": {"r.io": "a"}"#] {
            let machine = Machine(
                files: [
                    ".docker/config.json": "{\(key)}", ".config/containers/auth.json": Self.entry("podman"),
                ], helpers: ["a": Self.nothing])
            let passed = try await pass(machine, to: .docker)
            #expect(passed.users == ["r.io": "podman"])
            #expect((passed.json?["credHelpers"] as? [String: String])?["r.io"] == "")
        }
    }

    // MARK: parts of a registry

    private static let parts = Machine(variables: [
        "DOCKER_AUTH_CONFIG": """
        {"auths": {"r.io/acme": {"username": "acme", "password": "x"}, "r.io": {"username": "all", "password": "x"}}}
        """
    ])

    @Test func podmanGetsTheCredentialsOfEachRepository() async throws {
        let images = ["r.io/acme/app:1", "r.io/base:2"]
        #expect(
            try await pass(Self.parts, to: .podman, images: images).users
                == ["r.io/acme/app": "acme", "r.io/base": "all"])
        #expect(try await pass(Self.parts, to: .podman).users == ["r.io": "acme"])
    }

    @Test func dockerGetsThoseOfTheImageThatIsPushed() async throws {
        let images = ["r.io/acme/app:1", "r.io/base:2"]
        #expect(try await pass(Self.parts, to: .docker, images: images).users == ["r.io": "acme"])
    }

    // MARK: tokens

    @Test func tokensArePassedAsDockerStoresThem() async throws {
        let machine = Machine(variables: [
            "DOCKER_AUTH_CONFIG": #"{"auths": {"r.io": {"identitytoken": "refresh"}}}"#
        ])
        for engine in ImageSpec.ContainerEngine.allCases {
            let auths = try await pass(machine, to: engine).json?["auths"] as? [String: [String: String]]
            #expect(auths?["r.io"]?["identitytoken"] == "refresh")
        }
    }
}
