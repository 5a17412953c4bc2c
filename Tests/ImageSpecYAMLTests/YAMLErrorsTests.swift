// SPDX-License-Identifier: Apache-2.0

import ImageSpec
import ImageSpecBuilding
import ImageSpecYAML
import Testing

/// What YAML text is refused, and how the message puts it.
@Suite struct YAMLErrorsTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var yaml: String
        var code: ImageSpecError.Code
        var fragments: [String]

        init(_ yaml: String, _ code: ImageSpecError.Code = .invalidDocument, _ fragments: String...) {
            self.yaml = yaml
            self.code = code
            self.fragments = fragments
        }

        var testDescription: String {
            yaml.count > 60 ? "\(yaml.prefix(60).debugDescription)…" : yaml.debugDescription
        }
    }

    // Each problem of the text and of the spec, with its own place: a key's for an unknown field, else the value's.
    @Test(arguments: [
        (
            "nmae: x\npython_version: 3.10",
            ["line 1, column 1: nmae: unknown field", "line 2, column 17: python_version: "]
        ),
        (
            "packages:\n  - a\n  - 2\nbase_image:\n  env: &e {A: true}\n  xyzzy: *e",
            [
                "line 3, column 5: packages[1]: ", "line 5, column 15: base_image.env.A: ",
                "line 6, column 3: base_image.xyzzy: unknown field",
            ]
        ),
        (
            "\u{FEFF}nmae: x\n'é': y",
            ["line 1, column 1: nmae: unknown field", "line 2, column 1: é: unknown field"]
        ),
        (
            "cuda: 12\nname: yes\nenv: {A: 010, B: 1}",
            [
                "line 2, column 7: YAML readers disagree on whether \"yes\" is",
                "line 3, column 10: YAML readers disagree on whether \"010\" is",
                "line 1, column 7: cuda: ", "line 3, column 18: env.B: ",
            ]
        ),
        ("- a", ["line 1, column 1: the document must be "]),
    ])
    func allProblemsAreInOneErrorWithTheirPlaces(_ yaml: String, _ starts: [String]) throws {
        let error = try #require(throws: ImageSpecError.self) { try ImageSpec(yaml: yaml) }
        let lines = error.message.split(separator: "\n")
        #expect(lines.count == starts.count, "\(error.message)")
        for (line, start) in zip(lines, starts) { #expect(line.hasPrefix(start), "\(line)") }
    }

    @Test func allScalarsThatReadersReadDifferentlyAreNamed() throws {
        let error = try #require(throws: ImageSpecError.self) {
            try ImageSpec.JSONValue(yaml: "a: yes\nb: [no, 0o17]\nc: 2024-01-01")
        }
        #expect(error.code == .invalidDocument)
        #expect(
            error.message.split(separator: "\n").map { $0.prefix { $0 != ":" } } == [
                "line 1, column 4", "line 2, column 5", "line 2, column 9", "line 3, column 4",
            ])
    }

    @Test(arguments: [
        // The value of a field.
        Case(
            "python_version: 3.10", .invalidDocument, "python_version", "expected a string",
            "write \"3.10\" in quotes, because the number 3.10 is 3.1"),
        Case("python_version: 3.12", .invalidDocument, "write \"3.12\" in quotes"),
        Case("python_version: 3", .invalidDocument, "the number 3;", "quotes"),
        Case("env: {DEBUG: true}", .invalidDocument, "env.DEBUG", "a boolean", "write \"true\" in quotes"),
        Case(
            "env: {PORT: 8080}", .invalidDocument, "env.PORT", "the number 8080", "write \"8080\" in quotes"),
        Case("packages: numpy", .invalidDocument, "packages", "expected a list"),
        Case("source_copy_mode: some", .invalidDocument, "loaded_modules, all, no_copy"),
        Case("bulder: x", .unknownField, "did you mean \"builder\"?"),
        Case("- name", .invalidDocument, "the document must be an object, found a list"),
        Case("name", .invalidDocument, "must be an object, found a string"),
        // Nothing at all.
        Case("", .invalidDocument, "empty", "{}"), Case("# a comment\n", .invalidDocument, "empty"),
        Case("---\n", .invalidDocument, "empty"), Case("null", .invalidDocument, "empty"),
        Case(" \n\n", .invalidDocument, "empty"),
        // A key twice.
        Case("name: a\nenv: {}\nname: b", .invalidDocument, "duplicate key \"name\"", "line 1, column 1"),
        Case("env:\n  A: '1'\n  'A': '2'", .invalidDocument, "duplicate key \"A\"", "line 2, column 3"),
        Case("builder_options: {a: {b: 1, b: 2}}", .invalidDocument, "duplicate key \"b\""),
        // Keys that are no strings.
        Case("env:\n  3: a", .invalidDocument, "line 2, column 3", "the key 3 is not a string", "quotes"),
        Case("env: {1.5: a}", .invalidDocument, "the key 1.5"),
        Case("env: {true: a}", .invalidDocument, "the key true"),
        Case("env: {null: a}", .invalidDocument, "the key null"),
        Case("env: {~: a}", .invalidDocument, "the key ~"),
        Case("env:\n  ?\n  : a", .invalidDocument, "the key is not a string"),
        Case("env: {on: a}", .invalidDocument, "\"on\" is a boolean", "quotes"),
        Case("? [a]\n: b", .invalidDocument, "a key must be a string"),
        Case("? {a: b}\n: b", .invalidDocument, "a key must be a string"),
        Case("env: {!!int 3: a}", .invalidDocument, "not a string"),
        // Merge keys.
        Case("a: &a {b: c}\nenv:\n  <<: *a", .invalidDocument, "line 3, column 3", "<<"),
        // A byte order mark in front of a text, which would be lost.
        Case(#"name: "\uFEFFa""#, .invalidDocument, "line 1, column 7", "U+FEFF"),
        Case("env:\n  \"\\U0000feff\": a", .invalidDocument, "line 2, column 3", "U+FEFF"),
        Case("packages: [a, 'b \u{FEFF}']", .invalidDocument, "U+FEFF"),
        Case("\u{FEFF}\u{FEFF}name: a", .invalidDocument, "U+FEFF"),
        Case("\u{FEFF}name: *x", .invalidDocument, "line 1, column 7", "undefined alias"),
        // Several documents.
        Case("name: a\n---\nname: b", .invalidDocument, "line 2", "single document"),
        // Anchors and aliases.
        Case("name: *x", .invalidDocument, "line 1, column 7", "undefined alias"),
        Case("builder_options: &a [*a]", .invalidDocument, "undefined alias"),
        Case("builder_options: &a {k: *a}", .invalidDocument, "undefined alias"),
        Case("v: [&a b\(String(repeating: ", *a", count: 60))]", .invalidDocument, "too many aliases (60)"),
        // Tags.
        Case("name: !custom x", .invalidDocument, "line 1, column 7", "unsupported tag !custom"),
        Case("name: !!binary eA==", .invalidDocument, "unsupported tag !!binary"),
        Case("name: !!python/none x", .invalidDocument, "!!python/none"),
        Case("env: !!set {a}", .invalidDocument, "!!set"),
        Case("packages: !!omap [a: b]", .invalidDocument, "!!omap"),
        Case("cuda: !!int x", .invalidDocument, "\"x\" does not match its tag !!int"),
        Case("cuda: !!int 1.5", .invalidDocument, "!!int"),
        Case("cuda: !!int '3'", .invalidDocument, "!!int"),
        Case("cuda: !!bool 1", .invalidDocument, "!!bool"),
        Case("cuda: !!float .inf", .invalidDocument, ".inf"),
        Case("cuda: !!int 0o17", .invalidDocument, "quotes"),
        // Numbers out of range.
        Case("cuda: 9007199254740992", .invalidDocument, "9007199254740992", "2^53", "column 7"),
        Case("cuda: -99999999999999999999", .invalidDocument, "-99999999999999999999", "2^53"),
        Case("cuda: 1.0e+300", .invalidDocument, "2^53"), Case("cuda: 1.0e+400", .invalidDocument, "2^53"),
        Case("cuda: .inf", .invalidDocument, ".inf", "quotes"),
        Case("cuda: -.INF", .invalidDocument, "-.INF"),
        Case("cuda: .nan", .invalidDocument, ".nan"),
        // Syntax.
        Case(
            "a:\n\t- b", .invalidDocument, "line 2, column 1", "indented with a tab; YAML allows only spaces"),
        Case("env:\n  A: b\n \tB: c", .invalidDocument, "line 3", "indented with a tab"),
        Case(
            "name: x\n  foo: 3", .invalidDocument, "line 2, column 6", "unexpected key; check the indentation"
        ),
        Case(
            "name: x\r\n  foo: 3", .invalidDocument, "line 2, column 6",
            "unexpected key; check the indentation"),
        Case(
            "name: x\nB: c", .unknownField,
            "line 2, column 1: B: unknown field; if it belongs to env, indent it"),
        Case("Dockerfile: x", .unknownField, "the Dockerfile is generated from the spec"),
        Case("env: [PORT=8080]", .invalidDocument, "write PORT: \"8080\""),
        Case("entrypoint: python -m app", .invalidDocument, "write [\"python\", \"-m\", \"app\"]"),
        Case("platform: [linux/amd64, linux/arm64]", .invalidDocument, "write \"linux/amd64,linux/arm64\""),
        Case("packages: [a", .invalidDocument, "flow sequence"),
        Case("name: 'a", .invalidDocument, "quoted scalar"),
        Case("a: b: c", .invalidDocument, "line 1, column 5", "put text that contains a colon in quotes"),
        Case("name: @x", .invalidDocument, "line 1, column 7"),
        Case("a: b\n c: d", .invalidDocument, "line 2"),
        Case("name: \"\\ud83d\"", .invalidDocument, "Unicode"),
        Case("name: a\nenv: \u{1}", .invalidDocument, "line 2, column 6", "control characters"),
        Case("builder_options: " + String(repeating: "[", count: 300), .invalidDocument, "flow"),
        Case(
            "builder_options: " + String(repeating: "[", count: 300) + String(repeating: "]", count: 300),
            .invalidDocument,
            "200 levels"),
        Case("builder_options: " + String(repeating: "[", count: 100_000), .invalidDocument, "200 levels"),
    ])
    func textIsRefused(_ example: Case) throws {
        let error = try #require(throws: ImageSpecError.self) { try ImageSpec(yaml: example.yaml) }
        #expect(error.code == example.code)
        for fragment in example.fragments { #expect(error.message.contains(fragment)) }
        #expect(!error.message.contains("\n"))
    }

    /// YAML 1.1 and 1.2 read these differently.
    @Test(
        arguments: [
            "yes", "Yes", "YES", "no", "No", "NO", "on", "On", "ON", "off", "Off", "OFF",
        ].map { ($0, "a boolean") }
            + [
                "010", "08", "0o17", "0x1F", "0b101", "-0x1f", "1_000", "+1_0", "0_1", "1e3", "1E3", "1.5e3",
                "1e-3", "-.5", "1_0.5",
                "1:30", "10:20:30", "190:20:30.15", "1.5_0", "00", "-01", "1__", ".5e3",
            ].map { ($0, "a number") }
            + [
                "2024-01-31", "2024-1-3 10:20:30", "2024-01-31T10:20:30Z", "2024-01-31t1:20:30.5 +01:00",
                "2024-01-31 10:20:30",
            ].map { ($0, "a date") })
    func whatYAMLVersionsReadDifferentlyIsRefused(_ text: String, _ reading: String) throws {
        let error = try #require(throws: ImageSpecError.self) {
            try ImageSpec(yaml: "name: x\nenv:\n  A: \(text)")
        }
        #expect(error.code == .invalidDocument)
        #expect(
            error.message.contains(
                "line 3, column 6: YAML readers disagree on whether \"\(text)\" is \(reading)"))
        #expect(error.message.contains("quotes"))
        #expect(try ImageSpec(yaml: "env: {A: '\(text)'}").env?["A"] == text)
    }

    @Test(
        arguments: [
            ([0x61, 0x3A, 0x20, 0xFF], "line 1, column 4"),
            ([0x61, 0x0A, 0x62, 0xC3, 0x28], "line 2, column 2"),
            ([0xC3, 0xA9, 0xE2, 0x82], "line 1, column 2"), ([0xFF, 0xFE, 0x61, 0x00], "line 1, column 1"),
        ] as [([UInt8], String)])
    func bytesThatAreNoUTF8AreRefused(_ bytes: [UInt8], _ place: String) throws {
        let error = try #require(throws: ImageSpecError.self) { try ImageSpec.JSONValue(yaml: bytes) }
        #expect(error.code == .invalidDocument)
        #expect(error.message.contains(place))
        #expect(error.message.contains("invalid UTF-8"))
    }

    /// As many aliases as are let through, in the two arrangements that grow fastest: in values and in a key.
    @Test(.timeLimit(.minutes(20)), arguments: ["z: *h", "? *h\n: x"])
    func aliasesDoNotGrowWithoutBounds(_ last: String) throws {
        let leaves = (0..<1500).map(String.init).joined(separator: ",")
        var text = "a: &a [\(leaves)]\n"
        for (name, next) in zip("abcdefg", "bcdefgh") {
            text += "\(next): &\(next) [*\(name),*\(name),*\(name)]\n"
        }
        let error = try #require(throws: ImageSpecError.self) { try ImageSpec(yaml: text + last) }
        #expect(error.code == .invalidDocument)
        #expect(error.message.contains("100000 values") || error.message.contains("a key must be a string"))
    }
}
