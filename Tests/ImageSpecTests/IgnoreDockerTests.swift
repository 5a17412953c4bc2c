// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import ContentTree
@testable import ImageSpec

@Suite struct IgnoreDockerTests {
    /// Lines of a `.dockerignore`, paths that it excludes and paths that it includes.
    struct Case: Sendable, CustomTestStringConvertible {
        let lines: [String]
        var leavesOut: [String] = []
        var keeps: [String] = []

        init(_ lines: String..., leavesOut: [String] = [], keeps: [String] = []) {
            self.lines = lines
            self.leavesOut = leavesOut
            self.keeps = keeps
        }

        var testDescription: String { lines.joined(separator: " | ") }

        func check() throws {
            let file = try IgnoreFile.docker(
                Bytes(lines.joined(separator: "\n").utf8), path: ".dockerignore")
            for path in leavesOut {
                #expect(IgnoreWalk.leavesOut(path, [file]), "\(path) should be left out")
            }
            for path in keeps { #expect(!IgnoreWalk.leavesOut(path, [file]), "\(path) should be kept") }
        }
    }

    // MARK: Docker's own table

    /// The cases that moby/patternmatcher publishes, by pattern.
    static let published: [Case] = [
        Case("**", leavesOut: ["file", "file/", "dir/file", "dir/file/"]),
        Case("**/", leavesOut: ["file", "file/", "dir/file", "dir/file/"]),
        Case("**/**", leavesOut: ["dir/file", "dir/file/"]),
        Case("dir/**", leavesOut: ["dir/file", "dir/file/", "dir/dir2/file", "dir/dir2/file/"]),
        Case("**/dir", leavesOut: ["dir", "dir/file"]),
        Case("**/dir2/*", leavesOut: ["dir/dir2/file", "dir/dir2/file/"]),
        Case("**/dir2/**", leavesOut: ["dir/dir2/dir3/file", "dir/dir2/dir3/file/"]),
        Case("**file", leavesOut: ["file"]),
        Case("**/file", leavesOut: ["dir/file", "dir/dir/file"]),
        Case("**/file*", leavesOut: ["dir/dir/file", "dir/dir/file.txt"]),
        Case("**/file*txt", leavesOut: ["dir/dir/file.txt"]),
        Case("**/file*.txt", leavesOut: ["dir/dir/file.txt"]),
        Case("**/file*.txt*", leavesOut: ["dir/dir/file.txt"]),
        Case("**/**/*.txt", leavesOut: ["dir/dir/file.txt", "file.txt"]),
        Case("**/**/*.txt2", keeps: ["dir/dir/file.txt"]),
        Case("**/*.txt", leavesOut: ["file.txt"]),
        Case("a**/*.txt", leavesOut: ["a/file.txt"]),
        Case("a/*.txt", leavesOut: ["a/file.txt"], keeps: ["a/dir/file.txt"]),
        Case("a/*.txt**", leavesOut: ["a/file.txt"]),
        Case("a[b-d]e", leavesOut: ["ace"], keeps: ["ae", "aae"]),
        Case("a[^b-d]e", leavesOut: ["aze"]),
        Case(".*", leavesOut: [".foo"], keeps: ["foo"]),
        Case("abc.def", leavesOut: ["abc.def"], keeps: ["abcdef", "abcZdef"]),
        Case("abc?def", leavesOut: ["abcZdef"], keeps: ["abcdef"]),
        Case("**/foo/bar", leavesOut: ["foo/bar", "dir/foo/bar", "dir/dir2/foo/bar"]),
        Case("abc/**", leavesOut: ["abc/def", "abc/def/ghi"], keeps: ["abc"]),
        Case("**/.foo", leavesOut: [".foo"], keeps: ["bar.foo"]),
        Case("a(b)c/def", leavesOut: ["a(b)c/def"], keeps: ["a(b)c/xyz"]),
        Case("a.|)$(}+{bc", leavesOut: ["a.|)$(}+{bc"]),
        Case(
            "dist/proxy.py-2.4.0rc3.dev36+g08acad9-py3-none-any.whl",
            leavesOut: ["dist/proxy.py-2.4.0rc3.dev36+g08acad9-py3-none-any.whl"]),
        Case("dist/*.whl", leavesOut: ["dist/proxy.py-2.4.0rc3.dev36+g08acad9-py3-none-any.whl"]),
        Case("a\\\\", leavesOut: ["a\\"]),
        Case("a\\*b", leavesOut: ["a*b"], keeps: ["ab"]),
        // Several lines.
        Case("**", "!util/docker/web", keeps: ["util/docker/web/foo"]),
        Case("**", "!util/docker/web", "util/docker/web/foo", leavesOut: ["util/docker/web/foo"]),
        Case(
            "**", "!dist/proxy.py-2.4.0rc3.dev36+g08acad9-py3-none-any.whl",
            keeps: ["dist/proxy.py-2.4.0rc3.dev36+g08acad9-py3-none-any.whl"]),
        Case("**", "!dist/*.whl", keeps: ["dist/proxy.py-2.4.0rc3.dev36+g08acad9-py3-none-any.whl"]),
        Case("*.go", leavesOut: ["fileutils.go"]),
        Case("!fileutils.go", "*.go", leavesOut: ["fileutils.go"]),
        Case("*.go", "!fileutils.go", keeps: ["fileutils.go"]),
        Case("docs", "!docs/README.md", keeps: ["docs/README.md"]),
        Case("docs/", "!docs/README.md", keeps: ["docs/README.md"]),
        Case("docs/*", "!docs/README.md", keeps: ["docs/README.md"]),
        Case("docs", "  !docs/README.md", keeps: ["docs/README.md"]),
        Case("docs", "!docs/README.md  ", keeps: ["docs/README.md"]),
        Case("", keeps: ["any/path/there"]),
        // Cases that it adopted from Go's path matching.
        Case("abc", leavesOut: ["abc"]),
        Case("*", leavesOut: ["abc", "fileutils.go"]),
        Case("*c", leavesOut: ["abc"]),
        Case("a*", leavesOut: ["a", "abc", "ab/c"]),
        Case("a*/b", leavesOut: ["abc/b"], keeps: ["a/c/b"]),
        Case(
            "a*b*c*d*e*/f", leavesOut: ["axbxcxdxe/f", "axbxcxdxexxx/f"],
            keeps: ["axbxcxdxe/xxx/f", "axbxcxdxexxx/fff"]),
        Case("a*b?c*x", leavesOut: ["abxbbxdbxebxczzx"], keeps: ["abxbbxdbxebxczzy"]),
        Case("ab[c]", leavesOut: ["abc"]),
        Case("ab[b-d]", leavesOut: ["abc"]),
        Case("ab[e-g]", keeps: ["abc"]),
        Case("ab[^c]", keeps: ["abc"]),
        Case("ab[^b-d]", keeps: ["abc"]),
        Case("ab[^e-g]", leavesOut: ["abc"]),
        Case("a?b", leavesOut: ["a☺b"], keeps: ["a/b"]),
        Case("a[^a]b", leavesOut: ["a☺b"]),
        Case("a???b", keeps: ["a☺b"]),
        Case("a[^a][^a][^a]b", keeps: ["a☺b"]),
        Case("[a-ζ]*", leavesOut: ["α"]),
        Case("*[a-ζ]", keeps: ["A"]),
        Case("a*b", keeps: ["a/b"]),
        Case("[\\]a]", leavesOut: ["]"]),
        Case("[\\-]", leavesOut: ["-"]),
        Case("[x\\-]", leavesOut: ["x", "-"], keeps: ["z"]),
        Case("[\\-x]", leavesOut: ["x", "-"], keeps: ["a"]),
        Case("*x", leavesOut: ["xxx"]),
    ]

    @Test(arguments: published) func matchesWhatDockerPublishes(_ test: Case) throws {
        try test.check()
    }

    static let publishedErrors = [
        "!", "[", "[]a]", "[-]", "[x-]", "[-x]", "\\", "[a-b-c]", "[^", "[^bc", "a[", "[Local-Only]/",
    ]

    @Test(arguments: publishedErrors) func refusesWhatDockerRefuses(_ pattern: String) {
        #expect(throws: ContentTreeError.self) {
            try IgnoreFile.docker(Bytes(pattern.utf8), path: ".dockerignore")
        }
    }

    /// The published cases that hold in Docker and not here, each with the reason.
    @Test func deliberateDifferencesFromDocker() throws {
        // Docker's `**` matches across directories also next to other characters, as an accident of its translation to regular
        // expressions. Its documentation describes that only for a whole component.
        try Case("**file", keeps: ["dir/file", "dir/dir/file"]).check()
        try Case("a**/*.txt", keeps: ["a/dir/file.txt", "a/dir/dir/file.txt"]).check()
        // Docker's table also has the path `/` (matched by `**` and `**/`) and `.` (matched by nothing). Here the root of a tree is
        // never matched.
    }

    // MARK: Reading

    static let cleaning: [Case] = [
        Case("./a//b/", leavesOut: ["a/b"], keeps: ["a/c"]),
        Case("a/../b", leavesOut: ["b"], keeps: ["a"]),
        Case("/a", leavesOut: ["a"], keeps: ["b/a"]),
        Case("//a/.", leavesOut: ["a"]),
        Case("/../../a", leavesOut: ["a"]),
        Case("x/../a/./b/..", leavesOut: ["a"], keeps: ["x"]),
        Case("[/../a", leavesOut: ["a"]),
        Case("a/\\..", leavesOut: ["a/.."], keeps: ["a"]),
        Case("***", leavesOut: ["a", "a/b"]),
        Case("a/***", leavesOut: ["a/b", "a/b/c"], keeps: ["a"]),
        Case("a/**/**/b", leavesOut: ["a/b", "a/x/b", "a/x/y/b"], keeps: ["ab", "a"]),
        // White space at both ends, and after the exclamation mark.
        Case(" \t\u{0B}\u{0C}a b\r", leavesOut: ["a b"]),
        Case("*", "!  a \r", keeps: ["a"]),
        Case("*", "! !a", leavesOut: ["a"], keeps: ["!a"]),
        // Only these characters are white space: a no-break space is not.
        Case("a\u{A0}", leavesOut: ["a\u{A0}"], keeps: ["a"]),
        // A comment begins in the first column. A line with only a carriage return is empty.
        Case("#a", "\r", " #b", leavesOut: ["#b"], keeps: ["#a"]),
        Case("\u{FEFF}#a", keeps: ["#a"]),
        Case("\u{FEFF}a", "\u{FEFF}b", leavesOut: ["a", "\u{FEFF}b"], keeps: ["b"]),
        // Matching is case-sensitive and does not normalize Unicode.
        Case("A", "e\u{301}", leavesOut: ["A", "e\u{301}"], keeps: ["a", "\u{E9}"]),
    ]

    @Test(arguments: cleaning) func patternsAreCleanedLikePaths(_ test: Case) throws {
        try test.check()
    }

    @Test(arguments: [
        ".", "/", "..", "../a", "/..", "a/..", "a/../..", "!/", "!..", "", "# [", " \r", "a/../../b",
    ])
    func patternsThatMatchNothingAreIgnored(_ pattern: String) throws {
        #expect(try IgnoreFile.docker(Bytes(pattern.utf8), path: ".dockerignore") == nil)
    }

    @Test(arguments: [
        ("!", "nothing follows"), ("! \r", "nothing follows"), ("a/[b", "unclosed \"[\""),
        ("[a/b]", "unclosed \"[\""), ("[^", "unclosed \"[\""), ("[a-", "unclosed \"[\""), ("[]", "is empty"),
        ("[^]", "is empty"), ("[a-]", "unescaped \"-\""), ("[z-a]", "invalid range"),
        ("[ω-α]", "invalid range"), ("a\\", "ends in"), ("a\\/b", "ends in"),
        ("[\\", "ends in"),
        ("../[", "unclosed \"[\""), ("![b", "unclosed \"[\""),
    ])
    func malformedPatternsAreReported(_ pattern: String, _ reason: String) {
        let text = "ok\n\(pattern)\nok"
        let error = #expect(throws: ContentTreeError.self) {
            try IgnoreFile.docker(Bytes(text.utf8), path: "sub/.dockerignore")
        }
        #expect(error?.path == "sub/.dockerignore")
        guard case .malformedPattern(let line, let found, let why, let fix)? = error?.reason else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(line == 2 && pattern.contains(found) && why.contains(reason))
        #expect(fix.hasPrefix("write ") || fix.hasPrefix("close "))
        #expect(error.map { ImageSpecError($0, field: "source_root").code } == .invalidIgnoreFile)
    }

    @Test func aFileThatIsNoUTF8IsRefusedWithItsLine() {
        let error = #expect(throws: ContentTreeError.self) {
            try IgnoreFile.docker(Bytes("a\nb".utf8) + [0xFF, 0x0A], path: ".dockerignore")
        }
        #expect(error == ContentTreeError(".dockerignore", .ignoreFileIsNotUTF8(line: 2)))
    }

    @Test func rulesAreExplainedByTheirLine() throws {
        let text = Bytes("\u{FEFF}# first\n\n  a//b \r\n!c".utf8)
        let file = try #require(try IgnoreFile.docker(text, path: ".dockerignore"))
        #expect(file.rule(0) == (3, "a//b"))
        #expect(file.rule(1) == (4, "!c"))
    }

    // MARK: Characters

    @Test(
        arguments: [
            ("?", [0xFF], true), ("*", [0xFF], true), ("[^a]", [0xFF], true), ("a*", [0x61, 0xFF], true),
            ("[a-\u{10FFFF}]", [0xFF], false), ("\u{FFFD}", [0xFF], false),
            ("[^\u{0}-\u{10FFFF}]", [0x80], true),
            // Each byte of a broken sequence counts: cut off, overlong, a surrogate, beyond the last character.
            ("?", [0xE6, 0x97], false), ("??", [0xE6, 0x97], true), ("???", [0xE6, 0x97, 0x41], true),
            ("??", [0xC0, 0xAF], true), ("???", [0xED, 0xA0, 0x80], true),
            ("????", [0xF4, 0x90, 0x80, 0x80], true),
            ("????", [0xF0, 0x8F, 0xBF, 0xBF], true), ("?é", [0xE6, 0xC3, 0xA9], true),
            ("*é", [0xE6, 0xC3, 0xA9], true),
            ("é?", [0xC3, 0xA9, 0xA9], true), ("[^é]", [0xC3], true), ("é", [0xC3, 0xA9], true),
        ] as [(String, Bytes, Bool)])
    func bytesThatAreNoUTF8CountAsCharacters(_ pattern: String, _ name: Bytes, _ isLeftOut: Bool) throws {
        let file = try IgnoreFile.docker(Bytes(pattern.utf8), path: ".dockerignore")
        #expect(IgnoreWalk.leavesOut(name, [file]) == isLeftOut)
        // Also as a directory in the path.
        let below = try IgnoreFile.docker(Bytes("\(pattern)/b".utf8), path: ".dockerignore")
        #expect(IgnoreWalk.leavesOut(name + Bytes("/b".utf8), [below]) == isLeftOut)
    }

    @Test func classesMatchExactlyTheirCharacters() throws {
        var random = SeededGenerator(state: 8)
        let bounds: [UInt32] = [
            0x21, 0x2E, 0x30, 0x5A, 0x7F, 0x80, 0xBF, 0xC0, 0x7FF, 0x800, 0xFFF, 0x1000, 0xD7FF, 0xE000,
            0xFFFF, 0x10000,
            0x3FFFF, 0x40000, 0x10FFFF,
        ]
        func character() -> UInt32 {
            Bool.random(using: &random)
                ? bounds[Int.random(in: 0..<bounds.count, using: &random)]
                : UInt32.random(in: 0x21...0xD7FF, using: &random)
        }
        for _ in 0..<60 {
            let ends = [character(), character()].sorted()
            guard let low = Unicode.Scalar(ends[0]), let high = Unicode.Scalar(ends[1]) else { continue }
            let isNegated = Bool.random(using: &random)
            let pattern = "[\(isNegated ? "^" : "")\\\(low)-\\\(high)]"
            if pattern.contains("/") { continue }
            let file = try #require(try IgnoreFile.docker(Bytes(pattern.utf8), path: ".dockerignore"))
            let near = (bounds + ends).flatMap { [$0 - 1, $0, $0 + 1] } + (0..<20).map { _ in character() }
            for value in near where value != 0x2F {
                guard let tried = Unicode.Scalar(value) else { continue }
                let isIn = (ends[0]...ends[1]).contains(value)
                #expect(
                    IgnoreWalk.leavesOut(String(Character(tried)), [file]) == (isIn != isNegated),
                    "\(pattern) and U+\(String(value, radix: 16))")
            }
        }
    }

    // MARK: Directories

    @Test(arguments: [
        // A later negated pattern could match below.
        (["a", "!a/b"], "a", true), (["*", "!a/b/c"], "a", true), (["**", "!**/keep"], "a", true),
        (["a", "!*/*.txt"], "a", true), (["a", "!a/b", "a"], "a", false),
        // No negated pattern could match: another directory, an earlier line, no negation.
        (["a", "!b/c"], "a", false), (["!a/b", "a"], "a", false), (["a"], "a", false),
        (["a", "!a?/b"], "a", false),
    ])
    func directoriesWithoutIncludedEntriesAreNotEntered(_ lines: [String], _ name: String, _ isEntered: Bool)
        throws
    {
        let file = try #require(
            try IgnoreFile.docker(Bytes(lines.joined(separator: "\n").utf8), path: ".dockerignore"))
        let matcher = IgnoreMatcher()
        matcher.begin(IgnoreScope([file]))
        switch Bytes(name.utf8).withUnsafeBytes({ matcher.verdict($0, isFolder: true) }) {
        case .include: Issue.record("kept")
        case .exclude: #expect(!isEntered)
        case .excludeButDescend: #expect(isEntered)
        }
    }
}
