// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import ContentTree
@testable import ImageSpec
@testable import ImageSpecBuilding

/// A tag is the name of an image: two specs share it exactly if a builder is handed the same bytes for both.
///
/// What a builder is handed: the context with its Dockerfile, apart from the id; the platforms; and the builder options that
/// change what is pushed. (The other direction holds for fields that take effect. An index without packages, say, is part of
/// the tag and of no instruction.)
@Suite struct TagContextLawTests {
    struct Project: Sendable {
        let name: String
        let change: @Sendable (TemporaryFolder) throws -> Void
    }

    private static let projects = [
        Project(name: "as it is") { _ in },
        Project(name: "another comment in the requirements") {
            try $0.write("requirements.txt", "# new\nsix==1.16.0   # why\r\n-r more/extra.txt\n")
        },
        Project(name: "another requirement") { try $0.write("more/extra.txt", "attrs==24.1.0\n") },
        Project(name: "ignored files") {
            try $0.write("src/app/__pycache__/main.cpython-312.pyc", "x")
            try $0.write("src/run.log", "x")
            try $0.folder("src/empty")
        },
        Project(name: "another byte in the source") { try $0.write("src/app/main.py", "print(2)\n") },
        Project(name: "an executable file") { try $0.write("src/app/main.py", "print(1)\n", mode: 0o755) },
        Project(name: "an executable copied file") { try $0.write("conf", "a = 1\n", mode: 0o755) },
        Project(name: "a directory in place of the copied file") { folder in
            try folder.remove("conf")
            try folder.write("conf/conf", "a = 1\n")
        },
        Project(name: "a link within the source") { try $0.link("src/here", to: "app") },
        Project(name: "a link that climbs out of the source and back") {
            try $0.link("src/here", to: "../src/app")
        },
        Project(name: "a link to a file elsewhere") { folder in
            try folder.remove("src/app/main.py")
            try folder.write("elsewhere.py", "print(1)\n")
            try folder.link("src/app/main.py", to: "../../elsewhere.py")
        },
        Project(name: "a file moved") { folder in
            try folder.remove("src/app/main.py")
            try folder.write("src/main.py", "print(1)\n")
        },
    ]

    private static let base = ImageSpec(
        name: "trainer", pythonVersion: "3.12", sourceRoot: "src", env: ["A": "1", "B": "2"],
        registry: "ghcr.io/acme", requirements: "requirements.txt", aptPackages: ["git", "curl"],
        platform: "linux/amd64,linux/arm64", commands: ["true", "id"], sourceCopyMode: .all,
        copy: ["conf", "data"], builderOptions: ["provenance": "min"])

    private static let specs: [(name: String, spec: ImageSpec)] = [
        ("as it is", base),
        ("another name", base.withName("other")),
        ("another registry", base.withRegistry("registry.example.com/team")),
        ("a tag format", changed { $0.tagFormat = "x-{spec_hash}" }),
        ("the same directory by another path", changed { $0.sourceRoot = "./lib/../src" }),
        ("the same source below another root", changed { $0.sourceRoot = "lib" }),
        ("the same copied paths, spelled otherwise", changed { $0.copy = ["./conf", "data//"] }),
        ("copied paths in another order", changed { $0.copy = ["data", "conf"] }),
        ("variables in another order", changed { $0.env = ["B": "2", "A": "1"] }),
        ("another variable", changed { $0.env = ["A": "1", "B": "3"] }),
        ("packages in another order, and twice", changed { $0.aptPackages = ["curl", "git", "curl"] }),
        ("commands in another order", changed { $0.commands = ["id", "true"] }),
        ("platforms in another order", changed { $0.platform = " linux/arm64, linux/amd64," }),
        ("one platform", changed { $0.platform = "linux/arm64" }),
        (
            "a builder elsewhere",
            changed {
                $0.builderOptions = [
                    "provenance": "min", "builders": ["a", "b"], "cache_from": "x", "cache": false,
                ]
            }
        ),
        ("another kind of provenance", changed { $0.builderOptions = ["provenance": "max"] }),
        (
            "a base that is a spec",
            changed { $0.baseImage = .spec(ImageSpec(name: "base", aptPackages: ["git"])) }
        ),
        (
            "its twin on another cluster",
            changed {
                $0.baseImage = .spec(
                    ImageSpec(name: "base", aptPackages: ["git"], builderOptions: ["address": "tcp://a:1"]))
            }
        ),
        ("another base", changed { $0.baseImage = .spec(ImageSpec(name: "base", aptPackages: ["curl"])) }),
    ]

    private static func changed(_ change: (inout ImageSpec) -> Void) -> ImageSpec {
        var spec = base
        change(&spec)
        return spec
    }

    private static func project(_ project: Project) throws -> TemporaryFolder {
        let folder = TemporaryFolder()
        for root in ["src", "lib"] {
            try folder.write("\(root)/app/main.py", "print(1)\n")
            try folder.write("\(root)/.gitignore", "*.log\n")
        }
        try folder.write("requirements.txt", "six==1.16.0\n-r more/extra.txt\n")
        try folder.write("more/extra.txt", "attrs==23.1.0\n")
        try folder.write("conf", "a = 1\n")
        try folder.write("data/a/b", "1")
        try project.change(folder)
        return folder
    }

    /// What a builder is handed, without the id, whose digits are zeros here.
    private static func handedOver(_ spec: ImageSpec, in context: ImageSpec.Context) throws -> String {
        var archive: [UInt8] = []
        try ImageSpec.BuildContext(spec, in: context).writeTar { bytes throws(ImageSpecError) in
            archive += bytes
        }
        let id = Array(spec.id.utf8)
        let zeros = [UInt8](repeating: UInt8(ascii: "0"), count: id.count)
        archive.replace(id, with: zeros)
        let options = ImageSpec.JSONValue.object(BuildTransport.removed(from: spec.builderOptions ?? [:]))
        return [
            SHA256Digest(of: archive).hex, spec.platforms(in: context).joined(separator: ","),
            String(decoding: options.canonicalForm, as: UTF8.self),
        ].joined(separator: " ")
    }

    @Test func tagsAreEqualExactlyIfWhatIsBuiltIsEqual() throws {
        var rows: [(name: String, tag: String, handedOver: String)] = []
        for project in Self.projects {
            let folder = try Self.project(project)
            let context = IdentityLawTests.context(folder)
            for (name, spec) in Self.specs {
                rows.append(
                    (
                        project.name + ", " + name, try spec.identity(in: context).contentDigest,
                        try Self.handedOver(spec, in: context)
                    ))
            }
        }
        var equal = 0
        for (index, one) in rows.enumerated() {
            for other in rows[..<index] {
                #expect(
                    (one.tag == other.tag) == (one.handedOver == other.handedOver),
                    "\(one.name) and \(other.name)")
                if one.tag == other.tag { equal += 1 }
            }
        }
        let distinct = Set(rows.map(\.tag)).count
        #expect(rows.count == Self.projects.count * Self.specs.count)
        #expect(equal > 500 && distinct > 60, "\(equal) equal pairs, \(distinct) tags: the table says little")
        print("tags and contexts: \(rows.count) specs, \(equal) pairs of equal tags, \(distinct) tags")
    }
}

extension TemporaryFolder {
    fileprivate func remove(_ name: String) throws {
        try FileManager.default.removeItem(atPath: path + "/" + name)
    }
}
