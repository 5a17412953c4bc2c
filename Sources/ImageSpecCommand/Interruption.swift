// SPDX-License-Identifier: Apache-2.0

import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// The user asked to stop: SIGINT, SIGTERM or SIGHUP came while something ran that has to be cleaned up.
struct Interruption: Error {
    let signal: Int32

    /// Runs a piece of work that these signals cancel, and waits for its end.
    static func watch<Value: Sendable>(
        _ work: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        guard let pipe = SignalPipe.shared else { return try await work() }
        let received = Mutex<Int32?>(nil)
        let task = Task { try await work() }
        pipe.onSignal { signal in
            received.withLock { $0 = $0 ?? signal }
            task.cancel()
        }
        let result = await task.result
        if let signal = received.withLock({ $0 }) { throw Interruption(signal: signal) }
        return try result.get()
    }
}

/// Carries signals from the handler, which can do next to nothing, to a thread that waits for them.
///
/// A handler and not an ignored or blocked signal: programs that are started would inherit those.
private struct SignalPipe: Sendable {
    private let readEnd: Int32
    fileprivate let writeEnd: Int32

    /// nil where there are no descriptors left; signals end the process then, as they do by default.
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
        for number in [SIGINT, SIGTERM, SIGHUP] {
            signal(number) { number in
                var byte = UInt8(truncatingIfNeeded: number)
                if let pipe = SignalPipe.shared { _ = write(pipe.writeEnd, &byte, 1) }
            }
        }
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
