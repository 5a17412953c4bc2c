// SPDX-License-Identifier: Apache-2.0

import ImageSpec
import ImageSpecBuilding
import Synchronization

@testable import ContentTree

/// A builder that remembers what it was asked, and does what it is told.
final class RecordingBuilder: ImageSpec.Builder {
    struct Failure: Error {}

    private struct State {
        var requests: [ImageSpec.BuildRequest] = []
        var cancelled = 0
    }

    private let state = Mutex(State())
    private let work: @Sendable (ImageSpec.BuildRequest, Int) async throws -> String?

    /// - Parameter work: gets each request with the number of those before it, and returns the image's real name.
    init(_ work: @escaping @Sendable (ImageSpec.BuildRequest, Int) async throws -> String? = { _, _ in nil })
    {
        self.work = work
    }

    var requests: [ImageSpec.BuildRequest] { state.withLock { $0.requests } }
    var names: [String] { requests.map { $0.spec.name ?? "" } }
    var cancellations: Int { state.withLock { $0.cancelled } }

    func build(_ request: ImageSpec.BuildRequest) async throws -> ImageSpec.BuildResult {
        let count = state.withLock { state in
            state.requests.append(request)
            return state.requests.count - 1
        }
        do {
            let name = try await work(request, count)
            return ImageSpec.BuildResult(imageName: name ?? request.imageName, outcome: .built)
        } catch is CancellationError {
            state.withLock { $0.cancelled += 1 }
            throw CancellationError()
        }
    }
}

/// A door that is closed until it is opened for good.
final class Gate: Sendable {
    private let stream: AsyncStream<Void>
    private let continuation: AsyncStream<Void>.Continuation

    init() { (stream, continuation) = AsyncStream.makeStream() }

    func open() { continuation.finish() }

    /// Waits for the door; throws where the task is cancelled before it is open.
    func pass() async throws {
        for await _ in stream {}
        try Task.checkCancellation()
    }
}
