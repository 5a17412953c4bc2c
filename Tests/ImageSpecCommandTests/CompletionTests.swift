// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// The completion scripts that the tool prints for shells.
@Suite struct CompletionTests {
    static func program(_ name: String) -> String? {
        ["/bin/", "/usr/bin/", "/usr/local/bin/", "/opt/homebrew/bin/"].map { $0 + name }
            .first { FileManager.default.isExecutableFile(atPath: $0) }
    }

    private static let bashScript = Result {
        try withTemporaryFolder { try Tool.run(["--generate-completion-script", "bash"], in: $0).text }
    }

    @Test(
        .enabled(if: program("bash") != nil, "needs bash"),
        arguments: [
            ("ren", ["render"]), ("in", ["init"]), ("name --sch", ["--scheme"]),
            ("name --scheme ''", ["flytekit", "sha256"]),
            ("name --no-such", []),
            ("build --engine ''", ["buildah", "buildctl", "builtin", "docker", "podman"]),
            ("build --engine po", ["podman"]),
            ("check ''", ["a.yaml", "b c.json", "folder"]), ("check a", ["a.yaml"]), ("init ''", ["folder"]),
            ("init --output ''", ["a.yaml", "folder"]),
        ])
    func bashCompletes(_ words: String, _ expected: [String]) throws {
        let script = """
            source completions.bash
            COMP_WORDS=(imagespec \(words)); COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
            COMP_LINE="imagespec \(words)"; COMP_POINT=${#COMP_LINE}
            _imagespec imagespec "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD-1]}"
            for word in "${COMPREPLY[@]}"; do printf '%s\\n' "$word"; done
            """
        let files = ["a.yaml": "", "b c.json": "", "d.txt": "", "folder/e.yaml": "", "try.bash": script]
        try withFolder(of: files) { folder in
            try Self.bashScript.get().write(
                toFile: folder + "/completions.bash", atomically: false, encoding: .utf8)
            let outcome = try Tool.shell("exec bash try.bash", in: folder)
            #expect(outcome.messages == "")
            #expect(outcome.lines.filter { !$0.isEmpty }.sorted() == expected)
        }
    }

    @Test(arguments: [("bash", "-n"), ("zsh", "-n"), ("fish", "--no-execute")])
    func scriptsAreOfTheirShell(_ shell: String, _ option: String) throws {
        try withTemporaryFolder { folder in
            let written = try Tool.shell("\"$0\" --generate-completion-script \(shell) >script", in: folder)
            #expect(written.status == 0)
            // Where the shell is not there, that a script is printed is all that can be told.
            guard Self.program(shell) != nil else { return }
            let outcome = try Tool.shell("\(shell) \(option) script", in: folder)
            #expect(outcome.status == 0)
            #expect(outcome.messages == "")
        }
    }

    @Test func anUnknownShellIsSaid() throws {
        try withTemporaryFolder { folder in
            let outcome = try Tool.run(["--generate-completion-script", "tcsh"], in: folder)
            #expect(outcome.status == 64)
            #expect(outcome.messages.contains("tcsh"))
        }
    }
}
