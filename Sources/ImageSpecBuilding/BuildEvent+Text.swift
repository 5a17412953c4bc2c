// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
public import ImageSpec

extension ImageSpec.BuildEvent: CustomStringConvertible {
    /// The event as a line for people, such as `ghcr.io/acme/trainer:1.0: building with buildah 1.28.2`. The form may change.
    public var description: String {
        switch self {
        case .waiting(let imageName, let reason): "\(imageName): waiting for \(reason)"
        case .started(let imageName, let engine, nil): "\(imageName): building with \(engine)"
        case .started(let imageName, let engine, let reason?):
            "\(imageName): building with \(engine), because \(reason)"
        case .output(let line, nil): line
        case .output(let line, let imageName?): "\(ImageSpec.BuildGraph.shortName(imageName)) | \(line)"
        case .warning(let text): "warning: \(text)"
        case .finished(_, let result): result.description
        case .failed(let imageName, let reason):
            "\(imageName): failed: \(reason.withoutSubject(imageName))"
        case .notBuilt(let imageName, let base):
            "\(imageName): not built: the build of its base image \(base) failed"
        }
    }

    /// Prints the event to standard error as a line of its own.
    ///
    /// ```swift
    /// let engine = ImageSpec.BuildEngine.containers(report: { $0.printToStandardError() })
    /// ```
    ///
    /// Control characters, which engines use for colours, are escaped. Errors of writing are ignored.
    public func printToStandardError() {
        StandardErrorText.print(description)
    }
}

extension String {
    /// A message without the image that it begins with.
    func withoutSubject(_ imageName: String) -> String {
        hasPrefix(imageName + ": ") ? String(dropFirst(imageName.count + 2)) : self
    }
}

extension ImageSpec.BuildResult: CustomStringConvertible {
    /// The result as a line for people, such as `ghcr.io/acme/trainer:1.0: built in 12.3 s`. The form may change.
    public var description: String {
        let digest = digest.map { ", " + $0 } ?? ""
        return switch outcome {
        case .built: "\(imageName): built in \(seconds) s\(digest)"
        case .found: "\(imageName): exists\(digest)"
        case .assumed: "\(imageName): assumed to exist"
        case .skipped: "\(imageName): skipped inside a Flyte execution (FLYTE_INTERNAL_EXECUTION_ID is set)"
        }
    }

    /// The duration with one digit after the point.
    private var seconds: String {
        let (seconds, attoseconds) = duration.components
        return "\(seconds).\(attoseconds / 100_000_000_000_000_000)"
    }
}
