// SPDX-License-Identifier: Apache-2.0

import Foundation
import ImageSpec
import Testing

@testable import ImageSpecContainers

/// Which engine supports which feature, and whether an integration test runs it.
///
/// A cell is *refused* if a request is rejected before the build, *run* if a script in `Tests/Integration`, which is named, says
/// in a line `# covers ENGINE; FEATURE, …` that it builds with it, and otherwise *command line*: only the arguments are tested.
/// `Scripts/test` runs these scripts, except `buildx.sh`, which it runs if it is named.
@Suite struct EngineTableTests {
    private struct Engine {
        var name: String
        var engine: DetectedEngine
        /// The driver of the buildx builder.
        var driver: String?
    }

    private struct Feature {
        var name: String
        var options: ImageSpec.OrderedDictionary<ImageSpec.JSONValue> = [:]
        var platforms = ["linux/amd64"]
        var isPushed = true
        var localBase: String?
    }

    private static let engines = [
        Engine(
            name: "buildx (docker)",
            engine: .init(dialect: .buildx, path: "/docker", version: "26.1.5", pluginVersion: "0.13.1"),
            driver: "docker"),
        Engine(
            name: "buildx (remote)",
            engine: .init(dialect: .buildx, path: "/docker", version: "26.1.5", pluginVersion: "0.13.1"),
            driver: "remote"),
        Engine(
            name: "docker 20.10", engine: .init(dialect: .buildKit, path: "/docker", version: "20.10.24")),
        Engine(name: "podman", engine: .init(dialect: .podman, path: "/podman", version: "4.3.1")),
        Engine(name: "buildah", engine: .init(dialect: .buildah, path: "/buildah", version: "1.28.2")),
        Engine(name: "buildctl", engine: .init(dialect: .buildctl, path: "/buildctl", version: "0.12.5")),
    ]

    private static let features = [
        Feature(name: "push"),
        Feature(name: "local image", isPushed: false),
        Feature(name: "local base", localBase: "base:1"),
        Feature(name: "changed file"),
        Feature(name: "registry_config"),
        Feature(name: "credentials"),
        Feature(name: "secrets"),
        Feature(name: "two platforms", platforms: ["linux/amd64", "linux/arm64"]),
        Feature(name: "network: host", options: ["network": "host"]),
        Feature(name: "network: NAME", options: ["network": "mine"]),
        Feature(name: "cache_from", options: ["cache_from": "r.io/c"]),
        Feature(name: "cache_to: inline", options: ["cache_to": "inline"]),
        Feature(name: "cache_to", options: ["cache_to": "r.io/c"]),
        Feature(name: "compression", options: ["cache_to": ["ref": "r.io/c", "compression": "zstd"]]),
        Feature(name: "provenance", options: ["provenance": "max"]),
        Feature(name: "sbom", options: ["sbom": true]),
        Feature(name: "source_date_epoch", options: ["source_date_epoch": 0]),
    ]

    /// The features that the scripts say they run, by engine, with the name of a script. One that always runs is preferred.
    private static func coverage() throws -> [String: [String: String]] {
        let directory = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent()
            .appendingPathComponent("Integration")
        var coverage: [String: [String: String]] = [:]
        let names = try FileManager.default.contentsOfDirectory(atPath: directory.path)
            .filter { $0.hasSuffix(".sh") }.map { String($0.dropLast(".sh".count)) }
        for name in names.sorted(by: { ($0 == selected ? 1 : 0, $0) < ($1 == selected ? 1 : 0, $1) }) {
            let text = try String(
                contentsOf: directory.appendingPathComponent(name + ".sh"), encoding: .utf8)
            for line in text.split(separator: "\n") {
                guard let found = line.wholeMatch(of: /# covers ([^;]+); (.*)/) else { continue }
                let features = found.2.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
                coverage[String(found.1), default: [:]].merge(features.map { ($0, name) }) { known, _ in known
                }
            }
        }
        return coverage
    }

    /// The script that runs only if it is named.
    private static let selected = "buildx"

    private static func isRefused(_ feature: Feature, by engine: Engine) throws -> Bool {
        var capabilities = EngineCapabilities(
            engine: engine.engine, options: try ContainerOptions(ImageSpec(builderOptions: feature.options)),
            platforms: feature.platforms, localBase: feature.localBase)
        if let driver = engine.driver { capabilities.drivers = [("", driver)] }
        do throws(ImageSpecError) {
            try capabilities.check(imageName: "r.io/a:1", isPushed: feature.isPushed)
            return false
        } catch {
            #expect(error.code == .unsupportedField)
            return true
        }
    }

    @Test func theTableOfEnginesAndFeaturesIsAsRecorded() throws {
        let coverage = try Self.coverage()
        var rows = [["feature"] + Self.engines.map(\.name)]
        var known: Set<String> = []
        for feature in Self.features {
            var row = [feature.name]
            for engine in Self.engines {
                known.insert(feature.name)
                let script = coverage[engine.name]?[feature.name]
                if try Self.isRefused(feature, by: engine) {
                    row.append("refused")
                    #expect(
                        script == nil, "\(engine.name) refuses \(feature.name), which a script claims to run")
                } else {
                    row.append(script.map { "run: \($0)" } ?? "command line")
                }
            }
            rows.append(row)
        }
        let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        let table =
            rows.map { row in
                zip(row, widths).map { $0.padding(toLength: $1, withPad: " ", startingAt: 0) }.joined(
                    separator: " | "
                )
                .trimmingCharacters(in: .whitespaces)
            }.joined(separator: "\n")
            + "\n\n\(Self.selected) runs only if it is named: INTEGRATION=\(Self.selected) Scripts/test integration"
        print(table)
        for (engine, features) in coverage {
            #expect(Self.engines.contains { $0.name == engine }, "unknown engine in a script: \(engine)")
            let unknown = Set(features.keys).subtracting(known)
            #expect(unknown.isEmpty, "unknown features in a script: \(unknown)")
        }
        let fixture = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("Fixtures/engines.txt")
        if ProcessInfo.processInfo.environment["RECORD_SNAPSHOTS"] != nil {
            try Data((table + "\n").utf8).write(to: fixture)
            Issue.record("the table was recorded")
        }
        #expect(try String(contentsOf: fixture, encoding: .utf8) == table + "\n")
    }
}
