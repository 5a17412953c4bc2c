// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import ContentTree
@testable import ImageSpec
@testable import ImageSpecBuilding

/// Between naming and copying, a file can become another one. No byte of another file is written.
@Suite struct EntryReaderTests {
    private static let spec = ImageSpec(sourceRoot: "src", sourceCopyMode: .all)
    private static let secret = String(repeating: "SECRET", count: 100)

    /// Collects all bytes, and changes the project before the first file is copied.
    private final class ChangingSink: ContextSink {
        private let change: () throws -> Void
        private(set) var bytes: [UInt8] = []
        private(set) var sizes: [Int] = []
        private var isChanged = false

        init(_ change: @escaping () throws -> Void) { self.change = change }

        func addFolder(_ path: [UInt8]) {
            if isChanged { return }
            isChanged = true
            #expect(throws: Never.self) { try change() }
        }

        func addLink(_ path: [UInt8], to target: [UInt8]) { bytes += target }

        func addFile(
            _ path: [UInt8], isExecutable: Bool, size: Int, digest: ContentDigest,
            _ body: (Write) throws(ImageSpecError) -> Void
        ) throws(ImageSpecError) {
            sizes.append(size)
            var count = 0
            try body { piece in
                count += piece.count
                bytes += piece
            }
            #expect(count == size)
        }
    }

    /// Writes the context of a project, whose file src/d/a is changed after it was named.
    private func write(
        size: Int, _ change: @escaping (RenderingProject) throws -> Void
    ) throws -> (error: ImageSpecError?, bytes: [UInt8], sizes: [Int]) {
        let project = try RenderingProject(["secret": Self.secret, "outside/a": Self.secret])
        try project.write("src/d/a", String(repeating: "x", count: size))
        let contents = try ResolvedInputs.read(of: Self.spec, in: project.context, records: [.entries])
        let sink = ChangingSink { try change(project) }
        do throws(ImageSpecError) {
            try ContextFiles(layout: .dockerfile, buildFile: "", requirements: nil, inputs: contents).items
                .write(to: sink)
            return (nil, sink.bytes, sink.sizes)
        } catch {
            return (error, sink.bytes, sink.sizes)
        }
    }

    /// One piece, exactly the buffer, and more.
    private static let sizes = [600, 256 * 1024, 700 * 1024]

    @Test(arguments: sizes, ["link", "directory", "file", "content", "grown", "shortened", "removed"])
    func anotherFileIsNotCopied(size: Int, change: String) throws {
        let (error, bytes, _) = try write(size: size) { project in
            let manager = FileManager.default
            let path = project.path("src/d/a")
            switch change {
            case "link":
                try manager.removeItem(atPath: path)
                try project.link("src/d/a", to: project.path("secret"))
            case "directory":
                try manager.moveItem(atPath: project.path("src/d"), toPath: project.path("old"))
                try project.link("src/d", to: project.path("outside"))
            case "file":
                try manager.removeItem(atPath: path)
                try project.write("src/d/a", String(repeating: "y", count: size))
            case "content":
                let file = try #require(FileHandle(forWritingAtPath: path))
                try file.seek(toOffset: UInt64(size - 1))
                try file.write(contentsOf: Data("z".utf8))
                try file.close()
            case "grown":
                let file = try #require(FileHandle(forWritingAtPath: path))
                try file.seekToEnd()
                try file.write(contentsOf: Data("z".utf8))
                try file.close()
            case "shortened":
                let file = try #require(FileHandle(forWritingAtPath: path))
                try file.truncate(atOffset: UInt64(size - 1))
                try file.close()
            default: try manager.removeItem(atPath: path)
            }
        }
        #expect(error?.code == .sourceChanged, "\(error?.message ?? "no error")")
        #expect(bytes == [], "\(bytes.count) bytes")
    }

    // Touched, or replaced by a copy, as by an editor or a backup.
    @Test(arguments: sizes, ["touched", "copied"]) func theSameContentIsCopied(size: Int, change: String)
        throws
    {
        let (error, bytes, sizes) = try write(size: size) { project in
            let path = project.path("src/d/a")
            if change == "copied" {
                try FileManager.default.copyItem(atPath: path, toPath: project.path("copy"))
                try FileManager.default.removeItem(atPath: path)
                try FileManager.default.moveItem(atPath: project.path("copy"), toPath: path)
            } else {
                try FileManager.default.setAttributes(
                    [.modificationDate: Date(timeIntervalSince1970: 1)], ofItemAtPath: path)
            }
        }
        #expect(error == nil)
        #expect(sizes == [size] && bytes == [UInt8](repeating: UInt8(ascii: "x"), count: size))
    }

    // A link to a file is an entry of its content, and followed.
    @Test func theTargetOfALinkIsCopiedUnlessItChanged() throws {
        for isChanged in [false, true] {
            let project = try RenderingProject(["public": "public", "secret": Self.secret, "src/b": ""])
            try project.link("src/a", to: project.path("public"))
            let contents = try ResolvedInputs.read(of: Self.spec, in: project.context, records: [.entries])
            let sink = ChangingSink {
                if !isChanged { return }
                try FileManager.default.removeItem(atPath: project.path("src/a"))
                try project.link("src/a", to: project.path("secret"))
            }
            let items = ContextFiles(layout: .dockerfile, buildFile: "", requirements: nil, inputs: contents)
                .items
            if isChanged {
                let error = #expect(throws: ImageSpecError.self) { try items.write(to: sink) }
                #expect(error?.code == .sourceChanged)
                #expect(sink.bytes == [])
            } else {
                try items.write(to: sink)
                #expect(sink.bytes == Array("public".utf8))
            }
        }
    }

    // MARK: files whose size is wrong

    /// Files in memory of the kernel, which have content but no size.
    private static let sizeless = ["/proc/version", "/proc/kallsyms"].filter { path in
        ((try? FileSystem.contents(path)) ?? []).isEmpty == false
    }

    @Test(.enabled(if: !sizeless.isEmpty, "needs /proc")) func aFileWithoutASizeHasATagAndAContext() throws {
        for path in Self.sizeless {
            let project = try RenderingProject(["src/b": "b"])
            try project.link("src/a", to: path)
            var context = project.context
            context.within = ["/proc"]
            let tag = try Self.spec.tag(in: context)
            let build = try ImageSpec.BuildContext(Self.spec, in: context)
            try build.write(to: project.output())
            try build.writeTar(toFile: project.output("out.tar"))
            var written = project.context
            written.workingDirectory = project.output()
            #expect(
                try ImageSpec(sourceRoot: "source", sourceCopyMode: .all).tag(in: written) == tag, "\(path)")
        }
    }
}
