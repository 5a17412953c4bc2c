// SPDX-License-Identifier: Apache-2.0

import Foundation
import ImageSpec
import ImageSpecLayers
import Synchronization
import Testing

@testable import ContentTree
@testable import ImageSpecContainers

/// Transfers to and from a registry that misbehaves: what is stored in the end is right, or the error says what to do.
@Suite(.enabled(if: UploadServer.isAvailable, "needs python3 and libcurl"))
struct RegistryRepositoryTests {
    /// What is in a blob: random, and larger than any buffer.
    private static let content: [UInt8] = {
        var generator = SystemRandomNumberGenerator()
        return (0..<(3 << 20)).map { _ in UInt8.random(in: 0...255, using: &generator) }
    }()
    private static let blob = BlobDescriptor(content)

    struct Row: Sendable, CustomTestStringConvertible {
        var repository: String
        /// Words of the error; nil: the blob is stored.
        var error: String?
        var credential: RegistryCredential.Kind?

        init(_ repository: String, _ error: String? = nil, as credential: RegistryCredential.Kind? = nil) {
            self.repository = repository
            self.error = error
            self.credential = credential
        }

        var testDescription: String { repository }
    }

    static let rows = [
        Row("plain"), Row("private/a", as: .password(user: "user", password: "secret")), Row("busy"),
        Row("broken"), Row("forgetful"), Row("lost-answer"), Row("elsewhere"), Row("too-large"),
        Row("hopeless", "connection reset repeatedly"), Row("always-too-large", "a layer is too large"),
        Row("private/b", "authentication required (401 UNAUTHORIZED); run: docker login"),
        Row("denied", "access denied (403 DENIED)"), Row("read-only", "does not accept pushes"),
        Row("no-repository", "create the repository"), Row("full", "out of storage (507)"),
        Row("quota", "(403 DENIED): quota of 10 GB exceeded"), Row("down", "server error 503"),
        Row("lie", "digest mismatch"),
    ]

    @Test(arguments: rows) func aBlobIsStoredWholeOrNotAtAll(row: Row) async throws {
        let server = try UploadServer.shared.get()
        let content =
            row.repository == "too-large" ? Self.content + Self.content + Self.content : Self.content
        let blob = BlobDescriptor(content)
        let file = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        try Data(content).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        let small = Array(content.prefix(1000))
        for (blob, content, source) in [
            (blob, content, BlobSource.bytes(content)), (blob, content, .file(path: file.path)),
            (BlobDescriptor(small), small, .bytes(small)),
        ] {
            // Whatever happens once in a repository has happened for the second source.
            let repository = try server.repository(row.repository, as: row.credential)
            let sent = Mutex(0)
            do {
                try await repository.writeBlob(blob, from: source) { count in sent.withLock { $0 += count } }
                #expect(row.error == nil)
                #expect(try await repository.hasBlob(blob))
                #expect(sent.withLock { $0 } == blob.size || row.repository == "lost-answer")
                #expect(try await read(blob, from: repository) == content)
            } catch let error as ImageSpecError {
                let expected = try #require(row.error, "\(error)")
                #expect(error.message.contains(expected), "\(error)")
                #expect(error.code == .toolFailed || error.code == .existenceUnknown)
            }
        }
    }

    @Test func credentialsStayWithTheRegistry() async throws {
        let server = try UploadServer.shared.get()
        let repository = try server.repository("elsewhere", as: .password(user: "user", password: "secret"))
        try await repository.writeBlob(Self.blob, from: .bytes(Self.content)) { _ in }
        let other = try await server.record().filter { $0.port == server.ports["other"] }
        #expect(!other.isEmpty && other.allSatisfy { $0.authorization == nil })
    }

    @Test func aMessageThatRepeatsACredentialIsNotQuoted() async throws {
        let server = try UploadServer.shared.get()
        let repository = try server.repository(
            "private-echo", as: .password(user: "user", password: "secret"))
        let error = await #expect(throws: ImageSpecError.self) {
            try await repository.writeBlob(Self.blob, from: .bytes(Self.content)) { _ in }
        }
        let message = try #require(error).message
        #expect(message.contains("access denied") && !message.contains("you sent"), "\(message)")
    }

    @Test func aBlobThatIsTooLargeForOneRequestIsSentInParts() async throws {
        let server = try UploadServer.shared.get()
        let content = Self.content + Self.content
        let blob = BlobDescriptor(content)
        try await server.repository("too-large").writeBlob(blob, from: .bytes(content)) { _ in }
        let parts = try await server.record().filter {
            $0.target.contains("/too-large/") && $0.method == "PATCH" && $0.range != nil
        }
        #expect(parts.count >= 2 && parts.allSatisfy { $0.length <= 5 << 20 })
    }

    @Test func aSmallBlobTakesTwoRequests() async throws {
        let server = try UploadServer.shared.get()
        try await server.repository("small").writeBlob(BlobDescriptor([1, 2]), from: .bytes([1, 2])) { _ in }
        let requests = try await server.record().filter { $0.target.contains("/small/blobs/") }
        #expect(requests.map(\.method) == ["POST", "PUT"])
    }

    @Test func emptyBlobsAreStored() async throws {
        let blob = BlobDescriptor([])
        let repository = try UploadServer.shared.get().repository("plain")
        try await repository.writeBlob(blob, from: .bytes([])) { _ in }
        #expect(try await read(blob, from: repository) == [])
    }

    @Test(arguments: [
        ("mounting", "mounted-from", true), ("mounting", "nowhere", false), ("plain", "mounted-from", false),
    ]) func mounts(target: String, source: String, expected: Bool) async throws {
        let server = try UploadServer.shared.get()
        try await server.repository("mounted-from").writeBlob(Self.blob, from: .bytes(Self.content)) { _ in }
        let repository = try server.repository(target)
        #expect(try await repository.mountBlob(Self.blob, from: source) == expected)
    }

    @Test func aBlobIsCopiedBetweenRepositories() async throws {
        let server = try UploadServer.shared.get()
        let source = try server.repository("copied-from")
        try await source.writeBlob(Self.blob, from: .bytes(Self.content)) { _ in }
        for name in ["copied-to", "broken-copy", "broken"] {
            let target = try server.repository(name)
            try await target.writeBlob(Self.blob, from: .repository(source)) { _ in }
            #expect(try await read(Self.blob, from: target) == Self.content)
        }
    }

    @Test(arguments: [
        ("read-once-broken", nil as String?), ("read-without-ranges", nil), ("read-wrong", "digest mismatch"),
        ("read-short", "connection reset"),
    ]) func readingContinuesAfterABreak(name: String, error: String?) async throws {
        let repository = try UploadServer.shared.get().repository(name)
        try await repository.writeBlob(Self.blob, from: .bytes(Self.content)) { _ in }
        do {
            #expect(try await read(Self.blob, from: repository) == Self.content)
            #expect(error == nil)
        } catch let found as ImageSpecError {
            let error = try #require(error, "\(found)")
            #expect(found.message.contains(error), "\(found)")
        }
    }

    @Test func anErrorOfTheReaderEndsTheTransfer() async throws {
        struct Enough: Error {}
        let repository = try UploadServer.shared.get().repository("plain")
        try await repository.writeBlob(Self.blob, from: .bytes(Self.content)) { _ in }
        await #expect(throws: Enough.self) {
            try await repository.readBlob(Self.blob) { _ in throw Enough() }
        }
        let missing = BlobDescriptor([1, 2, 3])
        await #expect(throws: ImageSpecError.self) { try await repository.readBlob(missing) { _ in } }
    }

    @Test func cancellationEndsAnUpload() async throws {
        let repository = try UploadServer.shared.get().repository("plain")
        let task = Task {
            try await repository.writeBlob(Self.blob, from: .bytes(Self.content)) { _ in }
        }
        task.cancel()
        await #expect(throws: (any Error).self) { try await task.value }
    }

    // MARK: manifests

    private static let manifest = StoredManifest(
        mediaType: "application/vnd.oci.image.manifest.v1+json",
        bytes: Array(#"{"schemaVersion": 2}"#.utf8))

    @Test(arguments: [
        ("plain", nil as String?), ("manifest-busy", nil), ("manifest-denied", "the tag is immutable"),
        ("manifest-lie", "digest mismatch"),
    ]) func manifests(name: String, error: String?) async throws {
        let repository = try UploadServer.shared.get().repository(name)
        do {
            try await repository.writeManifest(Self.manifest, as: "v1")
            #expect(error == nil)
            #expect(try await repository.manifest("v1") == Self.manifest)
            #expect(try await repository.manifest(Self.manifest.digest.description) == Self.manifest)
            #expect(try await repository.manifest("v2") == nil)
        } catch let found as ImageSpecError {
            let error = try #require(error, "\(found)")
            #expect(found.message.contains(error), "\(found)")
        }
    }

    /// Annotations count if they are about the configuration of the manifest: some tools copy those of a base image.
    @Test(arguments: [
        (annotated: true, configuration: nil as String?, label: "id of the annotation" as String?),
        (true, "another", "id of the label"), (false, nil, "id of the label"),
    ])
    func theLabelOfAnImageTakesOneRequestIfItIsAnnotated(
        annotated: Bool, configuration: String?, label: String?
    ) async throws {
        let server = try UploadServer.shared.get()
        let name = "labelled-" + UUID().uuidString.lowercased()
        let repository = try server.repository(name)
        let config = Array(#"{"config": {"Labels": {"imagespec.id": "id of the label"}}}"#.utf8)
        let blob = BlobDescriptor(config)
        try await repository.writeBlob(blob, from: .bytes(config)) { _ in }
        let annotations = """
            , "annotations": {"imagespec.id": "id of the annotation", \
            "imagespec.config": "\(configuration ?? "\(blob.digest)")"}
            """
        let manifest = """
            {"schemaVersion": 2, "config": {"digest": "\(blob.digest)"}\(annotated ? annotations : "")}
            """
        try await repository.writeManifest(
            StoredManifest(
                mediaType: "application/vnd.oci.image.manifest.v1+json", bytes: Array(manifest.utf8)),
            as: "v1")
        let before = try await server.record().count
        let found = try await repository.session.inspect(
            repository.reference, label: "imagespec.id", platform: "linux/amd64")
        #expect(found.label == label)
        let requests = try await server.record()[before...].filter { $0.target.contains(name) }
        #expect(requests.count == (label == "id of the annotation" ? 1 : 2))
    }

    private func read(_ blob: BlobDescriptor, from repository: RegistryRepository) async throws -> [UInt8] {
        let bytes = Mutex([UInt8]())
        try await repository.readBlob(blob) { piece in bytes.withLock { $0 += piece } }
        return bytes.withLock { $0 }
    }
}

extension BlobDescriptor {
    fileprivate init(_ content: [UInt8]) {
        self.init(
            mediaType: "application/octet-stream", digest: ImageSpec.ImageReference.Digest(of: content),
            size: content.count)
    }
}

/// `Fixtures/upload_server.py`, which ends with its standard input, and so with this process.
final class UploadServer: Sendable {
    let ports: [String: Int]
    private let input: Pipe

    static let shared = Result { try UploadServer() }
    static let isAvailable = HTTPTransport.problem == nil && !EngineFinder().programs("python3").isEmpty

    struct Request: Decodable {
        var port: Int
        var method: String
        var target: String
        var authorization: String?
        var range: String?
        var length: Int
    }

    init() throws {
        let script = try #require(
            Bundle.module.url(forResource: "upload_server", withExtension: "py", subdirectory: "Fixtures"))
        let process = Process()
        process.executableURL = URL(fileURLWithPath: try #require(EngineFinder().programs("python3").first))
        process.arguments = [script.path]
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
    }

    func record() async throws -> [Request] {
        let url = HTTPURL(scheme: .http, host: "127.0.0.1", port: ports["main"], target: "/record")
        let response = try await HTTPTransport.shared.send(
            HTTPRequest(method: .get, url: url, bodyLimit: 64 << 20)
        ).get()
        return try JSONDecoder().decode([Request].self, from: Data(response.body))
    }

    /// A repository, seen by a client of its own.
    func repository(
        _ name: String, as credential: RegistryCredential.Kind? = nil
    ) throws -> RegistryRepository {
        let lookup: CredentialLookup = credential.map { .found(RegistryCredential($0)) } ?? .anonymous
        let host = "127.0.0.1:\(try #require(ports["main"]))"
        let dependencies = RegistrySession.Dependencies(
            credentials: { _ in lookup }, proxies: ProxySettings { _ in nil },
            trust: TrustStore(hostFolders: []),
            retryPause: .milliseconds(1))
        let session = RegistrySession(
            .init(
                plainHTTPHosts: [host],
                // A busy machine must not be taken for a server that does not respond.
                timeouts: .init(
                    connect: .seconds(600), responseHeader: .seconds(600), idle: .seconds(600),
                    total: .seconds(1200))),
            dependencies)
        return RegistryRepository(
            ImageSpec.RegistryClient(session: session), try ImageSpec.ImageReference("\(host)/\(name):v1"),
            isWritten: true)
    }
}
