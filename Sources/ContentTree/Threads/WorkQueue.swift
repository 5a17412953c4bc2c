// SPDX-License-Identifier: Apache-2.0

/// A stack of jobs that several threads process until it is closed, and those threads.
///
/// Last in, first out: a walk goes deep before it goes wide, so that few directories are open at a time.
final class WorkQueue<Job: Sendable>: Sendable {
    private struct State {
        var jobs: [Job] = []
        var isClosed = false
        var threads = 0
    }

    private let state = Locked(State(), canWait: true)

    /// Adds jobs, of which the last is taken first. Returns how many are waiting.
    @discardableResult
    func push(_ jobs: some Collection<Job>) -> Int {
        state.notifying { state in
            if !state.isClosed { state.jobs.append(contentsOf: jobs) }
            return state.jobs.count
        }
    }

    /// Waits for the next job. Returns `nil` once the queue is closed.
    func pop() -> Job? {
        state.waiting(until: { $0.isClosed || !$0.jobs.isEmpty }) { state in
            state.isClosed ? nil : state.jobs.removeLast()
        }
    }

    var isClosed: Bool { state.withLock { $0.isClosed } }

    /// Drops the waiting jobs and ends every `pop()`.
    func close() {
        state.notifying { state in
            state.isClosed = true
            state.jobs.removeAll()
        }
    }

    /// Starts one more thread that runs `body`. If the system has no more threads, there is one less.
    func startThread(_ body: @escaping @Sendable () -> Void) {
        state.withLock { $0.threads += 1 }
        let isStarted = SystemThread.start {
            body()
            self.threadEnded()
        }
        if !isStarted { threadEnded() }
    }

    private func threadEnded() {
        state.notifying { $0.threads -= 1 }
    }

    /// Returns when every started thread has ended.
    func waitForThreads() {
        state.waiting(until: { $0.threads == 0 }, { _ in })
    }
}
