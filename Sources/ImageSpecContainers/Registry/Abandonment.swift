// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// Does some work, and does not wait for its end once the task is cancelled: the work is cancelled too, and ends when it
/// can. A program that is asked for passwords may take its time to die.
func withoutWaitingOnceCancelled<Value: Sendable>(
    _ work: @escaping @Sendable () async throws -> Value
) async throws -> Value {
    let place = WaitingPlace<Value>()
    let task = Task {
        do {
            place.leave(with: .success(try await work()))
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

/// Where one waits, for whichever result comes first.
private final class WaitingPlace<Value: Sendable>: Sendable {
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
