// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import ContentTree
@testable import ImageSpec
@testable import ImageSpecDiff

/// Records as files: written whole, read back, and refused where they are not what was written.
@Suite struct SnapshotTests {
    static func snapshot(in folder: TemporaryFolder) throws -> ImageSpec.Snapshot {
        var spec = try IdentityLawTests.full()
        spec.baseImage = .spec(try IdentityLawTests.full())
        return try spec.snapshot(in: IdentityLawTests.context(folder))
    }

    @Test func aRecordReadsBackAsItself() throws {
        let folder = try IdentityLawTests.project()
        try folder.write("src/a b\n\u{e9}", "")
        try folder.write(Array("src/".utf8) + [0xFF, 0x20], [])
        try folder.folder("src/real")
        try folder.write("src/real/x", "")
        try folder.link(Array("src/".utf8) + [0xFE], to: Array("real".utf8))
        let record = try Self.snapshot(in: folder)
        try record.write(to: folder.path + "/r.json")
        #expect(try ImageSpec.Snapshot(contentsOf: folder.path + "/r.json") == record)
        #expect(try Self.snapshot(in: folder).json == record.json)
        #expect(try mode(folder.path + "/r.json") == 0o644)
    }

    @Test func theLastLineButOneIsTheDigestOfThoseBeforeIt() throws {
        let folder = try IdentityLawTests.project()
        let lines = try Self.snapshot(in: folder).json.split(separator: "\n")
        let text = lines.dropLast(2).map { $0 + "\n" }.joined()
        let digest = SHA256Digest(of: Array(text.utf8)).hex
        #expect(lines.suffix(2) == ["  \"checksum\": \"sha256:\(digest)\"", "}"])
    }

    /// The list of a record's files is read in a way of its own; what users wrote is not taken for one.
    @Test func textsThatLookLikeFilesStayTexts() throws {
        let folder = TemporaryFolder()
        let text = "100644 sha256:" + String(repeating: "0", count: 64) + " a"
        let spec = try ImageSpec(
            json: #"{"commands": ["\#(text)"], "builder_options": {"files": ["\#(text)"]}}"#)
        let record = try spec.snapshot(in: .init(workingDirectory: folder.path, hostArchitecture: "x86_64"))
        let read = try ImageSpec.Snapshot(json: record.jsonBytes)
        #expect(read == record)
        #expect(read.spec.commands == [text])
    }

    @Test func numbersKeepTheirSpelling() throws {
        let folder = TemporaryFolder()
        let spec = try ImageSpec(
            json: #"{"builder_options": {"a": 1, "b": 1.0, "c": -0.0, "d": 1e-7, "e": 0.5, "f": 4e15}}"#)
        let record = try spec.snapshot(in: IdentityLawTests.context(folder))
        #expect(try ImageSpec.Snapshot(json: record.jsonBytes).spec == spec)
    }

    // MARK: what is no record

    @Test func aRecordThatIsCutOffAnywhereIsRefused() throws {
        let folder = try IdentityLawTests.project()
        let bytes = try Self.snapshot(in: folder).jsonBytes
        for count in Array(stride(from: 0, to: bytes.count, by: 61)) + [bytes.count - 2, bytes.count - 1] {
            let error = #expect(throws: ImageSpecError.self) {
                try ImageSpec.Snapshot(json: Array(bytes.prefix(count)))
            }
            #expect(error?.code == .invalidDocument)
        }
    }

    @Test func aRecordWithOneOtherByteIsRefused() throws {
        let folder = try IdentityLawTests.project()
        let bytes = try Self.snapshot(in: folder).jsonBytes
        for index in stride(from: 0, to: bytes.count, by: 37) {
            var edited = bytes
            edited[index] = edited[index] == UInt8(ascii: "1") ? UInt8(ascii: "2") : UInt8(ascii: "1")
            #expect(throws: ImageSpecError.self) { try ImageSpec.Snapshot(json: edited) }
        }
    }

    @Test(arguments: [
        ("{}", "not a snapshot; write one first"), ("", "not a snapshot"), ("[]", "not a snapshot"),
        (#"{"name": "x"}"#, "not a snapshot"),
        (
            #"{"format": "imagespec.snapshot.v1""#,
            "line 1, column 35: the snapshot is truncated or was edited: "
        ),
        (
            #"{"format":"imagespec.snapshot.v2","x":1}"#,
            "unsupported snapshot format \"imagespec.snapshot.v2\"; this release reads"
        ),
        (#"{"a": 1, "format" : "imagespec.snapshot.v1"}"#, "its checksum does not match"),
    ])
    func whatIsNoRecordIsRefused(text: String, fragment: String) {
        let error = #expect(throws: ImageSpecError.self) { try ImageSpec.Snapshot(json: Array(text.utf8)) }
        #expect(error?.code == .invalidDocument)
        #expect(error?.message.contains(fragment) == true, "\(error?.message ?? "")")
    }

    // A checksum is no secret: whoever writes one anew is still held to the form.
    @Test(arguments: [
        (#""tag_fields""#, #""tag_feilds""#), ("100644 sha256:", "100645 sha256:"), ("sha256:", "sha257:"),
        (#" .gitignore""#, #" zgitignore""#),
    ])
    func aRecordOfAnotherFormIsRefused(text: String, replacement: String) throws {
        let folder = try IdentityLawTests.project()
        let lines = try Self.snapshot(in: folder).json.split(separator: "\n").dropLast(2).map { $0 + "\n" }
        let edited = Array(lines.joined().replacingOccurrences(of: text, with: replacement).utf8)
        let trailer = "  \"checksum\": \"sha256:\(SHA256Digest(of: edited).hex)\"\n}\n"
        let error = #expect(throws: ImageSpecError.self) {
            try ImageSpec.Snapshot(json: edited + Array(trailer.utf8))
        }
        #expect(error?.message.contains("does not match its format") == true)
    }

    @Test(arguments: [
        (#"{"format": "imagespec.snapshot.v1""#, true),
        (" \n{ \"x\": 1, \"format\" :\t\"imagespec.snapshot.v9\"}", true),
        (#"{"env": {"format": "json"}}"#, false), (#"{"env": {"A": "imagespec.snapshot.v1"}}"#, false),
        ("format: imagespec.snapshot.v1", false), ("", false), ("{", false), (#"{"format""#, false),
    ])
    func recordsAreKnownByTheirContent(text: String, isRecord: Bool) {
        #expect(ImageSpec.Snapshot.isSnapshot(Array(text.utf8)) == isRecord)
    }

    // MARK: secrets

    @Test func noCredentialIsInARecordOrAComparison() throws {
        let folder = TemporaryFolder()
        let url = "https://user:hunter2@h.example.com/x"
        try folder.write("netrc", "password hunter2")
        try folder.write(
            "r.txt",
            "--index-url \(url)\npkg @ \(url)\ngit+ssh://git@github.com/a/b\nhg+ssh://user:hunter2@h.example.com/x\n"
        )
        let spec = ImageSpec(
            name: url, env: ["A": "1, \(url), 2"], registry: url,
            packages: ["a @ \(url)", "b @ git+ssh://user:hunter2@h.example.com/x"],
            condaChannels: [url], requirements: "r.txt",
            baseImage: .spec(ImageSpec(pipExtraIndexURLs: [url], commands: ["curl \(url)"])), pipIndex: url,
            pipSecretMounts: [.init(source: "netrc", target: "/root/.netrc")],
            pipExtraArgs: "--find-links \(url)",
            builderOptions: ["a": ["b": [.string(url)]]])
        let context = IdentityLawTests.context(folder)
        let record = try spec.snapshot(in: context)
        let comparison = ImageSpec.Diff(from: try ImageSpec().snapshot(in: context), to: record)
        let shown =
            comparison.description + String(decoding: comparison.document.canonicalForm, as: UTF8.self)
        for text in [record.json, shown] {
            #expect(!text.contains("hunter2") && !text.contains("user:"))
            #expect(text.contains("h.example.com/x"))
        }
        #expect(record.json.contains("ssh://git@github.com"))
        #expect(!shown.contains("redacted-"))
    }

    // MARK: files

    @Test func aRecordReplacesAFileWholeAndFollowsALink() throws {
        let folder = try IdentityLawTests.project()
        let record = try Self.snapshot(in: folder)
        try ImageSpec().snapshot(in: IdentityLawTests.context(folder)).write(to: folder.path + "/old.json")
        chmod(folder.path + "/old.json", 0o600)
        try folder.link("link.json", to: "old.json")
        try record.write(to: folder.path + "/link.json")
        #expect(try ImageSpec.Snapshot(contentsOf: folder.path + "/old.json") == record)
        #expect(
            try FileManager.default.destinationOfSymbolicLink(atPath: folder.path + "/link.json")
                == "old.json")
        #expect(try mode(folder.path + "/old.json") == 0o644)
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
        #expect(!names.contains { $0.hasPrefix(".imagespec-") })
    }

    @Test func aRecordIsMadeWhereADanglingLinkLeads() throws {
        let folder = try IdentityLawTests.project()
        let recording = try SnapshotRecording(of: ImageSpec(name: "a"), in: IdentityLawTests.context(folder))
        try folder.link("link.json", to: "new.json")
        try recording.write(to: folder.path + "/link.json")
        #expect(try FileSystem.kind(folder.path + "/link.json", followingLinks: false) == .link)
        #expect(try ImageSpec.Snapshot(contentsOf: folder.path + "/new.json") == recording.snapshot)
    }

    @Test(arguments: [
        ("name: a\n", false), ("{}", false), (#"{"name": "a"}"#, false), ("\n", false), ("\0", false),
        (#"{"images": {}, "format": "imagespec.image-config.v1"}"#, false), ("", true),
        ("{\n  \"format\": \"imagespec.snapshot.v1\",\n  \"che", true),
        (#"{"format": "imagespec.snapshot.v9"}"#, true),
    ])
    func onlyARecordIsReplaced(text: String, isReplaced: Bool) throws {
        let folder = TemporaryFolder()
        try folder.link("link.json", to: "file")
        let recording = try SnapshotRecording(of: ImageSpec(name: "a"), in: IdentityLawTests.context(folder))
        for name in ["file", "link.json"] {
            try folder.write("file", text)
            let path = folder.path + "/" + name
            if isReplaced {
                try recording.write(to: path)
                #expect(try ImageSpec.Snapshot(contentsOf: path) == recording.snapshot)
                continue
            }
            for write in [recording.write(to:), recording.snapshot.write(to:)] {
                let error = #expect(throws: ImageSpecError.self) { try write(path) }
                #expect(error?.code == .unwritableOutput)
                #expect(
                    error?.message.contains("\"\(path)\" is not a snapshot, so it was not overwritten")
                        == true)
                #expect(try String(contentsOfFile: path, encoding: .utf8) == text)
            }
        }
    }

    @Test func aLinkToARecordAmongTheFilesIsRefused() throws {
        let folder = try IdentityLawTests.project()
        let context = IdentityLawTests.context(folder)
        try ImageSpec().snapshot(in: context).write(to: folder.path + "/src/old.json")
        try folder.link("link.txt", to: "src/old.json")
        try folder.link("dangling.txt", to: "src/new.json")
        let spec = try ImageSpec(json: #"{"source_root": "src", "source_copy_mode": "all"}"#)
        let recording = try SnapshotRecording(of: spec, in: context)
        for name in ["link.txt", "dangling.txt"] {
            let error = #expect(throws: ImageSpecError.self) {
                try recording.write(to: folder.path + "/" + name)
            }
            #expect(error?.message.contains("is among the files of source_root") == true)
        }
        #expect(try spec.tag(in: context) == recording.snapshot.tag)
    }

    @Test func recordsThatAreWrittenAtOnceAreWholeAllTheTime() async throws {
        let folder = try IdentityLawTests.project()
        let path = folder.path + "/r.json"
        let record = try Self.snapshot(in: folder)
        try record.write(to: path)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for index in 0..<16 {
                group.addTask {
                    if index.isMultiple(of: 2) { try record.write(to: path) }
                    #expect(try ImageSpec.Snapshot(contentsOf: path) == record)
                }
            }
            try await group.waitForAll()
        }
    }

    @Test(arguments: [
        ("", "not a valid file path"), ("src", "not a regular file"), ("pipe", "not a regular file"),
        ("a/", "not a valid file path"),
        ("none/r.json", "does not exist"), ("netrc/r.json", "netrc"),
        (String(repeating: "x", count: 300), "too long"),
    ])
    func aPlaceThatCannotBeWrittenIsNamedAndLeftAlone(name: String, fragment: String) throws {
        let folder = try IdentityLawTests.project()
        try folder.pipe(Array("pipe".utf8))
        try folder.write("netrc", "")
        let before = try FileManager.default.subpathsOfDirectory(atPath: folder.path).sorted()
        let record = try Self.snapshot(in: folder)
        let error = #expect(throws: ImageSpecError.self) {
            try record.write(to: name.isEmpty ? "" : folder.path + "/" + name)
        }
        #expect(error?.code == .unwritableOutput)
        #expect(error?.message.contains(fragment) == true, "\(error?.message ?? "")")
        #expect(try FileManager.default.subpathsOfDirectory(atPath: folder.path).sorted() == before)
    }

    // A record among the files that it is of would change the tag by being written.
    @Test(
        arguments: [
            ("src/r.json", #"{"source_root": "src", "source_copy_mode": "all"}"#, "source_root"),
            ("src/deep/r.json", #"{"source_root": ".", "source_copy_mode": "all"}"#, "source_root"),
            ("r.json", #"{"base_image": {"source_root": ".", "source_copy_mode": "all"}}"#, "source_root"),
            ("src/r.py", #"{"source_root": "src"}"#, "source_root"),
            ("conf/r.json", #"{"copy": ["conf"]}"#, "copy"),
            ("conf/conf.toml", #"{"copy": ["conf/conf.toml"]}"#, "copy"),
            ("src/r.log", #"{"source_root": "src", "source_copy_mode": "all"}"#, nil),
            ("src/__pycache__/r.json", #"{"source_root": "src", "source_copy_mode": "all"}"#, nil),
            ("src/r.json", #"{"source_root": "src"}"#, nil),
            ("conf/r.json", #"{"copy": ["conf/conf.toml"]}"#, nil),
            ("r.json", #"{"source_root": "src", "source_copy_mode": "all", "copy": ["conf"]}"#, nil),
        ] as [(String, String, String?)])
    func aRecordAmongItsOwnFilesIsRefused(path: String, spec: String, field: String?) throws {
        let folder = try IdentityLawTests.project()
        try folder.folder("src/deep")
        try folder.folder("src/__pycache__")
        let context = IdentityLawTests.context(folder)
        let spec = try ImageSpec(json: spec)
        let recording = try SnapshotRecording(of: spec, in: context)
        guard let field else {
            try recording.write(to: folder.path + "/" + path)
            #expect(try spec.tag(in: context) == recording.snapshot.tag)
            return
        }
        let error = #expect(throws: ImageSpecError.self) { try recording.write(to: folder.path + "/" + path) }
        #expect(error?.message.contains("is among the files of \(field), so writing") == true)
        #expect(try spec.tag(in: context) == recording.snapshot.tag)
    }

    private func mode(_ path: String) throws -> Int? {
        try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
    }
}

/// The parts of lists and texts.
@Suite struct PackageTextTests {
    @Test(
        arguments: [
            ("numpy==2.1", "numpy==2.2", "numpy 2.1 → 2.2"),
            ("NumPy==2.1", "num-py==2.2", nil), ("ruamel.yaml==1", "ruamel-yaml===2", "ruamel-yaml 1 → 2"),
            ("a[x]==1", "a[x]==2", "a[x] 1 → 2"), ("a[x]==1", "a==2", nil),
            ("git=1:2.3-4+b1", "git=1:2.4", "git 1:2.3-4+b1 → 1:2.4"),
            ("numpy 2.1", "numpy 2.2", "numpy 2.1 → 2.2"),
            ("numpy == 2.1", "numpy==2.2", "numpy 2.1 → 2.2"), ("numpy>=2.1", "numpy>=2.2", nil),
            ("numpy==2.1", "numpy", nil), ("numpy==2.1,!=3", "numpy==2.2", nil),
            ("numpy==2.1 ; python_version > '3'", "numpy==2.2", nil), ("-r a.txt", "-r b.txt", nil),
            ("", "", nil),
            ("a==1 --hash=sha256:aa --hash=sha256:bb", "a==2 --hash=sha256:cc", "a 1 → 2"),
            ("a==1 --hash=sha256:aa", "a==1 --hash=sha256:cc", "a 1: hashes changed"),
            // As tools that lock write it, with a backslash and four spaces.
            (
                "six==1.16.0     --hash=sha256:aa     --hash=sha256:bb", "six==1.17.0     --hash=sha256:cc",
                "six 1.16.0 → 1.17.0"
            ),
            (
                "six==1.16.0     --hash=sha256:aa", "six==1.16.0     --hash=sha256:aa     --hash=sha256:b",
                "six 1.16.0: hashes changed"
            ),
            ("six==1.16.0 --hash sha256:aa", "six==1.17.0 --hash sha256:aa", "six 1.16.0 → 1.17.0"),
            ("six==1.16.0 --hash=sha256:a", "six==1.16.0", "six 1.16.0: hashes changed"),
            ("six>=1 --hash=sha256:a", "six>=1 --hash=sha256:b", "six>=1: hashes changed"),
            ("a==1 --hash=sha256:a", "a==1  --hash=sha256:a", nil),
            (
                "six==1.16.0 ; python_version >= '3' --hash=sha256:a",
                "six==1.17.0 ; python_version >= '3' --hash=sha256:b",
                "six 1.16.0 → 1.17.0"
            ),
            ("a==1; python_version > '3'", "a==2; python_version > '3'", "a 1 → 2"),
            ("a==1; python_version > '3'", "a==2; python_version > '4'", nil),
            ("a==1 --config-settings=x", "a==2 --config-settings=x", nil),
            ("-e . --hash=sha256:a", "-e . --hash=sha256:b", nil),
            ("a @ https://h/a-1.whl", "a @ https://h/a-2.whl", nil),
        ] as [(String, String, String?)])
    func exactVersionsAreSaidShortly(old: String, new: String, text: String?) {
        #expect(PackageText.change(from: old, to: new) == text)
    }

    @Test(
        arguments: [
            ("six==1.16.0     --hash=sha256:aa     --hash=sha256:bb", "six==1.16.0 (2 hashes)"),
            ("six>=1 --hash=sha256:aa", "six>=1 (1 hash)"), ("six==1", nil), ("-r a.txt", nil),
        ] as [(String, String?)])
    func hashesAreCounted(text: String, shortened: String?) {
        #expect(PackageText.shortened(text) == shortened)
    }

    @Test(arguments: 0..<200)
    func aListDifferenceIsEmptyExactlyForEqualLists(seed: Int) {
        var random = SeededGenerator(state: UInt64(seed))
        func list() -> [String] {
            (0..<Int.random(in: 0...4, using: &random)).compactMap { _ in
                ["a", "a==1", "a==2", "b", "é", "e\u{301}"].randomElement(using: &random)
            }
        }
        let (old, new) = (list(), list())
        let difference = ListDifference(
            from: old, to: new, pairsPlaces: seed.isMultiple(of: 2), key: { PackageText($0)?.key })
        let isSame = old.map { Array($0.utf8) } == new.map { Array($0.utf8) }
        #expect((difference.edits.isEmpty && !difference.isReordered) == isSame)
    }
}
