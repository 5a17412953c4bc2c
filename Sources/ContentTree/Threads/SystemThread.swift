// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// Threads of the operating system, for work that blocks: Swift's tasks share few threads, which must not wait.
package enum SystemThread {
    /// Starts a thread that runs `body` and then ends. Returns false if the system has no more threads.
    ///
    /// With `blocksSignals`, all signals are left to other threads.
    package static func start(blocksSignals: Bool = false, _ body: @escaping @Sendable () -> Void) -> Bool {
        let box = Unmanaged.passRetained(Body(body))
        guard blocksSignals ? startBlockingSignals(box.toOpaque()) : startThread(box.toOpaque()) else {
            box.release()
            return false
        }
        return true
    }

    private static func startBlockingSignals(_ context: UnsafeMutableRawPointer) -> Bool {
        // A thread inherits the signal mask of the one that starts it.
        var all = sigset_t()
        var before = sigset_t()
        sigfillset(&all)
        pthread_sigmask(SIG_SETMASK, &all, &before)
        defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
        return startThread(context)
    }

    private final class Body: Sendable {
        let run: @Sendable () -> Void

        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }

    #if canImport(Darwin)
    private static func startThread(_ context: UnsafeMutableRawPointer) -> Bool {
        var thread: pthread_t?
        guard pthread_create(&thread, nil, main, context) == 0, let thread else { return false }
        pthread_detach(thread)
        return true
    }

    private static let main: @convention(c) (UnsafeMutableRawPointer) -> UnsafeMutableRawPointer? = {
        context in
        Unmanaged<Body>.fromOpaque(context).takeRetainedValue().run()
        return nil
    }
    #else
    private static func startThread(_ context: UnsafeMutableRawPointer) -> Bool {
        var thread = pthread_t()
        guard pthread_create(&thread, nil, main, context) == 0 else { return false }
        pthread_detach(thread)
        return true
    }

    private static let main: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = {
        context in
        if let context { Unmanaged<Body>.fromOpaque(context).takeRetainedValue().run() }
        return nil
    }
    #endif
}
