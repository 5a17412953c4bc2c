// SPDX-License-Identifier: Apache-2.0

internal import ContentTree

/// A builder as `docker buildx inspect` describes it.
struct BuildxBuilder: Hashable, Sendable {
    /// `docker`, `docker-container`, `kubernetes` or `remote`; empty if it is unknown.
    var driver = ""
    /// The statuses of its nodes, such as `running` or `inactive`.
    var statuses: [String] = []
    /// What a node says about itself if it does not run.
    var problem: String?

    /// Reads the output, lines of the form `Driver:        remote`.
    init(_ lines: [String]) {
        for line in lines {
            let parts = line.split(separator: ":", maxSplits: 1)
            guard parts.count == 2 else { continue }
            let value = String(parts[1].drop { $0.isWhitespace })
            switch parts[0] {
            case "Driver" where driver.isEmpty: driver = value
            case "Status": statuses.append(value)
            case "Error": problem = problem ?? value
            default: break
            }
        }
    }

    /// Whether a node runs. A version of buildx that reports no status is not doubted.
    var isRunning: Bool { statuses.contains("running") || (statuses.isEmpty && problem == nil) }

    var status: String { statuses.first ?? "unknown" }

    /// Whether buildx starts it on request.
    var canBeStarted: Bool { ["docker-container", "kubernetes"].contains(driver) }
}
