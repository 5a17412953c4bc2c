// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
import ImageSpec
import ImageSpecLayers

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

// Source: OCI distribution specification 1.1, "Push".

extension RegistryRepository {
    /// An upload that the registry has started.
    private struct Upload: Sendable {
        /// The URL that the next bytes are sent to.
        var location: HTTPURL
        /// The number of bytes that the registry has received.
        var offset = 0
    }

    /// Why an upload has to be resumed or restarted.
    private enum Interruption: Error {
        /// The connection was lost, or the registry is busy.
        case transient(ImageSpecError)
        /// The request is larger than the registry or a proxy permits.
        case tooLarge(ImageSpecError)
        /// The registry received other bytes: libcurl sends a request again if a connection that was used before is lost.
        case repeated
    }

    /// The request sizes to try for an upload: the whole blob first, then smaller chunks if that is too large.
    private static let chunkSizes = [Int.max, 64 << 20, 16 << 20, 4 << 20, 1 << 20]

    /// Blobs up to this size are sent with the request that ends their upload: to send them again is cheaper than another
    /// request for each.
    private static let smallSize = 256 << 10

    func mountBlob(_ blob: BlobDescriptor, from repository: String) async throws -> Bool {
        var request = request(.post, "blobs/uploads/?mount=\(blob.digest)&from=\(repository)")
        request.scope = scope + " repository:\(repository):pull"
        let outcome = try await ask(request)
        switch outcome.answer.response.status {
        case 201: return true
        case 202:
            // The registry has started an upload instead of mounting the blob.
            if let upload = try? begun(outcome) {
                var cancel = RegistryRequest(.delete, at: upload.location)
                cancel.scope = scope
                _ = try? await ask(cancel)
            }
            return false
        default: return false
        }
    }

    func writeBlob(
        _ blob: BlobDescriptor, from source: BlobSource, progress: @escaping @Sendable (Int) -> Void
    ) async throws {
        var upload: Upload?
        var sizes = Self.chunkSizes[...]
        var attempts = 0
        // Bytes that are sent again are not reported again.
        var reported = 0
        var content = smallContent(blob, source)
        while let size = sizes.first {
            try Task.checkCancellation()
            let start = upload?.offset ?? 0
            do {
                var current: Upload
                if let upload { current = upload } else { current = try await beginUpload() }
                upload = current
                if let content, start == 0 {
                    try await commit(blob, current, content)
                    return progress(blob.size)
                }
                while current.offset < blob.size || blob.size == 0 && current.offset == 0 {
                    let count = min(size, blob.size - current.offset)
                    guard count > 0 else { break }
                    current = try await send(source, blob, current, count)
                    upload = current
                    if current.offset > reported {
                        progress(current.offset - reported)
                        reported = current.offset
                    }
                }
                return try await commit(blob, current)
            } catch Interruption.tooLarge(let error) {
                sizes = sizes.dropFirst()
                while let next = sizes.first, next >= blob.size { sizes = sizes.dropFirst() }
                upload = nil
                if sizes.isEmpty { throw error }
            } catch Interruption.repeated {
                content = nil
                upload = nil
            } catch Interruption.transient(let error) {
                content = nil
                // The registry may have stored the blob although its response was lost.
                if (try? await hasBlob(blob)) == true { return }
                upload = await continued(upload)
                attempts = (upload?.offset ?? 0) > start ? 1 : attempts + 1
                guard attempts <= session.options.timeouts.retries else { throw error }
                try await Task.sleep(for: session.dependencies.retryPause * (1 << min(attempts, 6)))
            }
        }
    }

    private func beginUpload() async throws -> Upload {
        let outcome = try await ask(request(.post, "blobs/uploads/"))
        guard outcome.answer.response.status == 202 else {
            throw ImageSpecError.pushRefused(reference, outcome, session.login(reference))
        }
        return try begun(outcome)
    }

    /// Returns the upload that a response describes.
    private func begun(_ outcome: RegistrySession.Outcome, offset: Int = 0) throws(ImageSpecError) -> Upload {
        let url = outcome.answer.url
        guard let location = outcome.answer.response.value("location"), var next = url.resolving(location)
        else { throw .unusableRedirect(url.authority) }
        // Behind a proxy that terminates TLS, a registry may return plain HTTP URLs.
        if url.scheme == .https, next.scheme == .http, next.host == url.host {
            next.scheme = .https
            next.port = url.port
        }
        guard next.scheme == .https || url.scheme == .http && session.isPlainAllowed(next) else {
            throw .weakerRedirect(url.authority, next.authority)
        }
        return Upload(location: next, offset: offset)
    }

    /// Asks the registry how much of an interrupted upload it has received. Returns `nil` if the upload has to be
    /// restarted.
    private func continued(_ upload: Upload?) async -> Upload? {
        guard let upload else { return nil }
        var request = RegistryRequest(.get, at: upload.location)
        request.scope = scope
        guard let outcome = try? await ask(request), [202, 204].contains(outcome.answer.response.status),
            let end = Self.rangeEnd(outcome.answer.response)
        else { return nil }
        return (try? begun(outcome, offset: end))
            ?? Upload(location: upload.location, offset: end)
    }

    /// The number of bytes received, from the header `Range: 0-<last>`. `0-0` also means none.
    private static func rangeEnd(_ response: HTTPResponse) -> Int? {
        guard let range = response.value("range"), let hyphen = range.lastIndex(of: "-"),
            let last = Int(range[hyphen...].dropFirst()), last >= 0
        else { return nil }
        return last == 0 ? 0 : last + 1
    }

    /// Sends one chunk of a blob.
    private func send(
        _ source: BlobSource, _ blob: BlobDescriptor, _ upload: Upload, _ count: Int
    ) async throws -> Upload {
        let stream = HTTPByteStream()
        var request = RegistryRequest(.patch, at: upload.location)
        request.scope = scope
        request.headers = [HTTPHeader("Content-Type", "application/octet-stream")]
        if count < blob.size {
            request.headers.append(
                HTTPHeader("Content-Range", "\(upload.offset)-\(upload.offset + count - 1)"))
        }
        request.upload = (stream, count)
        request.responseTime = Self.commitTime
        let (result, isComplete) = try await transfer(request, stream) {
            defer { stream.end() }
            return try await write(source, blob, upload.offset..<upload.offset + count, to: stream)
        }
        switch result {
        case .failure(let failure, let request):
            let error = ImageSpecError.noAnswer(failure, request)
            guard failure.isInterruption else { throw error }
            throw Interruption.transient(error)
        case .success(let outcome):
            let response = outcome.answer.response
            let refusal = ImageSpecError.pushRefused(reference, outcome, session.login(reference))
            switch response.status {
            case 201, 202, 204:
                guard isComplete else { throw refusal }
                return (try? begun(outcome, offset: upload.offset + count))
                    ?? Upload(location: upload.location, offset: upload.offset + count)
            case 413: throw Interruption.tooLarge(refusal)
            // 404 and 416: the registry lost the upload, or has received a different part of it.
            case 404, 416: throw Interruption.transient(refusal)
            case let status where RetryPolicy.statuses.contains(status): throw Interruption.transient(refusal)
            default: throw refusal
            }
        }
    }

    /// The bytes of a small blob that is on this machine.
    private func smallContent(_ blob: BlobDescriptor, _ source: BlobSource) -> [UInt8]? {
        guard blob.size <= Self.smallSize else { return nil }
        switch source {
        case .bytes(let bytes): return bytes
        case .file(let path):
            guard let bytes = try? FileSystem.contents(path), bytes.count == blob.size else { return nil }
            return bytes
        case .repository: return nil
        }
    }

    /// Ends an upload, with the bytes that were not sent yet.
    private func commit(
        _ blob: BlobDescriptor, _ upload: Upload, _ rest: [UInt8] = []
    ) async throws {
        var request = RegistryRequest(.put, at: upload.location)
        request.scope = scope
        if case .url(var url) = request.target {
            url.target += (url.target.contains("?") ? "&" : "?") + "digest=\(blob.digest)"
            request.target = .url(url)
        }
        request.headers = [HTTPHeader("Content-Type", "application/octet-stream")]
        request.body = rest
        // The registry may have stored a part of them.
        if !rest.isEmpty { request.repetition = .never }
        request.responseTime = Self.commitTime
        let outcome: RegistrySession.Outcome
        do {
            outcome = try await session.ask(request, of: reference, until: .now + Self.commitTime)
        } catch RegistryProblem.failure(let failure, let request) {
            if failure.kind == .cancelled { throw CancellationError() }
            throw Interruption.transient(ImageSpecError.noAnswer(failure, request))
        }
        switch outcome.answer.response.status {
        case 200, 201, 204: try verify(outcome, blob.digest)
        case 400 where !rest.isEmpty: throw Interruption.repeated
        case 413: throw Interruption.tooLarge(.pushRefused(reference, outcome, session.login(reference)))
        case 404, 416:
            throw Interruption.transient(.pushRefused(reference, outcome, session.login(reference)))
        case let status where RetryPolicy.statuses.contains(status):
            throw Interruption.transient(.pushRefused(reference, outcome, session.login(reference)))
        default: throw ImageSpecError.pushRefused(reference, outcome, session.login(reference))
        }
    }

    // MARK: the bytes

    /// Writes a range of a blob to a stream. Returns whether all of it was accepted.
    private func write(
        _ source: BlobSource, _ blob: BlobDescriptor, _ range: Range<Int>, to stream: HTTPByteStream
    ) async throws -> Bool {
        switch source {
        case .bytes(let bytes): return await stream.write(Array(bytes[range]))
        case .file(let path): return try await write(file: path, range, to: stream)
        case .repository(let repository as RegistryRepository):
            var position = 0
            var isOpen = true
            try await repository.readBlob(blob) { piece in
                let part = range.clamped(to: position..<position + piece.count)
                let start = position
                position += piece.count
                if !part.isEmpty {
                    isOpen = await stream.write(
                        Array(piece[part.lowerBound - start..<part.upperBound - start]))
                }
                return isOpen && position < range.upperBound
            }
            return isOpen
        case .repository(let repository):
            // This source produces bytes without waiting for the registry, so they are stored in a file first.
            let directory = try TemporaryDirectory()
            defer { directory.remove() }
            let path = directory.path + "/blob"
            let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
            guard descriptor >= 0 else {
                throw ImageSpecError.noTemporaryDirectory(path, FileSystem.Failure.last.reason)
            }
            let file = OpenFile(descriptor)
            try await repository.readBlob(blob) { bytes in
                do throws(FileSystem.Failure) {
                    try FileSystem.writeAll(Array(bytes)[...], to: file.descriptor)
                } catch {
                    throw ImageSpecError.noTemporaryDirectory(path, error.reason)
                }
            }
            return try await write(file: path, range, to: stream)
        }
    }

    private func write(file path: String, _ range: Range<Int>, to stream: HTTPByteStream) async throws -> Bool
    {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw ImageSpecError.unreadableLayer(path, .last) }
        let file = OpenFile(descriptor)
        var position = range.lowerBound
        while position < range.upperBound {
            let count = min(256 << 10, range.upperBound - position)
            var code: Int32 = 0
            let piece = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
                let result = pread(file.descriptor, buffer.baseAddress, count, off_t(position))
                code = result < 0 ? errno : 0
                filled = max(result, 0)
            }
            if code == EINTR { continue }
            guard code == 0, !piece.isEmpty else {
                throw ImageSpecError.unreadableLayer(path, code == 0 ? .changed : .init(code: code))
            }
            position += piece.count
            guard await stream.write(piece) else { return false }
        }
        return true
    }
}
