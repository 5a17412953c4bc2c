// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
import Synchronization

/// The load of remote engines, and which of them did not answer. Builds that share a pool are spread over its engines.
final class EndpointPool: Sendable {
    private struct State {
        var busy = 0
        /// Until when it is used last, because it did not answer; nil if it did.
        var deadUntil: ContinuousClock.Instant?
    }

    /// How long an engine that did not answer is used last: long enough that a series of builds does not wait for it each
    /// time, short enough that a restarted daemon gets work in the same run.
    static let pause = Duration.seconds(60)

    private let states = Mutex<[String: State]>([:])
    private let now: @Sendable () -> ContinuousClock.Instant

    init(now: @escaping @Sendable () -> ContinuousClock.Instant = { ContinuousClock.now }) { self.now = now }

    /// Returns the engine with the fewest builds, or the first of several. Engines that recently did not answer come last,
    /// since trying one again is better than giving up. Each must be released.
    /// - Returns: nil if all have been tried.
    func acquire(_ candidates: [String], except tried: Set<String>) -> String? {
        let time = now()
        return states.withLock { states in
            let open = candidates.enumerated().filter { !tried.contains($0.element) }
            let best = open.min { left, right in
                rank(states[left.element], time, left.offset)
                    < rank(states[right.element], time, right.offset)
            }
            guard let name = best?.element else { return nil }
            states[name, default: State()].busy += 1
            return name
        }
    }

    private func rank(
        _ state: State?, _ time: ContinuousClock.Instant, _ index: Int
    ) -> (isDead: Int, busy: Int, index: Int) {
        let isDead = state?.deadUntil.map { time < $0 } ?? false
        return (isDead ? 1 : 0, state?.busy ?? 0, index)
    }

    func release(_ name: String) {
        states.withLock { $0[name]?.busy -= 1 }
    }

    /// Records whether an engine answered.
    func mark(_ name: String, isHealthy: Bool) {
        let end = now() + Self.pause
        states.withLock { $0[name, default: State()].deadUntil = isHealthy ? nil : end }
    }
}
