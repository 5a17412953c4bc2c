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
    /// A signal that is ignored when this begins stays ignored, as for jobs behind `nohup` or `&`. From here on, writing to a
    /// closed pipe is an error instead of a signal that ends the process.
    ///
    /// A second signal deletes temporary files, runs `onSecondSignal`, and ends the process at once.
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
                TemporaryFiles.shared.deleteAll()
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
        let isStarted = SystemThread.start { Self.listen(readEnd, action) }
        guard isStarted else { return }
        for number in SignalCleanup.signals where !SignalCleanup.isIgnored(number) {
            signal(number) { number in
                var byte = UInt8(truncatingIfNeeded: number)
                if let pipe = SignalPipe.shared { _ = write(pipe.writeEnd, &byte, 1) }
            }
        }
        if !SignalCleanup.isIgnored(SIGPIPE) { signal(SIGPIPE) { _ in } }
    }

    /// Passes each signal to an action, until the pipe is closed.
    private static func listen(_ readEnd: Int32, _ action: @Sendable (Int32) -> Void) {
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
