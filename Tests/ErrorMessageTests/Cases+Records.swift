// SPDX-License-Identifier: Apache-2.0

import Foundation
import ImageSpec
import ImageSpecContainers
import ImageSpecTesting
import ImageSpecYAML

@testable import ContentTree
@testable import ImageSpecDiff

extension ErrorArea {
    private static let pinned = "debian:12@sha256:" + String(repeating: "0", count: 64)

    /// Reads a snapshot of the spec `name: a`, written and then changed.
    private static func record(
        _ factory: String, _ change: String, _ edit: @escaping @Sendable (String) -> String
    ) -> ErrorCase {
        ErrorCase(factory, "a snapshot, " + change) { scene in
            let path = scene.path("a.record.json")
            try ImageSpec(name: "a").snapshot(in: scene.context).write(to: path)
            let text = try String(contentsOfFile: path, encoding: .utf8)
            try scene.write(["a.record.json": edit(text)])
            _ = try ImageSpec.Snapshot(contentsOf: path)
        }
    }

    /// Lines with the checksum that belongs to them.
    private static func signed(_ lines: [String]) -> String {
        let text = lines.joined(separator: "\n") + "\n"
        return text + "  \"checksum\": \"sha256:\(ImageSpec.sha256Hex(of: Array(text.utf8)))\"\n}\n"
    }

    /// Snapshots.
    static let records = ErrorArea(
        name: "records",
        cases: [
            record("notASnapshot", "all of it replaced by a spec") { _ in "{\"name\": \"a\"}" },
            record("notASnapshot", "all of it replaced by nothing") { _ in "" },
            record("truncatedSnapshot", "its second half cut off") { String($0.prefix($0.count / 2)) },
            record("editedSnapshot", "with another image_name in it") {
                $0.replacing("\"image_name\": \"a:", with: "\"image_name\": \"b:")
            },
            record("malformedSnapshot", "with no id in it, and a right checksum") { text in
                signed(text.components(separatedBy: "\n").dropLast(3).filter { !$0.hasPrefix("  \"id\":") })
            },
            record("unsupportedSnapshotFormat", "with another format") {
                $0.replacing("imagespec.snapshot.v1", with: "imagespec.snapshot.v2")
            },
            ErrorCase("missing", "a snapshot that does not exist") { scene in
                _ = try ImageSpec.Snapshot(contentsOf: scene.path("a.record.json"))
            },
            ErrorCase("snapshotAsSpec", "a snapshot instead of a spec") { scene in
                let path = scene.path("a.record.json")
                try ImageSpec(name: "a").snapshot(in: scene.context).write(to: path)
                _ = try ImageSpec(contentsOf: path)
            },
            ErrorCase("namesAsSpec", "recorded names instead of a spec") { scene in
                try scene.write(["names.json": #"{"format": "imagespec.names.v1", "images": {}}"#])
                _ = try ImageSpec(contentsOf: scene.path("names.json"))
            },
            ErrorCase("notOverwritten", "a spec at the path of the snapshot") { scene in
                try scene.write(["a.yaml": "name: a"])
                try ImageSpec(name: "a").snapshot(in: scene.context).write(to: scene.path("a.yaml"))
            },
            ErrorCase("notImageNames", "a spec in place of recorded image names") { scene in
                try scene.write(["a.json": "{}"])
                try ImageSpec.checkNames(
                    of: ["a": ImageSpec(name: "a")], in: scene.context, recordedIn: scene.path("a.json"))
            },
            ErrorCase("snapshotAmongInputs", "source_root: src, and image names below it") { scene in
                try scene.write(["src/a.txt": ""])
                try ImageSpec.checkNames(
                    of: ["a": ImageSpec(sourceRoot: "src", sourceCopyMode: .all)], in: scene.context,
                    recordedIn: scene.path("src/names.json"))
            },
            ErrorCase("snapshotAmongInputs", "source_root: src, and the snapshot src/a.record.json") {
                scene in
                try scene.write(["src/a.py": ""])
                let spec = ImageSpec(sourceRoot: "src", sourceCopyMode: .all)
                try SnapshotRecording(of: spec, in: scene.context).write(to: scene.path("src/a.record.json"))
            },
            ErrorCase("snapshotAmongInputs", "copy: [a.record.json], and the snapshot a.record.json") {
                scene in
                try scene.write(["a.record.json": ""])
                let spec = ImageSpec(copy: ["a.record.json"])
                try SnapshotRecording(of: spec, in: scene.context).write(to: scene.path("a.record.json"))
            },
        ])

    /// Spec files with digests written into them.
    static let pins = ErrorArea(
        name: "pins",
        cases: [
            ErrorCase("noDigest", "base_image: debian:12, whose digest is said to be 12") { scene in
                _ = try await ImageSpec(baseImage: "debian:12").pins(in: scene.context) { _ in "12" }
            },
            ErrorCase("noImage", "pin --field uv_image, of a spec with packages") { scene in
                let spec = ImageSpec(packages: ["six"], baseImage: "debian:12")
                _ = try await spec.pins(in: scene.context, fields: ["uv_image"]) { _ in "" }
            },
            ErrorCase("cannotReplace", "base_image: *b, the value of A in env") { _ in
                let text = "env: {A: &b debian:12}\nbase_image: *b\n"
                _ = try SpecText(contents: Array(text.utf8), name: "standard input")
                    .replacing([(["base_image"], pinned)])
            },
            ErrorCase("cannotReplace", #"{"builder_config": []}, for its uv_image"#) { _ in
                _ = try SpecText(contents: Array(#"{"builder_config": []}"#.utf8), name: "standard input")
                    .replacing([(["builder_config", "uv_image"], pinned)])
            },
            ErrorCase("cannotReplaceSpec", "a folder in the place of a.yaml") { scene in
                try scene.write(["a.yaml/b": ""])
                try FileSystem.replaceContents(ofSpecFile: scene.path("a.yaml"), with: [], expected: [])
            },
            ErrorCase("specChanged", "a.yaml, which was empty, and is not") { scene in
                try scene.write(["a.yaml": "name: a"])
                try FileSystem.replaceContents(ofSpecFile: scene.path("a.yaml"), with: [], expected: [])
            },
        ])

    private static func missingRegistryConfig(_ command: String) -> ErrorCase {
        let text = "name: a\nregistry: localhost:1\nregistry_config: auth.json\n"
        return ErrorCase(
            "invalidRegistryConfig", "imagespec \(command) a.yaml; a.yaml: \(text.debugDescription)"
        ) {
            scene in
            try scene.write(["a.yaml": text])
            try await scene.tool("imagespec \(command) a.yaml")
        }
    }

    /// What the tool itself says.
    static let commands = ErrorArea(
        name: "commands",
        cases: [
            ErrorCase("registryRequired", "imagespec digest a.yaml; a.yaml: \"name: a\"") { scene in
                try scene.write(["a.yaml": "name: a"])
                try await scene.tool("imagespec digest a.yaml")
            },
            ErrorCase("moreProblems", "imagespec name a.yaml; a.yaml: \"tag_format: x\\ncopy: [/a]\"") {
                scene in
                try scene.write(["a.yaml": "tag_format: x\ncopy: [/a]"])
                try await scene.tool("imagespec name a.yaml")
            },
            missingRegistryConfig("check"), missingRegistryConfig("exist"), missingRegistryConfig("digest"),
            missingRegistryConfig("build"),
            ErrorCase("unknownExistence", "imagespec exist a.yaml, where the registry answers 418") { scene in
                let registry = try ScriptedRegistry { _ in "418" }
                try scene.write(["a.yaml": "name: a\nregistry: localhost:\(registry.port)\n"])
                do {
                    try await scene.tool("imagespec exist a.yaml")
                } catch let error as ToolFailure {
                    throw ToolFailure(
                        status: error.status,
                        message: error.message.replacing(":\(registry.port)", with: ":5000")
                            .replacing(/\/a:[^:]+:/, with: "/a:$TAG:"))
                }
            },
            ErrorCase("pinsDiffer", "imagespec pin a.yaml, while its base b.yaml changes") { scene in
                let base = "base_image: \(pinned)\n"
                let registry = try ScriptedRegistry { _ in
                    try? scene.write(["b.yaml": base + "env: {A: b}\n"])
                    return "200\nDocker-Content-Digest: sha256:" + String(repeating: "1", count: 64)
                }
                try scene.write([
                    "a.yaml": """
                    base_image: ./b.yaml
                    packages: [numpy]
                    builder_config: {uv_image: "localhost:\(registry.port)/uv:1"}
                    """,
                    "b.yaml": base,
                ])
                try await scene.tool("imagespec pin a.yaml")
            },
            ErrorCase("pinnedElsewhere", "imagespec pin --field base_image a.yaml, whose base is b.yaml") {
                scene in
                try scene.write(["a.yaml": "base_image: ./b.yaml", "b.yaml": "base_image: debian:12"])
                try await scene.tool("imagespec pin --field base_image a.yaml")
            },
            ErrorCase("unwritableStandardOutput", "imagespec name a.yaml >/dev/full") { scene in
                try scene.write(["a.yaml": "name: a"])
                try await scene.tool("imagespec name a.yaml >/dev/full")
            },
        ])
}
