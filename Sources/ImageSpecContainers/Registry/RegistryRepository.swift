// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
import ImageSpec
import ImageSpecLayers

/// A repository of a registry, with its blobs and manifests.
///
/// Source: OCI distribution specification 1.1.
struct RegistryRepository: ImageRepository {
    let session: RegistrySession
    let reference: ImageSpec.ImageReference
    /// Whether tokens must permit pushing as well as pulling.
    let isWritten: Bool

    /// Creates the repository of a reference, with the credentials and connections of a client.
    init(_ client: ImageSpec.RegistryClient, _ reference: ImageSpec.ImageReference, isWritten: Bool) {
        session = client.session
        self.reference = reference
        self.isWritten = isWritten
    }

    /// The scope that tokens must have.
    var scope: String { isWritten ? reference.pullScope + ",push" : reference.pullScope }

    private var deadline: ContinuousClock.Instant {
        .now + min(session.options.timeouts.total, .longestWait)
    }

    func request(_ method: HTTPRequest.Method, _ path: String) -> RegistryRequest {
        var request = RegistryRequest(method, path)
        request.scope = scope
        return request
    }

    /// Sends a request, and reports a missing response as a readable error.
    func ask(
        _ request: RegistryRequest, until deadline: ContinuousClock.Instant? = nil
    ) async throws -> RegistrySession.Outcome {
        do {
            return try await session.askWithCredentials(
                request, of: reference, until: deadline ?? self.deadline)
        } catch RegistryProblem.failure(let failure, let request) {
            if failure.kind == .cancelled { throw CancellationError() }
            throw ImageSpecError.noAnswer(failure, request)
        }
    }

    // MARK: manifests

    func manifest(_ identifier: String) async throws -> StoredManifest? {
        let outcome = try await ask(request(.get, "manifests/" + identifier))
        let response = outcome.answer.response
        switch response.status {
        case 200: break
        case 404: return nil
        default: throw ImageSpecError.refused(reference, outcome, session.login(reference))
        }
        guard case .object(let object)? = try? ImageSpec.JSONValue(json: response.body),
            object["schemaVersion"] != nil
        else { throw ImageSpecError.noManifest(reference) }
        var mediaType = response.value("content-type")?.prefix { $0 != ";" }.description.trimmingSpace ?? ""
        if case .string(let text)? = object["mediaType"] { mediaType = text }
        let manifest = StoredManifest(mediaType: mediaType, bytes: response.body)
        if let wanted = ImageSpec.ImageReference.Digest(identifier), wanted.algorithm == .sha256,
            wanted != manifest.digest
        {
            throw ImageSpecError.contentChanged(reference, wanted, manifest.digest)
        }
        return manifest
    }

    func writeManifest(_ manifest: StoredManifest, as identifier: String) async throws {
        var request = request(.put, "manifests/" + identifier)
        request.headers = [HTTPHeader("Content-Type", manifest.mediaType)]
        request.body = manifest.bytes
        request.responseTime = Self.commitTime
        let outcome = try await ask(request)
        guard [200, 201, 202].contains(outcome.answer.response.status) else {
            throw ImageSpecError.pushRefused(reference, outcome, session.login(reference))
        }
        try verify(outcome, manifest.digest)
    }

    /// Verifies the digest that a registry returns for stored content.
    func verify(
        _ outcome: RegistrySession.Outcome, _ digest: ImageSpec.ImageReference.Digest
    ) throws(ImageSpecError) {
        guard let text = outcome.answer.response.value("docker-content-digest"),
            let stored = ImageSpec.ImageReference.Digest(text), stored.algorithm == digest.algorithm,
            stored != digest
        else { return }
        throw .contentChanged(reference, digest, stored)
    }

    /// The response timeout for stored content, which may take a registry a long time.
    static let commitTime = Duration.seconds(120)

    // MARK: blobs

    func hasBlob(_ blob: BlobDescriptor) async throws -> Bool {
        var request = request(.head, "blobs/\(blob.digest)")
        request.headers = [HTTPHeader("Accept", "*/*")]
        let outcome = try await ask(request)
        let response = outcome.answer.response
        switch response.status {
        case 200:
            let size = response.value("content-length").flatMap(Int.init)
            return size == nil || size == blob.size
        case 404: return false
        // The blob exists: the registry redirected to storage whose URL is signed only for GET.
        case 400..<500 where !outcome.isOwn: return true
        default: throw ImageSpecError.refused(reference, outcome, session.login(reference))
        }
    }

    func readBlob(
        _ blob: BlobDescriptor, _ take: @escaping @Sendable (UnsafeRawBufferPointer) throws -> Void
    ) async throws {
        try await readBlob(blob) { piece in
            try piece.withUnsafeBytes { try take($0) }
            return true
        }
    }

    /// Reads a blob, and resumes the download if the connection is lost. `take` returns whether to continue.
    func readBlob(_ blob: BlobDescriptor, pieces take: (consuming [UInt8]) async throws -> Bool) async throws
    {
        guard blob.digest.algorithm == .sha256 else {
            throw ImageSpecError.unsupportedDigest(reference, blob.digest)
        }
        var hasher = SHA256Hasher()
        var offset = 0
        var attempts = 0
        while true {
            let start = offset
            let stream = HTTPByteStream()
            var request = request(.get, "blobs/\(blob.digest)")
            request.headers = [HTTPHeader("Accept", "*/*")]
            if offset > 0 { request.headers.append(HTTPHeader("Range", "bytes=\(offset)-")) }
            request.download = stream
            let (result, isWanted) = try await transfer(request, stream) {
                // If the registry does not support ranges, the response starts from the beginning.
                var skipped = 0
                while var piece = await stream.next() {
                    if stream.status != 206, skipped < start {
                        let count = min(piece.count, start - skipped)
                        piece.removeFirst(count)
                        skipped += count
                    }
                    guard !piece.isEmpty else { continue }
                    offset += piece.count
                    guard offset <= blob.size else { return true }
                    hasher.update(piece)
                    guard try await take(piece) else { return false }
                }
                return true
            }
            guard isWanted else { return }
            switch result {
            case .success(let outcome):
                guard [200, 206].contains(outcome.answer.response.status) else {
                    throw ImageSpecError.refused(reference, outcome, session.login(reference))
                }
                let digest = ImageSpec.ImageReference.Digest(hasher.finalize())
                guard offset == blob.size, digest == blob.digest else {
                    throw ImageSpecError.contentChanged(reference, blob.digest, digest)
                }
                return
            case .failure(let failure, let request):
                attempts = offset > start ? 1 : attempts + 1
                guard failure.isInterruption, attempts <= session.options.timeouts.retries else {
                    throw ImageSpecError.noAnswer(failure, request)
                }
                try await Task.sleep(for: session.dependencies.retryPause * (1 << min(attempts, 6)))
            }
        }
    }

    enum TransferResult: Sendable {
        case success(RegistrySession.Outcome)
        case failure(HTTPFailure, HTTPRequest)
    }

    /// Sends a request while `body` uses its stream. Both have ended when this returns.
    func transfer<Value: Sendable>(
        _ request: RegistryRequest, _ stream: HTTPByteStream, _ body: () async throws -> Value
    ) async throws -> (TransferResult, Value) {
        try await withThrowingTaskGroup(of: TransferResult.self) { group in
            group.addTask { [self] in
                defer { stream.end() }
                do {
                    let outcome = try await session.askWithCredentials(
                        request, of: reference, until: .now + .longestWait)
                    if request.upload != nil { stream.close() }
                    return .success(outcome)
                } catch RegistryProblem.failure(let failure, let request) {
                    stream.close()
                    if failure.kind == .cancelled { throw CancellationError() }
                    return .failure(failure, request)
                } catch {
                    stream.close()
                    throw error
                }
            }
            do {
                let value = try await body()
                // The rest of a download that was not read completely is not needed.
                if request.download != nil { stream.close() }
                guard let result = try await group.next() else { throw CancellationError() }
                return (result, value)
            } catch {
                stream.close()
                group.cancelAll()
                throw error
            }
        }
    }
}

extension HTTPFailure {
    /// Whether a transfer may be resumed after this failure.
    var isInterruption: Bool {
        switch kind {
        case .reset, .stalled, .headTimeout, .connectTimeout, .notReached: true
        default: false
        }
    }
}
