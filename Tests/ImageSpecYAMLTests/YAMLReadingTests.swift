// SPDX-License-Identifier: Apache-2.0

import ImageSpec
import ImageSpecYAML
import Testing

/// What YAML text is read as.
@Suite struct YAMLReadingTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var yaml: String
        var value: ImageSpec.JSONValue

        init(_ yaml: String, _ value: ImageSpec.JSONValue) {
            self.yaml = yaml
            self.value = value
        }

        var testDescription: String { yaml.debugDescription }
    }

    static let scalars = [
        // Null.
        Case("v:", nil), Case("v: ~", nil), Case("v: null", nil), Case("v: Null", nil), Case("v: NULL", nil),
        Case("v: !!null ~", nil), Case("v: nUll", "nUll"), Case("v: none", "none"), Case("v: ''", ""),
        // Booleans that all versions of YAML have.
        Case("v: true", true), Case("v: False", false), Case("v: TRUE", true), Case("v: tRue", "tRue"),
        Case("v: y", "y"), Case("v: 'no'", "no"), Case("v: \"yes\"", "yes"), Case("v: Norway", "Norway"),
        // Integers.
        Case("v: 0", 0), Case("v: -0", 0), Case("v: 17", 17), Case("v: +5", 5), Case("v: -12", -12),
        Case("v: 9007199254740991", 9_007_199_254_740_991), Case("v: '010'", "010"),
        // Floating-point numbers stay apart from integers.
        Case("v: 1.0", 1.0), Case("v: 3.10", 3.1), Case("v: -0.5", -0.5), Case("v: .5", 0.5),
        Case("v: 2.", 2.0),
        Case("v: 1.5e+3", 1500.0), Case("v: 1.5E-3", 0.0015), Case("v: 01.5", 1.5),
        // Text that begins like a number or a date.
        Case("v: 1.2.3", "1.2.3"), Case("v: 3.12-slim", "3.12-slim"), Case("v: 12abc", "12abc"),
        Case("v: -x", "-x"),
        Case("v: ..", ".."), Case("v: +", "+"), Case("v: 1:x", "1:x"), Case("v: 0xZZ", "0xZZ"),
        Case("v: .5.6", ".5.6"),
        Case("v: 1e5abc", "1e5abc"), Case("v: 10.0.0.1:5000", "10.0.0.1:5000"), Case("v: 2024-13", "2024-13"),
        Case("v: 2024-01-01-x", "2024-01-01-x"), Case("v: 2024-01-01 noon", "2024-01-01 noon"),
        Case("v: '2024-01-01'", "2024-01-01"), Case("v: =", "="), Case("v: .inf-x", ".inf-x"),
        Case("v: -.nan", "-.nan"),
        // Tags.
        Case("v: !!str 3.10", "3.10"), Case("v: !!str no", "no"), Case("v: !!int 3", 3),
        Case("v: !!float 3", 3.0),
        Case("v: !!bool true", true), Case("v: !!seq [a]", ["a"]), Case("v: !!map {a: b}", ["a": "b"]),
        // Block scalars.
        Case("v: |\n  a\n  b\n", "a\nb\n"), Case("v: |-\n  a\n\n  b\n", "a\n\nb"),
        Case("v: >\n  a\n  b\n", "a b\n"),
        Case("v: |+\n  3.10\n\n", "3.10\n\n"),
        // Escapes, comments, white space.
        Case(#"v: "a\tb\u00e9\0""#, "a\tb\u{e9}\0"), Case("v: 'it''s'", "it's"), Case("v: a#b # c", "a#b"),
        Case("v: a b  ", "a b"), Case("v:\t\ta", "a"), Case("v: 'a\n\n  b'", "a\nb"), Case("v: a\r\n", "a"),
        // Not ASCII: as it is, neither composed nor decomposed.
        Case("v: 日本語 🎉", "日本語 🎉"), Case("v: e\u{301}", "e\u{301}"), Case("v: \u{e9}", "\u{e9}"),
        Case("\u{feff}v: a", "a"), Case("\u{feff}w: b\nv: a\n", "a"), Case("\u{feff}# c\nw: b\nv: a\n", "a"),
        Case(#"v: "a \uFEFF""#, "a \u{FEFF}"), Case(#"v: 'printf "\ufeff"'"#, #"printf "\ufeff""#),
    ]

    static let structures = [
        Case("v: [1, 1.0, '1', null]", [1, 1.0, "1", nil]), Case("v:\n- a\n-\n- - b", ["a", nil, ["b"]]),
        Case("v: {z: 1, a: 2}", ["z": 1, "a": 2]), Case("v: {}", [:]), Case("v: []", []),
        Case("%YAML 1.1\n---\nv: a\n...\n", "a"), Case("? v\n: a", "a"), Case("'v': a", "a"),
        Case("!!str v: a", "a"),
        // Aliases stand for what their anchors name.
        Case("v: [&a x, *a, *a]", ["x", "x", "x"]),
        Case("v: {a: &m {k: 1}, b: *m}", ["a": ["k": 1], "b": ["k": 1]]),
        Case("v: [&a 1, &a 2, *a]", [1, 2, 2]), Case("v: {&k a: *k}", ["a": "a"]),
        // Only what has an anchor of its name counts as an alias.
        Case(
            "w: &a b\nv: [" + String(repeating: "'*b.pyc', ", count: 60) + "*a]",
            .array(Array(repeating: "*b.pyc", count: 60) + ["b"])),
    ]

    @Test(arguments: scalars + structures)
    func aValueIsReadAs(_ example: Case) throws {
        guard case .object(let object) = try ImageSpec.JSONValue(yaml: example.yaml) else {
            Issue.record("not an object")
            return
        }
        #expect(object["v"] == example.value)
    }

    @Test func allFieldsOfASpecAreRead() throws {
        let spec = try ImageSpec(
            yaml: """
                # What the trainer runs in.
                name: trainer
                python_version: "3.10"
                env:
                  MODE: fast
                  COUNTRY: "NO"
                packages: [numpy==2.1.3, pandas]
                pip_secret_mounts:
                - [.netrc, /root/.netrc]
                commands:
                - |
                  set -e
                  echo hi
                base_image:
                  apt_packages: &apt [git]
                apt_packages: *apt
                source_copy_mode: all
                source_root: src
                builder_options: {retries: 3, ratio: 1.0, cache: true, none: null}
                """)
        let expected = ImageSpec(
            name: "trainer", pythonVersion: "3.10", sourceRoot: "src",
            env: ["MODE": "fast", "COUNTRY": "NO"],
            packages: ["numpy==2.1.3", "pandas"], aptPackages: ["git"],
            baseImage: .spec(ImageSpec(aptPackages: ["git"])),
            pipSecretMounts: [.init(source: ".netrc", target: "/root/.netrc")],
            commands: ["set -e\necho hi\n"],
            sourceCopyMode: .all, builderOptions: ["retries": 3, "ratio": 1.0, "cache": true, "none": nil])
        #expect(spec == expected)
    }

    @Test func jsonTextMeansTheSameAsYAML() throws {
        let text =
            #"{"name": "x", "env": {"é": "\u00e9", "e\#u{301}": ""}, "builder_options": {"b": [1, 2.50, -0.5e-3]}}"#
        // Two spellings of one letter are one key to the YAML reader.
        #expect(throws: ImageSpecError.self) { try ImageSpec(yaml: text) }
        let plain =
            #"{"name": "x", "env": {"é": "\u00e9"}, "builder_options": {"b": [1, 2.50, -0.5e-3, null, true]}}"#
        #expect(try ImageSpec(yaml: plain) == ImageSpec(json: plain))
    }
}
