// SPDX-License-Identifier: Apache-2.0

import Foundation
import ImageSpec
import Testing

@testable import ImageSpecYAML

/// Values are replaced, and nothing around them.
@Suite struct SpecTextTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var name: String
        var path: [String] = ["base_image"]
        var old: String
        var new: String

        var testDescription: String { name }
    }

    private static let pinned = "debian:12@sha256:" + String(repeating: "0a", count: 32)
    private static let uv = ["builder_config", "uv_image"]
    private static let micromamba = ["builder_config", "micromamba_image"]
    private static let inner = ["base_image", "base_image"]
    private static let innerUV = ["base_image", "builder_config", "uv_image"]

    private func replaced(_ text: String, _ path: [String]) throws -> String {
        let text = SpecText(contents: Array(text.utf8), name: "a spec")
        return String(decoding: try text.replacing([(path, Self.pinned)]).bytes, as: UTF8.self)
    }

    // `@` stands for the new text, in what is expected.

    private static let yaml: [Case] = [
        .init(
            name: "plain, with comments",
            old: "# top\nname: a   # the name\nbase_image: debian:12   # small\n\n# end\n",
            new: "# top\nname: a   # the name\nbase_image: @   # small\n\n# end\n"),
        .init(name: "single quotes", old: "base_image: 'debian:12'\n", new: "base_image: '@'\n"),
        .init(name: "double quotes", old: "base_image: \"debian:12\" # x", new: "base_image: \"@\" # x"),
        .init(name: "escapes", old: "base_image: \"debian\\x3A12\"\n", new: "base_image: \"@\"\n"),
        .init(name: "folded quotes", old: "base_image: \"debian:\\\n  12\"\n", new: "base_image: \"@\"\n"),
        .init(name: "quoted key", old: "\"base_image\" : debian:12\n", new: "\"base_image\" : @\n"),
        .init(name: "value below", old: "base_image:\n  debian:12\n", new: "base_image:\n  @\n"),
        .init(
            name: "explicit key", old: "? base_image\n: debian:12\nname: b\n",
            new: "? base_image\n: @\nname: b\n"),
        .init(
            name: "literal block", old: "base_image: |-  # why\n    debian:12\nname: a\n",
            new: "base_image: |-  # why\n    @\nname: a\n"),
        .init(name: "folded block", old: "base_image: >-\n  debian:12\n", new: "base_image: >-\n  @\n"),
        .init(name: "tag", old: "base_image: !!str debian:12\n", new: "base_image: !!str @\n"),
        .init(name: "anchor", old: "base_image: &base debian:12\n", new: "base_image: &base @\n"),
        .init(
            name: "tag and anchor below", old: "base_image: !!str &b # why\n  'debian:12'\n",
            new: "base_image: !!str &b # why\n  '@'\n"),
        .init(
            name: "flow", old: "---\n{name: a, base_image: debian:12}\n",
            new: "---\n{name: a, base_image: @}\n"),
        .init(
            name: "CRLF", old: "name: a\r\nbase_image: debian:12\r\nplatform: linux/amd64\r\n",
            new: "name: a\r\nbase_image: @\r\nplatform: linux/amd64\r\n"),
        .init(
            name: "marks count characters", old: "env: {ü𝄞: ä}\nname: 'ü' \nbase_image: debian:12 # é\n",
            new: "env: {ü𝄞: ä}\nname: 'ü' \nbase_image: @ # é\n"),
        .init(
            name: "characters before it in its line", old: "--- {env: {ü𝄞: ä}, base_image: debian:12}\n",
            new: "--- {env: {ü𝄞: ä}, base_image: @}\n"),
        .init(
            name: "byte order mark", old: "\u{FEFF}base_image: debian:12\n", new: "\u{FEFF}base_image: @\n"),
        .init(
            name: "byte order mark, and the first of two keys",
            old: "\u{FEFF}base_image: debian:12\nname: a\n",
            new: "\u{FEFF}base_image: @\nname: a\n"),
        .init(
            name: "byte order mark, and the second of two keys",
            old: "\u{FEFF}name: a\nbase_image: debian:12\n",
            new: "\u{FEFF}name: a\nbase_image: @\n"),
        .init(
            name: "byte order mark, in flow", old: "\u{FEFF}{name: a, base_image: debian:12}",
            new: "\u{FEFF}{name: a, base_image: @}"),
        .init(
            name: "byte order mark, before an insertion", path: uv,
            old: "\u{FEFF}builder_config: {}\nname: a\n",
            new: "\u{FEFF}builder_config: {uv_image: \"@\"}\nname: a\n"),
        .init(
            name: "same text elsewhere",
            old: "commands: [echo debian:12]\nbase_image: debian:12\nname: debian\n",
            new: "commands: [echo debian:12]\nbase_image: @\nname: debian\n"),
        .init(name: "no line feed at the end", old: "base_image: debian:12", new: "base_image: @"),
        .init(
            name: "nested base", path: inner,
            old: "base_image:\n  name: b\n  base_image: debian:12 # x\nname: a\n",
            new: "base_image:\n  name: b\n  base_image: @ # x\nname: a\n"),
        .init(
            name: "nested base in flow", path: inner, old: "base_image: {name: b, base_image: 'debian:12'}\n",
            new: "base_image: {name: b, base_image: '@'}\n"),
        .init(
            name: "nested base by alias", path: inner,
            old: "base_image: &b\n  base_image: debian:12\nname: a\n",
            new: "base_image: &b\n  base_image: @\nname: a\n"),
        // Keys that are not there.
        .init(
            name: "a key that is there", path: uv, old: "builder_config:\n  uv_image: uv:1 # x\n",
            new: "builder_config:\n  uv_image: @ # x\n"),
        .init(
            name: "a key without a value", path: uv, old: "builder_config:\n  uv_image:\nname: a\n",
            new: "builder_config:\n  uv_image: @\nname: a\n"),
        .init(
            name: "a key without a value, with a comment", path: uv,
            old: "builder_config:\n  uv_image:   # why\n  micromamba_image:\n",
            new: "builder_config:\n  uv_image: @   # why\n  micromamba_image:\n"),
        .init(
            name: "a key without a value at the end", old: "name: ä\nbase_image:",
            new: "name: ä\nbase_image: @"),
        .init(
            name: "keys without values in flow", path: uv, old: "builder_config: {a: , uv_image: , b: }\n",
            new: "builder_config: {a: , uv_image: @ , b: }\n"),
        .init(
            name: "a key without a value in flow", path: uv, old: "builder_config: {uv_image: }\n",
            new: "builder_config: {uv_image: @ }\n"),
        .init(
            name: "into a mapping", path: uv,
            old: "builder_config: # images\n    # of conda\n    micromamba_image: m:1\nname: a\n",
            new:
                "builder_config: # images\n    uv_image: @\n    # of conda\n    micromamba_image: m:1\nname: a\n"
        ),
        .init(
            name: "into a mapping in flow", path: uv, old: "builder_config: { micromamba_image: m:1 } # x\n",
            new: "builder_config: { uv_image: \"@\", micromamba_image: m:1 } # x\n"),
        .init(
            name: "into an empty mapping", path: uv, old: "builder_config: {}\nname: a\n",
            new: "builder_config: {uv_image: \"@\"}\nname: a\n"),
        .init(
            name: "into nothing", path: uv, old: "builder_config: # none\nname: a\n",
            new: "builder_config: # none\n  uv_image: @\nname: a\n"),
        .init(
            name: "into nothing at the end", path: uv, old: "name: a\nbuilder_config:",
            new: "name: a\nbuilder_config:\n  uv_image: @"),
        .init(
            name: "into null", path: uv, old: "builder_config: ~ # none\nname: a\n",
            new: "builder_config: {uv_image: \"@\"} # none\nname: a\n"),
        .init(
            name: "at the end", path: uv, old: "name: a\npackages:\n- b\n- |\n  c\n# end\n",
            new: "name: a\npackages:\n- b\n- |\n  c\n# end\nbuilder_config:\n  uv_image: @\n"),
        .init(
            name: "at the end, without a line feed", path: uv, old: "name: a",
            new: "name: a\nbuilder_config:\n  uv_image: @\n"),
        .init(
            name: "before the end of the document", path: uv, old: "---\nname: a\n\n...\n",
            new: "---\nname: a\nbuilder_config:\n  uv_image: @\n\n...\n"),
        .init(
            name: "into a document in flow", path: uv, old: "--- {name: a}\n",
            new: "--- {builder_config: {uv_image: \"@\"}, name: a}\n"),
        .init(
            name: "CRLF at the end", path: uv, old: "name: a\r\n",
            new: "name: a\r\nbuilder_config:\r\n  uv_image: @\r\n"),
        .init(
            name: "into a nested base", path: innerUV,
            old:
                "base_image:\n    name: b\n    commands:\n    - |\n      a\n\n      b\n    # end of it\n\n# next\nname: a\n",
            new:
                "base_image:\n    name: b\n    commands:\n    - |\n      a\n\n      b\n    # end of it\n"
                + "    builder_config:\n      uv_image: @\n\n# next\nname: a\n"),
        .init(
            name: "into a nested base at the end", path: innerUV, old: "name: a\nbase_image:\n  name: b",
            new: "name: a\nbase_image:\n  name: b\n  builder_config:\n    uv_image: @\n"),
        .init(
            name: "into a nested base in flow", path: innerUV, old: "base_image: {name: b}\n",
            new: "base_image: {builder_config: {uv_image: \"@\"}, name: b}\n"),
    ]

    private static let json: [Case] = [
        .init(
            name: "in lines", old: "{\n  \"name\": \"a\",\n  \"base_image\" : \"debian:12\"\n}\n",
            new: "{\n  \"name\": \"a\",\n  \"base_image\" : \"@\"\n}\n"),
        .init(
            name: "in one line", old: #"{"base_image":"debian:12","name":"a"}"#,
            new: #"{"base_image":"@","name":"a"}"#),
        .init(
            name: "escapes",
            old: #" {"name": "\"}{,", "base\u005fimage": "debian\u003a12" , "env": {"a": "]"}} "#,
            new: #" {"name": "\"}{,", "base\u005fimage": "@" , "env": {"a": "]"}} "#),
        .init(
            name: "nested", path: inner,
            old: #"{"base_image": {"packages": ["a", "]"], "base_image": "debian:12"}}"#,
            new: #"{"base_image": {"packages": ["a", "]"], "base_image": "@"}}"#),
        .init(
            name: "a new object in lines", path: uv, old: "{\n    \"name\": \"a\"\n}\n",
            new: "{\n    \"name\": \"a\",\n    \"builder_config\": {\n        \"uv_image\": \"@\"\n    }\n}\n"
        ),
        .init(
            name: "a new object with tabs", path: innerUV,
            old: "{\n\t\"base_image\": {\n\t\t\"name\": \"a\"\n\t}\n}\n",
            new:
                "{\n\t\"base_image\": {\n\t\t\"name\": \"a\",\n\t\t\"builder_config\": {\n\t\t\t\"uv_image\": \"@\"\n\t\t}\n\t}\n}\n"
        ),
        .init(
            name: "a new object in one line", path: uv, old: #"{"name": "a"}"#,
            new: #"{"name": "a", "builder_config": {"uv_image": "@"}}"#),
        .init(
            name: "a new object, closely", path: uv, old: #"{"name":"a","platform":"b"}"#,
            new: #"{"name":"a","platform":"b","builder_config":{"uv_image":"@"}}"#),
        .init(
            name: "CRLF", path: uv, old: "{\r\n  \"name\": \"a\"\r\n}\r\n",
            new:
                "{\r\n  \"name\": \"a\",\r\n  \"builder_config\": {\r\n    \"uv_image\": \"@\"\r\n  }\r\n}\r\n"
        ),
        .init(
            name: "a new member", path: uv,
            old: "{\n  \"builder_config\": {\n    \"micromamba_image\": \"m:1\"\n  }\n}",
            new:
                "{\n  \"builder_config\": {\n    \"micromamba_image\": \"m:1\",\n    \"uv_image\": \"@\"\n  }\n}"
        ),
        .init(
            name: "an empty object", path: uv, old: "{}\n",
            new: #"{"builder_config": {"uv_image": "@"}}"# + "\n"),
        .init(
            name: "null", path: uv, old: "{\n  \"builder_config\": null,\n  \"name\": \"a\"\n}",
            new: "{\n  \"builder_config\": {\n    \"uv_image\": \"@\"\n  },\n  \"name\": \"a\"\n}"),
        .init(
            name: "an empty member", path: uv, old: #"{"builder_config": { }, "name": "a"}"#,
            new: #"{"builder_config": {"uv_image": "@" }, "name": "a"}"#),
    ]

    @Test(arguments: yaml + json) func theValueAloneIsReplaced(_ example: Case) throws {
        let new = try replaced(example.old, example.path)
        #expect(new == example.new.replacing("@", with: Self.pinned))
        // Once more, nothing is left to do.
        #expect(try replaced(new, example.path) == new)
    }

    @Test func severalAreReplacedOneAfterTheOther() throws {
        let text = SpecText(contents: Array("name: a\nbase_image: debian:12\n".utf8), name: "a spec")
        let new = try text.replacing([(["base_image"], "b:1"), (Self.uv, "u:1"), (Self.micromamba, "m:1")])
        #expect(
            String(decoding: new.bytes, as: UTF8.self) == """
                name: a
                base_image: b:1
                builder_config:
                  micromamba_image: m:1
                  uv_image: u:1

                """)
    }

    /// What cannot be written without changing another value is refused, with its line.
    @Test(
        arguments: [
            ("env: {A: &b debian:12}\nbase_image: *b\n", ["base_image"], ":1: "),
            ("name: a\nbase_image: &b debian:12\nenv:\n  A: *b\n", ["base_image"], ":2: "),
            ("base_image: &b {name: b}\nbuilder_options: *b\n", innerUV, ":1: "),
            ("name: a\nbuilder_config: 5\n", uv, ":2: "), (#"{"builder_config": []}"#, uv, ":1: "),
            ("name: a\ncommands:\n- |+\n  a\n\n", uv, ":"),
        ] as [(String, [String], String)])
    func whatDependsOnTheSameTextIsNotChanged(_ old: String, _ path: [String], _ line: String) throws {
        let error = try #require(throws: ImageSpecError.self) { try replaced(old, path) }
        #expect(error.code == .unsupportedField)
        #expect(error.message.hasPrefix("a spec ("), "\(error)")
        #expect(error.message.contains(line))
        #expect(error.message.contains(path.joined(separator: ".")))
    }

    /// Places that share a text can be given the same one.
    @Test func anAliasLeadsToItsText() throws {
        let old = "base_image:\n  base_image: &b debian:12\n  name: x\nbuilder_config: {uv_image: *b}\n"
        let text = SpecText(contents: Array(old.utf8), name: "a spec")
        let both = try text.replacing([(["base_image", "base_image"], Self.pinned), (Self.uv, Self.pinned)])
        #expect(String(decoding: both.bytes, as: UTF8.self) == old.replacing("debian:12", with: Self.pinned))
        #expect(throws: ImageSpecError.self) { try replaced(old, ["base_image", "base_image"]) }
        #expect(throws: ImageSpecError.self) { try replaced(old, Self.uv) }
    }
}
