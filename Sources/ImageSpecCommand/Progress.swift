// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
import ImageSpec
import ImageSpecBuilding
import Synchronization

/// Build progress on standard error: a block that is updated on a terminal, otherwise the lines of the engine.
final class Progress: Sendable {
    private struct State {
        /// An image that is being built.
        struct Running {
            var imageName: String
            var start: ContinuousClock.Instant
            /// Its last line.
            var line = ""
        }

        /// In the order in which they began.
        var running: [Running] = []
        var finished = 0
        var failed = 0
        var notBuilt = 0
    }

    private let isQuiet: Bool
    private let lines = TerminalLines()
    /// What lines of several images begin with, by image name; empty for one image, whose lines speak for themselves.
    private let labels: [String: String]
    private let total: Int
    private let state = Mutex(State())
    /// Moves the times on; nil without a terminal.
    private let clock = Mutex<Task<Void, Never>?>(nil)

    /// The progress of all images of a graph.
    init(isQuiet: Bool, of graph: ImageSpec.BuildGraph) {
        self.isQuiet = isQuiet
        total = graph.nodes.count
        let pairs = zip(graph.nodes.map(\.imageName), graph.labels)
        labels = total > 1 ? Dictionary(pairs, uniquingKeysWith: { first, _ in first }) : [:]
        guard lines.isTerminal, !isQuiet else { return }
        clock.withLock {
            $0 = Task.detached { [weak self] in
                while (try? await Task.sleep(for: .seconds(1))) != nil { self?.change { _ in } }
            }
        }
    }

    /// Shows what happens. A warning is shown in any case.
    func report(_ event: ImageSpec.BuildEvent) {
        switch event {
        case .warning: lines.print("imagespec: " + event.description, .yellow)
        case _ where isQuiet: break
        case .waiting: lines.print(event.description)
        case .started(let name, _, _):
            lines.print(event.description)
            change { state in
                // Begun anew elsewhere, where the engine that it was begun with is gone.
                if let index = state.running.firstIndex(where: { $0.imageName == name }) {
                    state.running[index].line = ""
                } else {
                    state.running.append(State.Running(imageName: name, start: .now))
                }
            }
        case .output(let line, let name): output(line, of: name ?? "")
        case .finished(let name, let result):
            change { state in
                state.running.removeAll { $0.imageName == name }
                state.finished += 1
            }
            lines.print(event.description, result.outcome == .built ? .green : nil)
        case .failed(let name, _):
            change { state in
                state.running.removeAll { $0.imageName == name }
                state.failed += 1
            }
            // Of one image alone, its error says so at once.
            if total > 1 { lines.print("\(name): failed", .red) }
        case .notBuilt(let name, _):
            change { $0.notBuilt += 1 }
            lines.print("\(name): not built: the build of its base image failed", .red)
        }
    }

    /// Whether all lines of engines are printed. On a terminal, each replaces the one before.
    var showsOutput: Bool { !isQuiet && !lines.isTerminal }

    private func output(_ line: String, of name: String) {
        if lines.isTerminal {
            return change { state in
                if let index = state.running.firstIndex(where: { $0.imageName == name }) {
                    state.running[index].line = line
                } else {
                    state.running.append(State.Running(imageName: name, start: .now, line: line))
                }
            }
        }
        lines.print(labels[name].map { "\($0) | \(line)" } ?? line)
    }

    /// Changes what is shown in the block.
    private func change(_ body: (inout State) -> Void) {
        guard lines.isTerminal else { return }
        // One after the other, so that an older block never replaces a newer one.
        state.withLock { state in
            body(&state)
            lines.setBlock(block(of: state))
        }
    }

    private func block(of state: State) -> [String] {
        // A block that is taller than the terminal cannot be overwritten.
        let shown = state.running.prefix(max(1, Terminal.height - 2))
        func line(_ image: State.Running) -> String {
            "\((ContinuousClock.now - image.start).components.seconds) s | \(image.line)"
        }
        if labels.isEmpty { return shown.map(line) }
        if shown.isEmpty { return [] }
        let failed = state.failed > 0 ? ", \(state.failed) failed" : ""
        let notBuilt = state.notBuilt > 0 ? ", \(state.notBuilt) not built" : ""
        return ["\(state.finished) of \(total) done\(failed)\(notBuilt), \(state.running.count) building"]
            + shown.map { "  \(labels[$0.imageName] ?? $0.imageName) | " + line($0) }
    }

    /// Takes away what does not stay. Whatever else is written comes after this.
    func end() {
        clock.withLock { $0?.cancel() }
        lines.end()
    }

    /// The same for a process that ends at once, whatever its other threads do.
    func abandon() { lines.endIfPossible() }
}
