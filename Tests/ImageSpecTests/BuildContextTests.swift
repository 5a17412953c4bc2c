// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import ContentTree
@testable import ImageSpec
@testable import ImageSpecBuilding

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

@Suite struct BuildContextTests {
    private static let time = RenderingConstants.timeStamp

    // A file and a directory that holds only that file are two images, with two tags and two contexts.
    @Test func aFileAndADirectoryOfItsNameAreToldApart() throws {
        let file = TemporaryFolder()
        try file.write("a/x", "same\n")
        let folder = TemporaryFolder()
        try folder.write("a/x/x", "same\n")
        let spec = ImageSpec(copy: ["a/x"])
        let output = TemporaryFolder()
        var tags: [String] = []
        for (project, name, copied) in [(file, "file", "copy/0/x"), (folder, "directory", "copy/0/x")] {
            let context = IdentityLawTests.context(project)
            try spec.validate(in: context)
            tags.append(try spec.tag(in: context))
            let build = try ImageSpec.BuildContext(spec, in: context)
            try build.write(to: output.path + "/" + name)
            let line = try #require(
                try listing(of: output.path + "/" + name).first { $0.hasPrefix(copied + " ") })
            #expect(line.hasSuffix("\"same\\n\""))
            let destination = name == "file" ? "/root/a/" : "/root/a/x/"
            #expect(build.dockerfile.text.contains("copy/0/ \(destination)\n"), "\(build.dockerfile.text)")
        }
        #expect(tags[0] != tags[1])
    }

    // A context among its own sources would be part of the next one.
    @Test(arguments: [
        ("out", "", false), ("src/out", "", false), ("src", "", false), ("src/out", "out/\n", true),
        ("src/a/out", "out/\n", true),
        ("src/out/deeper", "/out\n", true), ("src/out", "*\n!out\n", false), ("conf/out", "out\n", false),
        ("src/__pycache__", "", true), ("src/.git/out", "", true),
    ])
    func aContextDoesNotLieAmongItsSources(place: String, gitignore: String, isAllowed: Bool) throws {
        let folder = TemporaryFolder()
        try folder.write("src/a/main.py", "1")
        try folder.write("conf/x", "1")
        try folder.write("src/.gitignore", gitignore)
        for parent in ["src/out", "src/.git"] { try folder.folder(parent) }
        let spec = ImageSpec(sourceRoot: "src", sourceCopyMode: .all, copy: ["conf"])
        let context = IdentityLawTests.context(folder)
        let name = try spec.imageName(in: context)
        let build = try ImageSpec.BuildContext(spec, in: context)
        if isAllowed || place == "out" {
            try build.write(to: folder.path + "/" + place)
            #expect(try spec.imageName(in: context) == name)
        } else {
            let error = #expect(throws: ImageSpecError.self) {
                try build.write(to: folder.path + "/" + place)
            }
            #expect(error?.code == .unwritableOutput)
            // "src" is not empty, which is found first.
            if place != "src" { #expect(error?.message.contains("is among the files of") == true) }
            #expect(try spec.imageName(in: context) == name)
        }
    }

    /// BuildKit transfers only files whose size or time differs from those of an earlier build, in nanoseconds.
    @Test func aFileThatChangesAndKeepsItsSizeGetsAnotherTime() throws {
        let project = TemporaryFolder()
        let output = TemporaryFolder()
        let spec = ImageSpec(sourceRoot: "src", requirements: "requirements.txt", sourceCopyMode: .all)
        func times(_ name: String, _ text: String, _ version: String) throws -> [timespec] {
            try project.write("src/main.py", text)
            try project.write("requirements.txt", "six==1.16.\(version)\n")
            let directory = output.path + "/" + name
            try ImageSpec.BuildContext(spec, in: IdentityLawTests.context(project)).write(to: directory)
            return try ["source/main.py", "requirements/requirements.txt"].map { path in
                var status = stat()
                try #require(stat(directory + "/" + path, &status) == 0)
                #if canImport(Darwin)
                return status.st_mtimespec
                #else
                return status.st_mtim
                #endif
            }
        }
        let first = try times("first", "one", "0")
        let changed = try times("changed", "two", "1")
        let again = try times("again", "one", "0")
        #expect(first.map(\.tv_sec) == [Self.time, Self.time])
        #expect(changed.map(\.tv_sec) == [Self.time, Self.time])
        #expect(zip(first, changed).allSatisfy { $0.tv_nsec != $1.tv_nsec })
        #expect(first.map(\.tv_nsec) == again.map(\.tv_nsec))
    }

    @Test func aFolderThatWasThereKeepsItsMode() throws {
        let project = TemporaryFolder()
        try project.folder("private")
        try project.folder("parent")
        #expect(chmod(project.path + "/private", 0o700) == 0)
        let context = try ImageSpec.BuildContext(ImageSpec(), in: IdentityLawTests.context(project))
        for (name, mode) in [("private", 0o700), ("parent/new", 0o755)] as [(String, mode_t)] {
            try context.write(to: project.path + "/" + name)
            var status = stat()
            #expect(stat(project.path + "/" + name, &status) == 0 && status.st_mode & 0o777 == mode)
        }
    }

    @Test func filesLieInFoldersThatDoNotCollide() throws {
        let names = [
            "Dockerfile", "source", "copy", "requirements", "requirements.txt", ".dockerignore", "file",
        ]
        let project = try RenderingProject(
            Dictionary(uniqueKeysWithValues: names.map { ("src/" + $0, "source \($0)\n") })
                .merging(names.map { ($0, "copied \($0)\n") }) { $1 })
        try project.write("requirements.txt", "six\n")
        let spec = ImageSpec(
            sourceRoot: "src", requirements: "requirements.txt", sourceCopyMode: .all, copy: names + ["src"])
        try FileManager.default.removeItem(atPath: project.path("src/.dockerignore"))
        let context = try ImageSpec.BuildContext(spec, in: project.context)
        try context.write(to: project.output())
        let written = try listing(of: project.output())
        for (index, name) in names.enumerated() {
            let text = name == "requirements.txt" ? "six\\n" : "copied \(name)\\n"
            #expect(written.contains("copy/\(index)/\(name) 644 \(Self.time) \"\(text)\""))
            guard name != ".dockerignore" else { continue }
            #expect(written.contains("source/\(name) 644 \(Self.time) \"source \(name)\\n\""))
            #expect(written.contains("copy/7/\(name) 644 \(Self.time) \"source \(name)\\n\""))
        }
        #expect(written.contains("requirements/requirements.txt 644 \(Self.time) \"six\\n\""))
        #expect(written.contains { $0.hasPrefix("Dockerfile 644 ") })
        let top = try FileManager.default.contentsOfDirectory(atPath: project.output())
        #expect(Set(top) == ["Dockerfile", "requirements", "copy", "source"])
    }

    @Test func modesAndTimesAreFixed() throws {
        let project = try RenderingProject(["src/a.sh": "a", "src/b": "b", "src/folder/c": "c"])
        try project.setMode("src/a.sh", 0o700)
        try project.setMode("src/b", 0o666)
        try project.setMode("src/folder", 0o777)
        let spec = ImageSpec(sourceRoot: "src", sourceCopyMode: .all)
        try ImageSpec.BuildContext(spec, in: project.context).write(to: project.output())
        let written = try listing(of: project.output()).filter { $0.hasPrefix("source") }
        #expect(
            written == [
                "source/ 755 \(Self.time)", "source/a.sh 755 \(Self.time) \"a\"",
                "source/b 644 \(Self.time) \"b\"",
                "source/folder/ 755 \(Self.time)", "source/folder/c 644 \(Self.time) \"c\"",
            ])
    }

    // Exactly the entries of the manifest: links to folders of the tree as links, links to files as files, nothing else.
    @Test func onlyEntriesAreWritten() throws {
        let project = try RenderingProject([
            "src/real/a.txt": "a", "src/keep.txt": "k", "src/ignored.log": "l", "src/.gitignore": "*.log\n",
            "src/__pycache__/x.pyc": "x", "outside/o.txt": "o",
        ])
        try project.link("src/alias", to: "real")
        try project.link("src/outside", to: "../outside")
        try project.link("src/dangling", to: "nowhere")
        try project.link("src/file-link", to: "../outside/o.txt")
        try FileManager.default.createDirectory(
            atPath: project.path("src/empty/inner"), withIntermediateDirectories: true)
        let spec = ImageSpec(sourceRoot: "src", sourceCopyMode: .all)
        try ImageSpec.BuildContext(spec, in: project.context).write(to: project.output())
        let written = try listing(of: project.output()).filter { $0.hasPrefix("source/") }
        #expect(
            written.dropFirst() == [
                "source/.gitignore 644 \(Self.time) \"*.log\\n\"", "source/alias -> real \(Self.time)",
                "source/file-link 644 \(Self.time) \"o\"", "source/keep.txt 644 \(Self.time) \"k\"",
                "source/real/ 755 \(Self.time)", "source/real/a.txt 644 \(Self.time) \"a\"",
            ])
    }

    @Test(.enabled(if: RenderingNames.fileSystemTakesAnyBytes, "the file system takes only names in UTF-8"))
    func namesThatAreNoTextKeepTheirBytes() throws {
        let project = try RenderingProject(["src/a": "a"])
        let name = Array(project.path("src/").utf8) + [0xFF, 0xFE, 0x20, 0x0A]
        let descriptor = FileSystem.withCPath(name) { open($0, O_WRONLY | O_CREAT, 0o644) }
        try #require(descriptor >= 0)
        close(descriptor)
        let spec = ImageSpec(sourceRoot: "src", sourceCopyMode: .all)
        try ImageSpec.BuildContext(spec, in: project.context).write(to: project.output())
        let written = try listing(of: project.output())
        #expect(written.contains { $0.hasPrefix("source/\\xff\\xfe \n 644") })
    }

    @Test func largeFilesAreWrittenWhole() throws {
        let project = try RenderingProject()
        try project.write("src/large", String(repeating: "0123456789abcdef", count: 200_000))
        try project.write("src/exact", String(repeating: "x", count: 1 << 20))
        try project.write("src/empty", "")
        let spec = ImageSpec(sourceRoot: "src", sourceCopyMode: .all)
        try ImageSpec.BuildContext(spec, in: project.context).write(to: project.output())
        for name in ["large", "exact", "empty"] {
            #expect(
                FileManager.default.contentsEqual(
                    atPath: project.path("src/" + name), andPath: project.output() + "/source/" + name))
        }
    }

    // Includes lead from file to file in the context as in the project.
    @Test func includedRequirementsKeepTheirPlaces() throws {
        let project = try RenderingProject([
            "a/b/main.txt": "-r ../../up.txt\n-c sub/c.txt\n-r ../project/p.txt\n",
            "up.txt": "-r other/o.txt # comment\nup\n",
            "other/o.txt": "o\n", "a/b/sub/c.txt": "c\n", "a/project/p.txt": "-r ../b/main.txt\np\n",
        ])
        #expect {
            try ImageSpec.BuildContext(ImageSpec(requirements: "a/b/main.txt"), in: project.context)
        } throws: {
            // By the name of the main file's own folder, which is no part of the tag.
            ($0 as? ImageSpecError)?.code == .invalidRequirements && "\($0)".contains("../b/main.txt")
        }
        try project.write("a/project/p.txt", "p\n")
        try ImageSpec.BuildContext(ImageSpec(requirements: "a/b/main.txt"), in: project.context)
            .write(to: project.output())
        let written = try listing(of: project.output()).filter {
            $0.hasPrefix("requirements/") && $0.contains("\"")
        }
        #expect(
            written == [
                "requirements/other/o.txt 644 \(Self.time) \"o\\n\"",
                "requirements/project_/project/p.txt 644 \(Self.time) \"p\\n\"",
                "requirements/project_/project_/main.txt 644 \(Self.time) \"-r ../../up.txt\\n-c sub/c.txt\\n-r ../project/p.txt\\n\"",
                "requirements/project_/project_/sub/c.txt 644 \(Self.time) \"c\\n\"",
                "requirements/up.txt 644 \(Self.time) \"-r other/o.txt\\nup\\n\"",
            ])
    }

    // MARK: the law

    @Test func equalNamesGiveEqualContexts() throws {
        let files = [
            "src/a.py": "a", "src/sub/b.py": "b", "conf/x.yaml": "x", "requirements.txt": "six\n-c c.txt\n",
            "c.txt": "d<2\n",
        ]
        let one = try RenderingProject(files)
        let other = try RenderingProject(files)
        // What counts in no name: comments and line ends, time stamps, other permissions, ignored files, the place.
        try other.write("requirements.txt", "# comment\r\nsix   # six\r\n\r\n-c c.txt\r\n")
        try FileManager.default.setAttributes(
            [.modificationDate: Date(timeIntervalSince1970: 1_000_000)], ofItemAtPath: other.path("src/a.py"))
        try other.setMode("src/sub/b.py", 0o600)
        try other.setMode("conf/x.yaml", 0o664)
        try other.write("src/__pycache__/a.pyc", "cache")
        let base = ImageSpec(name: "base", aptPackages: ["git", "curl"])
        let first = ImageSpec(
            sourceRoot: "src", env: ["A": "1", "B": "2"], packages: ["x", "y", "x"],
            requirements: "requirements.txt",
            aptPackages: ["git", "curl"], baseImage: .spec(base), sourceCopyMode: .loadedModules,
            copy: ["conf"],
            builderConfig: ["uv_image": "a", "micromamba_image": .null])
        let second = ImageSpec(
            name: "FLYTEKIT", builder: "default", sourceRoot: "./src/", env: ["B": "2", "A": "1"],
            packages: ["y", "x"],
            condaPackages: [], requirements: ".//requirements.txt", aptPackages: ["curl", "git", "git"],
            baseImage: .spec(base.withAptPackages("git")), pipExtraIndexURLs: [], copy: ["./conf/"],
            pythonExec: "",
            runtimePackages: ["ipdb"], builderConfig: ["micromamba_image": .null, "uv_image": "a"])
        #expect(first.id == second.id)
        let written = try ImageSpec.BuildContext(first, in: one.context)
        let again = try ImageSpec.BuildContext(second, in: other.context)
        #expect(written.identity.tag == again.identity.tag)
        #expect(written.dockerfile.text == again.dockerfile.text)
        try written.write(to: one.output())
        try again.write(to: other.output())
        #expect(try listing(of: one.output()) == listing(of: other.output()))
    }

    // MARK: what stops the writing

    @Test(arguments: ["content", "mode", "gone", "folder", "link", "shorter"])
    func aChangeAfterTheNamingStopsTheWriting(change: String) throws {
        let project = try RenderingProject([
            "src/a.txt": "first", "src/real/r.txt": "r", "src/other/o.txt": "o",
        ])
        try project.link("src/alias", to: "real")
        let spec = ImageSpec(sourceRoot: "src", sourceCopyMode: .all)
        let context = try ImageSpec.BuildContext(spec, in: project.context)
        switch change {
        case "content": try project.write("src/a.txt", "other")
        case "shorter": try project.write("src/a.txt", "")
        case "mode": try project.setMode("src/a.txt", 0o755)
        case "gone": try FileManager.default.removeItem(atPath: project.path("src/a.txt"))
        case "folder":
            try FileManager.default.removeItem(atPath: project.path("src/a.txt"))
            try FileManager.default.createDirectory(
                atPath: project.path("src/a.txt"), withIntermediateDirectories: true)
        default:
            try FileManager.default.removeItem(atPath: project.path("src/alias"))
            try project.link("src/alias", to: "other")
        }
        let error = #expect(throws: ImageSpecError.self) { try context.write(to: project.output()) }
        #expect(error?.code == .sourceChanged)
        #expect(error?.message.contains(change == "link" ? "alias" : "a.txt") == true)
        // The folder was made for the context, and goes with it.
        #expect(!FileManager.default.fileExists(atPath: project.output()))
    }

    @Test func nothingIsLeftInAFolderThatWasThere() throws {
        let project = try RenderingProject(["src/a.txt": "first", "src/b/c": "c", "r.txt": "six\n"])
        let spec = ImageSpec(sourceRoot: "src", requirements: "r.txt", sourceCopyMode: .all)
        let context = try ImageSpec.BuildContext(spec, in: project.context)
        try project.write("src/b/c", "other")
        try FileManager.default.createDirectory(atPath: project.output(), withIntermediateDirectories: true)
        #expect(throws: ImageSpecError.self) { try context.write(to: project.output()) }
        #expect(try FileManager.default.contentsOfDirectory(atPath: project.output()) == [])
        // And it can be used again.
        try ImageSpec.BuildContext(spec, in: project.context).write(to: project.output())
        #expect(FileManager.default.fileExists(atPath: project.output() + "/source/b/c"))
    }

    @Test func aFolderWithSomethingInItIsRefusedAndLeftAlone() throws {
        let project = try RenderingProject(["out/.hidden": "mine"])
        let context = try ImageSpec.BuildContext(ImageSpec(), in: project.context)
        let error = #expect(throws: ImageSpecError.self) { try context.write(to: project.path("out")) }
        #expect(error?.code == .unwritableOutput)
        #expect(error?.message.contains("not empty") == true)
        #expect(try FileManager.default.contentsOfDirectory(atPath: project.path("out")) == [".hidden"])
    }

    @Test(arguments: ["file", "file/below", "", "/proc/imagespec", "dangling"])
    func aPlaceThatCannotBeWrittenIsNamed(place: String) throws {
        let project = try RenderingProject(["file": "text"])
        try project.link("dangling", to: "nowhere")
        let context = try ImageSpec.BuildContext(ImageSpec(), in: project.context)
        let path = place.isEmpty || place.hasPrefix("/") ? place : project.path(place)
        let error = #expect(throws: ImageSpecError.self) { try context.write(to: path) }
        #expect(error?.code == .unwritableOutput)
        #expect(error?.message.contains("\"\(path)\"") == true)
    }

    @Test(arguments: ["new", "new/", "new//", ".//new"])
    func aFolderIsMadeAndTakenAwayAgain(place: String) throws {
        let project = try RenderingProject(["conf/a": "a"])
        let context = try ImageSpec.BuildContext(ImageSpec(copy: ["conf"]), in: project.context)
        try context.write(to: project.output(place))
        #expect(FileManager.default.fileExists(atPath: project.output("new/copy/0/a")))
        try FileManager.default.removeItem(atPath: project.output("new"))
        try project.write("conf/a", "b")
        #expect(throws: ImageSpecError.self) { try context.write(to: project.output(place)) }
        #expect(!FileManager.default.fileExists(atPath: project.output("new")))
    }

    // A slip in a path makes no folders of its own.
    @Test(arguments: [("p/q", "p"), ("p/q/", "p"), ("p//q//", "p/"), ("p/q/r", "p/q")])
    func noFolderIsMadeAboveTheContext(place: String, parent: String) throws {
        let project = try RenderingProject()
        let context = try ImageSpec.BuildContext(ImageSpec(), in: project.context)
        let error = #expect(throws: ImageSpecError.self) { try context.write(to: project.output(place)) }
        #expect(error?.code == .unwritableOutput)
        let words = [
            "cannot create \"\(project.output(place))\"",
            "the directory \"\(project.output(parent))\" does not exist",
            "create it first",
        ]
        for word in words { #expect(error?.message.contains(word) == true, "\(error?.message ?? "")") }
        #expect(try FileManager.default.contentsOfDirectory(atPath: project.root) == ["project"])
    }

    // MARK: builders

    @Test func theDockerfileBuilderWritesAndNamesTheImage() async throws {
        let project = try RenderingProject(["conf/a": "a"])
        let spec = ImageSpec(name: "n", registry: "ghcr.io/acme", copy: ["conf"])
        let builder = ImageSpec.DockerfileBuilder(directory: project.output())
        let result = try await builder.build(spec, in: project.context)
        #expect(result.imageName == (try spec.imageName(in: project.context)))
        #expect(result.outcome == .built)
        let text = try String(contentsOfFile: project.output() + "/Dockerfile", encoding: .utf8)
        #expect(text == (try ImageSpec.Dockerfile(spec, in: project.context).text))
    }

    @Test func theNoopBuilderReturnsTheBaseImage() async throws {
        let builder: some ImageSpec.Builder = .noop
        let spec = ImageSpec(packages: ["x"], baseImage: "acme/base:1")
        for spec in [spec, spec.forcePush()] {
            let result = try await builder.build(spec, policy: .init())
            #expect(result == ImageSpec.BuildResult(imageName: "acme/base:1", outcome: .found))
        }
        for base in [nil, "", .spec(ImageSpec())] as [ImageSpec.BaseImage?] {
            let error = await #expect(throws: ImageSpecError.self) {
                try await builder.build(ImageSpec(baseImage: base))
            }
            #expect(error?.code == .unsupportedField)
            #expect(error?.message.contains("base_image") == true)
        }
    }
}

enum RenderingNames {
    /// Some file systems refuse names that are no UTF-8.
    static let fileSystemTakesAnyBytes: Bool = {
        let path =
            Array((FileManager.default.temporaryDirectory.path + "/imagespec-" + UUID().uuidString).utf8) + [
                0xFF
            ]
        let descriptor = FileSystem.withCPath(path) { open($0, O_WRONLY | O_CREAT | O_EXCL, 0o600) }
        guard descriptor >= 0 else { return false }
        close(descriptor)
        return FileSystem.withCPath(path) { unlink($0) } == 0
    }()
}
