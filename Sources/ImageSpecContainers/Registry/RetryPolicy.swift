// SPDX-License-Identifier: Apache-2.0

internal import ContentTree

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

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

/// `Retry-After`: seconds, or a date.
///
/// Source: RFC 9110, 10.2.3 and 5.6.7 (all three forms of dates).
enum RetryAfter {
    /// The time to wait; nil where the value is malformed. A date counts from the answer's `Date`, which is the server's own
    /// clock; where that is missing or malformed, from now, in seconds since 1970.
    static func duration(_ value: String, date: String?, now: Int = time(nil)) -> Duration? {
        let value = value.trimmed
        if !value.isEmpty, value.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) {
            // However long it is, it is more than anybody waits.
            return .seconds(Int(value) ?? Int(Int32.max))
        }
        guard let end = seconds(value) else { return nil }
        return .seconds(max(0, end - (date.flatMap(seconds) ?? now)))
    }

    /// Seconds since 1970.
    static func seconds(_ date: String) -> Int? {
        let words = date.split { $0 == " " || $0 == "," || $0 == "-" }.map(String.init)
        // Sun, 06 Nov 1994 08:49:37 GMT; Sunday, 06-Nov-94 08:49:37 GMT; Sun Nov  6 08:49:37 1994
        let parts: (day: String, month: String, year: String, time: String)
        switch words.count {
        case 6: parts = (words[1], words[2], words[3], words[4])
        case 5: parts = (words[2], words[1], words[4], words[3])
        default: return nil
        }
        let names = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
        let clock = parts.time.split(separator: ":", omittingEmptySubsequences: false).map { Int($0) }
        guard let day = Int(parts.day), (1...31).contains(day), var year = Int(parts.year), year >= 0,
            year < 10_000, let month = names.firstIndex(of: parts.month.lowercased()), clock.count == 3,
            let hour = clock[0], let minute = clock[1], let second = clock[2], (0...23).contains(hour),
            (0...59).contains(minute), (0...60).contains(second)
        else { return nil }
        if parts.year.count == 2 { year += year < 70 ? 2000 : 1900 }
        return days(year, month + 1, day) * 86_400 + hour * 3600 + minute * 60 + second
    }

    /// Days since 1 January 1970 in the Gregorian calendar, by years that begin in March.
    private static func days(_ year: Int, _ month: Int, _ day: Int) -> Int {
        let marchYear = month > 2 ? year : year - 1
        let era = marchYear / 400
        let yearOfEra = marchYear - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }
}
