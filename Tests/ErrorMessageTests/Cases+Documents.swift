// SPDX-License-Identifier: Apache-2.0

import ImageSpec
import ImageSpecYAML

@testable import ContentTree

extension ErrorArea {
    /// JSON, and what both formats share.
    static let documents = ErrorArea(
        name: "documents",
        cases: [
            .json("invalidJSON", ""), .json("invalidJSON", "{\"a\": 1, }"), .json("invalidJSON", "{} {}"),
            .json("invalidJSON", #"{"name" "a"}"#), .json("invalidJSON", #"{name: "a"}"#),
            .json("invalidJSON", #"{"name": a}"#), .json("invalidJSON", #"{"name": NaN}"#),
            .json("invalidJSON", #"{"name": "a" "env": {}}"#),
            .json("invalidJSON", #"{"packages": ["a" "b"]}"#),
            .json("invalidJSON", #"{"name": "a", "name": "b"}"#), .json("invalidJSON", #"{"name": "a"#),
            .json("invalidJSON", "{\"name\": \"a\nb\"}"), .json("invalidJSON", #"{"name": "\x"}"#),
            .json("invalidJSON", #"{"name": "\u12"}"#), .json("invalidJSON", #"{"name": "\ud800"}"#),
            .json("invalidJSON", #"{"name": -}"#),
            .json("invalidJSON", String(repeating: "[", count: 300)),
            ErrorCase("invalidJSON", "JSON with a byte that is not UTF-8") { _ in
                _ = try ImageSpec.JSONValue(json: Array(#"{"name": ""#.utf8) + [0xFF] + Array("\"}".utf8))
            },
            .json("numberOutOfRange", #"{"builder_options": {"a": 9007199254740993}}"#),
            .json("wrongType", "[]"), .json("wrongType", #"{"python_version": 3.10}"#),
            .json("wrongType", #"{"name": true}"#), .json("wrongType", #"{"packages": "numpy"}"#),
            .json("wrongType", #"{"packages": "numpy pandas"}"#),
            .json("wrongType", #"{"commands": "make all"}"#),
            .json("wrongType", #"{"packages": [1]}"#), .json("wrongType", #"{"env": {"A": 1}}"#),
            .json("wrongType", #"{"packages": [null]}"#),
            .json("wrongType", #"{"packages": {"numpy": "2"}}"#),
            .json("wrongType", #"{"commands": [{"echo a": "b"}]}"#),
            .json("wrongType", #"{"env": ["A=1"]}"#), .json("wrongType", #"{"builder_options": []}"#),
            .json("wrongType", #"{"base_image": 3}"#), .json("wrongType", #"{"base_image": {"name": 3}}"#),
            .json("wrongType", #"{"pip_secret_mounts": [["a"]]}"#),
            .json("unknownCopyMode", #"{"source_copy_mode": "some"}"#),
            .json("unknownField", #"{"pyton_version": "3.12"}"#),
            .json("unknownField", #"{"colour": "red"}"#),
            .json("unknownField", #"{"base_image": {"nmae": "a"}}"#),
            ErrorCase("unknownConfigKey", #"an image config {"image": {}}"#) { _ in
                _ = try ImageSpec.ImageConfig(json: #"{"image": {}}"#)
            },
            ErrorCase("wrongType", #"an image config {"images": {"a": 1}}"#) { _ in
                _ = try ImageSpec.ImageConfig(json: #"{"images": {"a": 1}}"#)
            },
            ErrorCase("tagAndDigest", "an image config with an image that has both") { _ in
                _ = try ImageSpec.ImageConfig(
                    json: #"{"images": [{"name": "a", "fqn": "b", "tag": "1", "digest": "sha256:0"}]}"#)
            },
            ErrorCase("unknownImage", "the template {{.image.spark}}") { _ in
                _ = try ImageSpec.ImageConfig(default: "a:1").resolve("{{.image.spark}}")
            },
            ErrorCase("unknownImageAttribute", "the template {{.image.default.tag}}") { _ in
                _ = try ImageSpec.ImageConfig(default: "a:1").resolve("{{.image.default.tag}}")
            },
            ErrorCase("imageWithoutVersion", "the template {{.image.default.version}}") { _ in
                _ = try ImageSpec.ImageConfig(default: "a").resolve("{{.image.default.version}}")
            },
        ])

    static let yaml = ErrorArea(
        name: "yaml",
        cases: [
            .yaml("emptyYAML", "# nothing"), .yaml("invalidYAML", "? [a]\n: b"), .yaml("invalidYAML", "3: a"),
            .yaml("invalidYAML", "env: {'': a}\n? \n: b"),
            .yaml(
                "tooDeep", "name: " + String(repeating: "[", count: 250) + String(repeating: "]", count: 250)),
            .yaml("repeatedKey", "name: a\nname: b"), .yaml("mergeKey", "a: &a {name: b}\n<<: *a"),
            .yaml("ambiguous", "name: no"), .yaml("ambiguous", "name: 010"),
            .yaml("ambiguous", "name: 2024-01-31"),
            .yaml("notFinite", "name: .inf"), .yaml("unknownTag", "name: !secret a"),
            .yaml("wrongTag", "name: !!int a"),
            .yaml("tooManyAliases", "a: [&a b\(String(repeating: ", *a", count: 60))]"),
            ErrorCase("notUTF8", "YAML bytes 6E 0A FF") { _ in
                _ = try ImageSpec.JSONValue(yaml: [0x6E, 0x0A, 0xFF])
            },
            .yaml("byteOrderMark", #"name: "\uFEFFa""#), .yaml("yaml", "name: 'a"), .yaml("yaml", "a: b: c"),
            .yaml("yaml", "packages: [a"), .yaml("yaml", "\tname: a"), .yaml("yaml", "name: a\n---\nname: b"),
            .yaml("yaml", "name: *x"), .yaml("yaml", "name: \u{1}"),
            ErrorCase("unknownFileNameExtension", "the file spec.toml") { scene in
                try scene.write(["spec.toml": "name = 'a'"])
                _ = try ImageSpec(contentsOf: scene.path("spec.toml"))
            },
        ])
}
