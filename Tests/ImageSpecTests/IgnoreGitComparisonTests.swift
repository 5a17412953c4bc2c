// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import ContentTree
@testable import ImageSpec

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// Random trees and ignore files, compared with git.
@Suite struct IgnoreGitComparisonTests {
    static let git = ProcessInfo.processInfo.environment["PATH", default: ""].split(separator: ":")
        .map { "\($0)/git" }.first { FileManager.default.isExecutableFile(atPath: $0) }
    static let environment = ProcessInfo.processInfo.environment

    @Test(.enabled(if: git != nil, "needs git"), .timeLimit(.minutes(30)))
    func everyVerdictAndItsRuleAreThoseOfGit() throws {
        let seed = Self.environment["IMAGESPEC_TEST_SEED"].flatMap { UInt64($0) } ?? 20_260_101
        let repositories = Self.environment["IMAGESPEC_TEST_REPOSITORIES"].flatMap { Int($0) } ?? 2
        print("ignore: comparing with git, IMAGESPEC_TEST_SEED=\(seed)")
        var cases = 0
        var verdicts = 0
        var leftOut = 0
        var differences: [String] = []
        for number in 0..<repositories {
            var repository = RandomRepository(seed: seed &+ UInt64(number), trees: 220)
            try repository.compare(Self.git ?? "git", rounds: 5)
            cases += repository.compared
            verdicts += repository.verdicts
            leftOut += repository.leftOut
            differences += repository.differences
            if differences.count > 20 { break }
        }
        print("ignore: compared \(verdicts) verdicts (\(leftOut) left out) of \(cases) cases with git")
        #expect(differences.isEmpty, "seed \(seed):\n\(differences.prefix(20).joined(separator: "\n"))")
        #expect(cases >= repositories * 1000)
        // Both results must be frequent for the comparison to be useful.
        #expect(leftOut > verdicts / 5 && leftOut < verdicts * 4 / 5)
    }
}

/// SplitMix64: the same numbers on every machine.
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

/// One repository whose top-level directories are small trees, with ignore files in some of their directories.
///
/// Creating files is slow, so the trees are reused with new ignore files in each round.
private struct RandomRepository {
    private struct Tree {
        var name: Bytes
        /// Paths below the tree's directory; true for directories.
        var entries: [Bytes: Bool] = [:]
        /// By the directory below the tree's directory.
        var ignoreFiles: [Bytes: Bytes] = [:]
    }

    private var random: SeededGenerator
    private var trees: [Tree] = []
    private var topIgnoreFile: Bytes = []
    private(set) var compared = 0
    private(set) var verdicts = 0
    private(set) var leftOut = 0
    private(set) var differences: [String] = []

    init(seed: UInt64, trees count: Int) {
        random = SeededGenerator(state: seed)
        for number in 0..<count { trees.append(makeTree(number)) }
    }

    // MARK: Making

    private static let names: [Bytes] =
        [
            "a", "b", "c", "ab", "abc", "foo", "foobar", "bar", "A", "Z", "x.c", ".x", "a b", "t ", " s", "[",
            "]",
            "a]", "!n", "#h", "\\", "b\\s", "*", "**", "?", "-", "^", "a-b", "0", "9", "\t", "a\r", "n\nl",
            ":", "[a]",
            "\u{0B}", "\u{0C}", "~", "é", "日本",
        ].map { Bytes($0.utf8) } + [[0xE9], [0x61, 0xFF], [0xC3], [0x01], [0x7F], [0x80, 0xBF]]

    private static let pieces: [Bytes] =
        [
            "a", "b", "c", "foo", "bar", "x", ".", "-", "A", "0", "*", "*", "*", "**", "**", "***", "?", "?",
            "/", "/",
            "/", "/", "**/", "/**", "/**/", "**\\/", "\\/", "[ab]", "[!a]", "[^b]", "[a-c]", "[]a]", "[!]a]",
            "[^]-a]",
            "[[:alpha:]]", "[[:space:]]", "[[:digit:]-z]", "[[:bogus:]]", "[[:upper:][:punct:]]",
            "[![:alnum:]]",
            "[[:cntrl:]]", "[[:graph:]]", "[[:print:]]", "[[:lower:]x]", "[[:xdigit:]]", "[[:blank:]]",
            "[[:]", "[[:a]",
            "[[::]]", "[[:alpha:", "[a-", "[a", "[", "]", "\\", "\\*", "\\?", "\\[", "\\\\", "\\a", "\\ ",
            "\\!", "\\#", " ",
            "  ", "\r", "\t", "!", "#", "é", "[é]", "[a\\-c]", "[a-\\c]", "[\\]]", "[--0]", "[c-a]", "[/]",
            "[^/]", "[a-z/]",
            "[+-9]", "[!-~]", "[a-c-z]", "[a-]", "[-a]", "[\\", "\u{0B}", "\0",
        ].map { Bytes($0.utf8) } + [
            [0xE9], [0x5B, 0x80, 0x2D, 0xFF, 0x5D], [0x5B, 0x5E, 0xC3, 0x5D], [0xFF],
        ]

    private mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &random) < percent }

    private mutating func pick<Element>(_ list: [Element]) -> Element {
        list[Int.random(in: 0..<list.count, using: &random)]
    }

    private mutating func makeTree(_ number: Int) -> Tree {
        var made = Tree(name: Bytes("c\(number)".utf8))
        // Few names, so that patterns match paths.
        let names = (0..<Int.random(in: 3...6, using: &random)).map { _ in pick(Self.names) }
        for _ in 0..<Int.random(in: 3...7, using: &random) {
            var path: Bytes = []
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                if !path.isEmpty {
                    if made.entries[path] == false { break }
                    made.entries[path] = true
                    path.append(UInt8(ascii: "/"))
                }
                path += pick(names)
            }
            if path.last == UInt8(ascii: "/") { path.removeLast() }
            if made.entries[path] == nil { made.entries[path] = chance(25) }
        }
        let paths = made.entries.keys.sorted { $0.lexicographicallyPrecedes($1) }
        let folders = [[]] + paths.filter { made.entries[$0] == true }
        for folder in folders where folder.isEmpty || chance(30) {
            made.ignoreFiles[folder] = []
            made.entries[(folder.isEmpty ? [] : folder + [UInt8(ascii: "/")]) + Bytes(".gitignore".utf8)] =
                false
        }
        return made
    }

    private mutating func makeIgnoreFiles() {
        // One more level above the root of the walk, which seldom excludes whole trees.
        topIgnoreFile = chance(50) ? Bytes("c*1/*a*\n!/c*/a\n/c*7*/**/b\nc?1?/[a-f]*/\n!ab\n".utf8) : []
        for index in trees.indices {
            let paths = trees[index].entries.keys.sorted { $0.lexicographicallyPrecedes($1) }
            for folder in trees[index].ignoreFiles.keys.sorted(by: { $0.lexicographicallyPrecedes($1) }) {
                let below = paths.filter { folder.isEmpty || $0.starts(with: folder + [UInt8(ascii: "/")]) }
                    .map { folder.isEmpty ? $0 : Bytes($0.dropFirst(folder.count + 1)) }
                trees[index].ignoreFiles[folder] = makeIgnoreFile(below)
            }
        }
    }

    private mutating func makeIgnoreFile(_ paths: [Bytes]) -> Bytes {
        var text: Bytes = chance(5) ? [0xEF, 0xBB, 0xBF] : []
        for _ in 0..<Int.random(in: 1...5, using: &random) {
            var pattern: Bytes
            if chance(25) || paths.isEmpty {
                pattern = (0..<Int.random(in: 1...5, using: &random)).flatMap { _ in pick(Self.pieces) }
            } else {
                pattern = makePattern(pick(paths))
            }
            if chance(15) { pattern.insert(UInt8(ascii: "/"), at: 0) }
            if chance(25) { pattern.insert(UInt8(ascii: "!"), at: 0) }
            if chance(15) { pattern.append(UInt8(ascii: "/")) }
            if chance(6) { pattern += Bytes(pick([" ", "  ", "\\ ", "\\", " \\", "\\  ", "/ ", "\r"]).utf8) }
            text += pattern + Bytes(chance(8) ? "\r\n".utf8 : "\n".utf8)
        }
        if chance(20) { text.removeLast() }
        return text
    }

    /// A pattern that is likely to match a path.
    private mutating func makePattern(_ path: Bytes) -> Bytes {
        var components = path.split(separator: UInt8(ascii: "/")).map { Bytes($0) }
        if chance(50) { components = [components[components.count - 1]] }
        if chance(10) { components.removeLast(min(1, components.count - 1)) }
        for index in components.indices {
            let name = components[index]
            let at = Int.random(in: 0..<name.count, using: &random)
            switch Int.random(in: 0..<14, using: &random) {
            case 0: components[index] = Bytes("*".utf8)
            case 1, 2: components[index] = Bytes("**".utf8)
            case 3: components[index] = name[..<at] + Bytes("?".utf8) + name[(at + 1)...]
            case 4: components[index] = name[..<at] + Bytes("*".utf8)
            case 5: components[index] = name[..<at] + Bytes("**".utf8)
            case 6: components[index] = Bytes(pick(["*", "**", "***"]).utf8) + name[at...]
            case 7: components[index] = name[..<at] + Bytes("\\".utf8) + name[at...]
            case 8: components[index] = name[..<at] + pick(Self.pieces) + name[(at + 1)...]
            case 9: components[index] = name[..<at] + pick(Self.pieces) + name[at...]
            case 10:
                var pattern = Bytes(name[..<at])
                pattern += "[".utf8
                pattern.append(name[at])
                pattern += "-z]".utf8
                components[index] = pattern + name[(at + 1)...]
            default: break
            }
        }
        if chance(10) {
            components.insert(Bytes("**".utf8), at: Int.random(in: 0...components.count, using: &random))
        }
        return Bytes(components.joined(separator: Bytes(pick(["/", "/", "/", "/", "/", "\\/"]).utf8)))
    }

    // MARK: Comparing

    mutating func compare(_ git: String, rounds: Int) throws {
        let root = NSTemporaryDirectory() + "imagespec-ignore-" + UUID().uuidString
        defer { try? FileManager.default.removeItem(atPath: root) }
        try writeTrees(to: root)
        for _ in 0..<rounds {
            makeIgnoreFiles()
            try writeIgnoreFiles(to: root)
            let answers = try ask(git, root)
            for tree in trees {
                // The root of a walk and the directories above it are never excluded. In git they can be.
                if answers[tree.name]?.leftOutBy != nil { continue }
                compared += 1
                compare(tree, answers)
            }
        }
    }

    private mutating func compare(_ tree: Tree, _ answers: [Bytes: Finding]) {
        let walk = IgnoreWalk()
        var scope = IgnoreScope([])
        if let file = IgnoreFile.git(topIgnoreFile, path: ".gitignore") {
            scope.add(file, at: tree.name)
        }
        for (path, isFolder) in tree.entries { walk.add(path, isFolder: isFolder) }
        for (folder, text) in tree.ignoreFiles {
            let path = below(
                tree, (folder.isEmpty ? [] : folder + [UInt8(ascii: "/")]) + Bytes(".gitignore".utf8))
            walk.gitFiles[folder] = IgnoreFile.git(text, path: shown(path))
        }
        walk.walk(scope)
        for path in tree.entries.keys.sorted(by: { $0.lexicographicallyPrecedes($1) }) {
            verdicts += 1
            let here = walk.findings[path]
            let there = answers[below(tree, path)]
            if here?.leftOutBy != nil { leftOut += 1 }
            if here == there { continue }
            let files = tree.ignoreFiles.map { "  \(shown($0.key))/.gitignore: \(shown($0.value))" }
            differences.append(
                """
                \(shown(below(tree, path))) (\(tree.entries[path] == true ? "folder" : "file")): \
                git \(there?.description ?? "silent"), here \(here?.description ?? "silent")
                \(files.joined(separator: "\n"))
                """)
        }
    }

    private func below(_ tree: Tree, _ path: Bytes) -> Bytes { tree.name + [UInt8(ascii: "/")] + path }

    private func writeTrees(to root: String) throws {
        try makeFolder(Bytes(root.utf8))
        // The minimum that git accepts as a repository, created here so that no template or configuration has an effect.
        for folder in ["/.git", "/.git/objects", "/.git/refs"] { try makeFolder(Bytes((root + folder).utf8)) }
        try writeFile(Bytes((root + "/.git/HEAD").utf8), Bytes("ref: refs/heads/main\n".utf8))
        for tree in trees {
            let top = Bytes((root + "/").utf8) + tree.name
            try makeFolder(top)
            for path in tree.entries.keys.sorted(by: { $0.lexicographicallyPrecedes($1) }) {
                let full = top + [UInt8(ascii: "/")] + path
                if tree.entries[path] == true { try makeFolder(full) } else { try writeFile(full, []) }
            }
        }
    }

    private func writeIgnoreFiles(to root: String) throws {
        try writeFile(Bytes((root + "/.gitignore").utf8), topIgnoreFile)
        for tree in trees {
            for (folder, text) in tree.ignoreFiles {
                let path = below(
                    tree, (folder.isEmpty ? [] : folder + [UInt8(ascii: "/")]) + Bytes(".gitignore".utf8))
                try writeFile(Bytes((root + "/").utf8) + path, text)
            }
        }
    }

    private func makeFolder(_ path: Bytes) throws {
        let result = mkdir(path.map { CChar(bitPattern: $0) } + [0], 0o755)
        try #require(result == 0 || errno == EEXIST, "\(shown(path)): \(errno)")
    }

    private func writeFile(_ path: Bytes, _ content: Bytes) throws {
        let descriptor = open(path.map { CChar(bitPattern: $0) } + [0], O_WRONLY | O_CREAT | O_TRUNC, 0o644)
        try #require(descriptor >= 0, "\(shown(path)): \(errno)")
        let file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        try file.write(contentsOf: Data(content))
    }

    /// git's result for every entry.
    private func ask(_ git: String, _ root: String) throws -> [Bytes: Finding] {
        var question: Bytes = []
        for tree in trees {
            question += tree.name + [0]
            for path in tree.entries.keys { question += below(tree, path) + [0] }
        }
        try writeFile(Bytes((root + "/.git/question").utf8), question)
        try writeFile(Bytes((root + "/.git/answer").utf8), [])
        let process = Process()
        process.executableURL = URL(fileURLWithPath: git)
        process.arguments = ["-C", root, "check-ignore", "--no-index", "--stdin", "-z", "-v", "-n"]
        process.environment = [
            "PATH": ProcessInfo.processInfo.environment["PATH", default: ""], "HOME": root + "/.git",
            "XDG_CONFIG_HOME": root + "/.git", "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": "/dev/null",
            "LC_ALL": "C",
        ]
        process.standardInput = try FileHandle(forReadingFrom: URL(fileURLWithPath: root + "/.git/question"))
        process.standardOutput = try FileHandle(forWritingTo: URL(fileURLWithPath: root + "/.git/answer"))
        try process.run()
        process.waitUntilExit()
        try #require(process.terminationStatus <= 1, "git check-ignore failed")
        let answer = Bytes(try Data(contentsOf: URL(fileURLWithPath: root + "/.git/answer")))
        let fields = answer.split(separator: 0, omittingEmptySubsequences: false).dropLast()
        try #require(fields.count % 4 == 0 && !fields.isEmpty)
        var findings: [Bytes: Finding] = [:]
        for index in stride(from: 0, to: fields.count, by: 4) {
            let (file, line, pattern) = (fields[index], fields[index + 1], fields[index + 2])
            var finding = Finding()
            if !line.isEmpty && pattern.first != UInt8(ascii: "!") {
                let number = try #require(Int(String(decoding: line, as: UTF8.self)))
                finding.leftOutBy = Finding.Rule(file: shown(file), line: number)
            }
            findings[Bytes(fields[index + 3])] = finding
        }
        return findings
    }
}
