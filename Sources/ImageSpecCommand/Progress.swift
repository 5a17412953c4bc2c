// SPDX-License-Identifier: Apache-2.0

import ImageSpec
import Synchronization

/// What a person sees of builds, on standard error: on a terminal one line that follows the engine's, elsewhere its lines.
final class Progress: Sendable {
    private let isQuiet: Bool
    private let isTerminal: Bool
    /// Whether there is a line on the terminal that the next one overwrites.
    private let hasStatusLine = Mutex(false)

    init(isQuiet: Bool) {
        self.isQuiet = isQuiet
        isTerminal = Terminal.isStandardError
    }

    /// Shows what happens. A warning is shown in any case.
    func report(_ event: ImageSpec.BuildEvent) {
        switch event {
        case .warning(let text): show("imagespec: warning: " + text)
        case _ where isQuiet: break
        case .started(let name, let engine): show("\(name): building with \(engine)")
        case .output(let line): isTerminal ? follow(line) : show(line)
        case .finished(let result): show(Self.summary(of: result))
        }
    }

    private static func summary(of result: ImageSpec.BuildResult) -> String {
        let digest = result.digest.map { ", " + $0 } ?? ""
        let time = "\(result.duration.roundedSeconds) s"
        return switch result.outcome {
        case .built: "\(result.imageName): built in \(time)\(digest)"
        case .found: "\(result.imageName): exists\(digest)"
        case .assumed: "\(result.imageName): taken to exist"
        case .skipped: "\(result.imageName): not asked for inside an execution"
        }
    }

    private func show(_ line: String) {
        hasStatusLine.withLock { hasStatusLine in
            if hasStatusLine { StandardError.writeControls("\r\u{1B}[K") }
            hasStatusLine = false
            StandardError.write(line + "\n")
        }
    }

    private func follow(_ line: String) {
        // Cut, because a line that wraps cannot be overwritten.
        let text = String(line.prefix(Terminal.width - 1))
        hasStatusLine.withLock { hasStatusLine in
            HashingDisplay.clear()
            StandardError.writeControls("\r\u{1B}[K")
            StandardError.write(text)
            hasStatusLine = true
        }
    }
}
