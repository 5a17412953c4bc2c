// SPDX-License-Identifier: Apache-2.0

import Foundation
import ImageSpec
import ImageSpecBuilding
import ImageSpecYAML
import Testing

/// Bases in other directories: the paths of each spec are relative to its own file.
@Suite struct BaseFileTests {
    /// A work tree with `images/base.yaml`, its files, and `services/trainer/image.yaml`.
    private func withProject(
        base: String = "../../images/base.yaml", _ body: (_ root: String) throws -> Void
    ) throws {
        let root = FileManager.default.temporaryDirectory.appendingPathComponent(
            "imagespec-" + UUID().uuidString
        ).resolvingSymlinksInPath().path
        defer { try? FileManager.default.removeItem(atPath: root) }
        for (path, text) in [
            (".git/HEAD", ""), ("images/base.yaml", "name: base\nrequirements: r.txt\ncopy: [tools]\n"),
            ("images/r.txt", "six==1.16.0\n"), ("images/tools/a.sh", "true\n"),
            ("images/inline.yaml", "base_image: {requirements: r.txt, base_image: ./base.yaml}\n"),
            ("services/trainer/image.yaml", "name: trainer\nbase_image: \(base)\nrequirements: r.txt\n"),
            ("services/trainer/r.txt", "idna==3.10\n"),
        ] {
            let place = URL(fileURLWithPath: root + "/" + path)
            try FileManager.default.createDirectory(
                at: place.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(text.utf8).write(to: place)
        }
        try body(root)
    }

    private func context(_ path: String) -> ImageSpec.Context {
        ImageSpec.Context(specFile: path)
    }

    @Test func theBaseIsTheSameImageAsByItself() throws {
        try withProject { root in
            let (own, child) = (root + "/images/base.yaml", root + "/services/trainer/image.yaml")
            let direct = try ImageSpec(contentsOf: own)
            let spec = try ImageSpec(contentsOf: child)
            guard case .spec(let base)? = spec.baseImage else { return #expect(Bool(false)) }
            let name = try direct.imageName(in: context(own))
            for path in [child, "/nowhere/x.yaml"] { #expect(try base.imageName(in: context(path)) == name) }
            #expect(spec.problems(in: context(child)).isEmpty)
            let inputs = try spec.inputs(in: context(child))
            #expect(inputs.files.map(\.path) == ["r.txt"])
            #expect(inputs.base?.files.map(\.path) == ["r.txt", "tools/a.sh"])
            #expect(inputs.files[0].digest != inputs.base?.files[0].digest)
            let (dockerfile, text) = (
                try base.dockerfile(in: context(child)), try direct.dockerfile(in: context(own)).text
            )
            #expect(dockerfile.text == text)
            // An image is built once for both.
            var graph = ImageSpec.BuildGraph()
            try graph.add(direct, in: context(own))
            try graph.add(spec, in: context(child))
            #expect(graph.nodes.count == 2)
        }
    }

    @Test func theTagChangesWithTheFilesOfTheBase() throws {
        try withProject { root in
            let child = root + "/services/trainer/image.yaml"
            let before = try ImageSpec(contentsOf: child).tag(in: context(child))
            try Data("false\n".utf8).write(to: URL(fileURLWithPath: root + "/images/tools/a.sh"))
            let after = try ImageSpec(contentsOf: child).tag(in: context(child))
            #expect(before != after)
        }
    }

    /// Bases in the same file as a base, and those beside it, have its directory, too.
    @Test func allBelowABaseElsewhereIsRelativeToIts() throws {
        try withProject(base: "../../images/inline.yaml") { root in
            let child = root + "/services/trainer/image.yaml"
            let spec = try ImageSpec(contentsOf: child)
            let inputs = try spec.inputs(in: context(child))
            #expect(inputs.base?.files.isEmpty == true)
            #expect(inputs.base?.base?.files.map(\.path) == ["r.txt"])
            #expect(inputs.base?.base?.base?.files.map(\.path) == ["r.txt", "tools/a.sh"])
        }
    }

    /// Two specs that differ only in where the files of their bases are define two images.
    @Test func theDirectoryIsPartOfEquality() throws {
        try withProject { root in
            let child = root + "/services/trainer/image.yaml"
            let spec = try ImageSpec(contentsOf: child)
            let copied = try ImageSpec(document: spec.document)
            #expect(spec != copied && !spec.isIdentical(to: copied))
            let again = try ImageSpec(contentsOf: child)
            #expect(spec == again)
            let changed = spec.with { $0.name = "other" }
            #expect(changed.withName("trainer") == spec)
        }
    }

    @Test(arguments: [
        // A link between them is followed as the system does.
        "../../images/../images/base.yaml", "./../../images/base.yaml",
    ])
    func thePathMayBeWrittenInManyWays(_ base: String) throws {
        try withProject(base: base) { root in
            let child = root + "/services/trainer/image.yaml"
            let inputs = try ImageSpec(contentsOf: child).inputs(in: context(child))
            #expect(inputs.base?.files.count == 2)
        }
    }

    @Test func aBaseOutsideTheProjectIsRefused() throws {
        try withProject { root in
            try FileManager.default.removeItem(atPath: root + "/.git")
            let child = root + "/services/trainer/image.yaml"
            let error = try #require(throws: ImageSpecError.self) { try ImageSpec(contentsOf: child) }
            #expect(error.code == .outsideProject)
            let spec = try ImageSpec(contentsOf: child, within: [root + "/images"])
            var allowed = context(child)
            allowed.within = [root + "/images"]
            _ = try spec.tag(in: allowed)
        }
    }

    @Test func aCircleThroughDirectoriesIsFound() throws {
        try withProject(base: "../../images/circle.yaml") { root in
            try Data("base_image: ../services/trainer/image.yaml".utf8).write(
                to: URL(fileURLWithPath: root + "/images/circle.yaml"))
            let error = try #require(throws: ImageSpecError.self) {
                try ImageSpec(contentsOf: root + "/services/trainer/image.yaml")
            }
            #expect(error.message.contains("which is circular"), "\(error.message)")
        }
    }
}
