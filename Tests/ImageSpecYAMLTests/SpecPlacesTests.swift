// SPDX-License-Identifier: Apache-2.0

import Foundation
import ImageSpec
import Testing

@testable import ImageSpecYAML

/// The lines and columns of problems that are found after a spec was read.
@Suite struct SpecPlacesTests {
    private static let files = [
        "spec.yaml": """
        name: a
        packages:
          - six
          - "-x"
        env:
          A.B: "x"
          PATH: "$PATH"
        base_image:
          platform: amd64
          base_image: ./base.yaml
        """,
        "base.yaml": "# c\ncopy: [a, '*.py']\n",
        "spec.json": "\u{FEFF}{\"name\": \"a\",\n\t\"packages\": [\"six\",\n \"-x\"]}",
    ]

    @Test(arguments: [
        // The field in the problem, levels of bases, and where the message says it is.
        ("packages[1]", 0, "spec.yaml:4:5: packages[1]: wrong"),
        ("packages", 0, "spec.yaml:3:3: packages: wrong"),
        ("packages[7]", 0, "spec.yaml:3:3: packages[7]: wrong"),
        ("env.PATH", 0, "spec.yaml:7:9: env.PATH: wrong"),
        ("env.A.B", 0, "spec.yaml:6:8: env.A.B: wrong"), ("env.C", 0, "spec.yaml:6:3: env.C: wrong"),
        ("cuda", 0, "spec.yaml: cuda: wrong"),
        ("platform", 1, "spec.yaml:9:13: base_image: platform: wrong"),
        ("copy[1]", 2, "spec.yaml: base_image.base_image: base.yaml:2:11: copy[1]: wrong"),
        ("name", 2, "spec.yaml: base_image.base_image: base.yaml: name: wrong"),
    ])
    func theFieldIsFound(_ field: String, _ levels: Int, _ message: String) throws {
        try withFiles { folder in
            let error = ImageSpecError(.invalidField, field: field, "wrong").inBaseImage(levels: levels)
            let placed = error.placed(inSpecFile: folder + "/spec.yaml")
            #expect(placed.message.replacingOccurrences(of: folder + "/", with: "") == message)
        }
    }

    @Test func jsonHasPlacesToo() throws {
        try withFiles { folder in
            let error = ImageSpecError(.invalidField, field: "packages[1]", "wrong")
            let placed = error.placed(inSpecFile: folder + "/spec.json")
            #expect(placed.problems[0].line == 3 && placed.problems[0].column == 2)
            #expect(placed.problems[0].field == "packages[1]")
        }
    }

    @Test func aValueThatIsNotInTheFileHasNoPlace() throws {
        try withFiles { folder in
            let error = ImageSpecError(.invalidField, field: "name", "wrong")
            let placed = error.placed(inSpecFile: folder + "/spec.yaml") { $0 != "name" }
            #expect(placed.message == "\(folder)/spec.yaml: name: wrong")
            #expect(
                error.placed(inSpecFile: folder + "/none.yaml").message == "\(folder)/none.yaml: name: wrong")
        }
    }

    /// The file that a field names stays the one to be changed.
    @Test func theLineOfAFileThatTheSpecNamesIsKept() throws {
        try withFiles { folder in
            let error = ImageSpecError(
                .invalidRequirements,
                at: [.init(field: "packages"), .init(file: "r.txt", line: 3)], "wrong")
            let placed = error.placed(inSpecFile: folder + "/spec.yaml")
            #expect(placed.message == "\(folder)/spec.yaml:3:3: packages: r.txt:3: wrong")
            #expect(placed.problems[0].file == "r.txt" && placed.problems[0].line == 3)
        }
    }

    private func withFiles(_ body: (String) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
            "imagespec-" + UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(at: folder) }
        for (name, text) in Self.files { try Data(text.utf8).write(to: folder.appendingPathComponent(name)) }
        try body(folder.path)
    }
}
