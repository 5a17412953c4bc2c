// SPDX-License-Identifier: Apache-2.0

import Foundation
import ImageSpec
import ImageSpecLayers
import Synchronization
import Testing

@testable import ContentTree
@testable import ImageSpecContainers

extension ErrorCase {
    /// A question for the digest of an image; `$PORT` in an answer stands for the registry's own, which messages
    /// show as 5000. `others` are answers at other paths, by how these begin.
    fileprivate static func registry(
        _ factory: String, _ answer: String, others: [String: String] = [:], credentials: String? = nil,
        isOfSpec: Bool = false, reference: String = "a:1",
        action: @escaping @Sendable (ImageSpec.RegistryClient, String) async throws -> Void = {
            _ = try await $0.digest(of: $1)
        }
    ) -> ErrorCase {
        let shown = [("/v2", answer)] + others.sorted { $0.key < $1.key }
        let input =
            shown.map { path, text in
                "\(path): " + text.replacing("\n\n", with: " | ").replacing("\n", with: ", ")
            }.joined(separator: "; ") + (credentials == nil ? "" : "; with credentials")
            + (isOfSpec ? "; by registry_config" : "")
        return ErrorCase(factory, input) { scene in
            let port = Mutex(UInt16(0))
            let registry = try ScriptedRegistry { path in
                let text = others.first { path.hasPrefix($0.key) }?.value ?? answer
                return text.replacing("$PORT", with: "\(port.withLock { $0 })")
            }
            port.withLock { $0 = registry.port }
            let host = "127.0.0.1:\(registry.port)"
            let file = scene.path("config.json")
            if let credentials {
                try scene.write(["config.json": credentials.replacing("$HOST", with: host)])
            }
            let client = scene.client(
                .init(
                    credentialsFile: isOfSpec ? file : nil, plainHTTPHosts: [host],
                    // Each waits for its turn among all tests; nothing here is about time.
                    timeouts: .init(
                        connect: .seconds(300), responseHeader: .seconds(300), idle: .seconds(300),
                        total: .seconds(600), retries: 0, manifestSize: 1000)),
                credentialsFile: credentials == nil ? nil : file)
            do {
                try await action(client, host + "/" + reference)
            } catch let error as ImageSpecError {
                throw ImageSpecError(
                    error.code, error.message.replacing(":\(registry.port)", with: ":5000"))
            }
        }
    }

    /// A transfer with a repository of a registry.
    fileprivate static func transfer(
        _ factory: String, _ answer: String, credentials: String? = nil,
        _ action: @escaping @Sendable (RegistryRepository) async throws -> Void
    ) -> ErrorCase {
        registry(factory, answer, credentials: credentials) { client, reference in
            try await action(
                RegistryRepository(client, try ImageSpec.ImageReference(reference), isWritten: true))
        }
    }

    /// A push to a registry that refuses it.
    fileprivate static func push(_ answer: String, credentials: String? = nil) -> ErrorCase {
        transfer("pushRefused", answer, credentials: credentials) {
            try await $0.writeBlob(ErrorArea.blob, from: .bytes([])) { _ in }
        }
    }

    /// A question to a registry that is not reached.
    fileprivate static func unasked(
        _ factory: String, _ reference: String, files: [String: String] = [:]
    ) -> ErrorCase {
        let shown = files.sorted { $0.key < $1.key }.map { "; \($0.key): \($0.value.debugDescription)" }
        return ErrorCase(factory, "the digest of \(reference.debugDescription)" + shown.joined()) { scene in
            try scene.write(files)
            _ = try await scene.client(.init()).digest(of: reference)
        }
    }
}

extension Scene {
    /// A client that sees nothing of this machine but the case's own folder.
    fileprivate func client(
        _ options: ImageSpec.RegistryClient.Options, credentialsFile: String? = nil
    ) -> ImageSpec.RegistryClient {
        let credentials = Keychain(configurationFile: credentialsFile) { _ in nil }
        let dependencies = RegistrySession.Dependencies(
            credentials: {
                await credentials.credential(for: $0.registry.description, repository: $0.repository)
            },
            proxies: ProxySettings { _ in nil }, trust: TrustStore(hostFolders: [path("certs.d")]))
        return ImageSpec.RegistryClient(session: RegistrySession(options, dependencies))
    }
}

extension ErrorArea {
    private static let password = #"{"auths": {"$HOST": {"auth": "dXNlcjpwYXNz"}}}"#
    private static let damagedToken = #"{"auths": {"$HOST": {"registrytoken": "a b"}}}"#
    private static let basic = "401\nWWW-Authenticate: Basic realm=\"a\""
    private static let bearer = "401\nWWW-Authenticate: Bearer realm=\"http://127.0.0.1:$PORT/token\""
    private static let token = ["/token": "200\n\n{\"token\": \"t\"}"]
    private static let digest = "sha256:" + String(repeating: "0", count: 64)
    private static let otherDigest = "sha256:" + String(repeating: "1", count: 64)

    fileprivate static let blob = BlobDescriptor(
        mediaType: "application/octet-stream", digest: ImageSpec.ImageReference.Digest(of: []), size: 0)

    /// What registries answer that does not say what was asked.
    static let registry = ErrorArea(
        name: "registry",
        cases: [
            .unasked("invalidImage", "UPPER"), .unasked("invalidImage", "a:b c"),
            .unasked("invalidImage", "a@sha256:12"), .unasked("invalidImage", ""),
            .unasked("invalidImage", "user:password@r.io/a"), .unasked("invalidImage", "https://r.io/a"),
            .unasked("invalidImage", "a:5000000/b"),
            .registry("noSuchImage", "404"),
            .registry("digestUnknown", "503\nRetry-After: 5"),
            .registry("platformsUnknown", "503\nRetry-After: 5") { _ = try await $0.platforms(of: $1) },
            .registry("noAnswer", "200\n\n" + String(repeating: "a", count: 1001)),
            .registry("refused", basic), .registry("refused", basic, credentials: password),
            .registry("refused", "403\n\n{\"errors\": [{\"code\": \"DENIED\"}]}"),
            .registry("refused", bearer, others: token),
            .registry("refused", bearer, others: token, credentials: password),
            .registry("refused", basic, isOfSpec: true),
            .registry("refused", basic, credentials: password, isOfSpec: true),
            .registry("refused", "407"), .registry("refused", "429\nRetry-After: 3600"),
            .registry("refused", "500"), .registry("refused", "418"),
            .registry(
                "refused", "307\nLocation: http://localhost:$PORT/elsewhere",
                others: ["/elsewhere": "401\nWWW-Authenticate: Basic"]),
            .registry("absenceUncertain", "404", credentials: "{"),
            .registry("malformedDigest", "200\nDocker-Content-Digest: 12"),
            .registry(
                "otherDigest", "200\nDocker-Content-Digest: " + otherDigest, reference: "a@" + digest),
            .registry(
                "otherAlgorithm", "200\nDocker-Content-Digest: " + otherDigest,
                reference: "a@sha512:" + String(repeating: "0", count: 128)),
            .registry("noManifest", "200\nContent-Type: text/html\n\n<p>Log in"),
            .transfer("contentChanged", "200\n\n{\"schemaVersion\": 2}") {
                _ = try await $0.manifest(digest)
            },
            .transfer("unsupportedDigest", "200") {
                var blob = blob
                blob.digest = try #require(.init("sha512:" + String(repeating: "0", count: 128)))
                try await $0.readBlob(blob) { _ in }
            },
            .transfer("unreadableLayer", "202\nLocation: /v2/upload") {
                var blob = blob
                blob.size = 1
                try await $0.writeBlob(blob, from: .file(path: "/no/such/layer")) { _ in }
            },
            .push("401"), .push(basic, credentials: password), .push("403"),
            .push(
                "403\n\n{\"errors\": [{\"code\": \"DENIED\", \"message\": \"quota exceeded\"}]}",
                credentials: password),
            .push("404\n\n{\"errors\": [{\"code\": \"NAME_UNKNOWN\"}]}"), .push("405"), .push("413"),
            .push("429\nRetry-After: 60"), .push("503"), .push("507"), .push("418"),
            .registry("unusableRedirect", "307\nLocation: ftp://mirror.test/a"),
            .registry("weakerRedirect", "307\nLocation: http://mirror.test/a"),
            .registry("tooManyRedirects", "307\nLocation: http://127.0.0.1:$PORT/v2/"),
            .registry("credentialsUnusable", basic, credentials: "{"),
            .registry("tokenUnusable", basic, credentials: damagedToken),
            .registry("tokenUnusable", basic, credentials: damagedToken, isOfSpec: true),
            .registry("unusableRealm", "401\nWWW-Authenticate: Bearer realm=\"tokens\""),
            .registry("weakerRealm", "401\nWWW-Authenticate: Bearer realm=\"http://tokens.test/\""),
            .registry("anonymousTokenRefused", bearer, others: ["/token": "401"]),
            .registry("anonymousTokenRefused", bearer, others: ["/token": "401"], isOfSpec: true),
            .registry("credentialsRefused", bearer, others: ["/token": "401"], credentials: password),
            .registry(
                "credentialsRefused", bearer, others: ["/token": "401"], credentials: password, isOfSpec: true
            ),
            .registry("noToken", bearer, others: ["/token": "503"]),
            .registry("malformedToken", bearer, others: ["/token": "200\n\n{}"]),
            .unasked(
                "invalidCertificateFile", "localhost:1/a", files: ["certs.d/localhost:1/ca.crt": "a"]),
            .unasked(
                "invalidCertificateFile", "localhost:1/a", files: ["certs.d/localhost:1/a.cert": ""]),
            ErrorCase("unreadableFile", "a folder in the place of the credentials' file") { scene in
                try scene.write(["config.json/a": ""])
                _ = try FileSystem.contents(ofOptionalFile: scene.path("config.json"))
            },
        ])
}
