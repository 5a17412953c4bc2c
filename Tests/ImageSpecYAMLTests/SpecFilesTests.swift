// SPDX-License-Identifier: Apache-2.0

import Foundation
import ImageSpec
import ImageSpecYAML
import Testing

/// Spec files: their formats by name, and errors that name them.
@Suite struct SpecFilesTests {
    @Test(arguments: [
        ("a.json", #"{"name": "x"}"#), ("a.yaml", "name: x"), ("a.yml", "name: x"), ("b.YAML", "name: x"),
        ("c.d.Json", #"{"name": "x"}"#), ("ä b'\".yml", "name: x"), (".yaml", "name: x"),
    ])
    func theEndingOfTheNameSaysTheFormat(_ name: String, _ text: String) throws {
        try withTemporaryFolder { folder in
            let path = folder + "/" + name
            try Data(text.utf8).write(to: URL(fileURLWithPath: path))
            #expect(try ImageSpec(contentsOf: path) == ImageSpec(name: "x"))
        }
    }

    @Test(arguments: [
        ("a.json", "name: x", ImageSpecError.Code.invalidDocument, ":1:1: "),
        ("a.yaml", "name: [x", .invalidDocument, ":2:1: "),
        ("a.yaml", "name: x\npython_version: 3.10", .invalidDocument, "write \"3.10\" in quotes"),
        ("a.yml", "names: x", .unknownField, ":1:1: names: unknown field; did you mean \"name\"?"),
        ("a.toml", "name: x", .invalidDocument, ".json, .yaml or .yml"),
        ("yaml", "name: x", .invalidDocument, ".json, .yaml or .yml"),
        ("a.yaml.bak", "name: x", .invalidDocument, ".json, .yaml or .yml"),
    ])
    func anErrorNamesTheFile(_ name: String, _ text: String, _ code: ImageSpecError.Code, _ fragment: String)
        throws
    {
        try withTemporaryFolder { folder in
            let path = folder + "/" + name
            try Data(text.utf8).write(to: URL(fileURLWithPath: path))
            let error = try #require(throws: ImageSpecError.self) { try ImageSpec(contentsOf: path) }
            #expect(error.code == code)
            #expect(error.message.hasPrefix(path + ":"))
            #expect(error.message.contains(fragment))
        }
    }

    @Test func aMissingFileAndAFolderAreInputErrors() throws {
        try withTemporaryFolder { folder in
            let missing = try #require(throws: ImageSpecError.self) {
                try ImageSpec(contentsOf: folder + "/a.yaml")
            }
            #expect(missing.code == .missingInput)
            let unnamed = try #require(throws: ImageSpecError.self) {
                try ImageSpec(contentsOf: folder + "/nothing")
            }
            #expect(unnamed.code == .missingInput)
            let directory = try #require(throws: ImageSpecError.self) { try ImageSpec(contentsOf: folder) }
            #expect(directory.code == .missingInput)
        }
    }

    @Test(arguments: [
        ("./base.yaml", ["base.yaml": "apt_packages: [git]"], ImageSpec(aptPackages: ["git"])),
        ("./b c'\"é.json", ["b c'\"é.json": #"{"packages": ["six"]}"#], ImageSpec(packages: ["six"])),
        (
            "./a.yml", ["a.yml": "{name: a, base_image: ./b.yaml}", "b.yaml": "base_image: debian:12"],
            ImageSpec(name: "a", baseImage: .spec(ImageSpec(baseImage: "debian:12")))
        ),
    ])
    func theBaseMayBeAnotherFileOfTheFolder(
        _ text: String, _ files: [String: String], _ base: ImageSpec
    ) throws {
        try withTemporaryFolder { folder in
            for (name, contents) in files {
                try Data(contents.utf8).write(to: URL(fileURLWithPath: folder + "/" + name))
            }
            let document = ImageSpec.JSONValue.object(["name": "x", "base_image": .string(text)])
            for nested in [document, .object(["base_image": document])] {
                let path = folder + "/spec.json"
                try Data(nested.canonicalForm).write(to: URL(fileURLWithPath: path))
                let child = ImageSpec(name: "x", baseImage: .spec(base))
                let expected = nested == document ? child : ImageSpec(baseImage: .spec(child))
                let spec = try ImageSpec(contentsOf: path)
                #expect(spec == expected)
                #expect(spec.id == expected.id)
            }
        }
    }

    @Test(arguments: [
        (
            "./bse.txt", ImageSpecError.Code.missingInput,
            "does not exist; the path is relative to the directory of the spec"
        ),
        ("./wrnog.yaml", .missingInput, "does not exist; did you mean \"./wrong.yaml\"?"),
        ("./a/base.yaml", .missingInput, "a/base.yaml\" does not exist"),
        ("../base-that-is-missing.yaml", .missingInput, "does not exist"),
        ("./", .invalidField, "is not the path of a file; write ./NAME.yaml for a spec file"),
        ("./a/", .invalidField, "is not the path of a file"),
        ("../", .invalidField, "is not the path of a file"),
        ("./spec.yaml", .invalidField, "is this spec, or is based on it"),
        (
            "./loop.yaml", .invalidField,
            "loop.yaml:1:13: base_image: \"./spec.yaml\" is this spec, or is based on it"
        ),
        ("./wrong.yaml", .unknownField, "wrong.yaml:1:1: nam: unknown field"),
        ("./base.txt", .invalidDocument, "base.txt: "),
    ])
    func anErrorInABaseNamesBothFiles(_ base: String, _ code: ImageSpecError.Code, _ fragment: String) throws
    {
        try withTemporaryFolder { folder in
            for (name, text) in [
                ("spec.yaml", "base_image: " + base), ("loop.yaml", "base_image: ./spec.yaml"),
                ("wrong.yaml", "nam: x"), ("base.txt", "name: x"),
            ] {
                try Data(text.utf8).write(to: URL(fileURLWithPath: folder + "/" + name))
            }
            let error = try #require(throws: ImageSpecError.self) {
                try ImageSpec(contentsOf: folder + "/spec.yaml")
            }
            #expect(error.code == code)
            // A problem in the other file has its place there.
            let isThere = ["./loop.yaml", "./wrong.yaml", "./base.txt"].contains(base)
            let place = isThere ? "/spec.yaml: base_image: " : "/spec.yaml:1:13: base_image: "
            #expect(error.message.hasPrefix(folder + place), "\(error.message)")
            #expect(error.message.contains(fragment), "\(error.message)")
        }
    }

    /// A file with problems does not hide those of its base, nor those of the base's base.
    @Test func problemsOfAllFilesAreInOneError() throws {
        try withTemporaryFolder { folder in
            for (name, text) in [
                ("spec.yaml", "nmae: x\nbase_image: {cuda: 1, base_image: ./b.json}"),
                ("b.json", #"{"packages": [1], "base_image": "./c.yaml"}"#),
                ("c.yaml", "# c\nenv: {A: 1, B: 2}"),
            ] {
                try Data(text.utf8).write(to: URL(fileURLWithPath: folder + "/" + name))
            }
            let error = try #require(throws: ImageSpecError.self) {
                try ImageSpec(contentsOf: folder + "/spec.yaml")
            }
            #expect(error.code == .unknownField)
            let (spec, b) = ("\(folder)/spec.yaml:", "\(folder)/b.json:")
            let below = spec + " base_image.base_image: " + b
            let starts = [
                spec + "1:1: nmae: unknown field",
                spec + "2:20: base_image.cuda: ",
                below + "1:15: packages[0]: ", below + " base_image: \(folder)/c.yaml:2:10: env.A: ",
                below + " base_image: \(folder)/c.yaml:2:16: env.B: ",
            ]
            let lines = error.message.split(separator: "\n")
            #expect(lines.count == starts.count)
            for (line, start) in zip(lines, starts) { #expect(line.hasPrefix(start), "\(line)") }
        }
    }

    private func withTemporaryFolder(_ body: (String) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
            "imagespec-" + UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(at: folder) }
        try body(folder.path)
    }
}
