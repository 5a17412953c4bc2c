// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import ContentTree
@testable import ImageSpec
@testable import ImageSpecBuilding

/// TOML 1.0 as far as project files have it, next to Python's own reader.
@Suite struct TOMLReaderTests {
    static let valid = [
        "", "# a comment", "\n\r\n\t# a\r\n", "a = 1", "a=1#b", "a = 'b'\n", "\"a b\" = 1\n'c\"d' = 2",
        "a.b.c = 1\na.b.d = 2",
        "a . 'b' = 1", "1.2 = 3", "-_ = ''", "[a]\nb = 1\n[a.c]\nd = 2", "[a.b]\nc = 1\n[a]\nd = 2",
        "[ a . 'b' ]\nc = 1",
        "[[a]]\nb = 1\n[[a]]\nb = 2\n[a.c]\nd = 3", "[[a.b]]\n[[a.b]]", "a = []",
        "a = [1, 'b', [2], {c = 3},]",
        "a = [ # why\n 1,\n\n 2 # two\n , 3 ]", "a = {}", "a = { b = 1, c.d = 2 }", "a = {b = {c = []}}",
        #"a = "b\"\\\t\n\r\b\f\u00e9\U0001F600""#, #"a = 'b\n'"#, "a = \"\"\"\nb\nc\"\"\"",
        "a = \"\"\"b\\\n   c\\  \n\n d\"\"\"",
        "a = \"\"\"b\"\"c\"\"\"\"\"", "a = '''\nb\\n''c'''", "a = '''b''''", "a = \"\"\"\r\nb\r\nc\"\"\"",
        "a = true\nb = false",
        "a = +1_000\nb = -0x1F\nc = 1e5\nd = -1.5E-3\ne = inf\nf = -nan".replacing("-0x1F", with: "0x1F"),
        "a = 1979-05-27T07:32:00Z\nb = 1979-05-27 07:32:00.5-08:00\nc = 1979-05-27\nd = 07:32:00",
        "a = \"é\"", "a = '\t'",
        "[a]\nb.c = 1\n[a.b.d]\ne = 2", "a = 1\n[b]\na = 2", "[x.y.z.w]\n[x]",
    ]

    static let invalid = [
        "a", "a =", "= 1", "a = b", "a = 'b", "a = \"b", "a = \"b\nc\"", "a = 1 2", "a = 1 b = 2", "[a",
        "[a]]", "[[a]", "[]", "[a.]",
        "[.a]", "a. = 1", "[a] b = 1", "a = [1", "a = [1 2]", "a = [,]", "a = {", "a = {b = 1,}",
        "a = {b = 1\n}", "a = {b}",
        "a = {b = 1, b = 2}", "a = 1\na = 2", "a = 1\n[a]", "[a]\n[a]", "[a]\nb = 1\n[a.b]", "a.b = 1\n[a]",
        "[a.b]\n[a]\nb.c = 1",
        "[[a]]\n[a]", "[a]\n[[a]]", "a = []\n[[a]]", "a = {}\n[a.b]", "a = {b = 1}\na.c = 2",
        "a = 1\na.b = 2", "a = \"\\x\"",
        "a = \"\\u12\"", "a = \"\\ud800\"", "a = '\u{1}'", "# \u{1}", "a = \"\u{7F}\"", "a = '''b",
        "a = \"\"\"b\"\"", "é = 1", "a\n= 1",
        "a = \"\"\"b\\ c\"\"\"", "a b = 1", "'''a''' = 1", "a = ''''b'''''''", "a = yes", "a = True", "\r",
        "a = 1\rb = 2",
    ]

    @Test(arguments: valid) func isRead(_ text: String) throws {
        _ = try TOMLReader.read(text)
    }

    @Test(arguments: invalid) func isRefused(_ text: String) {
        #expect(throws: TOMLProblem.self) { try TOMLReader.read(text) }
    }

    static let newer = [
        "a = {b = 1,}", "a = {b = 1\n}", "a = {\n  b = 1, # why\n  c = 2,\n}", "a = {\n}", #"a = "\e\x41""#,
    ]

    /// uv reads TOML 1.1, Python does not.
    @Test(arguments: newer) func isReadAsTOML11Alone(_ text: String) throws {
        _ = try TOMLReader.read(Array(text.utf8), hasTOML11: true)
        #expect(throws: TOMLProblem.self) { try TOMLReader.read(text) }
    }

    @Test(
        arguments: invalid.filter { !newer.contains($0) && $0 != "a = \"\\x\"" } + [
            "a = {,}", "a = {b = 1,,}", #"a = "\xg""#,
        ])
    func isRefusedAsTOML11Too(_ text: String) {
        #expect(throws: TOMLProblem.self) { try TOMLReader.read(Array(text.utf8), hasTOML11: true) }
    }

    @Test(arguments: valid) func isTheSameAsTOML11(_ text: String) throws {
        #expect(try TOMLReader.read(text) == TOMLReader.read(Array(text.utf8), hasTOML11: true))
    }

    @Test func linesAreCounted() {
        let problem = #expect(throws: TOMLProblem.self) { try TOMLReader.read("a = 1\n# b\n\nc = [\n1,\n'") }
        #expect(problem?.line == 6)
    }

    @Test func nestingHasAnEnd() {
        for text in [
            "a = " + String(repeating: "[", count: 100_000),
            "a = " + String(repeating: "{a=", count: 100_000),
            "[" + String(repeating: "a.", count: 100_000) + "a]",
            String(repeating: "a.", count: 100_000) + "a = 1",
        ] {
            #expect(throws: TOMLProblem.self) { try TOMLReader.read(text) }
        }
    }

    /// Python with `tomllib`; nil where there is none.
    static let python = ["/usr/bin/python3", "/usr/local/bin/python3"]
        .first { path in run(path, "import tomllib", []) != nil }

    @Test(.enabled(if: python != nil, "needs Python 3.11, which reads TOML"))
    func pythonReadsTheSame() throws {
        let python = try #require(Self.python)
        let script = """
            import json, sys, tomllib
            def plain(value):
                if isinstance(value, str): return value
                if isinstance(value, list): return [plain(v) for v in value]
                if isinstance(value, dict): return {k: plain(v) for k, v in value.items()}
                return None
            for text in sys.argv[1:]:
                try: print(json.dumps(plain(tomllib.loads(text)), sort_keys=True, ensure_ascii=False))
                except Exception: print("no")
            """
        let texts = Self.valid + Self.invalid
        let lines = try #require(Self.run(python, script, texts)).split(separator: "\n").map(String.init)
        try #require(lines.count == texts.count)
        for (text, line) in zip(texts, lines) {
            let own = (try? TOMLReader.read(text)).map(Self.json) ?? "no"
            #expect(own == line, "\(text.debugDescription)")
        }
    }

    /// The output of a Python script; nil where it fails.
    static func run(_ python: String, _ script: String, _ arguments: [String]) -> String? {
        let process = Process()
        let output = Pipe()
        process.executableURL = URL(fileURLWithPath: python)
        process.arguments = ["-c", script] + arguments
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        guard (try? process.run()) != nil else { return nil }
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return process.terminationStatus == 0 ? String(decoding: data, as: UTF8.self) : nil
    }

    /// As Python's `json.dumps` writes it.
    private static func json(_ value: TOMLValue) -> String {
        switch value {
        case .string(let text): return quoted(text)
        case .other: return "null"
        case .array(let list): return "[" + list.map(json).joined(separator: ", ") + "]"
        case .table(let table):
            let pairs = table.sorted {
                $0.key.unicodeScalars.lexicographicallyPrecedes($1.key.unicodeScalars)
            }
            return "{" + pairs.map { quoted($0.key) + ": " + json($0.value) }.joined(separator: ", ") + "}"
        }
    }

    private static func quoted(_ text: String) -> String {
        let escapes: [Unicode.Scalar: String] = [
            "\"": "\\\"", "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r", "\u{8}": "\\b", "\u{C}": "\\f",
        ]
        return "\"" + text.unicodeScalars.map { escapes[$0] ?? String(Character($0)) }.joined() + "\""
    }
}
