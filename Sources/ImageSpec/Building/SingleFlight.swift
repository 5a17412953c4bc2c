// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
import Synchronization

/// Runs a piece of work once for all who ask for it while it runs.
///
/// Who is cancelled stops waiting, and the work goes on for the others. Where nobody else waits, the work is cancelled,
/// and its end is waited for: what it holds is given back then.
package final class SingleFlight<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private struct Flight {
        let key: Key
        let task: Task<Void, Never>
        var waiting: [ObjectIdentifier: CheckedContinuation<Value, any Error>]
    }

    private struct State {
        var flights: [Int: Flight] = [:]
        /// The flight that newcomers join; none for work that was cancelled and has not ended yet.
        var open: [Key: Int] = [:]
        var count = 0
    }

    /// One who waits; only its identity counts.
    private final class Waiter: Sendable {}

    /// What follows for one who leaves.
    private enum Action {
        case none
        case stopWaiting(CheckedContinuation<Value, any Error>)
        case cancel(Task<Void, Never>)
    }

    private let state = Mutex(State())

    package init() {}

    /// The value of the work that runs for a key, which is started if there is none. Where the work of a stronger key
    /// runs, which serves as well, it is that one's.
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

    /// How many wait for the work that runs for a key.
    func waitingCount(for key: Key) -> Int {
        state.withLock { state in state.open[key].flatMap { state.flights[$0]?.waiting.count } ?? 0 }
    }

    /// False where the task is cancelled already: ``leave(_:)`` was or will be called, and found nobody.
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
