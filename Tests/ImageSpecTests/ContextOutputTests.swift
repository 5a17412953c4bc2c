// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import ContentTree
@testable import ImageSpec
@testable import ImageSpecBuilding

/// Where a build context goes: files that are replaced, pipes that nobody reads, and writing that is cancelled.
@Suite struct ContextOutputTests {
    private static let spec = ImageSpec(sourceRoot: "src", sourceCopyMode: .all)
    /// More than a pipe holds.
    private static let large = String(repeating: "0123456789abcdef", count: 100_000)

    private func context(in project: RenderingProject) throws -> ImageSpec.BuildContext {
        try ImageSpec.BuildContext(Self.spec, in: project.context)
    }

    private func names(in project: RenderingProject) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: project.project).sorted()
    }

    private func mode(_ path: String) throws -> Int? {
        try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
    }

    // MARK: files

    // It holds what is in the project, which may be nobody else's to read.
    @Test(arguments: [0o600, 0o640, 0o666, 0o755])
    func aFileThatIsReplacedKeepsItsMode(mode: Int) throws {
        let project = try RenderingProject(["src/a": "a", "out.tar": ""])
        try project.setMode("out.tar", mode)
        try context(in: project).writeTar(toFile: project.path("out.tar"))
        #expect(try self.mode(project.path("out.tar")) == mode)
        #expect(try names(in: project) == ["out.tar", "src"])
    }

    // A spec, or whatever else a wrong argument names, is not lost.
    @Test(arguments: [
        ("", true), (String(repeating: "\0", count: 1024), true), ("name: trainer\n", false),
        (String(repeating: "x", count: 2048), false), (String(repeating: "\0", count: 511), false),
    ])
    func onlyAnArchiveOrAnEmptyFileIsReplaced(earlier: String, isReplaced: Bool) throws {
        let project = try RenderingProject(["src/a": "a", "out": earlier])
        if isReplaced {
            for _ in 0..<2 { try context(in: project).writeTar(toFile: project.path("out")) }
        } else {
            let error = #expect(throws: ImageSpecError.self) {
                try context(in: project).writeTar(toFile: project.path("out"))
            }
            #expect(error?.code == .unwritableOutput)
            #expect(error?.message.contains("is not a tar archive") == true)
            #expect(try FileSystem.contents(project.path("out")) == Array(earlier.utf8))
        }
        #expect(try names(in: project) == ["out", "src"])
    }

    @Test func aNewFileHasTheModeThatTheUmaskLeaves() throws {
        let project = try RenderingProject(["src/a": "a"])
        try context(in: project).writeTar(toFile: project.path("out.tar"))
        let other = open(project.path("other"), O_WRONLY | O_CREAT | O_EXCL, 0o666)
        #expect(close(other) == 0)
        #expect(try mode(project.path("out.tar")) == mode(project.path("other")))
    }

    // 255 bytes are what a name may have.
    @Test(arguments: [240, 255, 256]) func aNameMayBeAsLongAsTheSystemHasIt(length: Int) throws {
        let project = try RenderingProject(["src/a": "a"])
        let name = String(repeating: "n", count: length)
        if length <= 255 {
            try context(in: project).writeTar(toFile: project.path(name))
            #expect(try names(in: project) == [name, "src"])
        } else {
            let error = #expect(throws: ImageSpecError.self) {
                try context(in: project).writeTar(toFile: project.path(name))
            }
            #expect(error?.message.contains("file name too long") == true)
            #expect(try names(in: project) == ["src"])
        }
    }

    @Test(arguments: ["real.tar", "below/real.tar", "second"])
    func whatADanglingLinkLeadsToIsMade(target: String) throws {
        let project = try RenderingProject(["src/a": "a", "below/b": "b"])
        try project.link("link.tar", to: target)
        if target == "second" { try project.link("second", to: "real.tar") }
        try context(in: project).writeTar(toFile: project.path("link.tar"))
        #expect(try FileSystem.kind(project.path("link.tar"), followingLinks: false) == .link)
        let real = project.path(target == "second" ? "real.tar" : target)
        #expect(try FileSystem.kind(real, followingLinks: false) == .file)
    }

    @Test func aLinkIntoTheSourcesIsRefusedAlsoWhereItDangles() throws {
        let project = try RenderingProject(["src/a": "a"])
        try project.link("link.tar", to: "src/real.tar")
        let error = #expect(throws: ImageSpecError.self) {
            try context(in: project).writeTar(toFile: project.path("link.tar"))
        }
        #expect(error?.message.contains("is among the files of source_root") == true)
        #expect(try FileManager.default.contentsOfDirectory(atPath: project.path("src")) == ["a"])
    }

    @Test(arguments: [("link.tar", "too many levels"), ("none/real.tar", "none\" does not exist")])
    func aLinkThatLeadsNowhereIsRefused(target: String, message: String) throws {
        let project = try RenderingProject(["src/a": "a"])
        try project.link("link.tar", to: target)
        let error = #expect(throws: ImageSpecError.self) {
            try context(in: project).writeTar(toFile: project.path("link.tar"))
        }
        #expect(error?.code == .unwritableOutput)
        #expect(error?.message.contains(message) == true, "\(error?.message ?? "")")
        #expect(try names(in: project) == ["link.tar", "src"])
    }

    // MARK: pipes

    /// Both ends of a pipe or of a pair of sockets, closed in the end.
    private final class TestPipe: Sendable {
        let readEnd: Int32
        let writeEnd: Int32

        init(isSocket: Bool = false) {
            var ends: [Int32] = [-1, -1]
            let result = isSocket ? socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends) : pipe(&ends)
            precondition(result == 0)
            (readEnd, writeEnd) = (ends[0], ends[1])
        }

        deinit {
            close(readEnd)
            close(writeEnd)
        }

        /// Waits until no byte fits any more, on a thread of its own: those that tasks run on may all wait for readers.
        func whenFull(_ action: @escaping @Sendable () -> Void) {
            Thread.detachNewThread { [self] in
                var event = pollfd(fd: writeEnd, events: Int16(POLLOUT), revents: 0)
                while poll(&event, 1, 0) == 1 { usleep(1000) }
                action()
            }
        }

        func read(_ count: Int) -> [UInt8] {
            [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
                filled = max(0, Glibc.read(readEnd, buffer.baseAddress, count))
            }
        }
    }

    // Signals cancel the task, and may come once only.
    @Test(.timeLimit(.minutes(20)), arguments: [true, false])
    func cancellingEndsTheWritingToAPipeThatNobodyReads(isBlocking: Bool) async throws {
        let project = try RenderingProject(["src/large": Self.large])
        let context = try context(in: project)
        let pipe = TestPipe()
        if !isBlocking { #expect(fcntl(pipe.writeEnd, F_SETFL, O_NONBLOCK) == 0) }
        let task = Task { try context.writeTar(to: pipe.writeEnd) }
        pipe.whenFull { task.cancel() }
        let error = await #expect(throws: ImageSpecError.self) { try await task.value }
        #expect(error?.message == ImageSpecError.writingCancelled.message)
        // Others may have the pipe open as well.
        #expect((fcntl(pipe.writeEnd, F_GETFL) & O_NONBLOCK == 0) == isBlocking)
    }

    @Test(.timeLimit(.minutes(20))) func cancellingEndsTheWaitForAReader() async throws {
        let project = try RenderingProject(["src/a": "a"])
        #expect(mkfifo(project.path("out"), 0o600) == 0)
        let context = try context(in: project)
        let path = project.path("out")
        let task = Task { try context.writeTar(toFile: path) }
        Thread.detachNewThread { task.cancel() }
        let error = await #expect(throws: ImageSpecError.self) { try await task.value }
        #expect(error?.message == ImageSpecError.writingCancelled.message)
    }

    // Supervisors and event loops hand over non-blocking pipes; and sockets, which nobody can open anew.
    @Test(.timeLimit(.minutes(20)), arguments: ["blocking", "non-blocking", "socket"])
    func aSlowReaderGetsEveryByte(_ kind: String) throws {
        let project = try RenderingProject(["src/large": Self.large])
        let context = try context(in: project)
        try context.writeTar(toFile: project.path("out.tar"))
        let expected = try [UInt8](Data(contentsOf: URL(fileURLWithPath: project.path("out.tar"))))
        let pipe = TestPipe(isSocket: kind == "socket")
        if kind == "non-blocking" { #expect(fcntl(pipe.writeEnd, F_SETFL, O_NONBLOCK) == 0) }
        let received = Locked<[UInt8]>([])
        let end = DispatchSemaphore(value: 0)
        pipe.whenFull {
            while received.withLock({ $0.count }) < expected.count {
                let piece = pipe.read(5000)
                received.withLock { $0 += piece }
            }
            end.signal()
        }
        try context.writeTar(to: pipe.writeEnd)
        end.wait()
        #expect(received.withLock { $0 } == expected)
    }

    // MARK: folders

    /// Has the task cancelled with the first bytes of a file.
    private final class CancellingSink: ContextSink {
        private(set) var pieces = 0

        func addFolder(_ path: [UInt8]) {}
        func addLink(_ path: [UInt8], to target: [UInt8]) {}

        func addFile(
            _ path: [UInt8], isExecutable: Bool, size: Int, digest: ContentDigest,
            _ body: (Write) throws(ImageSpecError) -> Void
        ) throws(ImageSpecError) {
            try body { _ in
                pieces += 1
                withUnsafeCurrentTask { $0?.cancel() }
            }
        }
    }

    @Test(arguments: [ContextLayout.dockerfile, .envd])
    func cancellingEndsTheCopyingWithinAFile(layout: ContextLayout) async throws {
        let project = try RenderingProject(["src/large": Self.large, "src/next": "1"])
        let inputs = try ResolvedInputs.read(of: Self.spec, in: project.context, records: [.entries])
        let files = ContextFiles(layout: layout, buildFile: "", requirements: nil, inputs: inputs)
        let task = Task {
            let sink = CancellingSink()
            let error = #expect(throws: ImageSpecError.self) {
                try files.writeAll(to: sink)
            }
            #expect(error?.message == ImageSpecError.writingCancelled.message)
            return sink.pieces
        }
        #expect(await task.value == 1)
    }
}
