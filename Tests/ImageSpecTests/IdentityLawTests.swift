// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import ContentTree
@testable import ImageSpec
@testable import ImageSpecDiff

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// What must hold of ids and tags whatever the spec, driven by the list of fields so that none is forgotten.
@Suite struct IdentityLawTests {
    /// A value for each field, and another one that names a different image.
    static let values: [String: (one: JSON, other: JSON)] = [
        "name": ("one", "other"),
        "python_version": ("3.11", "3.12"),
        "builder": ("default", "envd"),
        "source_root": ("src", "src2"),
        "env": (["A": "1", "B": "2"], ["A": "1", "B": "3"]),
        "registry": ("one.example.com", "other.example.com/team"),
        "packages": (["numpy", "pandas"], ["numpy", "pandas==2"]),
        "conda_packages": (["a"], ["b"]),
        "conda_channels": (["a", "b"], ["b", "a"]),
        "requirements": ("requirements.txt", "other.txt"),
        "apt_packages": (["git"], ["curl"]),
        "cuda": ("12.1", "12.2"),
        "cudnn": ("8", "9"),
        "base_image": ("debian:bookworm-slim", ["name": "base", "apt_packages": ["git"]]),
        "platform": ("linux/arm64", "linux/arm64,linux/amd64"),
        "pip_index": ("https://one.example.com/simple", "https://other.example.com/simple"),
        "pip_extra_index_url": (["https://a", "https://b"], ["https://b", "https://a"]),
        "pip_secret_mounts": ([["a", "/a"]], [["b", "/b"]]),
        "pip_extra_args": ("--pre", "--no-deps"),
        "registry_config": ("one", "other"),
        "entrypoint": (["a"], []),
        "commands": (["a", "b"], ["b", "a"]),
        "tag_format": ("{spec_hash}", "x-{spec_hash}"),
        "source_copy_mode": ("all", "no_copy"),
        "copy": (["conf"], ["conf2"]),
        "python_exec": ("/usr/bin/python3", "/opt/python"),
        "runtime_packages": (["ipdb"], ["pudb"]),
        "builder_options": (["a": 1], ["a": 2]),
        "builder_config": (["uv_image": "a"], ["uv_image": "b"]),
    ]
    /// Fields that say nothing of which spec it is, or of what is in its image.
    static let outsideID: Set = [
        "builder", "pip_secret_mounts", "runtime_packages", "registry", "registry_config", "tag_format",
    ]
    static let outsideTag = outsideID.union(["name"])

    static func project() throws -> TemporaryFolder {
        let folder = TemporaryFolder()
        for source in ["src", "src2"] {
            try folder.write("\(source)/\(source)/main.py", "print('\(source)')\n")
            try folder.write("\(source)/data.txt", "data\n")
            try folder.write("\(source)/run.sh", "#!/bin/sh\n", mode: 0o755)
            try folder.write("\(source)/.gitignore", "*.log\n")
            try folder.write("\(source)/x.log", "log\n")
        }
        try folder.write("requirements.txt", "numpy # comment\n-r included.txt\n")
        try folder.write("other.txt", "scipy\n")
        try folder.write("included.txt", "pandas\n")
        for copied in ["conf", "conf2"] { try folder.write("\(copied)/\(copied).toml", "a = 1\n") }
        return folder
    }

    static func context(_ folder: TemporaryFolder) -> ImageSpec.Context {
        // What tests hash is gone after them; nothing of it belongs into the user's cache.
        ImageSpec.Context(workingDirectory: folder.path, hostArchitecture: "x86_64", digestCache: .off)
    }

    static func full(except field: String? = nil) throws -> ImageSpec {
        var object = ImageSpec.OrderedDictionary<JSON>()
        for each in ImageSpec.Field.all where each.name != field {
            object[each.name] = values[each.name]?.one
        }
        return try ImageSpec(document: .object(object))
    }

    @Test func theTableOfFieldsIsTheListOfStoredProperties() {
        #expect(ImageSpec.Field.all.count == 29)
        #expect(Set(ImageSpec.Field.all.map(\.name)).count == 29)
        // Every stored property is a field, but for the force push and the directory of a base's file.
        #expect(Mirror(reflecting: ImageSpec()).children.count == ImageSpec.Field.all.count + 2)
        #expect(Set(Self.values.keys) == Set(ImageSpec.Field.all.map(\.name)))
    }

    @Test(arguments: ImageSpec.Field.all.map(\.name))
    func anotherValueOfAFieldIsAnotherIDAndTagWhereItCounts(field: String) throws {
        let folder = try Self.project()
        let context = Self.context(folder)
        let values = try #require(Self.values[field])
        // Alone (with what it needs beside it), and among all other fields.
        var alone: ImageSpec.OrderedDictionary<JSON> =
            field == "source_copy_mode" ? ["source_root": "src"] : [:]
        if field == "source_root" { alone["source_copy_mode"] = "all" }
        var surroundings = [alone]
        guard case .object(let full) = try Self.full(except: field).document else { return }
        surroundings.append(full)
        for others in surroundings {
            var one = others
            one[field] = values.one
            var other = others
            other[field] = values.other
            let specs = try [one, other].map { try ImageSpec(document: .object($0)) }
            #expect(specs[0] != specs[1])
            let idDiffers = specs[0].id != specs[1].id
            #expect(idDiffers == !Self.outsideID.contains(field))
            let digests = try specs.map { try $0.identity(in: context).contentDigest }
            #expect((digests[0] != digests[1]) == !Self.outsideTag.contains(field))
            if idDiffers {
                // The one is present where it is absent, too.
                let without = try ImageSpec(document: .object(others))
                #expect(without.id != specs[0].id)
            }
        }
    }

    @Test(arguments: BuildTransport.options)
    func whereAndHowABuildRunsPlaysNoPart(option: String) throws {
        func names(_ options: ImageSpec.OrderedDictionary<JSON>?) throws -> [String] {
            var spec = ImageSpec(packages: ["six"])
            spec.builderOptions = options
            let above = ImageSpec(baseImage: .spec(spec))
            let context = ImageSpec.Context(workingDirectory: "/", hostArchitecture: "")
            return try [spec.id, spec.tag(in: context), above.id, above.tag(in: context)]
        }
        #expect(try names([option: "x"]) == names(nil))
        #expect(try names([option: ["x": ["y", .null]], "sbom": true]) == names(["sbom": true]))
        // A key of an object inside an option is that option's own affair.
        for (one, other) in zip(try names(["mine": [option: 1]]), try names(["mine": [option: 2]])) {
            #expect(one != other)
        }
    }

    @Test(arguments: 0..<20)
    func theOrderOfDictionariesAndSetsPlaysNoPart(seed: Int) throws {
        let folder = try Self.project()
        let spec = try Self.full()
        var random = SeededGenerator(state: UInt64(seed))
        guard case .object(let object) = spec.document else { return }
        let shuffled = Self.shuffled(.object(object), isSet: false, using: &random)
        let other = try ImageSpec(document: shuffled)
        #expect(other.id == spec.id)
        let tags = try [spec, other].map { try $0.tag(in: Self.context(folder)) }
        #expect(tags[0] == tags[1])
    }

    /// Pairs in another order; set-like lists too, with a duplicate.
    private static func shuffled(_ value: JSON, isSet: Bool, using random: inout SeededGenerator) -> JSON {
        switch value {
        case .object(let object):
            var result = ImageSpec.OrderedDictionary<JSON>()
            for (key, value) in Array(object).shuffled(using: &random) {
                let isSet = ["packages", "conda_packages", "apt_packages"].contains(key)
                result[key] = shuffled(value, isSet: isSet, using: &random)
            }
            return .object(result)
        case .array(let list) where isSet: return .array((list + list.prefix(1)).shuffled(using: &random))
        default: return value
        }
    }

    @Test func onlyTheNameChangesWithRegistryNameAndTagFormat() throws {
        let folder = try Self.project()
        let spec = try Self.full()
        let context = Self.context(folder)
        let identity = try spec.identity(in: context)
        for (field, value) in [
            ("registry", JSON.string("x.example.com")), ("name", "renamed"),
            ("tag_format", "v1-{spec_hash:.8}"),
        ] {
            guard case .object(var object) = spec.document else { return }
            object[field] = value
            let other = try ImageSpec(document: .object(object))
            #expect(try other.identity(in: context).contentDigest == identity.contentDigest)
            #expect(try other.imageName(in: context) != spec.imageName(in: context))
        }
    }

    // MARK: files

    /// A change of the project that must show in the tag, or must not.
    struct Change: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let counts: Bool
        let make: @Sendable (TemporaryFolder) throws -> Void

        init(_ name: String, counts: Bool, _ make: @escaping @Sendable (TemporaryFolder) throws -> Void) {
            testDescription = name
            self.counts = counts
            self.make = make
        }

        static let all = [
            Change("one byte of a source file", counts: true) { try $0.write("src/data.txt", "datb\n") },
            Change("a longer source file", counts: true) { try $0.write("src/data.txt", "data\n\n") },
            Change("a new source file", counts: true) { try $0.write("src/new", "") },
            Change("a new source file, deep", counts: true) { try $0.write("src/a/b/c/d", "") },
            Change("a removed source file", counts: true) {
                try FileManager.default.removeItem(atPath: $0.path + "/src/data.txt")
            },
            Change("a renamed source file", counts: true) {
                try FileManager.default.moveItem(
                    atPath: $0.path + "/src/data.txt", toPath: $0.path + "/src/date.txt")
            },
            Change("a file in another folder", counts: true) {
                try FileManager.default.moveItem(
                    atPath: $0.path + "/src/data.txt", toPath: $0.path + "/src/src/data.txt")
            },
            Change("the executable bit of a source file", counts: true) {
                _ = chmod($0.path + "/src/data.txt", 0o755)
            },
            Change("the lost executable bit of a source file", counts: true) {
                _ = chmod($0.path + "/src/run.sh", 0o644)
            },
            Change("the executable bit of a copied file", counts: true) {
                _ = chmod($0.path + "/conf/conf.toml", 0o744)
            },
            Change("one byte of a copied file", counts: true) { try $0.write("conf/conf.toml", "a = 2\n") },
            Change("a requirement", counts: true) {
                try $0.write("requirements.txt", "numpy==2\n-r included.txt\n")
            },
            Change("an included requirement", counts: true) { try $0.write("included.txt", "pandas==2\n") },
            Change("an ignore rule", counts: true) { try $0.write("src/.gitignore", "*.log\n*.txt\n") },
            Change("a link to a folder", counts: true) { try $0.link("src/link", to: "src") },

            Change("an ignored file", counts: false) { try $0.write("src/x.log", "other log\n") },
            Change("a new ignored file", counts: false) { try $0.write("src/deep/y.log", "log\n") },
            Change("a file outside", counts: false) { try $0.write("outside.txt", "x") },
            Change("byte code", counts: false) { try $0.write("src/src/__pycache__/main.pyc", "x") },
            Change("a git folder", counts: false) { try $0.write("src/.git/config", "x") },
            Change("an empty folder", counts: false) { try $0.folder("src/empty/deep") },
            Change("a link that climbs above the root and back", counts: false) {
                try $0.link("src/link", to: "../src/src")
            },
            Change("a dangling link", counts: false) { try $0.link("src/dangling", to: "nowhere") },
            Change("a pipe", counts: false) { try $0.pipe(Array("src/pipe".utf8)) },
            Change("a comment in the requirements", counts: false) {
                try $0.write("requirements.txt", "# other\r\nnumpy\r\n\r\n -r included.txt # x\r\n")
            },
            Change("permission bits for others", counts: false) {
                _ = chmod($0.path + "/src/data.txt", 0o600)
            },
            Change("execution by others alone", counts: false) {
                _ = chmod($0.path + "/src/data.txt", 0o655)
            },
            Change("time stamps", counts: false) { folder in
                var times = [timeval(tv_sec: 1, tv_usec: 1), timeval(tv_sec: 2, tv_usec: 2)]
                for name in ["src", "src/data.txt", "src/src/main.py", "requirements.txt", "conf/conf.toml"] {
                    #expect(utimes(folder.path + "/" + name, &times) == 0)
                }
            },
        ]
    }

    @Test(arguments: Change.all)
    func aChangeOfFilesShowsInTheTagIfItReachesTheImage(change: Change) throws {
        let folder = try Self.project()
        let spec = try Self.full()
        let before = try spec.tag(in: Self.context(folder))
        try change.make(folder)
        let after = try spec.tag(in: Self.context(folder))
        #expect((before != after) == change.counts)
        #expect(try Self.full().id == spec.id)
    }

    @Test func theOrderInWhichAFolderIsReadPlaysNoPart() throws {
        let names = (0..<300).map { "f\($0).py" } + (0..<40).map { "d\($0)/x.py" }
        let spec = ImageSpec(sourceRoot: ".", sourceCopyMode: .all)
        var tags: Set<String> = []
        for seed in 0..<3 {
            let folder = TemporaryFolder()
            var random = SeededGenerator(state: UInt64(seed))
            for name in names.shuffled(using: &random) { try folder.write(name, name) }
            tags.insert(try spec.tag(in: Self.context(folder)))
        }
        #expect(tags.count == 1)
    }

    // As in git, which calls such a work tree one of dubious ownership: in /tmp anyone can put a .gitignore above a project.
    @Test(
        .enabled(if: geteuid() == 0, "only root can give files to another user"),
        arguments: [
            (".git", uid_t(65534), nil, false), (".gitignore", 65534, nil, false), (".git", 0, nil, true),
            (".gitignore", 0, 65534, true), (".git", 65534, 65534, true), (".git", 1, 65534, false),
        ] as [(String, uid_t, uid_t?, Bool)])
    func filesOfOtherUsersAboveTheRootDecideNothing(
        name: String, owner: uid_t, rootOwner: uid_t?, isTaken: Bool
    ) throws {
        let folder = try Self.project()
        let project = folder.path + "/p"
        try folder.write("p/src/a.py", "1")
        for path in [".git/HEAD", ".gitignore"] { try folder.write(path, "*.txt\n") }
        #expect(chown(folder.path + "/" + name, owner, 0) == 0)
        if let rootOwner { #expect(chown(project + "/src", rootOwner, 0) == 0) }
        let spec = ImageSpec(sourceRoot: "src", sourceCopyMode: .all)
        let context = ImageSpec.Context(
            workingDirectory: project, hostArchitecture: "", digestCache: .off)
        if isTaken {
            #expect(throws: Never.self) { try spec.tag(in: context) }
        } else {
            let error = #expect(throws: ImageSpecError.self) { try spec.tag(in: context) }
            #expect(error?.code == .invalidIgnoreFile)
            #expect(
                error?.message.contains("/\(name)\"") == true
                    && error?.message.contains("user \(owner)") == true)
        }
    }

    @Test func thePlaceOfTheProjectPlaysNoPart() throws {
        let here = try Self.project()
        let there = TemporaryFolder()
        try FileManager.default.copyItem(atPath: here.path, toPath: there.path + "/deeper down é")
        let spec = try Self.full()
        let context = ImageSpec.Context(
            workingDirectory: there.path + "/deeper down é/", hostArchitecture: "arm64")
        #expect(try spec.tag(in: Self.context(here)) == spec.tag(in: context))
    }

    // MARK: large things

    @Test func aFileHasOneDigestHoweverManyThreadsHashIt() throws {
        let folder = TemporaryFolder()
        var random = SeededGenerator(state: 1)
        for size in [0, 1, (1 << 20) - 1, 1 << 20, (1 << 20) + 1, 5 << 20, (9 << 20) + 12345] {
            var bytes = [UInt8](repeating: 0, count: size)
            for index in stride(from: 0, to: size, by: 97) {
                bytes[index] = UInt8(truncatingIfNeeded: random.next())
            }
            try folder.write(Array("f".utf8), bytes)
            var hasher = ContentHasher()
            bytes.withUnsafeBytes { hasher.update($0) }
            let streamed = hasher.finalize()
            let tree = try SourceTree.copiedFile("f", in: folder.path, records: .entries)
            #expect(tree.entries.map(\.digest) == [streamed])
            #expect(streamed.isChunked == (size > 1 << 20))
        }
    }

    @Test func twentyWalksAtOnceAgree() async throws {
        let folder = try Self.project()
        for index in 0..<500 { try folder.write("src/many/\(index % 17)/\(index).txt", "\(index)") }
        let spec = try Self.full()
        let expected = try spec.tag(in: Self.context(folder))
        try await withThrowingTaskGroup(of: String.self) { group in
            for _ in 0..<20 { group.addTask { try spec.tag(in: Self.context(folder)) } }
            for try await tag in group { #expect(tag == expected) }
        }
    }
}
