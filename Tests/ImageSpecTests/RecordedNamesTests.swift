// SPDX-License-Identifier: Apache-2.0

import Foundation
import ImageSpec
import ImageSpecDiff
import Testing

@testable import ImageSpecTesting

/// Names that the tests of a client record.
@Suite struct RecordedNamesTests {
    typealias Specs = ImageSpec.OrderedDictionary<ImageSpec>

    private let spec = ImageSpec(
        name: "trainer", sourceRoot: "src", packages: ["numpy==2.1.3"], tagFormat: "{spec_hash:.8}",
        sourceCopyMode: .all)

    private func context(_ folder: TemporaryFolder) -> ImageSpec.Context {
        ImageSpec.Context(workingDirectory: folder.path, hostArchitecture: "x86_64", digestCache: .off)
    }

    private func write(_ files: [String: String], to folder: TemporaryFolder) throws {
        for (name, text) in files { try folder.write(name, text) }
    }

    /// Returns what does not agree with the file.
    private func changes(
        _ specs: Specs, in folder: TemporaryFolder, isRecording: Bool = false
    ) throws -> ImageSpec.NameChanges? {
        do {
            try RecordedNames.check(
                specs, in: context(folder), file: folder.path + "/names.json", isRecording: isRecording)
            return nil
        } catch let changes as ImageSpec.NameChanges {
            return changes
        }
    }

    @Test func aChangedNameIsExplainedByFieldAndFile() throws {
        let folder = TemporaryFolder()
        try write(["src/model.py": "1", "src/old.py": ""], to: folder)
        let unknown = try #require(try changes(["trainer": spec], in: folder))
        let name = try spec.imageName(in: context(folder))
        #expect(
            unknown.description == """
                1 image name is not recorded in \(folder.path)/names.json:

                trainer: \(name) (new)

                If this is intended, record the names: IMAGESPEC_RECORD_NAMES=1 swift test
                """)
        #expect(!FileManager.default.fileExists(atPath: folder.path + "/names.json"))

        let recorded = try #require(try changes(["trainer": spec], in: folder, isRecording: true))
        #expect(recorded.areRecorded && recorded.description.hasPrefix("recorded 1 image name in "))
        // Nothing is left to record or to complain about.
        #expect(try changes(["trainer": spec], in: folder, isRecording: true) == nil)
        #expect(try changes(["trainer": spec], in: folder) == nil)

        try write(["src/model.py": "2"], to: folder)
        try FileManager.default.removeItem(atPath: folder.path + "/src/old.py")
        let changed = spec.with { $0.packages = ["numpy==2.2.0"] }
        let found = try #require(
            try changes(["trainer": changed, "new": ImageSpec(name: "new")], in: folder))
        let now = try changed.imageName(in: context(folder))
        #expect(
            found.description == """
                2 image names are not as recorded in \(folder.path)/names.json:

                trainer: \(name) → \(now)
                  Changes the tag and the id:
                    ~ packages: numpy 2.1.3 → 2.2.0
                  Changes the tag:
                    ~ src/model.py: content
                    - src/old.py
                new: \(try ImageSpec(name: "new").imageName(in: context(folder))) (new)

                If this is intended, record the names: IMAGESPEC_RECORD_NAMES=1 swift test
                """)
        #expect(found.localizedDescription == found.description)
        #expect(found.changes[0].diff?.changes.count == 3)
        #expect(try changes([:], in: folder)?.changes.map(\.current) == [nil])
    }

    @Test func whatHasNoEffectIsRecordedWithoutAFailure() throws {
        let folder = TemporaryFolder()
        try write(["src/model.py": "1"], to: folder)
        _ = try changes(["trainer": spec], in: folder, isRecording: true)
        let before = try String(contentsOfFile: folder.path + "/names.json", encoding: .utf8)
        let other = spec.withBuilder("noop")
        #expect(try changes(["trainer": other], in: folder) == nil)
        #expect(try String(contentsOfFile: folder.path + "/names.json", encoding: .utf8) == before)
        #expect(try changes(["trainer": other], in: folder, isRecording: true) == nil)
        #expect(try String(contentsOfFile: folder.path + "/names.json", encoding: .utf8) != before)
    }

    @Test func theFileIsReadByPeopleAndMayBeDamaged() throws {
        let folder = TemporaryFolder()
        try write(["src/model.py": "1"], to: folder)
        _ = try changes(["trainer": spec], in: folder, isRecording: true)
        let file = folder.path + "/names.json"
        let text = try String(contentsOfFile: file, encoding: .utf8)
        let name = try spec.imageName(in: context(folder))
        #expect(
            text.hasPrefix(
                """
                {
                  "format": "imagespec.names.v1",
                  "images": {
                    "trainer": "\(name)"
                  },
                  "snapshots": {
                    "trainer": {
                      "id": "\(spec.id)",
                """), "\(text)")
        // By hand.
        try text.replacing("numpy==2.1.3", with: "numpy==2.1.4").replacing(name, with: "trainer:0").write(
            toFile: file, atomically: true, encoding: .utf8)
        let found = try #require(try changes(["trainer": spec], in: folder))
        #expect(
            found.changes[0].diff == nil && found.description.contains("The recorded snapshot is damaged"))
        // A conflict of two branches.
        try ("<<<<<<< ours\n" + text).write(toFile: file, atomically: true, encoding: .utf8)
        let error = #expect(throws: ImageSpecError.self) { try changes(["trainer": spec], in: folder) }
        #expect(error?.code == .invalidDocument && error?.problems.first?.file == file)
        _ = try changes(["trainer": spec], in: folder, isRecording: true)
        #expect(try String(contentsOfFile: file, encoding: .utf8) == text)
    }

    @Test func anotherFileIsNotOverwritten() throws {
        let folder = TemporaryFolder()
        try write(["src/model.py": "1", "names.json": "{}"], to: folder)
        let error = #expect(throws: ImageSpecError.self) {
            try changes(["trainer": spec], in: folder, isRecording: true)
        }
        #expect(error?.code == .unwritableOutput)
        #expect(try String(contentsOfFile: folder.path + "/names.json", encoding: .utf8) == "{}")
    }

    @Test func aSpecThatCannotBeNamedIsNamedByItsLabel() throws {
        let folder = TemporaryFolder()
        let error = #expect(throws: ImageSpecError.self) { try changes(["trainer": spec], in: folder) }
        #expect(error?.message.hasPrefix("trainer: source_root: ") == true, "\(error?.message ?? "")")
    }
}
