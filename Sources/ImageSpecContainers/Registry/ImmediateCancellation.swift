// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
import Synchronization

/// Performs an operation, but returns immediately if the task is cancelled, without waiting for the operation. The
/// operation is cancelled too and ends in its own time: a credential helper, for example, may take a while to exit.
func withoutWaitingOnceCancelled<Value: Sendable>(
    _ work: @escaping @Sendable () async throws -> Value
) async throws -> Value {
    let place = Promise<Value>()
    let task = Task {
        do {
            place.leave(with: .success(try await DetachedWork.run(work)))
        } catch {
            place.leave(with: .failure(error))
        }
    }
    return try await withTaskCancellationHandler {
        try await withCheckedThrowingContinuation { place.enter($0) }
    } onCancel: {
        place.leave(with: .failure(CancellationError()))
        task.cancel()
    }
}

/// Operations that keep running after their caller was cancelled, and that may have to terminate processes.
package enum DetachedWork {
    private struct State {
        var count = 0
        /// Resolved when the last operation has ended.
        var places: [Promise<Void>] = []
    }

    private static let state = Mutex(State())

    fileprivate static func run<Value: Sendable>(
        _ work: @Sendable () async throws -> Value
    ) async throws -> Value {
        state.withLock { $0.count += 1 }
        defer {
            let places = state.withLock { state in
                state.count -= 1
                guard state.count == 0 else { return [] as [Promise<Void>] }
                defer { state.places = [] }
                return state.places
            }
            for place in places { place.leave(with: .success(())) }
        }
        return try await work()
    }

    /// Waits until all detached operations have ended, but no longer than the limit. Before the process exits, cancel them,
    /// then call this.
    package static func end(within limit: Duration) async {
        let place = Promise<Void>()
        let isBusy = state.withLock { state in
            if state.count > 0 { state.places.append(place) }
            return state.count > 0
        }
        guard isBusy else { return }
        let clock = Task {
            try? await Task.sleep(for: limit)
            place.leave(with: .success(()))
        }
        try? await withCheckedThrowingContinuation { place.enter($0) }
        clock.cancel()
    }
}

/// A one-shot promise with a single waiter. The first result wins.
private final class Promise<Value: Sendable>: Sendable {
    private enum State: Sendable {
        case empty
        case waiting(CheckedContinuation<Value, any Error>)
        case left(Result<Value, any Error>)
        case done
    }

    private let state = Mutex(State.empty)

    func enter(_ continuation: CheckedContinuation<Value, any Error>) {
        let result: Result<Value, any Error>? = state.withLock { state in
            if case .left(let result) = state {
                state = .done
                return result
            }
            state = .waiting(continuation)
            return nil
        }
        if let result { continuation.resume(with: result) }
    }

    func leave(with result: Result<Value, any Error>) {
        let continuation: CheckedContinuation<Value, any Error>? = state.withLock { state in
            switch state {
            case .empty:
                state = .left(result)
                return nil
            case .waiting(let continuation):
                state = .done
                return continuation
            case .left, .done: return nil
            }
        }
        continuation?.resume(with: result)
    }
}
