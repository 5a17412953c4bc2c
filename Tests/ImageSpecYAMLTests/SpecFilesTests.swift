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
        ("a.json", "name: x", ImageSpecError.Code.invalidDocument, "line 1, column 1"),
        ("a.yaml", "name: [x", .invalidDocument, "line 2, column 1"),
        ("a.yaml", "name: x\npython_version: 3.10", .invalidDocument, "put the version in quotes"),
        ("a.yml", "names: x", .unknownField, "\"name\""),
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
            #expect(error.message.hasPrefix(path + ": "))
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

    private func withTemporaryFolder(_ body: (String) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
            "imagespec-" + UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(at: folder) }
        try body(folder.path)
    }
}
