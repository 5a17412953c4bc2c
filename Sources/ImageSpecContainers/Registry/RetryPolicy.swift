// SPDX-License-Identifier: Apache-2.0

internal import ContentTree

/// When a request is sent once more, and after what time.
struct RetryPolicy: Hashable, Sendable {
    /// Attempts after the first.
    var count = 3
    /// The pause before the first of them; it doubles.
    var pause: Duration = .milliseconds(250)
    /// The longest pause that a server may ask for.
    var longestPause: Duration = .seconds(30)

    /// Answers of servers that are busy or being restarted.
    static let statuses: Set<Int> = [408, 429, 500, 502, 503, 504]

    enum Decision: Hashable, Sendable {
        case retry(after: Duration)
        case giveUp
        /// The server wants more patience than there is.
        case tooLong(Duration)
    }

    /// What follows from an answer to an attempt, the first being 0.
    ///
    /// The jitter, from 0 to 1, makes that many clients do not come back at one moment.
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

/// `Retry-After` in seconds. A date is ignored, as if the header were missing.
///
/// Source: RFC 9110, 10.2.3.
enum RetryAfter {
    /// The time to wait; `nil` if the value is not a number of seconds.
    static func duration(_ value: String) -> Duration? {
        let value = value.trimmed
        guard !value.isEmpty,
            value.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
        else { return nil }
        // A larger number is longer than any limit.
        return .seconds(Int(value) ?? Int(Int32.max))
    }
}
