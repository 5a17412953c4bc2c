// SPDX-License-Identifier: Apache-2.0

internal import ContentTree

/// Why a build failed: the step that failed and the lines that it printed.
struct BuildFailure: Hashable, Sendable {
    /// The title of the step.
    var stage: String
    var reason: String
    var lines: [String]

    init(stage: String, reason: String, lines: [String]) {
        self.stage = Self.oneLine(stage)
        self.reason = Self.withoutLabels(reason)
        self.lines = lines
    }

    /// Reads the output of an engine.
    init(step: BuildPlan.Step, printed: [String], outcome: CommandOutcome) {
        if step == .build, let failure = BuildFailure(buildKit: printed) ?? BuildFailure(buildah: printed) {
            self = failure
        } else {
            self.init(stage: step.rawValue, printed: printed, outcome: outcome)
        }
    }

    /// Reads the output of a program without numbered steps.
    init(stage: String, printed: [String], outcome: CommandOutcome) {
        // Advice may follow the reason.
        let reason = printed.last { $0.hasPrefix("ERROR: ") } ?? outcome.reason
        self.init(stage: stage, reason: reason, lines: printed.filter { $0 != reason })
    }

    /// Whether a line starts a step of podman or buildah.
    static func isBuildahTitle(_ line: String) -> Bool {
        var rest = line[...]
        // `[linux/amd64] ` of a build for several platforms.
        if rest.hasPrefix("["), let end = rest.firstRange(of: "] ") { rest = rest[end.upperBound...] }
        // `STEP 3/5: RUN …`
        return rest.hasPrefix("STEP ") && rest.dropFirst("STEP ".count).first?.isNumber == true
    }

    private static let labels = [
        "ERROR: ", "Error: ", "error: ", "failed to build: ", "failed to solve: ",
    ]

    /// A message without the labels of the programs that passed it on. Of a message that repeats the instruction, only the exit
    /// status.
    static func withoutLabels(_ message: String) -> String {
        let words = message.split(separator: " ")
        let exit = words.suffix(3)
        if exit.count == 3, exit.first == "exit", let code = exit.last.flatMap({ Int($0) }) {
            return "exit status \(code)"
        }
        var rest = message[...]
        while let label = labels.first(where: rest.hasPrefix) { rest = rest.dropFirst(label.count) }
        // `process "/bin/sh -c …" did not complete successfully: …`
        if rest.hasPrefix("process \""), let end = rest.firstRange(of: "\" did not complete successfully: ") {
            rest = rest[end.upperBound...]
        }
        return String(rest)
    }

    /// An instruction on one line, truncated if it is long; the Dockerfile contains all of it.
    private static func oneLine(_ instruction: String) -> String {
        let text = instruction.split(separator: " ").joined(separator: " ")
        return text.count > 160 ? text.prefix(160) + "…" : text
    }
}
