// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// The examples of every command's help do what they say.
@Suite struct HelpExampleTests {
    /// All commands, as the tool lists them; the empty text is the tool itself.
    static let commands: [String] = {
        let help = (try? withTemporaryFolder { try Tool.run(["--help"], in: $0).text }) ?? ""
        let list = help.components(separatedBy: "SUBCOMMANDS:\n").last ?? ""
        let names = list.split(separator: "\n").prefix { $0.hasPrefix("  ") }.filter { !$0.hasPrefix("   ") }
        return [""]
            + names.compactMap { $0.split(separator: " ").first.map(String.init) }
            .filter { $0 == $0.lowercased() }
    }()

    /// Commands that do nothing without a container engine or a registry: only their arguments are looked at.
    static let needMore: Set = ["build", "digest", "exist", "pin"]

    /// The lines of a help text that are commands to type; what they print may follow on the line after a gap.
    static func examples(_ command: String) throws -> [String] {
        let arguments = command.isEmpty ? "--help" : "help \(command)"
        let help = try withTemporaryFolder { try Tool.shell("COLUMNS=500 \"$0\" \(arguments)", in: $0).text }
        // Messages about wrong usage point here.
        #expect(help.contains("USAGE: imagespec \(command)"))
        return help.split(separator: "\n").filter { $0.hasPrefix("  imagespec ") }.compactMap { line in
            line.dropFirst(2).firstRange(of: "   ").map {
                String(line[line.index(line.startIndex, offsetBy: 2)..<$0.lowerBound])
            }
                ?? String(line.dropFirst(2))
        }
    }

    /// The example project under the names that help texts use.
    private static func withExample<Result>(_ body: (String) throws -> Result) throws -> Result {
        let source = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("Examples/trainer").path
        return try withTemporaryFolder { place in
            let folder = place + "/example"
            try FileManager.default.copyItem(atPath: source, toPath: folder)
            for name in ["trainer.yaml", "server.yaml", "old.yaml", "new.yaml"] {
                try FileManager.default.copyItem(atPath: folder + "/image.yaml", toPath: folder + "/" + name)
            }
            try FileManager.default.removeItem(atPath: folder + "/image.yaml")
            try FileManager.default.createDirectory(
                atPath: folder + "/trainer", withIntermediateDirectories: false)
            return try body(folder)
        }
    }

    @Test func allCommandsAreKnown() {
        #expect(Self.commands.count >= 11)
        #expect(Self.needMore.isSubset(of: Self.commands))
    }

    @Test(arguments: commands) func everyExampleWorks(_ command: String) throws {
        let examples = try Self.examples(command)
        #expect(!examples.isEmpty, "the help of \(command) has no example")
        for example in examples {
            let name = example.split(separator: " ").dropFirst().first.map(String.init) ?? ""
            if Self.needMore.contains(name) {
                // In an empty folder a command that is understood finds no spec; one that is not is wrong usage.
                let outcome = try withTemporaryFolder { try Self.run(example, in: $0) }
                #expect(
                    outcome.messages.contains("does not exist; pass the path of a spec file"),
                    "\(example): \(outcome.messages)")
                continue
            }
            try Self.withExample { folder in
                if example.contains("Dockerfile") {
                    _ = try Self.run("imagespec render trainer.yaml >Dockerfile", in: folder)
                }
                if example.contains("trainer.snapshot.json") {
                    // The tag and its snapshot, saved earlier.
                    let outcome = try Self.run(
                        "imagespec tag --snapshot trainer.snapshot.json trainer.yaml >trainer.tag", in: folder
                    )
                    #expect(outcome.status == 0, "\(outcome.messages)")
                }
                if name == "init" { try? FileManager.default.removeItem(atPath: folder + "/image.yaml") }
                let outcome = try Self.run(example, in: folder)
                #expect(outcome.status == 0, "\(example): \(outcome.messages)")
            }
        }
    }

    private static func run(_ example: String, in folder: String) throws -> Tool.Outcome {
        try Tool.shell("tool=$0; imagespec() { \"$tool\" \"$@\"; }\n" + example, in: folder)
    }
}
