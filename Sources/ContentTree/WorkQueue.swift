// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// A stack of jobs that several threads work off until it is closed, and those threads.
///
/// Last in, first out: a walk goes deep before it goes wide, which keeps few directories open.
final class WorkQueue<Job: Sendable>: Sendable {
    private struct State {
        var jobs: [Job] = []
        var isClosed = false
        var threads = 0
    }

    private let state = Locked(State(), canWait: true)

    /// Adds jobs, of which the last is taken first. Returns how many are waiting now.
    @discardableResult
    func push(_ jobs: some Collection<Job>) -> Int {
        state.notifying { state in
            if !state.isClosed { state.jobs.append(contentsOf: jobs) }
            return state.jobs.count
        }
    }

    /// The next job; waits for one, and gives nil once the queue is closed.
    func pop() -> Job? {
        state.waiting(until: { $0.isClosed || !$0.jobs.isEmpty }) { state in
            state.isClosed ? nil : state.jobs.removeLast()
        }
    }

    var isClosed: Bool { state.withLock { $0.isClosed } }

    /// Drops the jobs that wait and lets every thread go.
    func close() {
        state.notifying { state in
            state.isClosed = true
            state.jobs.removeAll()
        }
    }

    /// Starts a further thread on `body`. Where the system gives none, there is one pair of hands less.
    ///
    /// A thread of the operating system: the hashing of files blocks, so it must not take threads from the pool that
    /// Swift's tasks share.
    func startThread(_ body: @escaping @Sendable () -> Void) {
        state.withLock { $0.threads += 1 }
        let box = Unmanaged.passRetained(
            ThreadBody {
                body()
                self.threadEnded()
            })
        #if canImport(Darwin)
        var thread: pthread_t?
        let result = pthread_create(
            &thread, nil,
            { context in
                Unmanaged<ThreadBody>.fromOpaque(context).takeRetainedValue().run()
                return nil
            }, box.toOpaque())
        if result == 0, let thread { pthread_detach(thread) }
        #else
        var thread = pthread_t()
        let result = pthread_create(
            &thread, nil,
            { context in
                if let context { Unmanaged<ThreadBody>.fromOpaque(context).takeRetainedValue().run() }
                return nil
            }, box.toOpaque())
        if result == 0 { pthread_detach(thread) }
        #endif
        if result != 0 {
            box.release()
            threadEnded()
        }
    }

    private func threadEnded() {
        state.notifying { $0.threads -= 1 }
    }

    /// Returns when every started thread has ended.
    func waitForThreads() {
        state.waiting(until: { $0.threads == 0 }, { _ in })
    }
}

private final class ThreadBody: Sendable {
    let run: @Sendable () -> Void
    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
}
