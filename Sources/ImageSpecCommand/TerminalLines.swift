// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// Standard error while something is going on: lines that stay, and on a terminal a block of lines below them that is
/// rewritten.
///
/// One object owns them, and writes each change at once: what others print in between would be overwritten.
final class TerminalLines: Sendable {
    private struct State {
        /// The lines of the block as they are on the terminal; the cursor is behind the last.
        var block: [String] = []
        var hasEnded = false
    }

    /// Whether there can be a block.
    let isTerminal: Bool
    private let state = Mutex(State())
    private let style = Style(descriptor: STDERR_FILENO)

    init() { isTerminal = Terminal.isStandardError }

    /// Prints a line that stays, above the block.
    func print(_ line: String, _ colour: Style.Colour? = nil) {
        HashingDisplay.clear()
        let plain = line.escapingControlCharacters
        let line = colour.map { style.line(plain, $0) } ?? plain
        state.withLock { state in
            StandardError.writeControls(
                Self.erasing(state.block) + line + "\n"
                    + state.block.joined(separator: "\n"))
        }
    }

    /// Replaces the block. Lines are truncated to the width of the terminal, since wrapped lines cannot be overwritten.
    func setBlock(_ lines: [String]) {
        guard isTerminal else { return }
        let columns = Terminal.width - 1
        HashingDisplay.clear()
        let block = lines.map { Text.fitting($0, columns: columns) }
        state.withLock { state in
            if state.hasEnded || (block.isEmpty && state.block.isEmpty) { return }
            StandardError.writeControls(Self.erasing(state.block) + block.joined(separator: "\n"))
            state.block = block
        }
    }

    /// Takes the block away for good.
    func end() { state.withLock { Self.end(&$0) } }

    /// Does what ``end()`` does, unless someone is writing and perhaps waits for the terminal.
    func endIfPossible() { state.withLockIfAvailable { Self.end(&$0) } }

    private static func end(_ state: inout State) {
        if !state.block.isEmpty { StandardError.writeControls(erasing(state.block)) }
        state.block = []
        state.hasEnded = true
    }

    /// What moves the cursor to where a block begins, and clears all that follows.
    private static func erasing(_ block: [String]) -> String {
        if block.isEmpty { return "" }
        return "\r" + (block.count > 1 ? "\u{1B}[\(block.count - 1)A" : "") + "\u{1B}[J"
    }
}
