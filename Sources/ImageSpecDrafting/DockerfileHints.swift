// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
import ImageSpec

/// What a Dockerfile says for certain about its image: the base of the last stage, and the instructions that mean the
/// same whatever came before them.
///
/// Nothing is expanded or run: an instruction with a `$` is not understood. Source: Dockerfile reference.
struct DockerfileHints {
    /// The base of the last stage, followed through other stages.
    private(set) var base: String?
    private(set) var platform: String?
    private(set) var aptPackages: [String] = []
    private(set) var pipPackages: [String] = []
    /// The requirements files that pip installs.
    private(set) var requirements: [String] = []
    private(set) var env: [(name: String, value: String)] = []
    /// Instructions that were not understood, with their lines.
    private(set) var rest: [(line: Int, text: String)] = []
    /// The names of instructions that have no counterpart in a spec, and that a program may rely on.
    private(set) var replaced: [String] = []
    /// The names of the stages before the last one, or their numbers. Their instructions are not read.
    private(set) var skippedStages: [String] = []

    /// The bases of the stages by their names.
    private var stages: [String: String?] = [:]
    private var currentStage: String?

    init(_ text: String) throws(DockerfileInstruction.Unsupported) {
        for instruction in try DockerfileInstruction.read(text) { read(instruction) }
    }

    private mutating func read(_ instruction: DockerfileInstruction) {
        switch instruction.name {
        case "FROM": readStage(instruction)
        case "ENV": readEnvironment(instruction)
        case "RUN": readCommand(instruction)
        case "WORKDIR", "USER", "EXPOSE", "STOPSIGNAL":
            if !replaced.contains(instruction.name) { replaced.append(instruction.name) }
        // Neither the image's content nor its programs depend on these.
        case "LABEL", "MAINTAINER", "ARG", "SHELL": break
        default: keep(instruction)
        }
    }

    private mutating func keep(_ instruction: DockerfileInstruction) {
        rest.append((instruction.line, instruction.name + " " + instruction.arguments))
    }

    // MARK: FROM

    private mutating func readStage(_ instruction: DockerfileInstruction) {
        if let currentStage { skippedStages.append(currentStage) }
        clearStage()
        var words = instruction.arguments.split(whereSeparator: \.isWhitespace).map(String.init)
        if let first = words.first, first.hasPrefix("--platform=") {
            let value = String(first.dropFirst("--platform=".count))
            platform = value.utf8.contains(UInt8(ascii: "$")) ? nil : value
            words.removeFirst()
        }
        let name = words.first ?? ""
        base =
            stages[name.lowercased()]
            ?? (name.utf8.contains(UInt8(ascii: "$")) || name == "scratch" ? nil : name)
        currentStage = String(skippedStages.count)
        if words.count == 3, words[1].lowercased() == "as" {
            stages[words[2].lowercased()] = .some(base)
            currentStage = words[2]
        }
        if base == nil { keep(instruction) }
    }

    /// The image is the last stage only; what it copies from other stages is unknown.
    private mutating func clearStage() {
        platform = nil
        aptPackages = []
        pipPackages = []
        requirements = []
        env = []
        rest = []
        replaced = []
    }

    // MARK: ENV

    private mutating func readEnvironment(_ instruction: DockerfileInstruction) {
        let text = instruction.arguments
        guard !text.utf8.contains(where: { "$\\".utf8.contains($0) }), let words = ArgumentText.words(text)
        else { return keep(instruction) }
        let hasOldForm = words.first?.contains("=") == false
        if hasOldForm {
            guard words.count == 2, !text.utf8.contains(where: { "'\"".utf8.contains($0) }) else {
                return keep(instruction)
            }
            return add(words[0], words[1], instruction)
        }
        let pairs = words.map { $0.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false) }
        guard pairs.allSatisfy({ $0.count == 2 && !$0[0].isEmpty }) else { return keep(instruction) }
        for pair in pairs { add(String(pair[0]), String(pair[1]), instruction) }
    }

    private mutating func add(_ name: String, _ value: String, _ instruction: DockerfileInstruction) {
        let secrets = ["PASSWORD", "PASSWD", "SECRET", "TOKEN", "CREDENTIAL", "APIKEY", "API_KEY"]
        if secrets.contains(where: { name.uppercased().contains($0) }) || value.holdsCredential {
            rest.append(
                (instruction.line, "ENV \(name)=… (it may be a secret, which an image should not hold)"))
            return
        }
        env.removeAll { $0.name == name }
        env.append((name, value))
    }

    // MARK: RUN

    private mutating func readCommand(_ instruction: DockerfileInstruction) {
        var script = Substring(instruction.arguments)
        // Options such as --mount do not change what a command installs.
        while script.hasPrefix("--") {
            script = script.drop { !$0.isWhitespace }.drop { $0.isWhitespace }
        }
        guard !script.hasPrefix("["), let commands = SimpleScript.commands(String(script)) else {
            return keep(instruction)
        }
        let effects = commands.map(InstallCommand.init)
        guard !effects.contains(.unknown) else { return keep(instruction) }
        for effect in effects {
            switch effect {
            case .apt(let packages): aptPackages += packages.filter { !aptPackages.contains($0) }
            case .pip(let packages, let files):
                pipPackages += packages.filter { !pipPackages.contains($0) }
                requirements += files.filter { !requirements.contains($0) }
            case .nothing, .unknown: break
            }
        }
    }
}
