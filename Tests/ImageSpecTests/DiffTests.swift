// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import ContentTree
@testable import ImageSpec
@testable import ImageSpecDiff

/// Why two tags differ: each field and each change of a file, exactly.
@Suite struct ComparisonTests {
    typealias Diff = ImageSpec.Diff
    typealias Effects = ImageSpec.Change.Effects

    // MARK: fields

    /// What is said where a field's value becomes the other one of ``IdentityLawTests/values``, and what it counts for.
    static let fields: [String: [(line: String, effects: Effects)]] = [
        "name": [("~ name: one → other", .id)],
        "python_version": [("~ python_version: 3.11 → 3.12", [.id, .content])],
        "builder": [("~ builder: default → envd", [])],
        "source_root": [
            ("~ source_root: src → src2", .id), ("- src/src/main.py", .content),
            ("+ src2/src2/main.py", .content),
        ],
        "env": [("~ env.B: 2 → 3", [.id, .content])],
        "registry": [("~ registry: one.example.com → other.example.com/team", [])],
        "packages": [("~ packages: pandas → pandas==2", [.id, .content])],
        "conda_packages": [
            ("- conda_packages: a", [.id, .content]), ("+ conda_packages: b", [.id, .content]),
        ],
        "conda_channels": [(#"~ conda_channels: order: ["a","b"] → ["b","a"]"#, [.id, .content])],
        "requirements": [
            ("~ requirements: requirements.txt → other.txt", [.id, .content]),
            ("- included.txt", .content), ("- other.txt: numpy", .content),
            ("- other.txt: -r included.txt", .content), ("+ other.txt: scipy", .content),
        ],
        "apt_packages": [
            ("- apt_packages: git", [.id, .content]), ("+ apt_packages: curl", [.id, .content]),
        ],
        "cuda": [("~ cuda: 12.1 → 12.2", [.id, .content])],
        "cudnn": [("~ cudnn: 8 → 9", [.id, .content])],
        "base_image": [("~ base_image: debian:bookworm-slim → the spec base", [.id, .content])],
        "platform": [("~ platform: linux/arm64 → linux/amd64,linux/arm64", [.id, .content])],
        "pip_index": [
            (
                "~ pip_index: https://one.example.com/simple → https://other.example.com/simple",
                [.id, .content]
            )
        ],
        "pip_extra_index_url": [
            (
                #"~ pip_extra_index_url: order: ["https://a","https://b"] → ["https://b","https://a"]"#,
                [.id, .content]
            )
        ],
        "pip_secret_mounts": [(#"~ pip_secret_mounts: ["a","/a"] → ["b","/b"]"#, [])],
        "pip_extra_args": [("~ pip_extra_args: --pre → --no-deps", [.id, .content])],
        "registry_config": [("~ registry_config: one → other", [])],
        "entrypoint": [(#"~ entrypoint: ["a"] → []"#, [.id, .content])],
        "commands": [(#"~ commands: order: ["a","b"] → ["b","a"]"#, [.id, .content])],
        "tag_format": [("~ tag_format: {spec_hash} → x-{spec_hash}", .tagFormat)],
        "source_copy_mode": [("- source_root: src", .content), ("~ source_copy_mode: all → no_copy", .id)],
        "copy": [("- copy: conf", [.id, .content]), ("+ copy: conf2", [.id, .content])],
        "python_exec": [("~ python_exec: /usr/bin/python3 → /opt/python", [.id, .content])],
        "runtime_packages": [("- runtime_packages: ipdb", []), ("+ runtime_packages: pudb", [])],
        "builder_options": [("~ builder_options.a: 1 → 2", [.id, .content])],
        "builder_config": [(#"~ builder_config.uv_image: "a" → "b""#, [.id, .content])],
    ]

    @Test(arguments: ImageSpec.Field.all.map(\.name))
    func aChangeOfAFieldIsSaidExactly(field: String) throws {
        let folder = try IdentityLawTests.project()
        let values = try #require(IdentityLawTests.values[field])
        let expected = try #require(Self.fields[field], "what is said of \(field)?")
        var needed: ImageSpec.OrderedDictionary<JSON> =
            field == "source_copy_mode" ? ["source_root": "src"] : [:]
        if field == "source_root" { needed["source_copy_mode"] = "all" }
        guard case .object(let full) = try IdentityLawTests.full(except: field).document else { return }
        for surroundings in [needed, full] {
            var one = surroundings
            one[field] = values.one
            var other = surroundings
            other[field] = values.other
            let comparison = try Self.compare(one, other, in: folder)
            #expect(comparison.changes.map(\.description) == expected.map(\.line))
            #expect(comparison.changes.map(\.effects) == expected.map(\.effects))

            // The same of a base, whose tag format plays no part. Secrets and the like are in none of its names either.
            let nested = try Self.compare(
                ["base_image": .object(one)], ["base_image": .object(other)], in: folder)
            #expect(
                nested.changes.map(\.description)
                    == expected.map { line, _ in
                        let isFile = !line.dropFirst(2).hasPrefix(field) && !line.contains("source_root")
                        return isFile ? line : line.prefix(2) + "base_image." + line.dropFirst(2)
                    })
            #expect(nested.changes.map(\.effects) == expected.map { $0.effects.subtracting(.tagFormat) })
        }
        // Backwards, and from nothing.
        let back = try Self.compare([field: values.other], [field: values.one], in: folder, isChecked: false)
        #expect(back == nil || back?.changes.isEmpty == false)
    }

    /// Other ways to write a value, which count for nothing.
    @Test(arguments: [
        (#"{"packages": ["a", "b"]}"#, #"{"packages": ["b", "a"]}"#, "~ packages: order"),
        (
            #"{"apt_packages": ["a"]}"#, #"{"apt_packages": ["a", "a"]}"#,
            #"~ apt_packages: ["a"] → ["a","a"], which means the same"#
        ),
        (#"{"env": {"A": "1", "B": "2"}}"#, #"{"env": {"B": "2", "A": "1"}}"#, "~ env: order"),
        (
            #"{"builder_options": {"a": 1, "b": 1}}"#, #"{"builder_options": {"b": 1.0, "a": 1}}"#,
            "~ builder_options: order"
        ),
        (
            #"{"builder_options": {"address": "tcp://a:1", "sbom": true}}"#,
            #"{"builder_options": {"address": "tcp://b:1", "sbom": true}}"#,
            #"~ builder_options.address: "tcp://a:1" → "tcp://b:1""#
        ),
        ("{}", #"{"builder_options": {"cache": false}}"#, "+ builder_options.cache: false"),
        (
            #"{"platform": "linux/arm64,linux/amd64"}"#, #"{"platform": "linux/amd64, linux/arm64"}"#,
            "~ platform: linux/arm64,linux/amd64 → linux/amd64, linux/arm64, which means the same"
        ),
        ("{}", #"{"name": "Flytekit"}"#, "~ name: (none) → Flytekit, which means the same"),
        (#"{"registry": "A"}"#, #"{"registry": "a"}"#, "~ registry: A → a"),
        (
            #"{"copy": ["conf"]}"#, #"{"copy": ["./conf/"]}"#,
            #"~ copy: ["conf"] → ["./conf/"], which means the same"#
        ),
        (
            #"{"requirements": "other.txt"}"#, #"{"requirements": ".//other.txt"}"#,
            "~ requirements: other.txt → .//other.txt, which means the same"
        ),
        (
            #"{"source_root": "src"}"#, #"{"source_root": "src", "source_copy_mode": "loaded_modules"}"#,
            "~ source_copy_mode: (none) → loaded_modules, which means the same"
        ),
        (
            #"{"pip_index": "https://a:hunter2@h/"}"#, #"{"pip_index": "https://b:hunter3@h/"}"#,
            "~ pip_index: user info in https://…@h/"
        ),
        (
            #"{"pip_extra_index_url": ["https://a@h/"]}"#, #"{"pip_extra_index_url": ["https://h/"]}"#,
            #"~ pip_extra_index_url: user info in ["https://h/"]"#
        ),
        ("{}", #"{"tag_format": "{spec_hash}"}"#, "+ tag_format: {spec_hash}"),
        ("{}", #"{"packages": [], "env": {}, "cuda": "", "platform": ""}"#, ""),
    ])
    func anotherSpellingCountsForNothing(one: String, other: String, line: String) throws {
        let folder = try IdentityLawTests.project()
        let specs = try [one, other].map { try ImageSpec(json: $0) }
        let comparison = try Self.compare(specs[0], specs[1], in: folder)
        #expect(comparison.changes.map(\.description) == (line.isEmpty ? [] : [line]))
        #expect(comparison.isSame)
        #expect(comparison.description.hasPrefix("No differences: the id and the tag are the same.\n"))
    }

    /// Values that need more than the table of fields says.
    @Test(arguments: [
        (#"{"packages": ["numpy==2.1"]}"#, #"{"packages": ["Numpy==2.2"]}"#, ["~ packages: Numpy 2.1 → 2.2"]),
        ("{}", #"{"packages": ["torch==2.4", "six"]}"#, ["+ packages: six", "+ packages: torch==2.4"]),
        (#"{"commands": ["a", "b"]}"#, #"{"commands": ["a", "c"]}"#, ["~ commands: b → c"]),
        (#"{"commands": ["a"]}"#, #"{"commands": ["a", "a"]}"#, ["+ commands: a"]),
        ("{}", #"{"entrypoint": []}"#, ["+ entrypoint: []"]),
        ("{}", #"{"env": {"A": "1", "b c": " "}}"#, ["+ env.A: 1", #"+ env."b c": " ""#]),
        (
            #"{"env": {"A": "x\ny"}}"#, #"{"env": {"A": "\"→\u001b[31m"}}"#,
            [#"~ env.A: "x\ny" → "\"→\033[31m""#]
        ),
        (
            #"{"builder_options": {"a": {"b": [1, {"c": null}], "d": "e"}}}"#,
            #"{"builder_options": {"a": {"b": [1, {"c": "null"}]}}}"#,
            [#"~ builder_options.a.b.1.c: null → "null""#, #"- builder_options.a.d: "e""#]
        ),
        (
            #"{"builder_options": {"a": [1]}}"#, #"{"builder_options": {"a": [1, 2]}}"#,
            ["~ builder_options.a: [1] → [1,2]"]
        ),
        (
            #"{"builder_options": {"engine": "docker", "sbom": true}}"#,
            #"{"builder_options": {"engine": "podman", "sbom": false}}"#,
            [
                #"~ builder_options.engine: "docker" → "podman""#,
                "~ builder_options.sbom: true → false",
            ]
        ),
        ("{}", #"{"platform": "linux/amd64"}"#, ["+ platform: linux/amd64"]),
        (
            #"{"base_image": {}}"#, #"{"base_image": {"platform": "linux/amd64"}}"#,
            ["+ base_image.platform: linux/amd64"]
        ),
        (
            #"{"base_image": {"base_image": {"cuda": "1"}}}"#,
            #"{"base_image": {"base_image": {"cuda": "2"}}}"#,
            ["~ base_image.base_image.cuda: 1 → 2"]
        ),
        // A base takes the platform of the spec above it.
        (
            #"{"base_image": {}, "platform": "linux/amd64"}"#,
            #"{"base_image": {}, "platform": "linux/arm64"}"#,
            ["~ platform: linux/amd64 → linux/arm64"]
        ),
        ("{}", #"{"base_image": "a:1"}"#, ["+ base_image: a:1"]),
        (
            #"{"packages": ["a @ https://u:hunter2@h/a"]}"#, #"{"packages": ["a @ https://u:hunter3@h/a"]}"#,
            ["~ packages: user info in a @ https://…@h/a"]
        ),
        ("{}", #"{"requirements": "other.txt"}"#, ["+ requirements: other.txt"]),
        ("{}", #"{"source_root": "src"}"#, ["+ source_root: src", "+ source_copy_mode: loaded_modules"]),
    ])
    func whatDiffersIsSaid(one: String, other: String, lines: [String]) throws {
        let folder = try IdentityLawTests.project()
        let specs = try [one, other].map { try ImageSpec(json: $0) }
        let comparison = try Self.compare(specs[0], specs[1], in: folder)
        #expect(comparison.changes.map(\.description) == lines)
        #expect(!comparison.isSame)
        #expect(!comparison.description.contains("hunter"))
    }

    @Test func aPlatformThatFollowsFromTheRegistryIsSaid() throws {
        let context = ImageSpec.Context(workingDirectory: "/", hostArchitecture: "aarch64")
        let records = try ["ghcr.io", "localhost:5000"].map {
            try ImageSpec(registry: $0, baseImage: .spec(ImageSpec())).snapshot(in: context)
        }
        let comparison = Diff(from: records[0], to: records[1])
        #expect(
            comparison.changes.map(\.description) == [
                "~ registry: ghcr.io → localhost:5000",
                "~ platform: linux/amd64 → linux/arm64, by the registry and the host",
            ])
        #expect(comparison.changes.map(\.effects) == [[], .content])
    }

    // MARK: helpers

    static func compare(
        _ one: ImageSpec.OrderedDictionary<JSON>, _ other: ImageSpec.OrderedDictionary<JSON>,
        in folder: TemporaryFolder
    ) throws -> Diff {
        try compare(
            ImageSpec(document: .object(one)), ImageSpec(document: .object(other)), in: folder)
    }

    /// nil where one of the two cannot be named.
    static func compare(
        _ one: ImageSpec.OrderedDictionary<JSON>, _ other: ImageSpec.OrderedDictionary<JSON>,
        in folder: TemporaryFolder, isChecked: Bool
    ) throws -> Diff? {
        do {
            return try compare(one, other, in: folder)
        } catch is ImageSpecError where !isChecked {
            return nil
        }
    }

    /// The comparison; checked against what the documents say, and against records that were written and read.
    static func compare(_ one: ImageSpec, _ other: ImageSpec, in folder: TemporaryFolder) throws -> Diff {
        let context = IdentityLawTests.context(folder)
        return try compare(Named(one, in: context), Named(other, in: context))
    }

    /// A spec with its record and its documents at one time.
    struct Named {
        let record: ImageSpec.Snapshot
        let idDocument: String
        let identity: ImageSpec.Identity

        init(_ spec: ImageSpec, in context: ImageSpec.Context) throws {
            record = try spec.snapshot(in: context)
            idDocument = spec.idDocument
            identity = try spec.identity(in: context)
            #expect(record.tag == identity.tag && record.contentDigest == identity.contentDigest)
            #expect(record.id == identity.id)
            #expect(try ImageSpec.Snapshot(json: record.jsonBytes) == record)
        }
    }

    static func compare(_ one: Named, _ other: Named) throws -> Diff {
        let comparison = Diff(from: one.record, to: other.record)
        let effects = comparison.changes.map(\.effects)
        // The law: what counts is said, and nothing is said to count that does not.
        #expect(effects.contains { $0.contains(.id) } == (one.idDocument != other.idDocument))
        #expect(
            effects.contains { $0.contains(.content) }
                == (one.identity.tagDocument != other.identity.tagDocument))
        if comparison.isSame { #expect(one.identity.tag == other.identity.tag) }
        let read = try ImageSpec.Snapshot(json: Array(one.record.json.utf8))
        #expect(Diff(from: read, to: other.record).changes == comparison.changes)
        return comparison
    }
}
