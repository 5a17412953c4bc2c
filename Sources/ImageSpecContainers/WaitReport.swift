// SPDX-License-Identifier: Apache-2.0

import ImageSpec
import ImageSpecBuilding
import Synchronization

/// Reports what a build waits for before its engine starts: a credential helper, a registry, a daemon.
///
/// The steps that may take long say what they wait for, without knowing about builds; the value of the task connects them.
final class WaitReport: Sendable {
    @TaskLocal static var current: WaitReport?

    /// Shorter waits are not reported.
    static let limit = Duration.seconds(2)
    /// After that time, a step is reported once it has taken this long.
    private static let stepLimit = Duration.milliseconds(500)

    private let report: @Sendable (String) -> Void
    private let start: ContinuousClock.Instant
    private let limit: Duration
    private let reported = Mutex<Set<String>>([])

    init(limit: Duration = limit, _ report: @escaping @Sendable (String) -> Void) {
        self.limit = limit
        self.report = report
        start = .now
    }

    /// Reports the steps of some work.
    static func during<Value>(
        _ request: ImageSpec.BuildRequest, _ work: () async throws -> Value
    ) async rethrows -> Value {
        let report = WaitReport { [request] reason in
            request.report(.waiting(imageName: request.imageName, reason: reason))
        }
        return try await $current.withValue(report) { try await work() }
    }

    /// A step that may take long.
    static func step<Value>(
        _ name: @autoclosure () -> String, _ work: () async throws -> Value
    ) async rethrows -> Value {
        guard let current else { return try await work() }
        let name = name()
        let clock = Task {
            try await Task.sleep(until: max(current.start + current.limit, .now + Self.stepLimit))
            // Each is reported once, however many requests it takes.
            if current.reported.withLock({ $0.insert(name).inserted }) { current.report(name) }
        }
        defer { clock.cancel() }
        return try await work()
    }
}
