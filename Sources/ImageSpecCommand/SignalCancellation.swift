// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
import ImageSpecContainers
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// The user asked to stop: SIGINT, SIGTERM, SIGHUP or SIGQUIT came while something ran that has to be cleaned up.
struct SignalCancellation: Error {
    let signal: Int32

    private struct State {
        var first: (signal: Int32, time: ContinuousClock.Instant)?
        var cancel: (@Sendable () -> Void)?
    }

    /// What comes sooner after the first signal is the same request: a terminal, a shell and whatever runs the tool may
    /// all pass it on.
    private static let repetitionTime = Duration.seconds(1)

    /// For work that continues when no task waits for it any more.
    private static let cleanupTime = Duration.milliseconds(200)

    /// Runs a piece of work that these signals cancel, and waits for its end.
    ///
    /// A signal that is ignored when this begins stays ignored, as for jobs behind `nohup` or `&`. From here on, output
    /// that nobody reads is an error of whoever writes it, and ends no process.
    ///
    /// `onSecondSignal` is done before a second signal ends the process at once.
    static func watch<Value: Sendable>(
        onSecondSignal: @escaping @Sendable () -> Void = {},
        _ work: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        guard let pipe = SignalPipe.shared else { return try await work() }
        let state = Mutex(State())
        pipe.onSignal { signal in
            let isSecond = state.withLock { state in
                guard let first = state.first else {
                    state.first = (signal, .now)
                    state.cancel?()
                    return false
                }
                return ContinuousClock.now - first.time > repetitionTime
            }
            if isSecond {
                onSecondSignal()
                _exit(128 + signal)
            }
        }
        let task = Task { try await work() }
        state.withLock { state in
            state.cancel = { task.cancel() }
            // A signal may have come when there was nothing to cancel.
            if state.first != nil { task.cancel() }
        }
        let result = await task.result
        if let signal = state.withLock({ $0.first?.signal }) {
            // Programs that are asked for passwords, in sessions of their own, would outlive this one.
            await DetachedWork.end(within: cleanupTime)
            throw SignalCancellation(signal: signal)
        }
        return try result.get()
    }
}

/// Carries signals from the handler, which can do next to nothing, to a thread that waits for them.
///
/// A handler and not an ignored or blocked signal: programs that are started would inherit those.
private struct SignalPipe: Sendable {
    private let readEnd: Int32
    fileprivate let writeEnd: Int32

    /// nil if there are no descriptors left; signals end the process then, as they do by default.
    static let shared: SignalPipe? = {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { return nil }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        return SignalPipe(readEnd: ends[0], writeEnd: ends[1])
    }()

    func onSignal(_ action: @escaping @Sendable (Int32) -> Void) {
        let readEnd = readEnd
        let context = Unmanaged.passRetained(Listener(readEnd: readEnd, action: action))
        var thread = pthread_t()
        let result = pthread_create(
            &thread, nil,
            { context in
                #if canImport(Darwin)
                Unmanaged<Listener>.fromOpaque(context).takeRetainedValue().listen()
                #else
                if let context { Unmanaged<Listener>.fromOpaque(context).takeRetainedValue().listen() }
                #endif
                return nil
            }, context.toOpaque())
        guard result == 0 else {
            context.release()
            return
        }
        pthread_detach(thread)
        for number in [SIGINT, SIGTERM, SIGHUP, SIGQUIT] where !Self.isIgnored(number) {
            signal(number) { number in
                var byte = UInt8(truncatingIfNeeded: number)
                if let pipe = SignalPipe.shared { _ = write(pipe.writeEnd, &byte, 1) }
            }
        }
        if !Self.isIgnored(SIGPIPE) { signal(SIGPIPE) { _ in } }
    }

    /// Whether whoever started the process ignores a signal. Where not, it does what it does by default afterwards.
    private static func isIgnored(_ number: Int32) -> Bool {
        // A function, or one of two small numbers.
        let isIgnored = unsafeBitCast(signal(number, SIG_IGN), to: Int.self) == 1
        if !isIgnored { signal(number, SIG_DFL) }
        return isIgnored
    }

    private final class Listener: Sendable {
        private let readEnd: Int32
        private let action: @Sendable (Int32) -> Void

        init(readEnd: Int32, action: @escaping @Sendable (Int32) -> Void) {
            self.readEnd = readEnd
            self.action = action
        }

        func listen() {
            var byte: UInt8 = 0
            while true {
                let count = read(readEnd, &byte, 1)
                if count == 1 {
                    action(Int32(byte))
                } else if count == 0 || errno != EINTR {
                    return
                }
            }
        }
    }
}
