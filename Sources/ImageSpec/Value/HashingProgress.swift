// SPDX-License-Identifier: Apache-2.0

internal import ContentTree

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

extension ImageSpec {
    /// Reports how many files and bytes have been hashed.
    ///
    /// ```swift
    /// var context = ImageSpec.Context.current
    /// context.progress = ImageSpec.HashingProgress { print("\($0.files) files, \($0.bytes) bytes") }
    /// let tag = try spec.tag(in: context)
    /// ```
    ///
    /// Cached files are not read and not counted. Counts accumulate across calls; use a new instance to start at zero.
    public final class HashingProgress: Hashable, Sendable {
        /// The files and bytes read so far.
        public struct Count: Hashable, Sendable {
            /// The number of files read completely.
            public var files: Int
            /// The number of bytes read, including files still being read.
            public var bytes: Int

            /// Creates a count.
            public init(files: Int = 0, bytes: Int = 0) {
                self.files = files
                self.bytes = bytes
            }
        }

        private struct State: Sendable {
            var count = Count()
            var nextReport: UInt64 = 0
            var isReporting = false
        }

        /// The time between two reports, in nanoseconds.
        private static let interval: UInt64 = 100_000_000

        private let state = Locked(State())
        private let report: @Sendable (Count) -> Void

        /// Creates a progress reporter that calls a function.
        /// - Parameter report: called at most ten times a second, by one thread at a time, on the reading threads, which
        ///   wait for it. The last call may not have the final count; see ``count``.
        public init(_ report: @escaping @Sendable (Count) -> Void) {
            self.report = report
        }

        /// The files and bytes read so far.
        public var count: Count { state.withLock { $0.count } }

        func add(files: Int, bytes: Int) {
            let now = Self.now
            let report = state.withLock { state -> Count? in
                state.count.files += files
                state.count.bytes += bytes
                if state.isReporting || now < state.nextReport { return nil }
                state.isReporting = true
                return state.count
            }
            guard let report else { return }
            self.report(report)
            let end = Self.now
            state.withLock { state in
                state.isReporting = false
                state.nextReport = end + Self.interval
            }
        }

        private static var now: UInt64 {
            var time = timespec()
            clock_gettime(CLOCK_MONOTONIC, &time)
            return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
        }

        /// Whether both are the same one.
        public static func == (left: HashingProgress, right: HashingProgress) -> Bool { left === right }

        /// Hashes which one it is.
        public func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(self)) }
    }
}

/// Passes the reports of a tree's hashing to its progress.
struct ProgressObserver: HashingObserver {
    let progress: ImageSpec.HashingProgress

    func add(files: Int, bytes: Int) { progress.add(files: files, bytes: bytes) }
}
