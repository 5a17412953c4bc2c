// SPDX-License-Identifier: Apache-2.0

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
        stage = step.rawValue
        reason = outcome.reason
        lines = Self.last(printed.filter { $0 != outcome.reason })
    }

    private init?(buildKit printed: [String]) {
        guard let error = printed.last(where: { $0.hasPrefix("#") && $0.contains(" ERROR") }),
            let number = error.split(separator: " ").first
        else { return nil }
        let own = printed.filter { $0.hasPrefix(number + " ") }.map { String($0.dropFirst(number.count + 1)) }
        guard let title = own.first(where: { $0.hasPrefix("[") }) else { return nil }
        stage = title
        reason = own.last { $0.hasPrefix("ERROR") }.map(Self.withoutLabel) ?? "it failed"
        // The instruction over several lines stands before its output.
        lines = Self.last(
            own.filter { !$0.hasPrefix("ERROR") && $0 != title }.map(Self.withoutTime).filter { !$0.isEmpty })
    }

    private init?(buildah printed: [String]) {
        guard let start = printed.lastIndex(where: { $0.hasPrefix("STEP ") }) else { return nil }
        let rest = printed[(start + 1)...].filter { !$0.isEmpty }
        stage = printed[start]
        reason = rest.last.map(Self.withoutLabel) ?? "it failed"
        lines = Self.last(rest.dropLast())
    }

    private static func last(_ lines: [String]) -> [String] { Array(lines.suffix(lineCount)) }

    private static func withoutLabel(_ line: String) -> String {
        for label in ["ERROR: ", "Error: ", "error "] where line.hasPrefix(label) {
            return String(line.dropFirst(label.count))
        }
        return line
    }

    /// A line of a step begins with the seconds since its start.
    private static func withoutTime(_ line: String) -> String {
        guard let space = line.firstIndex(of: " "), Double(line[..<space]) != nil else { return line }
        return String(line[line.index(after: space)...])
    }
}
