// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// `imagespec diff`, `tag --snapshot` and `check --tag`.
@Suite struct DiffCommandTests {
    static let files = [
        "a.yaml": """
        name: a
        python_version: "3.11"
        requirements: r.txt
        source_root: src
        source_copy_mode: all
        """,
        "b.yaml": """
        name: b
        python_version: "3.12"
        registry: ghcr.io/acme
        requirements: r.txt
        source_root: src
        source_copy_mode: all
        """,
        "r.txt": "numpy==2.1\n", "src/a.py": "1", "src/old.py": "",
    ]

    static func withProject<Result>(_ body: (String) throws -> Result) throws -> Result {
        try withFolder(of: files, body)
    }

    /// What `tag --snapshot` writes for `a.yaml`, in whatever directory.
    private static let snapshot = Result {
        try withProject { folder in
            #expect(try Tool.run(["tag", "--snapshot", "r.json", "a.yaml"], in: folder).status == 0)
            return try String(contentsOfFile: folder + "/r.json", encoding: .utf8)
        }
    }

    /// The project with that snapshot as `r.json`.
    private static func withSnapshot<Result>(_ body: (String) throws -> Result) throws -> Result {
        try withFolder(of: files.merging(["r.json": snapshot.get()]) { $1 }, body)
    }

    // The arguments of diff, its exit status, and the changes that it prints.
    @Test(
        arguments: [
            (
                "a.yaml b.yaml", 1,
                ["~ python_version: 3.11 → 3.12", "~ name: a → b", "+ registry: ghcr.io/acme"]
            ),
            ("a.yaml a.yaml", 0, []), ("a.yaml - < a.yaml", 0, []), ("- a.yaml < a.yaml", 0, []),
            ("--name x a.yaml b.yaml", 1, ["~ python_version: 3.11 → 3.12", "+ registry: ghcr.io/acme"]),
            (
                "r.json a.yaml", 1,
                [
                    "+ src/model.py", "- src/old.py", "~ src/a.py: mode 644 → 755",
                    "~ r.txt: numpy 2.1 → 2.2",
                ]
            ),
            (
                "- a.yaml < r.json", 1,
                ["+ src/model.py", "- src/old.py", "~ src/a.py: mode 644 → 755", "~ r.txt: numpy 2.1 → 2.2"]
            ),
            ("r.json r.json", 0, []), ("r.json record-without-ending", 0, []),
            (
                "a.yaml r.json", 1,
                ["- src/model.py", "+ src/old.py", "~ src/a.py: mode 755 → 644", "~ r.txt: numpy 2.2 → 2.1"]
            ),
            ("--limit 1 r.json a.yaml", 1, ["~ src/a.py: mode 644 → 755", "… and 3 more"]),
        ] as [(String, Int32, [String])])
    func changesAreLines(arguments: String, status: Int32, changes: [String]) throws {
        try Self.withSnapshot { folder in
            let prepare = """
                cp r.json record-without-ending &&
                rm src/old.py && echo 2 > src/model.py && chmod +x src/a.py && echo 'numpy==2.2 # new' > r.txt
                """
            #expect(try Tool.shell(prepare, in: folder).status == 0)
            let outcome = try Tool.shell("\"$0\" diff " + arguments, in: folder)
            #expect(outcome.status == status, "\(outcome.messages)")
            #expect(outcome.messages == "")
            let lines = outcome.lines.filter { $0.hasPrefix("  ") }.map { String($0.dropFirst(2)) }
            #expect(lines.sorted() == changes.sorted())
            #expect(
                outcome.lines.first
                    == (status == 0
                        ? "No differences: the id and the tag are the same." : outcome.lines.first))
            #expect(!outcome.text.contains("\u{1B}"))
            // The same as JSON.
            let json = try Tool.shell("\"$0\" diff --json " + arguments, in: folder)
            #expect(json.status == status)
            let object = try #require(
                JSONSerialization.jsonObject(with: json.output) as? [String: Any])
            #expect(Set(object.keys) == ["changes", "from", "to", "same_content", "same_id", "same_tag"])
            #expect(
                (object["changes"] as? [Any])?.count == (arguments.hasPrefix("--limit") ? 4 : changes.count))
            #expect(object["same_tag"] as? Bool == (status == 0))
        }
    }

    @Test(
        arguments: [
            ("diff - -", 64, "standard input can be used only once"),
            ("diff a.yaml", 64, "missing expected argument"),
            ("diff --limit 0 a.yaml b.yaml", 64, "--limit must be 1 or more"),
            ("diff a.yaml none.yaml", 66, "\"none.yaml\""), ("diff a.yaml src", 66, "is a directory"),
            ("diff torn.json a.yaml", 65, "torn.json:26:7: the snapshot is truncated or was edited: "),
            ("diff edited.json a.yaml", 65, "edited.json: the snapshot was edited"),
            ("diff v2.json a.yaml", 65, "v2.json: unsupported snapshot format \"imagespec.snapshot.v2\""),
            ("diff a.yaml wrong.yaml", 65, "wrong.yaml:1:13: "),
            ("tag --snapshot src/r.json a.yaml", 73, "is among the files of source_root"),
            ("tag --snapshot a.yaml a.yaml", 73, "\"a.yaml\" is not a snapshot, so it was not overwritten"),
            ("name r.json", 65, "r.json: this is a snapshot, not a spec"),
            ("check --tag '' a.yaml", 64, "--tag must not be empty"),
            ("check --tag a:x a.yaml", 64, "--tag requires a tag, not an image name"),
            ("tag --snapshot none/r.json a.yaml", 73, "does not exist"),
            ("tag --snapshot . a.yaml", 73, "not a regular file"),
            ("tag --snapshot '' a.yaml", 73, "not a valid file path"),
            ("tag --snapshot - a.yaml", 64, "--snapshot requires a file path"),
            (
                "tag --snapshot r2.json --scheme flytekit a.yaml", 64,
                "cannot be combined with --scheme flytekit"
            ),
            ("check --snapshot r.json a.yaml", 64, "--snapshot requires --tag"),
            ("check --tag x --snapshot none.json a.yaml", 66, "snapshot: \"none.json\""),
            ("check --tag x --snapshot a.yaml a.yaml", 65, "a.yaml: not a snapshot"),
            ("check --tag x wrong.yaml", 65, "wrong.yaml:1:13: "),
        ] as [(String, Int32, String)])
    func failuresSayWhatToDo(arguments: String, status: Int32, fragment: String) throws {
        try Self.withSnapshot { folder in
            let prepare = """
                head -c 900 r.json > torn.json && echo 'tag_format: x' > wrong.yaml &&
                sed 's/"a"/"b"/' r.json > edited.json && sed 's/snapshot.v1/snapshot.v2/' r.json > v2.json
                """
            #expect(try Tool.shell(prepare, in: folder).status == 0)
            let outcome = try Tool.shell("\"$0\" " + arguments, in: folder)
            #expect(outcome.status == status)
            #expect(outcome.text == "")
            #expect(outcome.messages.contains(fragment), "\(outcome.messages)")
        }
    }

    @Test func aRecordIsWrittenBesideTheTag() throws {
        try Self.withProject { folder in
            let plain = try Tool.run(["tag", "--json", "a.yaml"], in: folder)
            let outcome = try Tool.run(["tag", "--json", "--snapshot", "r.json", "a.yaml"], in: folder)
            #expect(outcome.text == plain.text && outcome.messages == "")
            let first = try Data(contentsOf: URL(fileURLWithPath: folder + "/r.json"))
            #expect(try Tool.shell("umask 077; \"$0\" tag --snapshot r.json a.yaml", in: folder).status == 0)
            #expect(try Data(contentsOf: URL(fileURLWithPath: folder + "/r.json")) == first)
            #expect(try Tool.shell("stat -c %a r.json", in: folder).text == "644\n")
        }
    }

    /// What pip-compile writes: a line a hash.
    @Test func hashesAreNotShown() throws {
        func locked(_ name: String, _ version: String, _ hashes: Character...) -> String {
            "\(name)==\(version) \\\n"
                + hashes.map { "    --hash=sha256:" + String(repeating: $0, count: 64) }.joined(
                    separator: " \\\n")
                + "\n    # via -r requirements.in\n"
        }
        let files = [
            "a.yaml": "requirements: r.txt",
            "r.txt": locked("attrs", "24.2.0", "a", "b") + locked("idna", "3.1", "1", "2")
                + locked("six", "1.16.0", "c", "d"),
            "new.txt": locked("attrs", "24.2.0", "a", "e") + locked("six", "1.17.0", "f", "0")
                + locked("zipp", "3.2", "9"),
        ]
        try withFolder(of: files) { folder in
            let outcome = try Tool.shell(
                "\"$0\" tag --snapshot r.json a.yaml > tag && mv new.txt r.txt && \"$0\" diff r.json a.yaml",
                in: folder)
            #expect(outcome.status == 1)
            #expect(
                outcome.lines.filter { $0.hasPrefix("  ") } == [
                    "  - r.txt: idna==3.1 (2 hashes)", "  ~ r.txt: attrs 24.2.0: hashes changed",
                    "  ~ r.txt: six 1.16.0 → 1.17.0", "  + r.txt: zipp==3.2 (1 hash)",
                ])
            // Programs are told all.
            let json = try Tool.run(["diff", "--json", "r.json", "a.yaml"], in: folder)
            #expect(json.text.contains("--hash=sha256:" + String(repeating: "f", count: 64)))
        }
    }

    @Test func checkComparesTheTag() throws {
        try Self.withProject { folder in
            let tag = try Tool.run(["tag", "--snapshot", "r.json", "a.yaml"], in: folder).lines[0]
            let good = try Tool.run(["check", "--tag", tag, "--snapshot", "r.json", "a.yaml"], in: folder)
            #expect(good.status == 0 && good.text == "" && good.messages == "")

            try Data("numpy==2.2\n".utf8).write(to: URL(fileURLWithPath: folder + "/r.txt"))
            let now = try Tool.run(["tag", "a.yaml"], in: folder).lines[0]
            let sentence = "imagespec: a.yaml: the tag is \(now), not \(tag)\n"
            let bad = try Tool.run(["check", "--tag", tag, "a.yaml"], in: folder)
            #expect(bad.status == 1 && bad.text == "")
            #expect(bad.messages.hasPrefix(sentence + "imagespec: to see what changed, save a snapshot"))
            for input in ["a.yaml", "- < a.yaml"] {
                let explained = try Tool.shell(
                    "\"$0\" check --tag \(tag) --snapshot r.json \(input)", in: folder)
                #expect(explained.status == 1)
                #expect(explained.text.contains("\n  ~ r.txt: numpy 2.1 → 2.2\n"))
                #expect(explained.messages.hasSuffix(": the tag is \(now), not \(tag)\n"))
            }
            let other = try Tool.run(["check", "--tag", "x", "--snapshot", "r.json", "a.yaml"], in: folder)
            #expect(other.messages.hasSuffix("r.json: this snapshot has the tag \(tag), not x\n"))
            let json = try Tool.run(
                ["check", "--json", "--tag", tag, "--snapshot", "r.json", "a.yaml"], in: folder)
            #expect(json.status == 1)
            let object = try #require(JSONSerialization.jsonObject(with: json.output) as? [String: Any])
            #expect(Set(object.keys) == ["comparison", "problems", "same_tag", "spec", "tag", "valid"])
            #expect(object["valid"] as? Bool == true && object["same_tag"] as? Bool == false)
        }
    }

    // script(1) gives a program a terminal.
    @Test(
        .enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/script"), "needs script(1)"),
        arguments: [
            ("TERM=xterm", true), ("TERM=xterm NO_COLOR=1", false), ("TERM=xterm NO_COLOR=", true),
            ("TERM=dumb", false),
        ])
    func coloursAreForTerminalsThatWantThem(environment: String, isColoured: Bool) throws {
        try Self.withProject { folder in
            let script = """
                export TOOL="$0"; env -u NO_COLOR \(environment) script -qec '"$TOOL" diff a.yaml b.yaml' /dev/null < /dev/null
                """
            let outcome = try Tool.shell(script, in: folder)
            #expect(outcome.text.contains("python_version: 3.11"), "\(outcome.text)\(outcome.messages)")
            #expect(outcome.text.contains("\u{1B}[33m  ~ name: a → b\u{1B}[0m") == isColoured)
            #expect(outcome.text.contains("\u{1B}") == isColoured)
        }
    }
}
