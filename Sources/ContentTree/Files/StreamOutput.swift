// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// An open pipe, socket or file that is written to until the task is cancelled, also while nobody reads.
package final class StreamOutput {
    private let descriptor: Int32
    private let isOwn: Bool
    /// The most that one call writes.
    private let step: Int
    /// Until when it is written to, once the task is cancelled.
    private var end: ContinuousClock.Instant?

    /// How often somebody looks whether the task is cancelled, in milliseconds.
    private static let interval: Int32 = 50

    /// For a reader that is slow to see where the stream is cut off.
    private static let patience = Duration.milliseconds(500)

    /// Writes to what is open, and leaves it open.
    package init(_ descriptor: Int32) throws(FileSystem.Failure) {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw .last }
        let kind = status.st_mode & S_IFMT
        let isBlocking = fcntl(descriptor, F_GETFL) & O_NONBLOCK == 0
        // Others may have the pipe open by the same description, and must not find it non-blocking. Linux opens it anew.
        let own = kind == S_IFIFO && isBlocking ? Self.reopened(descriptor) : nil
        self.descriptor = own ?? descriptor
        isOwn = own != nil
        // Where there is room at all, there is room for this much: no call waits for a reader.
        step = (kind == S_IFIFO || kind == S_IFSOCK) && isBlocking && own == nil ? Int(PIPE_BUF) : .max
    }

    /// Opens something that is no regular file, and closes it in the end.
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

    /// Waits for whoever reads a pipe to open it too.
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
