// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// What `init` writes, and what it leaves alone.
@Suite struct InitCommandTests {
    static let files = [
        "app/pyproject.toml": "[project]\nname = 'app'\ndependencies = ['six']\n", "app/main.py": "",
    ]

    @Test(arguments: [
        ("init app", "app/image.yaml"), ("init app/", "app/image.yaml"),
        ("init --output app/gpu.yml app", "app/gpu.yml"),
        ("init --output app/../app/b.yaml app", "app/../app/b.yaml"),
    ])
    func theFileIsWrittenAndNamed(_ arguments: String, _ path: String) throws {
        try withFolder(of: Self.files) { folder in
            let outcome = try Tool.shell("\"$0\" " + arguments, in: folder)
            #expect(outcome.status == 0)
            #expect(outcome.text == path + "\n")
            #expect(outcome.messages.contains("imagespec: pyproject.toml: name, 1 dependency\n"))
            #expect(outcome.messages.hasSuffix("then run: imagespec name \(path)\n"))
            let check = try Tool.shell("\"$0\" check \(path) && \"$0\" name \(path)", in: folder)
            #expect(check.status == 0)
            #expect(check.text.hasPrefix("app:"))
        }
    }

    @Test func inTheFolderItself() throws {
        try withFolder(of: ["main.py": ""]) { folder in
            let outcome = try Tool.run(["init"], in: folder)
            #expect(outcome.text == "image.yaml\n")
            let printed = try Tool.run(["init", "--output", "-"], in: folder)
            #expect(printed.text == (try String(contentsOfFile: folder + "/image.yaml", encoding: .utf8)))
            #expect(printed.status == 0)
        }
    }

    @Test func oneIsNotPlural() throws {
        let files = [
            "environment.yml": "dependencies: [scipy]\n", "Dockerfile": "FROM a\nENV A=b\nRUN make\n",
        ]
        try withFolder(of: files) { folder in
            let outcome = try Tool.run(["init"], in: folder)
            #expect(outcome.messages.contains(": 1 package for conda, 0 for pip\n"))
            #expect(
                outcome.messages.contains(
                    " 0 packages for apt, 0 for pip, 1 variable; 1 instruction to convert yourself\n"),
                "\(outcome.messages)")
        }
    }

    @Test func whatIsThereIsNotOverwritten() throws {
        for existing in ["name: mine\n", ""] {
            try withFolder(of: ["image.yaml": existing]) { folder in
                let outcome = try Tool.run(["init"], in: folder)
                #expect(outcome.status == 73)
                #expect(outcome.text == "")
                #expect(outcome.messages.contains("\"image.yaml\" already exists; move it, "))
                #expect(try String(contentsOfFile: folder + "/image.yaml", encoding: .utf8) == existing)
            }
        }
    }

    @Test func ofTwoAtOnceOneWrites() throws {
        try withFolder(of: Self.files) { folder in
            let script = "for i in 1 2 3 4; do (\"$0\" init app >/dev/null 2>&1; echo $?) & done; wait"
            let statuses = try Tool.shell(script, in: folder).lines.filter { !$0.isEmpty }.sorted()
            #expect(statuses == ["0", "73", "73", "73"])
            #expect(try Tool.run(["check", "app/image.yaml"], in: folder).status == 0)
        }
    }

    @Test(arguments: [
        ("init nowhere", 66, "directory: \"nowhere\" (in "),
        ("init app/main.py", 66, "directory: \"app/main.py\" (in "),
        ("init ''", 66, "does not exist"),
        ("init --output image.yaml app", 73, "must be in the directory \"app\""),
        ("init --output app/image.json app", 73, "must end in .yaml or .yml"),
        ("init --output nowhere/a.yaml app", 73, "must be in the directory"),
        ("init app app", 64, "unexpected argument 'app'"),
        ("init --output app/x.yaml/ app", 73, "must end in .yaml or .yml"),
    ])
    func whatCannotBeDoneIsSaid(_ arguments: String, _ status: Int32, _ message: String) throws {
        try withFolder(of: Self.files) { folder in
            let outcome = try Tool.shell("\"$0\" " + arguments, in: folder)
            #expect(outcome.status == status)
            #expect(outcome.text == "")
            #expect(outcome.messages.contains(message), "\(outcome.messages)")
        }
    }

    @Test(.enabled(if: FileManager.default.fileExists(atPath: "/dev/full"), "needs /dev/full"))
    func aFullDiskIsSaid() throws {
        try withFolder(of: Self.files) { folder in
            let outcome = try Tool.shell("\"$0\" init --output - app >/dev/full", in: folder)
            #expect(outcome.status == 73)
        }
    }
}
