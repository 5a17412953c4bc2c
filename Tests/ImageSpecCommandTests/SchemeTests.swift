// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// The names that flytekit gives, from the tool.
@Suite struct SchemeTests {
    static let emptyNames =
        #"{"id":"fv8aVGdGU6GT1t5W98ZQPA","image_name":"flytekit:fv8aVGdGU6GT1t5W98ZQPA","spec":"-","tag":"fv8aVGdGU6GT1t5W98ZQPA"}"#

    @Test(arguments: [
        (["id"], "{}", "fv8aVGdGU6GT1t5W98ZQPA"), (["tag"], "{}", "fv8aVGdGU6GT1t5W98ZQPA"),
        (["name"], "{}", "flytekit:fv8aVGdGU6GT1t5W98ZQPA"), (["name", "--json"], "{}", emptyNames),
        (
            ["tag", "--json"], "{}",
            #"{"id":"fv8aVGdGU6GT1t5W98ZQPA","spec":"-","tag":"fv8aVGdGU6GT1t5W98ZQPA"}"#
        ),
        (["id", "--json"], "{}", #"{"id":"fv8aVGdGU6GT1t5W98ZQPA","spec":"-"}"#),
        // YAML keeps order, empty lists and the spelling of numbers.
        (["tag"], "env: {B: '2', A: '1'}", "wKZEX9fvDE9XeQChR6rHpg"),
        (["tag"], "packages: [pandas, numpy==1.26.4]", "JX_ISpV29HdQKj9iDkm7nQ"),
        (["tag", "--tag-format", "{spec_hash}-dev"], "{}", "9ujfGd2aVUfaP9fWSWYA5g-dev"),
        (
            ["tag", "--registry", "localhost:30000", "--architecture", "arm64", "--platform", "linux/amd64"],
            "{}", nil
        ),
    ])
    func namesAreThoseOfFlytekit(arguments: [String], spec: String, expected: String?) throws {
        let outcome = try Tool.run(arguments + ["--scheme", "flytekit", "-"], input: spec, in: "/")
        #expect(outcome.status == 0, "\(outcome.messages)")
        if let expected { #expect(outcome.text == expected + "\n") }
    }

    @Test func aPipeInPlaceOfRequirementsIsAnError() throws {
        try withFolder(of: ["a.json": #"{"requirements": "pipe"}"#]) { folder in
            let outcome = try Tool.shell(
                #"mkfifo pipe; timeout 30 "$0" name --scheme flytekit a.json"#, in: folder)
            #expect(outcome.status == 66)
            #expect(outcome.messages.contains("requirements: \"pipe\" is a pipe"))
        }
    }

    @Test func aGitThatCannotBeRunIsAFailedTool() throws {
        let spec = #"{"source_root": "src", "source_copy_mode": "all"}"#
        try withFolder(of: ["a.json": spec, "src/a": "", "bin/git": "\u{7F}ELF no program"]) { folder in
            let outcome = try Tool.shell(
                #"chmod +x bin/git; PATH=$PWD/bin "$0" name --scheme flytekit a.json"#, in: folder)
            #expect(outcome.status == 74)
            #expect(outcome.messages.contains("cannot run git"))
        }
    }

    @Test func anErrorHasFlytekitsExceptionAndTheStatusOfAWrongSpec() throws {
        let outcome = try Tool.run(
            ["name", "--scheme", "flytekit", "-"], input: #"{"registry": "a b"}"#, in: "/")
        #expect(outcome.status == 65)
        #expect(
            outcome.messages.contains("flytekit raises ValueError: Invalid container registry name: 'a b'."))
    }

    @Test(arguments: [["document", "--tag"], ["files"], ["render"], ["check"]])
    func otherCommandsHaveNoScheme(command: [String]) throws {
        let outcome = try Tool.run(command + ["--scheme", "flytekit", "-"], input: "{}", in: "/")
        #expect(outcome.status == 64)
        #expect(outcome.messages.contains("unknown option '--scheme'"))
    }

    @Test func loadedModulesCountEachTime() throws {
        try withFolder(of: ["src/a.py": "1"]) { folder in
            let spec = #"{"source_root": "\#(folder)/src"}"#
            func tag(_ modules: String...) throws -> Tool.Outcome {
                try Tool.run(
                    ["tag", "--scheme", "flytekit"] + modules.flatMap { ["--loaded-module", $0] } + ["-"],
                    input: spec,
                    in: folder)
            }
            let once = try tag("src/a.py")
            #expect(once.status == 0)
            #expect(try tag("./src/a.py").text == once.text)
            #expect(try tag("src/a.py", "src/a.py").text != once.text)
            #expect(try tag().status == 66)
        }
    }
}
