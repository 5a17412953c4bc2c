// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
import ImageSpec
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// A progress line on the terminal while many files are read; nothing if standard error is not a terminal.
///
/// There is one for the process, as there is one standard error. Whatever is written clears the line.
enum HashingDisplay {
    private struct State {
        /// When reading began, without a pause since.
        var start = ContinuousClock.now
        var last = ContinuousClock.now
        /// What had been read then.
        var before = ImageSpec.HashingProgress.Count()
        var isShown = false
    }

    private static let state = Mutex(State())

    /// Follows one spec's files; nil if standard error is no terminal.
    static func progress() -> ImageSpec.HashingProgress? {
        guard Terminal.isStandardError else { return nil }
        return ImageSpec.HashingProgress { report($0) }
    }

    private static func report(_ count: ImageSpec.HashingProgress.Count) {
        state.withLock { state in
            let now = ContinuousClock.now
            // Another spec, or the same one again after something else.
            if now - state.last > .seconds(1) || count.bytes < state.before.bytes {
                state.start = now
                state.before = count
            }
            state.last = now
            let time = now - state.start
            guard time >= .milliseconds(500) else { return }
            let text = line(
                files: count.files - state.before.files, bytes: count.bytes - state.before.bytes, time)
            StandardError.writeControls("\r\u{1B}[K" + text.prefix(Terminal.width - 1))
            state.isShown = true
        }
    }

    static func line(files: Int, bytes: Int, _ time: Duration) -> String {
        let rate = Double(bytes) / (time / .seconds(1))
        return "reading: \(files) files, \(size(Double(bytes))), \(size(rate))/s"
    }

    /// A size with one decimal, in powers of 1000.
    static func size(_ bytes: Double) -> String {
        var (value, unit) = (bytes, "B")
        for next in ["kB", "MB", "GB", "TB"] where value >= 1000 { (value, unit) = (value / 1000, next) }
        let tenths = Int((value * 10).rounded())
        return unit == "B" ? "\(tenths / 10) B" : "\(tenths / 10).\(tenths % 10) \(unit)"
    }

    static func clear() {
        state.withLock { state in
            if state.isShown { StandardError.writeControls("\r\u{1B}[K") }
            state.isShown = false
        }
    }
}

/// What standard error leads to.
enum Terminal {
    /// Whether it is a terminal on which a line can be overwritten.
    static let isStandardError: Bool = {
        isatty(STDERR_FILENO) == 1
            && !["", "dumb"].contains(ImageSpec.processEnvironment("TERM") ?? "")
    }()

    /// Columns.
    static var width: Int { size.flatMap { $0.ws_col > 1 ? Int($0.ws_col) : nil } ?? 80 }

    /// Rows.
    static var height: Int { size.flatMap { $0.ws_row > 1 ? Int($0.ws_row) : nil } ?? 24 }

    private static var size: winsize? {
        var size = winsize()
        return ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0 ? size : nil
    }
}
