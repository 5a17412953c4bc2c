// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
internal import ContentTree
import ImageSpec

/// The messages for invalid arguments: what is wrong, and which help to read.
struct UsageProblem {
    /// The arguments of the process, without its own name.
    var arguments: ArraySlice<String>

    private static let commands: [String] = ImageSpecCommand.configuration.subcommands.compactMap {
        $0.configuration.commandName
    }

    /// The text about a command that does not exist; nil if the command does.
    ///
    /// The parser has no such error: to it, an unknown command is an argument too many, and `help` ignores it.
    var unknownCommand: String? {
        let name = arguments.first == "help" ? arguments.dropFirst().first : arguments.first
        guard let name, !name.hasPrefix("-"), name != "help", !Self.commands.contains(name) else {
            return nil
        }
        let shown = name.escapingControlCharacters
        var advice = "the commands are " + Self.commands.joined(separator: ", ")
        if [".yaml", ".yml", ".json"].contains(where: name.hasSuffix) {
            advice = "pass the spec after a command, such as 'imagespec name \(shown)'; " + advice
        } else if let nearest = Suggestion.nearest(to: name, among: Self.commands) {
            advice = "did you mean '\(nearest)'?"
        }
        return "unknown command '\(shown)'; \(advice)\nSee 'imagespec help'."
    }

    /// The parser's message, with the help to read.
    func text(_ message: String) -> String {
        let command = arguments.first.flatMap { Self.commands.contains($0) ? " " + $0 : nil } ?? ""
        return message.prefix(1).lowercased() + message.dropFirst() + "\nSee 'imagespec help\(command)'."
    }
}
