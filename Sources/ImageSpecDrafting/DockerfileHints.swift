// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
import ImageSpec

/// What a Dockerfile tells for certain of the image that it makes: what its last stage builds on, and those of its
/// instructions that have one meaning whatever came before.
///
/// Source: Dockerfile reference. Nothing is expanded or run: an instruction with a `$` tells nothing.
struct DockerfileHints {
    /// What the last stage builds on, past the stages of the file itself.
    var base: String?
    var platform: String?
    var aptPackages: [String] = []
    var pipPackages: [String] = []
    /// The requirements files that pip is told to read.
    var requirements: [String] = []
    var env: [(name: String, value: String)] = []
    /// Instructions that a person has to carry over, with their lines.
    var rest: [(line: Int, text: String)] = []
    /// Names of instructions that rendering has its own of, and that a program may rely on.
    var replaced: [String] = []
    /// Why reading ended before the end of the file.
    var problem: String?

    struct Instruction {
        var line: Int
        var name: String
        var arguments: String
    }

    private var stages: [String: String?] = [:]

    init(_ text: String) {
        let (instructions, problem) = Self.instructions(text)
        self.problem = problem
        // What a cut file would say is not certain.
        if problem != nil { return }
        for instruction in instructions { read(instruction) }
    }

    // MARK: lines

    private static func instructions(_ text: String) -> ([Instruction], String?) {
        var instructions: [Instruction] = []
        var open: Instruction?
        let lines = text.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false)
        for (index, line) in lines.enumerated() {
            let content = Substring(line).drop { $0 == " " || $0 == "\t" }
            if content.hasPrefix("#") {
                let directive = content.lowercased().filter { !$0.isWhitespace }
                if instructions.isEmpty, open == nil, directive.hasPrefix("#escape=`") {
                    return ([], "its escape character is not \\")
                }
                continue
            }
            if content.isEmpty { continue }
            var current = open ?? Instruction(line: index + 1, name: "", arguments: "")
            let trimmed = content.trimmingEnd()
            let isContinued = trimmed.hasSuffix("\\")
            current.arguments += isContinued ? trimmed.dropLast() + " " : trimmed
            open = isContinued ? current : nil
            if !isContinued { instructions.append(current) }
        }
        if let open { instructions.append(open) }
        for index in instructions.indices {
            let text = Substring(instructions[index].arguments).trimmingEnd()
            let name = text.prefix { !$0.isWhitespace }
            instructions[index].name = name.uppercased()
            instructions[index].arguments = String(text.dropFirst(name.count).drop { $0.isWhitespace })
            if ["RUN", "COPY", "ADD"].contains(instructions[index].name), text.contains("<<") {
                return ([], "line \(instructions[index].line) has a here-document")
            }
        }
        return (instructions, nil)
    }

    // MARK: instructions

    private mutating func read(_ instruction: Instruction) {
        switch instruction.name {
        case "FROM": readStage(instruction)
        case "ENV": readEnvironment(instruction)
        case "RUN": readCommand(instruction)
        // Rendering has its own, or needs none.
        case "WORKDIR", "USER", "EXPOSE", "STOPSIGNAL":
            if !replaced.contains(instruction.name) { replaced.append(instruction.name) }
        case "LABEL", "MAINTAINER", "ARG", "SHELL": break
        default: keep(instruction)
        }
    }

    private mutating func keep(_ instruction: Instruction) {
        rest.append((instruction.line, instruction.name + " " + instruction.arguments))
    }

    private mutating func readStage(_ instruction: Instruction) {
        var words = instruction.arguments.split(whereSeparator: \.isWhitespace).map(String.init)
        platform = nil
        if let first = words.first, first.hasPrefix("--platform=") {
            let value = String(first.dropFirst("--platform=".count))
            platform = value.utf8.contains(UInt8(ascii: "$")) ? nil : value
            words.removeFirst()
        }
        let name = words.first ?? ""
        let base =
            stages[name.lowercased()]
            ?? (name.utf8.contains(UInt8(ascii: "$")) || name == "scratch" ? nil : name)
        if words.count == 3, words[1].lowercased() == "as" { stages[words[2].lowercased()] = .some(base) }
        self.base = base
        // Only the last stage is the image; what it copies from the others is unknown.
        aptPackages = []
        pipPackages = []
        requirements = []
        env = []
        rest = []
        replaced = []
        if base == nil { keep(instruction) }
    }

    private mutating func readEnvironment(_ instruction: Instruction) {
        guard
            !instruction.arguments.utf8.contains(where: {
                $0 == UInt8(ascii: "$") || $0 == UInt8(ascii: "\\")
            }),
            let words = ShellWords.words(instruction.arguments)
        else { return keep(instruction) }
        let isOldForm = words.first?.contains("=") == false
        if isOldForm {
            guard words.count == 2, !instruction.arguments.contains(where: { $0 == "'" || $0 == "\"" }) else {
                return keep(instruction)
            }
            return add(words[0], words[1], instruction)
        }
        let pairs = words.map { $0.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false) }
        guard pairs.allSatisfy({ $0.count == 2 && !$0[0].isEmpty }) else { return keep(instruction) }
        for pair in pairs { add(String(pair[0]), String(pair[1]), instruction) }
    }

    private mutating func add(_ name: String, _ value: String, _ instruction: Instruction) {
        let secrets = ["PASSWORD", "PASSWD", "SECRET", "TOKEN", "CREDENTIAL", "APIKEY", "API_KEY"]
        if secrets.contains(where: { name.uppercased().contains($0) }) || value.holdsCredential {
            rest.append(
                (instruction.line, "ENV \(name)=… (it may be a secret, which an image should not hold)"))
            return
        }
        env.removeAll { $0.name == name }
        env.append((name, value))
    }

    private mutating func readCommand(_ instruction: Instruction) {
        var script = Substring(instruction.arguments)
        // How the command is run plays no part in what it installs.
        while script.hasPrefix("--") {
            script = script.drop { !$0.isWhitespace }.drop { $0.isWhitespace }
        }
        guard !script.hasPrefix("["), let commands = ShellWords.commands(String(script)) else {
            return keep(instruction)
        }
        let found = commands.map(Installation.init)
        guard !found.contains(where: { $0 == .unknown }) else { return keep(instruction) }
        for installation in found {
            switch installation {
            case .apt(let packages): aptPackages += packages.filter { !aptPackages.contains($0) }
            case .pip(let packages, let files):
                pipPackages += packages.filter { !pipPackages.contains($0) }
                requirements += files.filter { !requirements.contains($0) }
            case .nothing, .unknown: break
            }
        }
    }
}

/// What one command of a script adds to an image.
private enum Installation: Equatable {
    case apt([String])
    case pip([String], requirements: [String])
    /// Something that rendering does by itself, such as removing apt's lists.
    case nothing
    case unknown

    init(_ words: [String]) {
        var words = words[...]
        while let first = words.first, first.contains("="), first.prefix(while: \.isVariableName).count > 0,
            first.drop(while: \.isVariableName).hasPrefix("=")
        {
            // Variables for one command, as DEBIAN_FRONTEND.
            words = words.dropFirst()
        }
        switch words.first {
        case nil, "true"?, "set"?: self = .nothing
        case "apt-get"?, "apt"?: self = Self.apt(words.dropFirst())
        case "rm"?:
            let places = words.dropFirst().filter { !$0.hasPrefix("-") }
            let caches = ["/var/lib/apt/lists", "/var/cache/apt", "/root/.cache"]
            let isOfLists = places.allSatisfy { place in caches.contains { place.hasPrefix($0) } }
            self = isOfLists ? .nothing : .unknown
        case "pip"?, "pip3"?: self = Self.pip(words.dropFirst())
        case "uv"? where words.dropFirst().first == "pip": self = Self.pip(words.dropFirst(2))
        case "python"? where words.dropFirst().starts(with: ["-m", "pip"]),
            "python3"? where words.dropFirst().starts(with: ["-m", "pip"]):
            self = Self.pip(words.dropFirst(3))
        default: self = .unknown
        }
    }

    private static func apt(_ words: ArraySlice<String>) -> Installation {
        let flags: Set = [
            "-y", "-yq", "-qy", "-yqq", "-qqy", "-q", "-qq", "--yes", "--assume-yes", "--quiet",
        ]
        let options = words.filter { $0.hasPrefix("-") }
        guard options.allSatisfy({ flags.contains($0) || $0.hasPrefix("--no-install-") }) else {
            return .unknown
        }
        let rest = words.filter { !$0.hasPrefix("-") }
        switch rest.first {
        case "update", "upgrade", "clean", "autoremove", "autoclean", "dist-upgrade": return .nothing
        case "install":
            let packages = Array(rest.dropFirst())
            return packages.allSatisfy({ $0.utf8.allSatisfy(\.isPackageByte) }) ? .apt(packages) : .unknown
        default: return .unknown
        }
    }

    private static func pip(_ words: ArraySlice<String>) -> Installation {
        guard words.first == "install" else { return .unknown }
        let flags: Set = [
            "--no-cache-dir", "--no-cache", "-U", "--upgrade", "-q", "--quiet", "--system", "--user",
            "--disable-pip-version-check", "--no-input", "--break-system-packages", "--compile",
        ]
        var packages: [String] = []
        var files: [String] = []
        var rest = words.dropFirst()
        while let word = rest.popFirst() {
            if flags.contains(word) { continue }
            if ["-r", "--requirement"].contains(word), let file = rest.popFirst() {
                files.append(file)
            } else if word.hasPrefix("-") || word.hasPrefix(".") || word.contains("/") {
                return .unknown
            } else if !["pip", "setuptools", "wheel", "uv"].contains(word) {
                packages.append(word)
            }
        }
        return packages.isEmpty && files.isEmpty ? .nothing : .pip(packages, requirements: files)
    }
}

extension Character {
    fileprivate var isVariableName: Bool { isASCII && (isLetter || isNumber) || self == "_" }
}

extension UInt8 {
    /// What names and versions of Debian's packages are made of.
    fileprivate var isPackageByte: Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(self | 0x20)
            || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self) || "+-.:=~".utf8.contains(self)
    }
}

/// The words of simple shell commands.
enum ShellWords {
    /// The words of a text in which only quotes have a meaning; nil if one is not closed.
    static func words(_ text: String) -> [String]? { split(text, isScript: false)?.first ?? [] }

    /// The commands of a script that are joined by `&&` and `;`; nil if it has anything that needs a shell.
    static func commands(_ text: String) -> [[String]]? { split(text, isScript: true) }

    private static func split(_ text: String, isScript: Bool) -> [[String]]? {
        var commands: [[String]] = [[]]
        var word: String?
        var quote: Unicode.Scalar?
        // By scalars: what stands under an accent means the same to a shell.
        var rest = Substring(text).unicodeScalars
        func endWord() {
            if let word { commands[commands.count - 1].append(word) }
            word = nil
        }
        func append(_ scalar: Unicode.Scalar) {
            word = word ?? ""
            word?.unicodeScalars.append(scalar)
        }
        while let scalar = rest.popFirst() {
            if isScript, ["$", "`", "\\"].contains(scalar), quote != "'" { return nil }
            if let open = quote {
                if scalar == open { quote = nil } else { append(scalar) }
            } else if scalar == "'" || scalar == "\"" {
                quote = scalar
                word = word ?? ""
            } else if scalar.properties.isWhitespace {
                endWord()
            } else if isScript, scalar == ";" || scalar == "&" && rest.first == "&" {
                if scalar == "&" { rest.removeFirst() }
                endWord()
                commands.append([])
            } else if isScript, Self.special.contains(scalar), !isPartOfPackage(scalar, word) {
                return nil
            } else {
                append(scalar)
            }
        }
        guard quote == nil else { return nil }
        endWord()
        return commands.filter { !$0.isEmpty }
    }

    private static let special: Set<Unicode.Scalar> = [
        "|", "&", "<", ">", "(", ")", "{", "}", "*", "?", "[", "]", "#", "!", "~",
    ]

    /// What would be a glob to the shell, but is seldom meant so: extras, as in `uvicorn[standard]`; and apt's own lists,
    /// which are only removed.
    private static func isPartOfPackage(_ scalar: Unicode.Scalar, _ word: String?) -> Bool {
        guard let word, !word.isEmpty else { return false }
        switch scalar {
        case "[", "]": return !word.contains("/")
        case "*": return word.hasPrefix("/var/lib/apt/lists/") || word.hasPrefix("/var/cache/apt/")
        case "!", "~", "#": return true
        default: return false
        }
    }
}

extension Substring {
    fileprivate func trimmingEnd() -> Substring {
        var rest = self
        while let last = rest.last, last.isWhitespace { rest.removeLast() }
        return rest
    }
}
