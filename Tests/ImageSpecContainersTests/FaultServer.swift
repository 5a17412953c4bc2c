// SPDX-License-Identifier: Apache-2.0

import Foundation
import ImageSpec
import Testing

@testable import ContentTree
@testable import ImageSpecContainers
@testable import ImageSpecFlytekit

/// A registry on this machine that does what it should not, by the name of the image that it is asked for: see
/// `Fixtures/fault_server.py`, which is run by Python and has its certificates made by openssl.
///
/// Its process ends with its standard input, and so with this one.
final class FaultServer: Sendable {
    let ports: [String: Int]
    let folder: String
    private let input: Pipe

    /// The one that tests share; images of different tests have different names.
    static let shared = Result { try FaultServer() }

    static let missing: String? = {
        if let problem = HTTPTransport.problem { return "libcurl cannot be used: \(problem.detail)" }
        let finder = EngineFinder()
        return ["python3", "openssl"].first { finder.programs($0).isEmpty }.map { "\($0) is not on PATH" }
    }()

    /// Starts a server; the latency is in seconds, of answers for images whose names begin with `slow-`.
    init(latency: Double = 0.05) throws {
        let folder = FileManager.default.temporaryDirectory.resolvingSymlinksInPath()
            .appendingPathComponent("imagespec-faults-" + UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
        self.folder = folder.path
        let script = try #require(
            Bundle.module.url(forResource: "fault_server", withExtension: "py", subdirectory: "Fixtures"))
        let process = Process()
        process.executableURL = URL(fileURLWithPath: try #require(EngineFinder().programs("python3").first))
        process.arguments = [script.path, folder.path]
        process.environment = ProcessInfo.processInfo.environment.merging(["LATENCY": "\(latency)"]) { $1 }
        let output = Pipe()
        input = Pipe()
        process.standardInput = input
        process.standardOutput = output
        try process.run()
        var line = Data()
        while line.last != UInt8(ascii: "\n") {
            let data = output.fileHandleForReading.availableData
            try #require(!data.isEmpty, "the server did not start")
            line += data
        }
        ports = try JSONDecoder().decode([String: Int].self, from: line)
        // The authority is that of these hosts alone, as docker has it.
        for (server, port) in ports where !["plain", "silent", "proxy", "closed"].contains(server) {
            for host in ["localhost", "127.0.0.1", "registry.test"] {
                let place = "\(self.folder)/certs.d/\(host):\(port)"
                try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
                try FileManager.default.copyItem(atPath: "\(self.folder)/ca.crt", toPath: place + "/ca.crt")
            }
        }
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    func port(_ server: String) throws -> Int { try #require(ports[server]) }
    var authority: String { folder + "/ca.crt" }

    /// What a server was sent.
    struct Record: Decodable {
        struct Request: Decodable {
            var server: String
            var method: String
            var target: String
            var headers: [String: String]
            var body: String
        }

        struct Connections: Decodable {
            var all: Int
            var most: Int
            /// The most requests whose answers were delayed at the same time.
            var mostDelayed: Int
        }

        var requests: [Request]
        var connections: Connections
    }

    func record() async throws -> Record {
        let url = HTTPURL(scheme: .http, host: "127.0.0.1", port: try port("plain"), target: "/record")
        let request = HTTPRequest(method: .get, url: url, bodyLimit: 64 << 20)
        let response = try await HTTPTransport.shared.send(request).get()
        return try JSONDecoder().decode(Record.self, from: Data(response.body))
    }

    /// Waits until a request was received.
    func waitForRequest(_ isRight: (Record.Request) -> Bool) async throws {
        while try await !record().requests.contains(where: isRight) {
            try await Task.sleep(for: .milliseconds(5))
        }
    }

    /// A client that believes the server's authority and is quick to give up.
    func client(
        _ credential: RegistryCredential.Kind? = nil,
        credentials: (@Sendable (ImageSpec.ImageReference) async -> CredentialLookup)? = nil,
        timeouts: ImageSpec.RegistryClient.Timeouts? = nil,
        plainHTTPHosts: Set<String> = [], trust: TrustStore? = nil, proxies: [String: String] = [:],
        retryPause: Duration = .milliseconds(10)
    ) -> ImageSpec.RegistryClient {
        let lookup: CredentialLookup = credential.map { .found(RegistryCredential($0)) } ?? .anonymous
        let dependencies = RegistrySession.Dependencies(
            credentials: credentials ?? { _ in lookup }, proxies: ProxySettings { proxies[$0] },
            trust: trust ?? TrustStore(hostFolders: [folder + "/certs.d"]), retryPause: retryPause,
            longestRetryPause: .seconds(2))
        // Generous: a busy machine must not be taken for a server that does not answer.
        let limits =
            timeouts
            ?? .init(
                connect: .seconds(10), responseHeader: .seconds(8), idle: .seconds(2), total: .seconds(600))
        return ImageSpec.RegistryClient(
            session: RegistrySession(.init(plainHTTPHosts: plainHTTPHosts, timeouts: limits), dependencies))
    }
}
