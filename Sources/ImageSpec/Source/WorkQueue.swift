// SPDX-License-Identifier: Apache-2.0

import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// A stack of jobs that several threads work off until it is closed, and those threads.
///
/// Last in, first out: a walk goes deep before it goes wide, which keeps few folders open.
/// `@unchecked Sendable`: the two C handles are made once and only given to the pthread functions; `state`
/// is touched only by the holder of the mutex.
final class WorkQueue<Job: Sendable>: @unchecked Sendable {
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let condition: UnsafeMutablePointer<pthread_cond_t>
    private var state = State()

    private struct State {
        var jobs: [Job] = []
        var isClosed = false
        var threads = 0
    }

    init() {
        mutex = .allocate(capacity: 1)
        mutex.initialize(to: pthread_mutex_t())
        condition = .allocate(capacity: 1)
        condition.initialize(to: pthread_cond_t())
        precondition(pthread_mutex_init(mutex, nil) == 0 && pthread_cond_init(condition, nil) == 0)
    }

    deinit {
        pthread_cond_destroy(condition)
        pthread_mutex_destroy(mutex)
        condition.deallocate()
        mutex.deallocate()
    }

    /// Adds jobs, of which the last is taken first. Returns how many are waiting now.
    @discardableResult
    func push(_ jobs: some Collection<Job>) -> Int {
        pthread_mutex_lock(mutex)
        state.jobs.append(contentsOf: jobs)
        let waiting = state.jobs.count
        if jobs.count > 1 { pthread_cond_broadcast(condition) } else { pthread_cond_signal(condition) }
        pthread_mutex_unlock(mutex)
        return waiting
    }

    /// The next job; waits for one, and gives nil once the queue is closed.
    func pop() -> Job? {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while state.jobs.isEmpty && !state.isClosed { pthread_cond_wait(condition, mutex) }
        return state.isClosed ? nil : state.jobs.removeLast()
    }

    /// Drops the jobs that wait and lets every thread go.
    func close() {
        pthread_mutex_lock(mutex)
        state.isClosed = true
        state.jobs.removeAll()
        pthread_cond_broadcast(condition)
        pthread_mutex_unlock(mutex)
    }

    /// Starts a further thread on `body`. Where the system gives none, there is one pair of hands less.
    ///
    /// A thread of the operating system: the hashing of files blocks, so it must not take threads from the pool that
    /// Swift's tasks share.
    func startThread(_ body: @escaping @Sendable () -> Void) {
        pthread_mutex_lock(mutex)
        state.threads += 1
        pthread_mutex_unlock(mutex)
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
        pthread_mutex_lock(mutex)
        state.threads -= 1
        pthread_cond_broadcast(condition)
        pthread_mutex_unlock(mutex)
    }

    /// Returns when every started thread has ended.
    func waitForThreads() {
        pthread_mutex_lock(mutex)
        while state.threads > 0 { pthread_cond_wait(condition, mutex) }
        pthread_mutex_unlock(mutex)
    }
}

private final class ThreadBody: Sendable {
    let run: @Sendable () -> Void
    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
}
