// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// `imagespec files`: awkward names stay in their lines.
@Suite struct FilesCommandTests {
    static let emptyDigest = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

    @Test func filesOfAllFieldsAreListed() throws {
        let files = [
            "a.yaml": """
            requirements: r.txt
            copy: [conf, run]
            source_root: src
            source_copy_mode: all
            base_image:
              copy: [conf]
              base_image:
                requirements: r.txt
            """,
            "r.txt": "", "conf/x": "", "run": "", "src/a.py": "", "src/b/data.bin": "",
        ]
        try withFolder(of: files) { folder in
            let outcome = try Tool.shell("chmod +x run; ln -s b src/link; \"$0\" files a.yaml", in: folder)
            #expect(outcome.status == 0)
            #expect(outcome.messages == "")
            let link = "sha256:3e23e8160039594a33894f6564e1b1348bbd7a0088d42c4acb73eeaed59c009d"
            #expect(
                outcome.lines == [
                    "100644 \(Self.emptyDigest) r.txt", "100644 \(Self.emptyDigest) conf/x",
                    "100755 \(Self.emptyDigest) run",
                    "100644 \(Self.emptyDigest) src/a.py", "100644 \(Self.emptyDigest) src/b/data.bin",
                    "120000 \(link) src/link",
                    "base: 100644 \(Self.emptyDigest) conf/x", "base: base: 100644 \(Self.emptyDigest) r.txt",
                    "",
                ])
        }
    }

    static let awkward: [String: String] = [
        "space d": "space d", "quote\"": #""quote\"""#, "back\\slash": #""back\\slash""#,
        "line\nbreak": #""line\nbreak""#,
        "tab\tbed": #""tab\tbed""#, "\u{1}\u{7}\u{b}": #""\001\a\v""#, "caf\u{e9}": "caf\u{e9}", "日本": "日本",
        "'$x'": "'$x'",
        "\u{9b}31m": #""\302\23331m""#, "\u{7f}": #""\177""#,
    ]

    @Test func filesOutsideTheProjectAreRefusedOrMarked() throws {
        let files = [
            "p/a.yaml": "source_root: src\nsource_copy_mode: all\nrequirements: ../r.txt", "r.txt": "",
            "p/src/a.py": "", "s/secret": "",
        ]
        try withFolder(of: files) { folder in
            let outcome = try Tool.shell("ln -s ../../s/secret p/src/x; \"$0\" files p/a.yaml", in: folder)
            #expect(outcome.status == 66 && outcome.text == "")
            #expect(
                outcome.messages.contains(
                    "requirements: \"r.txt\" (in \(folder)) is outside the project directory \"\(folder)/p\""),
                "\(outcome.messages)")
            #expect(outcome.messages.contains("use --within \(folder)\n"))
            #expect(try Tool.run(["tag", "p/a.yaml"], in: folder).status == 66)
            #expect(try Tool.run(["tag", "--within", "none", "p/a.yaml"], in: folder).status == 64)

            let marked = try Tool.run(["files", "--within", ".", "p/a.yaml"], in: folder)
            #expect(
                marked.lines == [
                    "100644 \(Self.emptyDigest) ../r.txt\toutside the project: \(folder)/r.txt",
                    "100644 \(Self.emptyDigest) src/a.py",
                    "100644 \(Self.emptyDigest) src/x\toutside the project: \(folder)/s/secret", "",
                ], "\(marked)")
            let json = try Tool.run(["files", "--json", "--within", ".", "p/a.yaml"], in: folder)
            #expect(json.text.contains("\"outside\":\"\(folder)/s/secret\""))
            let check = try Tool.run(
                ["check", "--within", "s", "--within", folder, "p/a.yaml"], in: folder)
            #expect(check.status == 0)
            #expect(
                check.messages.contains(
                    "warning: p/a.yaml: source_root: \"src/x\" is \"\(folder)/s/secret\", outside"))
            let refused = try Tool.run(["check", "--json", "p/a.yaml"], in: folder)
            #expect(refused.status == 66)
            #expect(refused.text.contains("\"allow_directory\":\"\(folder)\""))
            #expect(refused.text.contains("\"code\":\"outsideProject\""))
        }
    }

    @Test func awkwardNamesAreQuotedInLinesAndRawWithNull() throws {
        var files = Dictionary(uniqueKeysWithValues: Self.awkward.keys.map { ("src/" + $0, "") })
        files["a.yaml"] = "source_root: src\nsource_copy_mode: all"
        try withFolder(of: files) { folder in
            let lines = try Tool.run(["files", "a.yaml"], in: folder).lines.dropLast()
            let expected = Self.awkward.values.map {
                $0.hasPrefix("\"") ? "\"src/" + $0.dropFirst() : "src/" + $0
            }
            #expect(Set(lines) == Set(expected.map { "100644 \(Self.emptyDigest) \($0)" }))

            let raw = try Tool.run(["files", "-z", "a.yaml"], in: folder).text
            let records = raw.split(separator: "\0", omittingEmptySubsequences: false)
            #expect(
                Set(records.dropLast())
                    == Set(Self.awkward.keys.map { "100644 \(Self.emptyDigest) src/\($0)" }))
            #expect(records.last == "")
            #expect(try Tool.run(["files", "--null", "a.yaml"], in: folder).text == raw)

            let json = try JSONSerialization.jsonObject(
                with: Tool.run(["files", "--json", "a.yaml"], in: folder).output)
            let paths = ((json as? [String: Any])?["files"] as? [[String: Any]])?.compactMap {
                $0["path"] as? String
            }
            #expect(Set(paths ?? []) == Set(Self.awkward.keys.map { "src/" + $0 }))
        }
    }

    #if os(Linux)
    @Test func namesThatAreNoUTF8AreKept() throws {
        try withFolder(of: ["a.yaml": "source_root: src\nsource_copy_mode: all"]) { folder in
            let script = #"mkdir src; : > "$(printf 'src/a\377b')"; "$0" files "#
            let lines = try Tool.shell(script + "a.yaml", in: folder)
            #expect(lines.text == "100644 \(Self.emptyDigest) \"src/a\\377b\"\n")
            let raw = try Tool.run(["files", "-z", "a.yaml"], in: folder)
            #expect(Array(raw.output.suffix(8)) == Array("src/a".utf8) + [0xFF, UInt8(ascii: "b"), 0])
            let json = try Tool.run(["files", "--json", "a.yaml"], in: folder)
            let path = #""path":"src/a\#u{FFFD}b","path_base64":"c3JjL2H/Yg==","role":"source_root""#
            #expect(
                json.text == #"{"files":[{"digest":"\#(Self.emptyDigest)","mode":"100644",\#(path)}]}"#
                    + "\n")
        }
    }
    #endif

    @Test func whatIsLeftOutIsListedWithItsReason() throws {
        let files = [
            "a.yaml": "source_root: .\nsource_copy_mode: all\nbase_image: {source_root: 'base: x'}",
            ".gitignore": "# data\n\ndata/\n",
            ".dockerignore": "*.log\n", "data/x": "", "b.log": "", "tab\t.log": "", "base: x/note": "",
            "base: x/b.py": "",
            "base: x.log": "",
        ]
        try withFolder(of: files) { folder in
            let outcome = try Tool.run(["files", "--ignored", "a.yaml"], in: folder)
            #expect(outcome.status == 0)
            #expect(
                outcome.lines == [
                    "b.log\t.dockerignore:1: *.log", "./base: x.log\t.dockerignore:1: *.log",
                    "data/\t.gitignore:3: data/",
                    "\"tab\\t.log\"\t.dockerignore:1: *.log",
                    "base: ./base: x/note\tnot a Python module (source_copy_mode is loaded_modules)", "",
                ])
            let raw = try Tool.run(["files", "--ignored", "-z", "a.yaml"], in: folder)
            #expect(raw.text.split(separator: "\0").contains("tab\t.log\t.dockerignore:1: *.log"))

            let json = try JSONSerialization.jsonObject(
                with: Tool.run(["files", "--ignored", "--json", "a.yaml"], in: folder).output)
            let object = json as? [String: Any]
            #expect(object?.keys.sorted() == ["base", "excluded"])
            let first = (object?["excluded"] as? [[String: String]])?.first
            #expect(first == ["path": "b.log", "reason": ".dockerignore:1: *.log", "role": "source_root"])
        }
    }

    // A line of 4 MB and 100,000 lines of 20 bytes, each of which took about 50 times its size.
    @Test(arguments: [(".gitignore", true), (".dockerignore", true), (".gitignore", false)])
    func aLongIgnoreFileNeedsLittleMemory(_ name: String, _ isOneLine: Bool) throws {
        try withFolder(of: ["a.yaml": "source_root: src\nsource_copy_mode: all", "src/b": "b"]) { folder in
            let text =
                isOneLine
                ? String(repeating: "abcdefg/", count: 500_000)
                : (0..<100_000).map { "name_of_a_file_\($0)\n" }.joined()
            try Data(text.utf8).write(to: URL(fileURLWithPath: folder + "/src/" + name))
            let outcome = try Tool.shell("ulimit -v 280000; \"$0\" files a.yaml", in: folder)
            #expect(outcome.status == 0, "\(outcome.messages)")
            #expect(outcome.lines.count == 3, "\(outcome.text)")
        }
    }
}
