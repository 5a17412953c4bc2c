// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// A pipe, socket or file that is written to until the task is cancelled, even if the output has no reader.
package final class StreamOutput {
    private let descriptor: Int32
    private let isOwn: Bool
    /// How many bytes one call writes at most.
    private let step: Int
    /// When writing ends after the task was cancelled.
    private var end: ContinuousClock.Instant?

    /// How often cancellation is checked, in milliseconds.
    private static let interval: Int32 = 50

    /// How long a slow reader has after a cancellation to receive the end of the stream.
    private static let patience = Duration.milliseconds(500)

    /// Writes to an open descriptor, which stays open.
    package init(_ descriptor: Int32) throws(FileSystem.Failure) {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw .last }
        let kind = status.st_mode & S_IFMT
        let isBlocking = fcntl(descriptor, F_GETFL) & O_NONBLOCK == 0
        // Other processes may share the open pipe, which must stay blocking for them. Linux can open it again.
        let own = kind == S_IFIFO && isBlocking ? Self.reopened(descriptor) : nil
        self.descriptor = own ?? descriptor
        isOwn = own != nil
        // A pipe that has room has room for this much, so that no call waits for a reader.
        step = (kind == S_IFIFO || kind == S_IFSOCK) && isBlocking && own == nil ? Int(PIPE_BUF) : .max
    }

    /// Opens a pipe or device, and closes it in the end.
    package init(opening path: [UInt8]) throws(FileSystem.Failure) {
        descriptor = try Self.opened(path)
        isOwn = true
        step = .max
    }

    deinit { if isOwn { close(descriptor) } }

    private static func reopened(_ descriptor: Int32) -> Int32? {
        let own = open("/proc/self/fd/\(descriptor)", O_WRONLY | O_CLOEXEC | O_NONBLOCK)
        return own < 0 ? nil : own
    }

    /// Opens a path. Waits until a pipe has a reader.
    private static func opened(_ path: [UInt8]) throws(FileSystem.Failure) -> Int32 {
        while true {
            let descriptor = FileSystem.withCPath(path) {
                open($0, O_WRONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)
            }
            if descriptor >= 0 { return descriptor }
            let failure = FileSystem.Failure.last
            guard failure.code == ENXIO, isPipe(path) else { throw failure }
            if Task.isCancelled { throw .cancelled }
            poll(nil, 0, interval)
        }
    }

    private static func isPipe(_ path: [UInt8]) -> Bool {
        var status = stat()
        return FileSystem.withCPath(path) { stat($0, &status) } == 0 && status.st_mode & S_IFMT == S_IFIFO
    }

    package func writeAll(_ bytes: ArraySlice<UInt8>) throws(FileSystem.Failure) {
        var rest = bytes
        while !rest.isEmpty {
            try waitForRoom()
            rest = rest.dropFirst(try FileSystem.writeSome(rest.prefix(step), to: descriptor))
        }
    }

    private func waitForRoom() throws(FileSystem.Failure) {
        while true {
            let isReady = FileSystem.isReady(descriptor, within: Self.interval)
            if Task.isCancelled {
                let now = ContinuousClock.now
                let end = end ?? now + Self.patience
                self.end = end
                if now >= end { throw .cancelled }
            }
            if isReady { return }
        }
    }
}
