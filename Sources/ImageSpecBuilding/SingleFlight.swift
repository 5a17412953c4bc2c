// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
internal import ImageSpec
import Synchronization

/// Runs work once for all callers that request it while it runs.
///
/// A cancelled caller stops waiting, and the work continues for the others. If there are no others, the work is cancelled, and
/// the caller returns when it has ended and released its resources.
package final class SingleFlight<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private struct Flight {
        let key: Key
        let task: Task<Void, Never>
        var waiting: [ObjectIdentifier: CheckedContinuation<Value, any Error>]
    }

    private struct State {
        var flights: [Int: Flight] = [:]
        /// The flights that new callers join. Work that was cancelled and has not ended yet is not among them.
        var open: [Key: Int] = [:]
        var count = 0
    }

    /// A waiting caller; only its identity matters.
    private final class Waiter: Sendable {}

    /// What to do for a caller that is cancelled.
    private enum Action {
        case none
        case stopWaiting(CheckedContinuation<Value, any Error>)
        case cancel(Task<Void, Never>)
    }

    private let state = Mutex(State())

    package init() {}

    /// The value of the work for a key, which is started if it does not run. If the work of a stronger key runs, its value is
    /// returned, because it includes this one.
    package func value(
        for key: Key, joining stronger: Key? = nil, _ work: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        let waiter = Waiter()
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                if !join(key, stronger, ObjectIdentifier(waiter), continuation, work) {
                    continuation.resume(throwing: CancellationError())
                }
            }
        } onCancel: {
            leave(ObjectIdentifier(waiter))
        }
    }

    /// The number of callers that wait for the work of a key.
    func waitingCount(for key: Key) -> Int {
        state.withLock { state in state.open[key].flatMap { state.flights[$0]?.waiting.count } ?? 0 }
    }

    /// Returns false if the task is already cancelled: ``leave(_:)`` finds no such caller.
    private func join(
        _ key: Key, _ stronger: Key?, _ waiter: ObjectIdentifier,
        _ continuation: CheckedContinuation<Value, any Error>,
        _ work: @escaping @Sendable () async throws -> Value
    ) -> Bool {
        state.withLock { state in
            guard !Task.isCancelled else { return false }
            if let number = stronger.flatMap({ state.open[$0] }) ?? state.open[key] {
                state.flights[number]?.waiting[waiter] = continuation
                return true
            }
            state.count += 1
            let number = state.count
            let task = Task {
                do {
                    let value = try await work()
                    self.finish(number, .success(value))
                } catch {
                    self.finish(number, .failure(error))
                }
            }
            state.flights[number] = Flight(key: key, task: task, waiting: [waiter: continuation])
            state.open[key] = number
            return true
        }
    }

    private func finish(_ number: Int, _ result: Result<Value, any Error>) {
        let flight = state.withLock { state in
            let flight = state.flights.removeValue(forKey: number)
            if let flight, state.open[flight.key] == number { state.open[flight.key] = nil }
            return flight
        }
        for continuation in (flight?.waiting ?? [:]).values { continuation.resume(with: result) }
    }

    private func leave(_ waiter: ObjectIdentifier) {
        let action: Action = state.withLock { state in
            guard let number = state.flights.first(where: { $0.value.waiting[waiter] != nil })?.key,
                let flight = state.flights[number]
            else { return .none }
            if flight.waiting.count > 1, let continuation = flight.waiting[waiter] {
                state.flights[number]?.waiting[waiter] = nil
                return .stopWaiting(continuation)
            }
            if state.open[flight.key] == number { state.open[flight.key] = nil }
            return .cancel(flight.task)
        }
        switch action {
        case .none: break
        case .stopWaiting(let continuation): continuation.resume(throwing: CancellationError())
        case .cancel(let task): task.cancel()
        }
    }
}
