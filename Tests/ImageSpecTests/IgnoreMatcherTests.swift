// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import ContentTree
@testable import ImageSpec

@Suite struct IgnoreMatcherTests {
    // MARK: The notation of git

    /// The text of a `.gitignore`, paths that it excludes and paths that it includes. A slash at the end means a directory.
    static let notation: [(String, leavesOut: [String], keeps: [String])] = [
        // A name at any depth, a path, only directories.
        ("a", ["a", "b/a", "a/", "a/x"], ["ab", "b/ab"]),
        ("/a", ["a", "a/x"], ["b/a"]),
        ("b/a", ["b/a"], ["c/b/a"]),
        ("a/", ["a/", "b/a/", "a/x"], ["a", "b/a"]),
        ("/foo/", ["foo/"], ["foobar/", "foo"]),
        ("/", [], ["a", "a/b"]),
        // The last matching line decides, but not below a directory that is excluded.
        ("*\n!b", ["a"], ["b"]),
        ("a\n!a/b", ["a/b"], []),
        ("a/*\n!a/b", ["a/c"], ["a/b"]),
        // Two stars as a component, and after a literal beginning, which git compares separately.
        ("**/a/b", ["a/b", "x/a/b", "x/y/a/b"], ["xa/b"]),
        ("a/**", ["a/b", "a/b/c"], ["a/", "b/a/c"]),
        ("a/**/b", ["a/b", "a/x/b", "a/x/y/b"], ["a/xb", "ab"]),
        ("x/foo**", ["x/foo", "x/foobar", "x/foo/", "x/fooz/"], ["x/fo"]),
        ("x/foo**/bar", ["x/foobar", "x/foo/bar", "x/fooz/y/bar"], ["x/foo/xbar"]),
        ("x/?oo**/bar", ["x/foo/bar", "x/fooz/bar"], ["x/foobar", "x/fooz/y/bar"]),
        ("a**\\/b", ["a/b", "ax/y/b"], ["ab"]),
        ("a***b", ["ab", "axb"], ["a/b"]),
        // Comments, escapes, white space, line ends, a byte order mark.
        ("#a\n\\#b\n\\!c", ["#b", "!c"], ["#a", "a", "b", "c"]),
        ("a  \nb\\ \nc\\\\ \nd \\", ["a", "b ", "c\\"], ["a  ", "b", "d", "d \\"]),
        ("a\r\nb\r\r\nc\r", ["a", "b\r", "c"], ["b", "a\r"]),
        ("a\t", ["a\t"], ["a"]),
        ("\u{FEFF}a\n\u{FEFF}b", ["a", "\u{FEFF}b"], ["b"]),
        ("ab\0c", ["ab"], ["abc"]),
        // Classes stand for one byte.
        ("[a-c]\n[!a-y]z\n[]x]\n[\\]y]q", ["b", "zz", "]", "x", "]q", "yq"], ["d", "az", "q"]),
        ("[[:digit:][:upper:]]", ["7", "Q"], ["a", ":"]),
        ("[[:bogus:]]\n[ab\nc\\\n[b-a", [], ["a", "b", "c", "c\\", "[ab", "[b-a"]),
        ("?", ["a"], ["é"]),
        ("??", ["é"], ["a"]),
        ("a[/]b\na[^x]c/d", ["ayc/d"], ["a/b", "a/c/d"]),
    ]

    @Test(arguments: notation)
    func gitNotation(_ text: String, _ leavesOut: [String], _ keeps: [String]) {
        let file = IgnoreFile.git(Bytes(text.utf8), path: ".gitignore")
        for path in leavesOut { #expect(IgnoreWalk.leavesOut(path, [file]), "\(path) should be excluded") }
        for path in keeps { #expect(!IgnoreWalk.leavesOut(path, [file]), "\(path) should be included") }
    }

    @Test(arguments: [
        "", "# a", "\n\r\n", "/", "//", "!", "[", "a\\", "[[:bogus:]]", "[/]", "a/[!\u{1}-\u{7F}", "\0a",
    ])
    func filesWithoutARuleThatCanMatchAreIgnored(_ text: String) {
        #expect(IgnoreFile.git(Bytes(text.utf8), path: ".gitignore") == nil)
    }

    @Test func rulesAreExplainedByTheirLine() throws {
        let file = try #require(IgnoreFile.git(Bytes("# c\n\n[\na \r\n!b/".utf8), path: "x/.gitignore"))
        #expect(file.path == "x/.gitignore")
        #expect(file.rule(0) == (4, "a"))
        #expect(file.rule(1) == (5, "!b/"))
    }

    // MARK: Several files

    private static func git(_ text: String, _ path: String = ".gitignore") throws -> IgnoreFile {
        try #require(IgnoreFile.git(Bytes(text.utf8), path: path))
    }

    @Test func theDeepestFileWithAMatchDecides() throws {
        let walk = IgnoreWalk()
        walk.add(["a/x", "a/y", "a/b/x", "a/b/y", "x"])
        walk.gitFiles = [
            []: try Self.git("x\ny", "1"), Bytes("a".utf8): try Self.git("!x", "2"),
            Bytes("a/b".utf8): try Self.git("x", "3"),
        ]
        walk.walk(IgnoreScope([]))
        func rule(_ path: String) -> String? { walk.findings[Bytes(path.utf8)]?.leftOutBy?.file }
        #expect(["x", "a/x", "a/y", "a/b/x", "a/b/y"].map(rule) == ["1", nil, "1", "3", "1"])
    }

    @Test func rulesAboveTheRootAreRelativeToTheirDirectory() throws {
        var scope = IgnoreScope([])
        scope.add(try Self.git("/r/s/a\nb\n/c\nr"), at: Bytes("r/s".utf8))
        scope.add(try Self.git("!b\n/s/d"), at: Bytes("s".utf8))
        let walk = IgnoreWalk()
        walk.add(["a", "b", "c", "d", "x/a", "x/b", "r"])
        walk.walk(scope)
        let leftOut = walk.findings.filter { $0.value.leftOutBy != nil }.keys.map { shown($0) }.sorted()
        #expect(leftOut == ["a", "d", "r"])
    }

    @Test func aFileThatCanNoLongerMatchIsDropped() throws {
        let matcher = IgnoreMatcher()
        matcher.begin(IgnoreScope([try Self.git("/a/b\n"), .standard]))
        let scopes = ["a", "b"].map { Bytes($0.utf8).withUnsafeBytes { matcher.scope(entering: $0) } }
        #expect(scopes.map { $0.places.map(\.file.kind) } == [[.git, .standard], [.standard]])
    }

    @Test func eachOfTheThreeSetsExcludes() throws {
        let docker = try IgnoreFile.docker(Bytes("d\n!x.pyc\n!g".utf8), path: ".dockerignore")
        let files = [try Self.git("g\n!d\n!x.pyc\n!.DS_Store"), docker, .standard]
        for path in [
            "g", "d", "x.pyc", ".DS_Store", "a/.DS_Store", "a/x.pyc", ".cache", ".cache/", "__pycache__/",
            "a/__pycache__/x",
        ] {
            #expect(IgnoreWalk.leavesOut(path, files), "\(path) should be excluded")
        }
        for path in ["a/.cache", "__pycache__", "a/d", "x.py", "pyc"] {
            #expect(!IgnoreWalk.leavesOut(path, files), "\(path) should be included")
        }
    }

    @Test func aDirectoryThatAnotherSetExcludesIsNotEntered() throws {
        let docker = try IgnoreFile.docker(Bytes("*\n!*/keep".utf8), path: ".dockerignore")
        let matcher = IgnoreMatcher()
        matcher.begin(IgnoreScope([try Self.git("b/"), docker, .standard].compactMap { $0 }))
        func isEntered(_ name: String) -> Bool {
            if case .exclude = Bytes(name.utf8).withUnsafeBytes({ matcher.verdict($0, isFolder: true) }) {
                return false
            }
            return true
        }
        #expect(["a", "b", ".cache"].map(isEntered) == [true, false, false])
    }

    // MARK: Limits

    /// Patterns that cost a backtracking matcher, or an eager automaton, exponential time or space.
    static let hostile = [
        "*a????????????????????", "*a*a*a*a*a*a*a*a*a*a*a*b",
        "[ab]*a[ab][ab][ab][ab][ab][ab][ab][ab][ab][ab][ab][ab][ab][ab]",
        "**/a/**/a/**/a/**/a/**/a/**/a/**/b", "**/*a/**/*a/**/*a/**/*a??????????????/b",
    ]

    @Test(.timeLimit(.minutes(20)), arguments: hostile) func hostilePatternsStayWithinTheirBudget(
        _ pattern: String
    ) throws {
        let budget = 64 << 10
        for file in [
            IgnoreFile.git(Bytes(pattern.utf8), path: ".gitignore"),
            try IgnoreFile.docker(Bytes(pattern.utf8), path: ".dockerignore"),
        ] {
            let matcher = IgnoreMatcher(budget: budget)
            var scope = IgnoreScope([file].compactMap { $0 })
            var random = SeededGenerator(state: 1)
            for _ in 0..<100 {
                matcher.begin(scope)
                let name = (0..<200).map { _ in UInt8.random(in: 0x61...0x62, using: &random) }
                _ = name.withUnsafeBytes { matcher.verdict($0, isFolder: false) }
                // Into a directory, so that positions accumulate.
                let folder = Bytes("a".utf8)
                scope = folder.withUnsafeBytes { matcher.scope(entering: $0) }
                for automaton in matcher.automataInUse { #expect(automaton.size < budget + 4096) }
            }
        }
    }

    @Test func longFilesAreReadInLinearTime() throws {
        let text =
            (0..<20_000).map { "dir\($0)/**/*.t\($0 % 7)\n" }.joined()
            + String(repeating: "**/", count: 50_000) + "z"
        let file = try #require(IgnoreFile.git(Bytes(text.utf8), path: ".gitignore"))
        #expect(IgnoreWalk.leavesOut("dir19999/a/b.t0", [file]))
        #expect(IgnoreWalk.leavesOut("q/z", [file]))
        #expect(!IgnoreWalk.leavesOut("dir19999/a/b.t1", [file]))
    }

    /// Long enough that work that grows with the square would not end. Memory is measured with the tool.
    private static let length = 100_000

    /// Long lines: what is repeated, what follows, a path that the rule matches, and one that it does not match. If nothing
    /// matches, no path can be as long.
    static let longLines: [(unit: String, end: String, matches: String?, other: String)] = [
        ("a", "", nil, "a"), ("?", "", nil, "a"), ("*a", "", nil, "aa"), ("a/", "b", nil, "a/b"),
        ("\\a", "", nil, "a"), ("[ab]", "", nil, "ab"), ("*", "a", "xa", "ab"), ("**/", "z", "q/z", "q/y"),
    ]

    @Test(.timeLimit(.minutes(20)), arguments: longLines)
    func aLongLineIsNoBurden(_ unit: String, _ end: String, _ matches: String?, _ other: String) throws {
        let count = Self.length / unit.utf8.count
        let text = Bytes((String(repeating: unit, count: count) + end + "\nc\n").utf8)
        for file in [
            IgnoreFile.git(text, path: ".gitignore"), try IgnoreFile.docker(text, path: ".dockerignore"),
        ] {
            let file = try #require(file)
            #expect(file.program.rules.count == (matches == nil ? 1 : 2))
            #expect(IgnoreWalk.leavesOut("c", [file]) && !IgnoreWalk.leavesOut(other, [file]))
            if let matches { #expect(IgnoreWalk.leavesOut(matches, [file])) }
        }
    }

    @Test(.timeLimit(.minutes(20))) func aLongClassIsNoBurden() throws {
        let many = String(repeating: "abc-e", count: Self.length / 5)
        let text = Bytes("[\(many)]x\n".utf8)
        for file in [
            IgnoreFile.git(text, path: ".gitignore"), try IgnoreFile.docker(text, path: ".dockerignore"),
        ] {
            #expect(IgnoreWalk.leavesOut("dx", [file]) && !IgnoreWalk.leavesOut("fx", [file]))
            // Shown cut off.
            #expect(try #require(file).rule(0).text.utf8.count < 2_000)
        }
        // Each `[:` looks for the same bracket.
        let open = Bytes(("[" + String(repeating: "[:", count: Self.length / 2) + "a]x").utf8)
        #expect(IgnoreWalk.leavesOut(":x", [IgnoreFile.git(open, path: ".gitignore")]))
    }

    // Components that `..` removes are not read, and use no memory.
    @Test(
        .timeLimit(.minutes(20)),
        arguments: [
            ("a/../", "b", "b"), ("[/../", "b", "b"), ("./", "b", "b"), ("/", "b", "b"), ("../", "b", nil),
            ("/../", "b", "b"),
        ])
    func aLongPathIsCleaned(_ unit: String, _ end: String, _ matches: String?) throws {
        let text = String(repeating: unit, count: Self.length / unit.utf8.count) + end
        let file = try IgnoreFile.docker(Bytes(text.utf8), path: ".dockerignore")
        #expect((file == nil) == (matches == nil))
        if let matches {
            #expect(IgnoreWalk.leavesOut(matches, [file]) && !IgnoreWalk.leavesOut("c", [file]))
        }
    }

    // The first mistake in a line is reported, also beyond what can match.
    @Test(arguments: [
        ("[a/b\\", "unclosed"), ("[z-a]/[", "invalid range"), ("a\\/[]", "ends in"), ("x/[]/[a", "is empty"),
    ])
    func theFirstMistakeIsReported(_ text: String, _ reason: String) {
        for text in [text, text + "/" + String(repeating: "a/", count: 10_000) + "[]"] {
            let error = #expect(throws: ContentTreeError.self) {
                try IgnoreFile.docker(Bytes(text.utf8), path: ".dockerignore")
            }
            guard case .malformedPattern(1, _, let found, _) = error?.reason else {
                Issue.record("\(String(describing: error))")
                continue
            }
            #expect(found.contains(reason), "\(found)")
        }
    }

    // Twenty thousand rules.
    @Test(.timeLimit(.minutes(20))) func aLongFileIsNoBurden() throws {
        let text = (0..<20_000).map { "name_of_a_file_\($0)\n" }.joined() + "*.x\n!b.x\n"
        for file in [
            IgnoreFile.git(Bytes(text.utf8), path: ".gitignore"),
            try IgnoreFile.docker(Bytes(text.utf8), path: ".dockerignore"),
        ] {
            let file = try #require(file)
            for name in ["name_of_a_file_0", "name_of_a_file_19999", "a.x"] {
                #expect(IgnoreWalk.leavesOut(name, [file]))
            }
            for name in ["name_of_a_file_", "name_of_a_file_20000", "b.x"] {
                #expect(!IgnoreWalk.leavesOut(name, [file]))
            }
        }
    }

    @Test func manyIgnoreFilesOnOnePathKeepTheirOrder() throws {
        let walk = IgnoreWalk(IgnoreMatcher(totalBudget: 100_000))
        var folder: Bytes = []
        for depth in 0..<100 {
            walk.gitFiles[folder] = try Self.git(depth % 2 == 0 ? "x" : "!x", "\(depth)")
            walk.add(folder + Bytes((folder.isEmpty ? "x" : "/x").utf8))
            folder += Bytes((folder.isEmpty ? "d" : "/d").utf8)
        }
        walk.walk(IgnoreScope([]))
        for (path, finding) in walk.findings where path.last == UInt8(ascii: "x") {
            let depth = path.count { $0 == UInt8(ascii: "/") }
            #expect(finding.leftOutBy == (depth % 2 == 0 ? Finding.Rule(file: "\(depth)", line: 1) : nil))
        }
    }

    // MARK: Laws

    @Test func discardedStatesDoNotChangeTheResult() throws {
        for test in try IgnoreCasesTests.cases() {
            // The first has no space for a second state, the other keeps all.
            let (forgetful, fresh) = (IgnoreMatcher(budget: 0, totalBudget: 0), IgnoreMatcher())
            #expect(
                try IgnoreCasesTests.keptByGit(test, forgetful) == IgnoreCasesTests.keptByGit(test, fresh),
                "\(test.name)")
            #expect(
                IgnoreCasesTests.keptByDocker(test, forgetful) == IgnoreCasesTests.keptByDocker(test, fresh),
                "\(test.name)")
        }
    }

    @Test func aScopeCanBeUsedByAnotherMatcher() throws {
        let files = [
            try Self.git("/a/*/c\nd*"), try IgnoreFile.docker(Bytes("a/b/e".utf8), path: ".dockerignore"),
            .standard,
        ]
        var scope = IgnoreScope(files.compactMap { $0 })
        for name in ["a", "b"] {
            let matcher = IgnoreMatcher()
            matcher.begin(scope)
            scope = Bytes(name.utf8).withUnsafeBytes { matcher.scope(entering: $0) }
        }
        let matcher = IgnoreMatcher()
        matcher.begin(scope)
        let kept = ["c", "d1", "e", "f"].filter {
            if case .include = Bytes($0.utf8).withUnsafeBytes({ matcher.verdict($0, isFolder: false) }) {
                return true
            }
            return false
        }
        #expect(kept == ["f"])
    }
}
