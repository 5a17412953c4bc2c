// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import ContentTree
@testable import ImageSpec

/// A file is replaced completely, or unchanged, and no other file is left.
@Suite struct FileReplacementTests {
    private let folder = TemporaryFolder()

    private var path: String { folder.path + "/spec it's.yaml" }

    private func replace(_ path: String, with text: String, expected: String = "old") throws(ImageSpecError) {
        try FileSystem.replaceContents(
            ofSpecFile: path, with: Array(text.utf8), expected: Array(expected.utf8))
    }

    private func contents() throws -> [String: String] {
        var contents: [String: String] = [:]
        for name in try FileManager.default.contentsOfDirectory(atPath: folder.path) {
            contents[name] = try String(contentsOfFile: folder.path + "/" + name, encoding: .utf8)
        }
        return contents
    }

    @Test(arguments: [0o644, 0o600, 0o755, 0o664] as [mode_t])
    func theModeIsKept(_ mode: mode_t) throws {
        try folder.write("spec it's.yaml", "old", mode: mode)
        try replace(path, with: "new")
        #expect(try contents() == ["spec it's.yaml": "new"])
        let attributes = try FileManager.default.attributesOfItem(atPath: path)
        #expect(attributes[.posixPermissions] as? Int == Int(mode))
    }

    @Test func aLinkStaysAndItsTargetIsReplaced() throws {
        try folder.write("below/real.yaml", "old")
        try folder.link("spec it's.yaml", to: "below/real.yaml")
        try replace(path, with: "new")
        #expect(try FileManager.default.destinationOfSymbolicLink(atPath: path) == "below/real.yaml")
        #expect(try String(contentsOfFile: folder.path + "/below/real.yaml", encoding: .utf8) == "new")
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path + "/below") == ["real.yaml"])
    }

    @Test func aFileThatChangedIsNotReplaced() throws {
        try folder.write("spec it's.yaml", "somebody else's")
        let error = try #require(throws: ImageSpecError.self) { try replace(path, with: "new") }
        #expect(error.code == .sourceChanged)
        #expect(error.message.contains(path))
        #expect(try contents() == ["spec it's.yaml": "somebody else's"])
    }

    @Test func aMissingFileIsNotCreated() throws {
        let error = try #require(throws: ImageSpecError.self) { try replace(path, with: "new") }
        #expect(error.code == .missingInput)
        #expect(try contents().isEmpty)
    }

    @Test(.enabled(if: geteuid() != 0, "root may write everywhere"), arguments: [0o444, 0o555] as [mode_t])
    func aFileWithoutPermissionIsNotReplaced(_ mode: mode_t) throws {
        try folder.write("spec it's.yaml", "old", mode: 0o444)
        if mode == 0o555 { chmod(folder.path, mode) }
        let error = try #require(throws: ImageSpecError.self) { try replace(path, with: "new") }
        #expect(error.code == .unwritableOutput)
        #expect(try contents() == ["spec it's.yaml": "old"])
    }

    @Test func aDirectoryIsNotReplaced() throws {
        try folder.folder("spec it's.yaml")
        #expect(throws: ImageSpecError.self) { try replace(path, with: "new") }
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["spec it's.yaml"])
    }

    @Test(arguments: [("new", nil), ("old", [UInt8]("old".utf8)), ("gone", [UInt8]("old".utf8))])
    func onlyTheExpectedContentIsReplaced(_ found: String, expected: [UInt8]?) throws {
        try folder.write("out", found)
        let path = Array((folder.path + "/out").utf8)
        if found == "gone" {
            #expect(throws: FileSystem.Failure.self) {
                try FileSystem.replaceFile(path, with: [1], expected: expected)
            }
            #expect(try contents() == ["out": found])
        } else {
            try FileSystem.replaceFile(path, with: Array("x".utf8), expected: expected)
            #expect(try contents() == ["out": "x"])
        }
    }
}
