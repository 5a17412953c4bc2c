// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// The plainest command lines do not pass the parser of arguments, and nobody must notice.
@Suite struct PlainInvocationTests {
    @Test(
        arguments: ["id", "name", "tag"],
        [
            "good.json", "good.yaml", "files/good.json", "format.json", "wrong.json", "missing-file.json",
            "missing.json",
            "wrong-tag.json", "wrong-name.json", "other.toml", "help", ".", "a b.json",
        ])
    func theyEndAsWithAnOptionThatChangesNothing(command: String, file: String) throws {
        let files = [
            "good.json": #"{"name": "A", "packages": ["b", "a"]}"#, "good.yaml": "registry: localhost:5000\n",
            "files/good.json": #"{"requirements": "r.txt", "source_root": "."}"#, "files/r.txt": "numpy\n",
            "format.json": #"{"tag_format": "{spec_hash:.12}-dev"}"#, "wrong.json": #"{"nam": "a"}"#,
            "missing.json": #"{"requirements": "r.txt"}"#, "wrong-tag.json": #"{"tag_format": "latest"}"#,
            "wrong-name.json": #"{"name": "a b"}"#, "other.toml": "", "a b.json": "{}",
        ]
        try withTemporaryFolder { folder in
            for (name, text) in files {
                let url = URL(fileURLWithPath: folder + "/" + name)
                try FileManager.default.createDirectory(
                    at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
                try Data(text.utf8).write(to: url)
            }
            let plain = try Tool.run([command, file], in: folder)
            let parsed = try Tool.run([command, "--scheme", "sha256", file], in: folder)
            #expect(plain.text == parsed.text)
            #expect(plain.messages == parsed.messages)
            #expect(plain.status == parsed.status)
            #expect((plain.status == 0) == !plain.text.isEmpty)
        }
    }

    /// As in `imagespec name <(…)`: what was read once is gone.
    @Test(arguments: [(#"{"name": "A"}"#, 0), (#"{"nam": "a"}"#, 65)])
    func aPipeIsReadOnce(text: String, status: Int32) throws {
        try withTemporaryFolder { folder in
            let script = """
                mkfifo a.json
                printf '%s' '\(text)' >a.json &
                timeout 30 "$0" id a.json
                """
            let outcome = try Tool.shell(script, in: folder)
            #expect(outcome.status == status)
            #expect(outcome.text.isEmpty == (status != 0))
        }
    }
}
