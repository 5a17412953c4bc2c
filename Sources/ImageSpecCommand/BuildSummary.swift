// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
import ImageSpec
import ImageSpecBuilding
import ImageSpecContainers

/// What became of all images of a graph: as a table for people, and spec by spec for programs.
struct BuildSummary: Sendable {
    var graph: ImageSpec.BuildGraph
    /// The paths of the specs, in the order of the requested images.
    var specs: [String]
    /// By the nodes of the graph; nil for those that were not needed.
    var results: [Result<ImageSpec.BuildResult, any Error>?]

    /// The errors of all images, those of bases first.
    private var errors: [any Error] {
        results.compactMap { result in
            if case .failure(let error)? = result { error } else { nil }
        }
    }

    // MARK: for people

    /// All that failed, as ``Termination`` would say it.
    ///
    /// If the lines of engines were printed already, only the last ones are repeated.
    func messages(isOutputShown: Bool) -> [String] {
        errors.flatMap { error -> [String] in
            switch error {
            case is CancellationError: []
            case let error as ImageSpecError:
                (isOutputShown
                    ? ImageSpecError(problems: error.problems.map { $0.withOutput(last: 20) }) ?? error
                    : error)
                    .lines
            default: ["\(error)"]
            }
        }
    }

    /// A heading, one line per image, and a line with counts; empty for a single image.
    var table: [String] {
        let rows = zip(graph.labels, results).compactMap { label, result in
            result.map { (label: label, outcome: Self.outcome(of: $0), detail: detail(of: $0)) }
        }
        guard rows.count > 1 else { return [] }
        let labelWidth = (rows.map(\.label.count) + [5]).max() ?? 0
        let outcomeWidth = (rows.map(\.outcome.count) + [7]).max() ?? 0
        func line(_ label: String, _ outcome: String, _ detail: String) -> String {
            let line =
                Self.padded(label, labelWidth) + "  " + Self.padded(outcome, outcomeWidth) + "  " + detail
            return String(line.reversed().drop { $0 == " " }.reversed())
        }
        var counts: [(outcome: String, count: Int)] = []
        for row in rows {
            if let index = counts.firstIndex(where: { $0.outcome == row.outcome }) {
                counts[index].count += 1
            } else {
                counts.append((row.outcome, 1))
            }
        }
        return [line("IMAGE", "OUTCOME", "TIME")] + rows.map { line($0.label, $0.outcome, $0.detail) }
            + [counts.map { "\($0.count) \($0.outcome)" }.joined(separator: ", ")]
    }

    /// What to do next with a single image that was built; nil if that is not known.
    func hint(output: ImageSpec.BuiltinBuilder.Output?) -> String? {
        guard graph.requested.count == 1, let node = graph.requested.first,
            case .success(let result)? = results[node],
            result.outcome == .built
        else { return nil }
        let engine = result.engine.map { String($0.prefix { $0 != " " }) } ?? ""
        let program = ["docker", "podman"].first { engine.hasPrefix($0) } ?? "docker"
        switch output {
        case .archive(let path)?: return "To load it into docker: docker load --input \(path.shellQuoted)"
        case .layout(let path)?: return "To push it: skopeo copy oci:\(path.shellQuoted) docker://IMAGE"
        case nil: return "To run it: \(program) run --rm -it \(result.imageName)"
        }
    }

    private static func padded(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }

    private static func outcome(of result: Result<ImageSpec.BuildResult, any Error>) -> String {
        switch result {
        case .success(let result): result.outcome.rawValue
        case .failure(let error as ImageSpecError) where error.code == .baseNotBuilt: "not built"
        case .failure(is CancellationError): "stopped"
        case .failure: "failed"
        }
    }

    private func detail(of result: Result<ImageSpec.BuildResult, any Error>) -> String {
        switch result {
        case .success(let result): result.outcome == .built ? "\(result.duration.roundedSeconds) s" : ""
        case .failure(let error as ImageSpecError) where error.code == .baseNotBuilt: "base image failed"
        case .failure: ""
        }
    }

    // MARK: for programs

    /// The names of those that there are, in the order of the specs; with JSON an object for each spec.
    func output(json: Bool) -> [UInt8] {
        zip(graph.requested, specs).flatMap { node, spec -> [UInt8] in
            guard json else {
                guard case .success(let result)? = results[node] else { return [] }
                return Array((result.imageName + "\n").utf8)
            }
            var object = object(of: node)
            object["spec"] = .string(spec)
            return ImageSpec.JSONValue.object(object).line
        }
    }

    private func object(of node: Int) -> ImageSpec.OrderedDictionary<ImageSpec.JSONValue> {
        switch results[node] {
        case .success(let result)?: return Self.object(of: result)
        case .failure(let error)?:
            return [
                "image_name": .string(graph.nodes[node].imageName),
                "outcome": (error as? ImageSpecError)?.code == .baseNotBuilt ? "not_built" : "failed",
                "problems": (error as? ImageSpecError)?.json ?? [["message": .string("\(error)")]],
            ]
        // Specs are needed.
        case nil: return [:]
        }
    }

    private static func object(
        of result: ImageSpec.BuildResult
    ) -> ImageSpec.OrderedDictionary<ImageSpec.JSONValue> {
        var object: ImageSpec.OrderedDictionary<ImageSpec.JSONValue> = [
            "image_name": .string(result.imageName), "outcome": .string(result.outcome.rawValue),
            "digest": result.digest.map { .string($0) } ?? .null,
            "engine": result.engine.map { .string($0) } ?? .null,
            "duration": (try? ImageSpec.JSONValue(result.duration.roundedSeconds)) ?? .null,
        ]
        object["reference"] = result.digest.map { .string(result.imageName.withDigest($0)) }
        if let transfer = result.transfer {
            object["layers"] = .array(transfer.layers.map { .string($0) })
            object["bytes_sent"] = try? ImageSpec.JSONValue(transfer.sentBytes)
            object["bytes_skipped"] = try? ImageSpec.JSONValue(transfer.skippedBytes)
        }
        return object
    }

    /// The failure of the command: 74, or 69 if that is the status of all images that failed by themselves.
    var failure: BuildsFailed? {
        let statuses = errors.compactMap { error -> ExitStatus? in
            guard let error = error as? ImageSpecError else { return .failedBuild }
            return error.code == .baseNotBuilt ? nil : ExitStatus(error.code)
        }
        guard let first = statuses.first else { return nil }
        return BuildsFailed(status: statuses.allSatisfy { $0 == first } ? first : .failedBuild)
    }
}

/// Builds failed, which was said.
struct BuildsFailed: Error {
    var status: ExitStatus
}

extension Duration {
    /// Seconds to a tenth.
    var roundedSeconds: Double {
        let tenths = components.seconds * 10 + components.attoseconds / 100_000_000_000_000_000
        return Double(tenths) / 10
    }
}
