// SPDX-License-Identifier: Apache-2.0

import ImageSpec

/// What a person sees of builds, on standard error: on a terminal one line that follows the engine's, elsewhere its lines.
final class Progress: Sendable {
    private let isQuiet: Bool
    private let lines = TerminalLines()

    init(isQuiet: Bool) { self.isQuiet = isQuiet }

    /// Shows what happens. A warning is shown in any case.
    func report(_ event: ImageSpec.BuildEvent) {
        switch event {
        case .warning(let text): lines.print("imagespec: warning: " + text)
        case _ where isQuiet: break
        case .started(let name, let engine): lines.print("\(name): building with \(engine)")
        case .output(let line): lines.isTerminal ? lines.setBlock([line]) : lines.print(line)
        case .finished(let result):
            lines.setBlock([])
            lines.print(Self.summary(of: result))
        }
    }

    /// Takes away what does not stay. Whatever else is written comes after this.
    func end() { lines.end() }

    /// The same for a process that ends at once, whatever its other threads do.
    func abandon() { lines.endIfPossible() }

    private static func summary(of result: ImageSpec.BuildResult) -> String {
        let digest = result.digest.map { ", " + $0 } ?? ""
        let time = "\(result.duration.roundedSeconds) s"
        return switch result.outcome {
        case .built: "\(result.imageName): built in \(time)\(digest)"
        case .found: "\(result.imageName): exists\(digest)"
        case .assumed: "\(result.imageName): taken to exist"
        case .skipped:
            "\(result.imageName): not asked for inside an execution (FLYTE_INTERNAL_EXECUTION_ID is set)"
        }
    }
}
