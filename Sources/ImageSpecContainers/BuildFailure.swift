// SPDX-License-Identifier: Apache-2.0

internal import ContentTree

/// Why a build ended: the step that failed and what it printed last.
struct BuildFailure: Hashable, Sendable {
    /// What was being done.
    var stage: String
    var reason: String
    /// The last lines.
    var lines: [String]

    private static let lineCount = 20

    /// Reads what an engine printed.
    ///
    /// BuildKit numbers its lines: `#7 [3/5] RUN …`, `#7 0.1 output`, `#7 ERROR: …`. Podman and buildah print
    /// `STEP 3/5: RUN …` before the output of a step, and the reason at the very end.
    init(step: BuildPlan.Step, printed: [String], outcome: CommandOutcome) {
        if step == .build, let failure = BuildFailure(buildKit: printed) ?? BuildFailure(buildah: printed) {
            self = failure
            return
        }
        self.init(stage: step.rawValue, printed: printed, outcome: outcome)
    }

    /// What a program printed that numbers no steps.
    init(stage: String, printed: [String], outcome: CommandOutcome) {
        self.stage = stage
        // Advice may follow the reason.
        let reason = printed.last { $0.hasPrefix("ERROR: ") } ?? outcome.reason
        self.reason = Self.reason(reason)
        lines = Self.last(printed.filter { $0 != reason })
    }

    private init?(buildKit printed: [String]) {
        guard let error = printed.last(where: { $0.hasPrefix("#") && $0.contains(" ERROR") }),
            let number = error.split(separator: " ").first
        else { return nil }
        let own = printed.filter { $0.hasPrefix(number + " ") }.map { String($0.dropFirst(number.count + 1)) }
        guard let title = own.first(where: { $0.hasPrefix("[") }) else { return nil }
        stage = Self.oneLine(title)
        reason = own.last { $0.hasPrefix("ERROR") }.map(Self.reason) ?? "unknown error"
        // Output has the time before it; the rest is about the step itself.
        lines = Self.last(own.compactMap(Self.output))
    }

    private init?(buildah printed: [String]) {
        guard let start = printed.lastIndex(where: { $0.hasPrefix("STEP ") }) else { return nil }
        var rest = printed[(start + 1)...].filter { !$0.isEmpty }
        stage = Self.oneLine(printed[start])
        let index = rest.lastIndex { $0.hasPrefix("Error: ") } ?? rest.indices.last
        reason = index.map { Self.reason(rest.remove(at: $0)) } ?? "unknown error"
        lines = Self.last(rest.filter { !$0.hasPrefix("subprocess exited with ") })
    }

    /// Whether a line starts a step. Such lines are kept however much the step prints.
    @Sendable static func isTitle(_ line: String) -> Bool {
        line.hasPrefix("STEP ") || (line.hasPrefix("#") && line.contains(" ["))
    }

    private static func last(_ lines: [String]) -> [String] { Array(lines.suffix(lineCount)) }

    /// The end of a message that repeats the instruction, else the message without its label.
    private static func reason(_ message: String) -> String {
        let words = message.split(separator: " ")
        let exit = words.suffix(3)
        if exit.count == 3, exit.first == "exit", let code = exit.last.flatMap({ Int($0) }) {
            return "exit status \(code)"
        }
        for label in ["ERROR: ", "Error: ", "error: "] where message.hasPrefix(label) {
            return String(message.dropFirst(label.count))
        }
        return message
    }

    /// An instruction on one line, truncated if it is long; the Dockerfile contains all of it.
    private static func oneLine(_ instruction: String) -> String {
        let text = instruction.split(separator: " ").joined(separator: " ")
        return text.count > 160 ? text.prefix(160) + "…" : text
    }

    /// What a step printed: the line without the seconds since its start; nil for another line.
    private static func output(_ line: String) -> String? {
        guard let space = line.firstIndex(of: " "), Double(line[..<space]) != nil else { return nil }
        return String(line[line.index(after: space)...])
    }
}
