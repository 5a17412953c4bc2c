// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// A value that threads access one at a time.
///
/// A pthread mutex and not `Synchronization.Mutex`: thread sanitizers understand it, so that they find races in a walk and
/// report no false ones, and it has a condition to wait for.
///
/// `@unchecked Sendable`: the C handles are created once and only passed to pthread functions; `value` is accessed only by
/// the thread that holds the mutex.
package final class Locked<Value>: @unchecked Sendable {
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let condition: UnsafeMutablePointer<pthread_cond_t>?
    private var value: Value

    /// With `canWait`, threads can wait until the value fulfills a condition.
    package init(_ value: sending Value, canWait: Bool = false) {
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

    package func withLock<Result>(_ body: (inout sending Value) -> sending Result) -> sending Result {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return body(&value)
    }

    /// Changes the value and wakes the threads that wait.
    package func notifying<Result>(_ body: (inout sending Value) -> sending Result) -> sending Result {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        if let condition { pthread_cond_broadcast(condition) }
        return body(&value)
    }

    /// Waits until the value fulfills a condition, then runs `body`.
    package func waiting<Result>(
        until isFulfilled: (Value) -> Bool, _ body: (inout sending Value) -> sending Result
    ) -> sending Result {
        guard let condition else { preconditionFailure("created without canWait") }
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while !isFulfilled(value) { pthread_cond_wait(condition, mutex) }
        return body(&value)
    }
}
