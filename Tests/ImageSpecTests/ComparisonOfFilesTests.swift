// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import ContentTree
@testable import ImageSpec
@testable import ImageSpecDiff

/// What is said of files, and that all is said that counts.
@Suite struct ComparisonOfFilesTests {
    typealias Change = IdentityLawTests.Change

    // MARK: changes of files

    /// What is said of the changes of ``IdentityLawTests``.
    static let lines: [String: [String]] = [
        "one byte of a source file": ["~ src/data.txt: content"],
        "a longer source file": ["~ src/data.txt: content"],
        "a new source file": ["+ src/new"],
        "a new source file, deep": ["+ src/a/b/c/d"],
        "a removed source file": ["- src/data.txt"],
        "a renamed source file": ["- src/data.txt", "+ src/date.txt"],
        "a file in another folder": ["- src/data.txt", "+ src/src/data.txt"],
        "the executable bit of a source file": ["~ src/data.txt: mode 644 → 755"],
        "the lost executable bit of a source file": ["~ src/run.sh: mode 755 → 644"],
        "the executable bit of a copied file": ["~ conf/conf.toml: mode 644 → 755"],
        "one byte of a copied file": ["~ conf/conf.toml: content"],
        "a requirement": ["~ requirements.txt: numpy → numpy==2"],
        "an included requirement": ["~ included.txt: pandas → pandas==2"],
        "an ignore rule": ["~ src/.gitignore: content", "- src/data.txt"],
        "a link to a folder": ["+ src/link"],
        "a comment in the requirements": ["~ requirements.txt: comments, white space or line endings"],
    ]

    @Test(arguments: Change.all)
    func aChangeOfAFileIsSaidExactly(change: Change) throws {
        let expected = Self.lines[change.testDescription] ?? []
        #expect(!expected.isEmpty || !change.counts, "what is said of \(change)?")
        let folder = try IdentityLawTests.project()
        let changes = try Self.changes(of: IdentityLawTests.full(), in: folder) { try change.make($0) }
        #expect(changes.map(\.description) == expected)
        #expect(changes.allSatisfy { $0.effects == (change.counts ? .content : []) })
    }

    /// One thing that becomes another.
    static let becoming: [(String, @Sendable (TemporaryFolder) throws -> Void, [String])] = [
        (
            "a file becomes a folder",
            { folder in
                try FileManager.default.removeItem(atPath: folder.path + "/src/data.txt")
                try folder.write("src/data.txt/x", "")
            }, ["~ src/data.txt: file → folder", "+ src/data.txt/x"]
        ),
        (
            "a folder becomes a file",
            { folder in
                try FileManager.default.removeItem(atPath: folder.path + "/src/src")
                try folder.write("src/src", "")
            }, ["~ src/src: folder → file", "- src/src/main.py"]
        ),
        (
            "a folder becomes a link",
            { folder in
                try FileManager.default.moveItem(
                    atPath: folder.path + "/src/src", toPath: folder.path + "/src/a")
                try folder.link("src/src", to: "a")
            }, ["+ src/a/main.py", "~ src/src: folder → link", "- src/src/main.py"]
        ),
        (
            "a file becomes a link",
            { folder in
                try FileManager.default.removeItem(atPath: folder.path + "/src/data.txt")
                try folder.link("src/data.txt", to: "src")
            }, ["~ src/data.txt: file → link"]
        ),
        (
            "a link leads elsewhere",
            { folder in
                try FileManager.default.removeItem(atPath: folder.path + "/src/l")
                try folder.link("src/l", to: "./kept")
            }, ["~ src/l: link kept → ./kept"]
        ),
        (
            "a link to a file that becomes the file is no change",
            { folder in
                try FileManager.default.removeItem(atPath: folder.path + "/src/data.txt")
                try folder.write("outside", "data\n")
                try folder.link("src/data.txt", to: "../outside")
            }, []
        ),
        (
            "content and mode at once", { try $0.write("src/data.txt", "x", mode: 0o755) },
            ["~ src/data.txt: content", "~ src/data.txt: mode 644 → 755"]
        ),
        (
            "names that are awkward",
            { folder in
                try folder.write("src/a\nb", "")
                try folder.write(Array("src/".utf8) + [0xFF], [])
                try folder.write("src/q\"", "")
            }, [#"+ "src/a\nb""#, #"+ "src/q\"""#, #"+ "src/\377""#]
        ),
        (
            "a file beside a folder whose name goes on",
            { folder in
                try folder.write("src/src.py", "")
                try FileManager.default.removeItem(atPath: folder.path + "/src/src")
            }, ["+ src/src.py", "- src/src/main.py"]
        ),
        (
            "a copied file becomes a folder",
            { folder in
                try FileManager.default.removeItem(atPath: folder.path + "/single")
                try folder.write("single/x", "")
                try folder.write("single/y", "")
            }, ["~ single: file → folder", "+ single/x", "+ single/y"]
        ),
        ("a copied file", { try $0.write("single", "x") }, ["~ single: content"]),
        (
            "requirements in another order",
            { try $0.write("requirements.txt", "-r included.txt\nnumpy\n") },
            ["~ requirements.txt: order of lines"]
        ),
        (
            "a requirement twice", { try $0.write("included.txt", "pandas\npandas\n") },
            ["+ included.txt: pandas"]
        ),
        (
            "an included file",
            { folder in
                try folder.write("requirements.txt", "numpy\n-r included.txt\n-c sub/c.txt\n")
                try folder.write("sub/c.txt", "six\n")
            }, ["+ requirements.txt: -c sub/c.txt", "+ sub/c.txt"]
        ),
        (
            "a requirement with a credential",
            { try $0.write("included.txt", "pandas @ https://u:hunter2@h/p.whl\n") },
            ["~ included.txt: pandas → pandas @ https://…@h/p.whl"]
        ),
    ]

    @Test(arguments: becoming.indices)
    func whatBecomesSomethingElseIsSaidSo(index: Int) throws {
        let (_, make, expected) = Self.becoming[index]
        let folder = try IdentityLawTests.project()
        try folder.write("src/kept/x", "")
        try folder.link("src/l", to: "kept")
        try folder.write("single", "1")
        let spec = try IdentityLawTests.full().withCopy("single")
        let changes = try Self.changes(of: spec, in: folder, make)
        #expect(changes.map(\.description) == expected)
    }

    // MARK: lock files

    static func lock(_ packages: [(String, String)], _ more: String = "") -> String {
        "version = 1\n\n"
            + packages.map { "[[package]]\nname = \"\($0)\"\nversion = \"\($1)\"\n\(more)\n" }.joined()
    }

    @Test(arguments: [
        (lock([("numpy", "2.2"), ("six", "1")]), ["~ uv.lock: numpy 2.1 → 2.2"]),
        (lock([("numpy", "2.1")]), ["- uv.lock: six 1"]),
        (lock([("numpy", "2.1"), ("six", "1"), ("idna", "3")]), ["+ uv.lock: idna 3"]),
        (lock([("numpy", "2.1"), ("six", "1")], "source = 1\n"), ["~ uv.lock: content"]),
    ])
    func aLockFileIsSaidByItsPackages(text: String, lines: [String]) throws {
        let folder = TemporaryFolder()
        try folder.write("uv.lock", Self.lock([("numpy", "2.1"), ("six", "1")]))
        try folder.write("pyproject.toml", "")
        let changes = try Self.changes(of: ImageSpec(requirements: "uv.lock"), in: folder) {
            try $0.write("uv.lock", text)
        }
        #expect(changes.map(\.description) == lines)
        let project = try Self.changes(of: ImageSpec(requirements: "uv.lock"), in: folder) {
            try $0.write("pyproject.toml", "# more")
        }
        #expect(project.map(\.description) == ["~ pyproject.toml: content"])
    }

    // MARK: the law

    /// Whatever two specs are, and whatever happened to their files: changes are said to count exactly if the documents
    /// differ.
    @Test(arguments: 0..<150)
    func changesCountExactlyIfDocumentsDiffer(seed: Int) throws {
        var random = SeededGenerator(state: UInt64(seed))
        let folder = try IdentityLawTests.project()
        let context = IdentityLawTests.context(folder)
        let one = Self.spec(depth: 2, using: &random)
        var other = one
        for _ in 0..<Int.random(in: 0...3, using: &random) {
            guard let field = ImageSpec.Field.all.randomElement(using: &random) else { continue }
            other[field.name] = Self.value(field.name, depth: 1, using: &random)
        }
        if Int.random(in: 0..<5, using: &random) == 0 { other = Self.spec(depth: 2, using: &random) }
        let before = try ComparisonTests.Named(ImageSpec(document: .object(Self.allowed(one))), in: context)
        if Bool.random(using: &random) { try Change.all.randomElement(using: &random)?.make(folder) }
        let after = try ComparisonTests.Named(ImageSpec(document: .object(Self.allowed(other))), in: context)
        _ = try ComparisonTests.compare(before, after)
        #expect(try ComparisonTests.compare(after, after).changes.isEmpty)
    }

    private static func spec(
        depth: Int, using random: inout SeededGenerator
    ) -> ImageSpec.OrderedDictionary<JSON> {
        var object = ImageSpec.OrderedDictionary<JSON>()
        for field in ImageSpec.Field.all where Bool.random(using: &random) {
            object[field.name] = value(field.name, depth: depth, using: &random)
        }
        return object
    }

    private static func value(_ field: String, depth: Int, using random: inout SeededGenerator) -> JSON? {
        if field == "base_image", depth > 0, Bool.random(using: &random) {
            return .object(allowed(spec(depth: depth - 1, using: &random)))
        }
        let values = IdentityLawTests.values[field]
        switch Int.random(in: 0..<6, using: &random) {
        case 0: return nil
        case 1, 2: return values?.one
        case 3: return values?.other
        default:
            // A part of a list or object, in another order, or nothing of it.
            guard let value = values?.one else { return nil }
            switch value {
            case .array(let list):
                return .array(
                    (list + list).shuffled(using: &random).dropLast(
                        Int.random(in: 0...list.count, using: &random)))
            case .object(let object):
                return .object(
                    object.shuffled(using: &random).dropLast(Int.random(in: 0...1, using: &random)).reduce(
                        into: [:]) { $0[$1.key] = $1.value })
            default: return value
            }
        }
    }

    /// A copy mode needs a source root.
    private static func allowed(
        _ spec: ImageSpec.OrderedDictionary<JSON>
    ) -> ImageSpec.OrderedDictionary<JSON> {
        var spec = spec
        if spec["source_root"] == nil { spec["source_copy_mode"] = nil }
        return spec
    }

    /// What a comparison says after something happened to the files.
    static func changes(
        of spec: ImageSpec, in folder: TemporaryFolder, _ make: (TemporaryFolder) throws -> Void
    ) throws -> [ImageSpec.Change] {
        let context = IdentityLawTests.context(folder)
        let before = try ComparisonTests.Named(spec, in: context)
        try make(folder)
        return try ComparisonTests.compare(before, ComparisonTests.Named(spec, in: context)).changes
    }
}
