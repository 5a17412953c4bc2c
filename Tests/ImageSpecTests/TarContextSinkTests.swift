// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import ContentTree
@testable import ImageSpec
@testable import ImageSpecBuilding

/// Build contexts as tar archives, read back by the tar readers of this machine.
@Suite struct ContextArchiveTests {
    private static let time = RenderingConstants.timeStamp
    private static let long = String(repeating: "a long folder name/", count: 12)

    /// A project with every kind of entry.
    private static func project() throws -> RenderingProject {
        let project = try RenderingProject([
            "src/a.py": "a", "src/run.sh": "#!/bin/sh\n", "src/empty": "", "src/ü ö/日本.txt": "text",
            "src/\(long)deep.txt": "deep", "src/b.txt": "b", "src/b/c.txt": "c",
            "conf/line\nbreak \"x\".txt": "x",
            "src/exact": String(repeating: "x", count: 512), "r.txt": "six\n-r more/s.txt\n",
            "more/s.txt": "toml\n",
        ])
        try project.setMode("src/run.sh", 0o700)
        try project.link("src/alias", to: "b")
        try project.link("src/shortcut", to: String(long.dropLast()))
        try project.write("src/large", String(repeating: "0123456789abcdef", count: 100_000))
        return project
    }

    private static let spec = ImageSpec(
        sourceRoot: "src", requirements: "r.txt", sourceCopyMode: .all, copy: ["conf", "src/a.py"])

    private func archive(_ spec: ImageSpec, in project: RenderingProject) throws -> [UInt8] {
        var bytes: [UInt8] = []
        let collected = Collected()
        try ImageSpec.BuildContext(spec, in: project.context).writeTar { chunk throws(ImageSpecError) in
            collected.bytes += chunk
        }
        bytes = collected.bytes
        return bytes
    }

    private final class Collected {
        var bytes: [UInt8] = []
    }

    // MARK: read back

    @Test(.enabled(if: Programs.has("tar"), "needs tar"))
    func tarExtractsWhatIsWrittenToAFolder() throws {
        let project = try Self.project()
        let context = try ImageSpec.BuildContext(Self.spec, in: project.context)
        try context.write(to: project.output("folder"))
        try context.writeTar(toFile: project.output("context.tar"))
        try FileManager.default.createDirectory(
            atPath: project.output("extracted"), withIntermediateDirectories: true)
        let outcome = try Programs.run(
            ["tar", "-xpf", project.output("context.tar"), "-C", project.output("extracted")])
        #expect(outcome.status == 0, "\(outcome.messages)")
        #expect(outcome.messages == "")
        #expect(try listing(of: project.output("extracted")) == listing(of: project.output("folder")))
    }

    @Test(.enabled(if: Programs.has("python3"), "needs python3"))
    func pythonReadsEveryMember() throws {
        let project = try Self.project()
        try Data(archive(Self.spec, in: project)).write(
            to: URL(fileURLWithPath: project.output("context.tar")))
        let script = """
            import sys, tarfile
            names = []
            for member in tarfile.open(sys.argv[1], "r:", errorlevel=2):
                assert (member.uid, member.gid, member.uname, member.gname) == (0, 0, "", ""), member.name
                assert member.mtime == \(Self.time), member.name
                kind = "d" if member.isdir() else "l" if member.issym() else "f"
                assert member.isdir() or member.issym() or member.isreg(), member.name
                names.append(member.name)
                print(kind, oct(member.mode)[2:], member.size, ascii(member.name), ascii(member.linkname))
            assert names[-1] == "Dockerfile"
            ordered = [name.encode("utf-8", "surrogateescape").replace(b"/", b"\\0") for name in names[:-1]]
            assert ordered == sorted(ordered) and len(set(ordered)) == len(ordered)
            """
        let outcome = try Programs.run(["python3", "-c", script, project.output("context.tar")])
        #expect(outcome.status == 0, "\(outcome.messages)")
        let lines = outcome.output.split(separator: "\n").map(String.init)
        for line in [
            "d 755 0 'source' ''", "f 755 10 'source/run.sh' ''", "f 644 0 'source/empty' ''",
            "l 777 0 'source/alias' 'b'", "f 644 1600000 'source/large' ''",
            "f 644 4 'source/\\xfc \\xf6/\\u65e5\\u672c.txt' ''",
            "l 777 0 'source/shortcut' '\(Self.long.dropLast())'",
            "f 644 1 'copy/0/line\\nbreak \"x\".txt' ''", "f 644 1 'copy/1/a.py' ''",
            "f 644 5 'requirements/more/s.txt' ''",
        ] { #expect(lines.contains(line), "\(line)\n\(outcome.output)") }
    }

    @Test(
        .enabled(if: RenderingNames.fileSystemTakesAnyBytes, "the file system takes only names in UTF-8"),
        .enabled(if: Programs.has("tar"), "needs tar"))
    func namesThatAreNoTextKeepTheirBytes() throws {
        let project = try RenderingProject(["src/a": "a"])
        let outcome = try Programs.run(
            ["sh", "-c", "cd \"$0\" && printf x > \"$(printf '\\377\\376 ')\"", project.path("src")])
        try #require(outcome.status == 0)
        let spec = ImageSpec(sourceRoot: "src", sourceCopyMode: .all)
        let context = try ImageSpec.BuildContext(spec, in: project.context)
        try context.writeTar(toFile: project.output("context.tar"))
        try FileManager.default.createDirectory(
            atPath: project.output("out"), withIntermediateDirectories: true)
        let extraction = try Programs.run([
            "tar", "-xf", project.output("context.tar"), "-C", project.output("out"),
        ])
        #expect(extraction.status == 0)
        // GNU tar takes the bytes as they are without being told so, and remarks on the record that tells other readers.
        let messages = extraction.messages.split(separator: "\n")
        #expect(messages.allSatisfy { $0.contains("'hdrcharset'") }, "\(extraction.messages)")
        #expect(try listing(of: project.output("out")).contains { $0.hasPrefix("source/\\xff\\xfe  644") })
    }

    // libarchive composes the characters of names that it takes for UTF-8, so that "e\u{301}" and "\u{e9}" would become one file.
    @Test(arguments: [
        ("e\u{301}", true), ("\u{e9}", false), ("日本", false), ("\u{1112}\u{1161}", true),
        ("\u{9C7}\u{9BE}", true),
        ("é/e\u{301}\u{323}", true), ("ascii", false),
    ])
    func namesThatReadersWouldComposeAreDeclaredAsBytes(name: String, isDeclared: Bool) throws {
        let header = TarHeader(kind: .file, path: Array(name.utf8), mode: 0o644)
        let text = String(decoding: header.blocks, as: UTF8.self)
        #expect(text.contains("hdrcharset=BINARY") == isDeclared)
    }

    @Test(.enabled(if: Programs.has("bsdtar"), "needs bsdtar")) func libarchiveKeepsNamesThatAreNotNFC()
        throws
    {
        let project = try RenderingProject(["src/e\u{301}": "1"])
        try project.write("src/\u{e9}", "2")
        let spec = ImageSpec(sourceRoot: "src", sourceCopyMode: .all)
        let context = try ImageSpec.BuildContext(spec, in: project.context)
        try context.writeTar(toFile: project.output("context.tar"))
        try FileManager.default.createDirectory(
            atPath: project.output("out"), withIntermediateDirectories: true)
        let extraction = try Programs.run([
            "sh", "-c", "LC_ALL=C.UTF-8 bsdtar -xf \"$0\" -C \"$1\" && ls \"$1/source\" | wc -l",
            project.output("context.tar"), project.output("out"),
        ])
        #expect(extraction.status == 0 && extraction.output.contains("2"), "\(extraction)")
    }

    // Sizes that ustar's eleven octal digits cannot say; the bytes themselves would take long.
    @Test(
        .enabled(if: Programs.has("python3"), "needs python3"),
        arguments: [
            0, 1, 0o777_7777_7777, 0o777_7777_7777 + 1, 5 << 40,
        ])
    func anySizeIsSaid(size: Int) throws {
        let header = TarHeader(kind: .file, path: Array("large".utf8), mode: 0o644, size: size)
        let project = try RenderingProject()
        try Data(header.blocks).write(to: URL(fileURLWithPath: project.path("header.tar")))
        let outcome = try Programs.run([
            "python3", "-c", "import sys, tarfile; print(tarfile.open(sys.argv[1]).next().size)",
            project.path("header.tar"),
        ])
        #expect(outcome.output == "\(size)\n", "\(outcome.messages)")
    }

    // MARK: the law

    @Test func theSameContentGivesTheSameBytes() throws {
        let first = try archive(Self.spec, in: Self.project())
        let project = try Self.project()
        // Other time stamps and permissions, and an order of the folder's entries that is another one.
        for name in ["b.txt", "a.py", "empty"] {
            let text = try String(contentsOfFile: project.path("src/" + name), encoding: .utf8)
            try FileManager.default.removeItem(atPath: project.path("src/" + name))
            try project.write("src/" + name, text)
            try project.setMode("src/" + name, 0o666)
            try FileManager.default.setAttributes(
                [.modificationDate: Date(timeIntervalSince1970: 1_000_000_000)],
                ofItemAtPath: project.path("src/" + name))
        }
        let second = try archive(Self.spec, in: project)
        #expect(first == second)
        #expect(first.count % TarHeader.blockSize == 0)
        #expect(first.suffix(2 * TarHeader.blockSize).allSatisfy { $0 == 0 })
    }

    // The bytes are part of no name, but whoever caches by them should notice a change.
    @Test func theArchiveOfAnEmptySpecIsKnown() throws {
        let bytes = try archive(ImageSpec(baseImage: "debian:1"), in: RenderingProject())
        let size = try ImageSpec.Dockerfile(ImageSpec(baseImage: "debian:1")).text.utf8.count
        #expect(bytes.count == 512 + (size + 511) / 512 * 512 + 1024)
        // In steps: as one expression, this takes the compiler ten seconds.
        var header = Array("Dockerfile".utf8)
        header += [UInt8](repeating: 0, count: 90)
        header += "0000644\u{0}0000000\u{0}0000000\u{0}\(octal(size, 11))\u{0}02263523000\u{0}".utf8
        header += bytes[148..<156]
        header += "0".utf8
        #expect(Array(bytes[..<157]) == header)
    }

    private func octal(_ number: Int, _ width: Int) -> String {
        let digits = String(number, radix: 8)
        return String(repeating: "0", count: width - digits.count) + digits
    }

    // MARK: what stops it

    @Test(arguments: ["content", "longer", "shorter", "gone", "mode"])
    func aChangeAfterTheNamingLeavesNoFile(change: String) throws {
        let project = try RenderingProject(["src/a.txt": "first", "src/z.txt": "last"])
        let context = try ImageSpec.BuildContext(
            ImageSpec(sourceRoot: "src", sourceCopyMode: .all), in: project.context)
        let earlier = String(repeating: "\0", count: 1024)
        try project.write("context.tar", earlier)
        try Self.change(change, "src/a.txt", in: project)
        let error = #expect(throws: ImageSpecError.self) {
            try context.writeTar(toFile: project.path("context.tar"))
        }
        #expect(error?.code == .sourceChanged)
        #expect(error?.message.contains("a.txt") == true)
        #expect(try String(contentsOfFile: project.path("context.tar"), encoding: .utf8) == earlier)
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: project.project).sorted() == [
                "context.tar", "src",
            ])
    }

    // A stream cannot be taken back; its readers find that it is cut off, wherever that happens.
    @Test(
        .enabled(if: Programs.has("tar") && Programs.has("python3"), "needs tar and python3"),
        arguments: ["content", "longer", "shorter", "gone", "mode"], ["src/a.txt", "src/z.txt"])
    func aBrokenStreamIsNoArchive(change: String, path: String) throws {
        let project = try RenderingProject(["src/a.txt": "first", "src/z.txt": "last"])
        let context = try ImageSpec.BuildContext(
            ImageSpec(sourceRoot: "src", sourceCopyMode: .all), in: project.context)
        try Self.change(change, path, in: project)
        let collected = Collected()
        let error = #expect(throws: ImageSpecError.self) {
            try context.writeTar { chunk throws(ImageSpecError) in collected.bytes += chunk }
        }
        #expect(error?.code == .sourceChanged)
        #expect(!collected.bytes.suffix(1024).allSatisfy { $0 == 0 } || collected.bytes.count < 1024)
        try Data(collected.bytes).write(to: URL(fileURLWithPath: project.path("broken.tar")))
        #expect(try Programs.run(["tar", "-tf", project.path("broken.tar")]).status != 0)
        let script = """
            import sys, tarfile
            with tarfile.open(fileobj=open(sys.argv[1], "rb"), mode="r|") as archive:
                for member in archive:
                    if member.isreg(): archive.extractfile(member).read()
            """
        #expect(try Programs.run(["python3", "-c", script, project.path("broken.tar")]).status != 0)
    }

    private static func change(_ change: String, _ path: String, in project: RenderingProject) throws {
        switch change {
        case "content": try project.write(path, path.contains("a.txt") ? "other" : "tsal")
        case "longer": try project.write(path, "first and more")
        case "shorter": try project.write(path, "f")
        case "gone": try FileManager.default.removeItem(atPath: project.path(path))
        default: try project.setMode(path, 0o755)
        }
    }

    @Test(arguments: ["", "folder", "missing/context.tar", "context.tar/", "file/below"])
    func aFileThatCannotBeWrittenIsNamed(place: String) throws {
        let project = try RenderingProject(["folder/x": "1", "file": "text"])
        let context = try ImageSpec.BuildContext(ImageSpec(), in: project.context)
        let path = place.isEmpty ? "" : project.path(place)
        let error = #expect(throws: ImageSpecError.self) { try context.writeTar(toFile: path) }
        #expect(error?.code == .unwritableOutput)
        #expect(error?.message.contains("\"\(path)\"") == true)
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: project.project).sorted() == [
                "file", "folder",
            ])
    }

    // It would be part of the next context, whose name would be another one.
    @Test(arguments: [
        ("src/context.tar", "", false), ("src/context.tar", "*.tar\n", true), ("context.tar", "", true),
    ])
    func anArchiveDoesNotLieAmongItsSources(place: String, gitignore: String, isAllowed: Bool) throws {
        let project = try RenderingProject(["src/a.py": "1", "src/.gitignore": gitignore])
        let context = try ImageSpec.BuildContext(
            ImageSpec(sourceRoot: "src", sourceCopyMode: .all), in: project.context)
        if isAllowed {
            try context.writeTar(toFile: project.path(place))
            #expect(FileManager.default.fileExists(atPath: project.path(place)))
        } else {
            let error = #expect(throws: ImageSpecError.self) {
                try context.writeTar(toFile: project.path(place))
            }
            #expect(error?.message.contains("is among the files of source_root") == true)
            #expect(!FileManager.default.fileExists(atPath: project.path(place)))
        }
    }

    @Test func whatALinkLeadsToIsReplaced() throws {
        let project = try RenderingProject(["real.tar": ""])
        try project.link("link.tar", to: "real.tar")
        try ImageSpec.BuildContext(ImageSpec(), in: project.context).writeTar(
            toFile: project.path("link.tar"))
        #expect(try FileSystem.kind(project.path("link.tar"), followingLinks: false) == .link)
        #expect(try Data(contentsOf: URL(fileURLWithPath: project.path("real.tar"))).count > 1024)
    }

    @Test func cancellingEndsTheWriting() async throws {
        let project = try RenderingProject(["src/a.txt": "first"])
        let context = try ImageSpec.BuildContext(
            ImageSpec(sourceRoot: "src", sourceCopyMode: .all), in: project.context)
        let path = project.path("context.tar")
        let task = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            try context.writeTar(toFile: path)
        }
        await #expect(throws: ImageSpecError.self) { try await task.value }
        #expect(try FileManager.default.contentsOfDirectory(atPath: project.project) == ["src"])
    }
}

/// Programs of this machine that tests compare with.
enum Programs {
    struct Outcome {
        var output: String
        var messages: String
        var status: Int32
    }

    static func has(_ name: String) -> Bool {
        (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").contains {
            FileManager.default.isExecutableFile(atPath: $0 + "/" + name)
        }
    }

    /// Runs a program found on `PATH`.
    static func run(_ arguments: [String], input: String = "") throws -> Outcome {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = arguments
        let folder = TemporaryFolder()
        for (name, text) in [("input", input), ("output", ""), ("messages", "")] {
            try folder.write(name, text)
        }
        func url(_ name: String) -> URL { URL(fileURLWithPath: folder.path + "/" + name) }
        process.standardInput = try FileHandle(forReadingFrom: url("input"))
        process.standardOutput = try FileHandle(forWritingTo: url("output"))
        process.standardError = try FileHandle(forWritingTo: url("messages"))
        try process.run()
        process.waitUntilExit()
        return Outcome(
            output: String(decoding: try Data(contentsOf: url("output")), as: UTF8.self),
            messages: String(decoding: try Data(contentsOf: url("messages")), as: UTF8.self),
            status: process.terminationStatus)
    }
}
