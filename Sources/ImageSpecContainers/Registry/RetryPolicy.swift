// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
import ImageSpec
import ImageSpecBuilding

/// Whether and when a request is retried.
struct RetryPolicy: Hashable, Sendable {
    /// The maximum number of retries.
    var count = 3
    /// The pause before the first retry. It doubles with each retry.
    var pause: Duration = .milliseconds(250)
    /// The longest `Retry-After` that is accepted.
    var longestPause: Duration = .seconds(30)

    /// The statuses of servers that are busy or restarting.
    static let statuses: Set<Int> = [408, 429, 500, 502, 503, 504]

    enum Decision: Hashable, Sendable {
        case retry(after: Duration)
        case giveUp
        /// The server requests a longer pause than is accepted.
        case tooLong(Duration)
    }

    /// Decides what follows an attempt, starting at 0.
    ///
    /// The jitter, from 0 to 1, keeps many clients from retrying at the same moment.
    func decision(
        attempt: Int, retryAfter: Duration?, left: Duration, jitter: Double = .random(in: 0...1)
    ) -> Decision {
        guard attempt < count else { return .giveUp }
        if let retryAfter {
            guard retryAfter <= longestPause, retryAfter < left else { return .tooLong(retryAfter) }
        }
        let own = pause * (1 << min(attempt, 10)) * (0.5 + jitter / 2)
        let wait = max(own, retryAfter ?? .zero)
        return wait < left ? .retry(after: wait) : .giveUp
    }
}

/// Parses `Retry-After` in seconds. A date is ignored, as if the header were missing.
///
/// Source: RFC 9110, 10.2.3.
enum RetryAfter {
    /// Returns the time to wait, or `nil` if the value is not a number of seconds.
    static func duration(_ value: String) -> Duration? {
        let value = value.trimmingSpace
        guard !value.isEmpty,
            value.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
        else { return nil }
        // A number that overflows is longer than any limit.
        return .seconds(Int(value) ?? Int(Int32.max))
    }
}
