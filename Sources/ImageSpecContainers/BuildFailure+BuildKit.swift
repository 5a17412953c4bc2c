// SPDX-License-Identifier: Apache-2.0

internal import ContentTree

// BuildKit numbers the lines of each step. The first is its title: `#7 [3/5] RUN …`, `#7 0.1 output`, `#7 ERROR: …`, and at the
// end, without a number, `ERROR: failed to build: failed to solve: …`.

extension BuildFailure {
    init?(buildKit printed: [String]) {
        let lines = printed.compactMap(BuildKitLine.init)
        guard !lines.isEmpty else { return nil }
        // What follows the last step: the reason of the whole build.
        let summary = Array(printed[(printed.lastIndex { BuildKitLine($0) != nil } ?? -1)...].dropFirst())
        // Errors of steps that do not fail the build, such as the import of a cache, are not in the summary.
        let errors = lines.filter { $0.error != nil }
        let failed = errors.last { line in
            guard let error = line.error else { return false }
            return summary.contains { $0.contains(error) }
        }
        let label = summary.last { $0.hasPrefix("ERROR: ") || $0.hasPrefix("error: ") }
        guard let step = failed ?? (label == nil ? errors.last : nil), let error = step.error else {
            guard let label else { return nil }
            self.init(stage: BuildPlan.Step.build.rawValue, reason: label, lines: [])
            return
        }
        let own = lines.filter { $0.number == step.number }
        self.init(
            stage: own.first?.text ?? BuildPlan.Step.build.rawValue, reason: error,
            lines: own.dropFirst().compactMap(\.output))
    }
}

/// A line of a step: `#7 [3/5] RUN …`.
struct BuildKitLine: Hashable, Sendable {
    /// The number of the step.
    var number: Int
    /// The rest of the line.
    var text: String

    init?(_ line: String) {
        guard line.hasPrefix("#"), let space = line.firstIndex(of: " "),
            let number = Int(line[..<space].dropFirst())
        else { return nil }
        self.number = number
        text = String(line[line.index(after: space)...])
    }

    /// The reason if the line says that the step failed.
    var error: String? {
        text.hasPrefix("ERROR: ") ? String(text.dropFirst("ERROR: ".count)) : nil
    }

    /// The output of the step, without the seconds since its start; nil for another line.
    var output: String? {
        guard let space = text.firstIndex(of: " "), Double(text[..<space]) != nil else { return nil }
        return String(text[text.index(after: space)...])
    }
}

/// Recognizes the titles of steps, which are kept however much the steps print.
struct StepTitles: Sendable {
    private var numbers: Set<Int> = []

    /// Whether a line is the title of a step. Lines are passed in their order.
    mutating func isTitle(_ line: String) -> Bool {
        if let step = BuildKitLine(line) { return numbers.insert(step.number).inserted }
        return BuildFailure.isBuildahTitle(line)
    }
}
