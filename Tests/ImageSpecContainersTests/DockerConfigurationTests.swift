// SPDX-License-Identifier: Apache-2.0

import Foundation
import ImageSpec
import Testing

@testable import ContentTree
@testable import ImageSpecContainers

/// The configuration directory of docker for a build with `registry_config`.
@Suite struct DockerConfigurationTests {
    private struct Written {
        var json: [String: Any]
        var environment: [String: String?]
        var directory: String
    }

    private func write(
        _ credentials: String, _ variables: [String: String],
        _ check: (Written) throws -> Void
    ) throws {
        let scratch = try TemporaryDirectory()
        defer { scratch.remove() }
        let directory = scratch.path + "/docker"
        let environment = try DockerConfiguration(credentialsFile: credentials) { variables[$0] }.write(
            "docker", in: scratch)
        let data = try Data(contentsOf: URL(fileURLWithPath: directory + "/config.json"))
        let json = try JSONSerialization.jsonObject(with: data) as? [String: Any] ?? [:]
        try check(Written(json: json, environment: environment, directory: directory))
    }

    private static let user = """
        {"auths": {"user.io": {"auth": "dTpw"}}, "credsStore": "desktop", "credHelpers": {"gcr.io": "gcloud"},
         "cliPluginsExtraDirs": ["/opt/plugins"], "currentContext": "remote", "proxies": {"default": {"httpProxy": "http://p"}}}
        """
    private static let spec = #"{"auths": {"r.io": {"auth": "czpw"}}}"#

    @Test func theCredentialsAreTheSpecsAndTheRestIsTheUsers() async throws {
        try await withTemporaryFolder { folder in
            try ImageSpecContainersTests.write(Self.user, to: folder + "/home/.docker/config.json")
            try ImageSpecContainersTests.write(
                "", to: folder + "/home/.docker/cli-plugins/docker-buildx", mode: 0o755)
            try ImageSpecContainersTests.write("{}", to: folder + "/home/.docker/contexts/meta/x/meta.json")
            try ImageSpecContainersTests.write(Self.spec, to: folder + "/auth.json")
            try write(folder + "/auth.json", ["HOME": folder + "/home"]) { written in
                #expect(written.environment["DOCKER_CONFIG"] == written.directory)
                #expect(written.environment["BUILDX_CONFIG"] == folder + "/home/.docker/buildx")
                #expect((written.json["auths"] as? [String: Any])?.keys.sorted() == ["r.io"])
                #expect(written.json["credsStore"] == nil)
                #expect(written.json["credHelpers"] == nil)
                #expect(written.json["currentContext"] as? String == "remote")
                #expect(written.json["proxies"] != nil)
                #expect(
                    written.json["cliPluginsExtraDirs"] as? [String]
                        == ["/opt/plugins", folder + "/home/.docker/cli-plugins"])
                let files = FileManager.default
                #expect(files.fileExists(atPath: written.directory + "/contexts/meta/x/meta.json"))
                let mode = try files.attributesOfItem(atPath: written.directory + "/config.json")
                #expect(mode[.posixPermissions] as? Int == 0o600)
            }
        }
    }

    @Test func theVariablesOfDockerAndBuildxHavePrecedenceOverTheHome() async throws {
        try await withTemporaryFolder { folder in
            try ImageSpecContainersTests.write(
                #"{"currentContext": "a"}"#, to: folder + "/docker/config.json")
            try ImageSpecContainersTests.write(Self.user, to: folder + "/home/.docker/config.json")
            try ImageSpecContainersTests.write(Self.spec, to: folder + "/auth.json")
            let variables = [
                "HOME": folder + "/home", "DOCKER_CONFIG": folder + "/docker", "BUILDX_CONFIG": "/buildx",
            ]
            try write(folder + "/auth.json", variables) { written in
                #expect(written.json["currentContext"] as? String == "a")
                // The variable itself reaches buildx.
                #expect(written.environment["BUILDX_CONFIG"] == nil)
            }
        }
    }

    @Test func aDirectoryOfDockerHasItsOwnContextsAndPlugins() async throws {
        try await withTemporaryFolder { folder in
            for name in ["home/.docker", "own"] {
                try ImageSpecContainersTests.write(
                    #"{"currentContext": "\#(name)"}"#, to: folder + "/\(name)/config.json")
                try ImageSpecContainersTests.write("", to: folder + "/\(name)/contexts/\(name.count)")
                try ImageSpecContainersTests.write("", to: folder + "/\(name)/cli-plugins/x")
            }
            try write(folder + "/own/config.json", ["HOME": folder + "/home"]) { written in
                #expect(written.json["currentContext"] as? String == "own")
                #expect(FileManager.default.fileExists(atPath: written.directory + "/contexts/3"))
                #expect(
                    written.json["cliPluginsExtraDirs"] as? [String]
                        == [folder + "/own/cli-plugins", folder + "/home/.docker/cli-plugins"])
            }
        }
    }

    @Test(arguments: ["", "[]", "{"])
    func aFileThatCannotBeReadIsPassedToDockerAsItIs(_ text: String) async throws {
        try await withTemporaryFolder { folder in
            try ImageSpecContainersTests.write(text, to: folder + "/auth.json")
            let scratch = try TemporaryDirectory()
            defer { scratch.remove() }
            let directory = scratch.path + "/docker"
            let environment = try DockerConfiguration(credentialsFile: folder + "/auth.json") { _ in nil }
                .write("docker", in: scratch)
            #expect(environment == ["DOCKER_CONFIG": directory])
            #expect(try String(contentsOfFile: directory + "/config.json", encoding: .utf8) == text)
        }
    }

    @Test func withoutAConfigurationOfTheUserOnlyTheCredentialsAreThere() async throws {
        try await withTemporaryFolder { folder in
            try ImageSpecContainersTests.write(Self.spec, to: folder + "/auth.json")
            try write(folder + "/auth.json", [:]) { written in
                #expect(written.json.keys.sorted() == ["auths"])
                #expect(written.environment.keys.sorted() == ["DOCKER_CONFIG"])
            }
        }
    }

    /// Without `DOCKER_CERT_PATH`, docker takes the certificates of a connection from its configuration directory.
    @Test(
        arguments: [
            (["DOCKER_TLS_VERIFY": "1"], true), (["DOCKER_TLS": "1"], true), ([:], false),
            (["DOCKER_TLS_VERIFY": "1", "DOCKER_CERT_PATH": "/certificates"], false),
        ] as [([String: String], Bool)])
    func theCertificatesAreTheUsers(_ variables: [String: String], _ isSet: Bool) async throws {
        try await withTemporaryFolder { folder in
            try ImageSpecContainersTests.write(Self.spec, to: folder + "/auth.json")
            try write(folder + "/auth.json", variables.merging(["HOME": "/home/me"]) { $1 }) { written in
                let path = written.environment["DOCKER_CERT_PATH"] ?? nil
                #expect(path == (isSet ? "/home/me/.docker" : nil))
            }
        }
    }
}
