// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// A value that threads take turns at.
///
/// A pthread mutex rather than `Synchronization.Mutex`: thread sanitizers know it, so that a race in a walk is
/// found and none is seen where there is none; and one library less is loaded at the start.
///
/// `@unchecked Sendable`: the C handle is made once and only given to the pthread functions; `value` is touched
/// only by the holder of the mutex.
package final class Locked<Value: Sendable>: @unchecked Sendable {
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let condition: UnsafeMutablePointer<pthread_cond_t>?
    private var value: Value

    /// With `canWait`, threads can wait for the value to become something.
    package init(_ value: Value, canWait: Bool = false) {
        self.value = value
        mutex = .allocate(capacity: 1)
        mutex.initialize(to: pthread_mutex_t())
        precondition(pthread_mutex_init(mutex, nil) == 0)
        condition = canWait ? .allocate(capacity: 1) : nil
        condition?.initialize(to: pthread_cond_t())
        if let condition { precondition(pthread_cond_init(condition, nil) == 0) }
    }

    deinit {
        if let condition {
            pthread_cond_destroy(condition)
            condition.deallocate()
        }
        pthread_mutex_destroy(mutex)
        mutex.deallocate()
    }

    package func withLock<Result>(_ body: (inout Value) -> Result) -> Result {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return body(&value)
    }

    /// Changes the value and wakes the threads that wait.
    func notifying<Result>(_ body: (inout Value) -> Result) -> Result {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        if let condition { pthread_cond_broadcast(condition) }
        return body(&value)
    }

    /// Waits until the value fulfils a condition, then goes on with it.
    package func waiting<Result>(until isFulfilled: (Value) -> Bool, _ body: (inout Value) -> Result)
        -> Result
    {
        guard let condition else { preconditionFailure("made without canWait") }
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while !isFulfilled(value) { pthread_cond_wait(condition, mutex) }
        return body(&value)
    }
}
