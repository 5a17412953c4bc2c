// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import ContentTree
@testable import ImageSpec
@testable import ImageSpecBuilding
@testable import ImageSpecDiff

#if canImport(Glibc)
import Glibc
#endif

/// How deep a tree and how large a file can be. What has a tag can be written to a context.
@Suite struct TreeLimitTests {
    /// A directory of directories, each with the same name, whose path can be longer than the system accepts.
    private static func makeDeep(_ folder: String, name: String, count: Int, file: String) throws {
        var directory = FileSystem.openFolder(Array(folder.utf8))
        for _ in 0..<count {
            guard mkdirat(directory, name, 0o755) == 0 else { throw FileSystem.Failure.last }
            let next = openat(directory, name, O_RDONLY | O_DIRECTORY)
            close(directory)
            directory = next
        }
        close(openat(directory, file, O_WRONLY | O_CREAT, 0o644))
        close(directory)
    }

    /// Removes a directory of any depth, which Foundation cannot.
    private static func remove(_ folder: String) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/rm")
        process.arguments = ["-rf", folder]
        try process.run()
        process.waitUntilExit()
    }

    private static let spec = ImageSpec(sourceRoot: "src", sourceCopyMode: .all)

    // The longest path is 3,584 bytes: 14 names of 250 with their slashes, and one of 70.
    @Test(arguments: [69, 70, 71, 250])
    func aPathHasALimitWhereverTheTreeIs(length: Int) throws {
        let folder = TemporaryFolder()
        // The absolute path of the tree is long as well: together they are longer than the system accepts.
        let above = (0..<4).map { _ in String(repeating: "a", count: 200) }.joined(separator: "/")
        let project = folder.path + "/" + above
        try folder.folder(above + "/src")
        defer { try? Self.remove(folder.path + "/" + String(repeating: "a", count: 200)) }
        try Self.makeDeep(
            project + "/src", name: String(repeating: "d", count: 250), count: 14,
            file: String(repeating: "f", count: length))
        let context = ImageSpec.Context(
            workingDirectory: project, hostArchitecture: "x86_64", digestCache: .off)
        if length > 70 {
            let error = #expect(throws: ImageSpecError.self) { try Self.spec.tag(in: context) }
            #expect(error?.code == .unreadableInput)
            #expect(error?.message.contains("longer than 3584 bytes") == true, "\(error?.message ?? "")")
            return
        }
        let tag = try Self.spec.tag(in: context)
        let build = try ImageSpec.BuildContext(Self.spec, in: context)
        #expect(build.identity.contentDigest == tag)
        try build.write(to: folder.path + "/out")
        defer { try? Self.remove(folder.path + "/out") }
        try build.writeTar(toFile: folder.path + "/out.tar")
        // What was written has the same tag.
        var written = context
        written.workingDirectory = folder.path + "/out"
        #expect(try ImageSpec(sourceRoot: "source", sourceCopyMode: .all).tag(in: written) == tag)
        let snapshot = try Self.spec.snapshot(in: context)
        #expect(snapshot.tag == tag)
    }

    // As deep as the file system allows: an error, and not minutes.
    @Test(.timeLimit(.minutes(20))) func aTreeThatIsTooDeepIsAnError() throws {
        let folder = TemporaryFolder()
        try folder.folder("src")
        defer { try? Self.remove(folder.path + "/src") }
        try Self.makeDeep(folder.path + "/src", name: "d", count: 20_000, file: "f")
        let context = ImageSpec.Context(
            workingDirectory: folder.path, hostArchitecture: "x86_64",
            digestCache: .directory(folder.path + "/cache"))
        let start = ContinuousClock.now
        let error = #expect(throws: ImageSpecError.self) { try Self.spec.tag(in: context) }
        #expect(error?.message.contains("longer than 3584 bytes") == true)
        #expect((error?.message.utf8.count ?? .max) < 600)
        #expect(ContinuousClock.now - start < .seconds(20))
        // Excluded, it is not entered.
        try folder.write("src/.gitignore", "d/\n")
        _ = try Self.spec.tag(in: context)
    }

    private static func makeSparse(_ path: String, size: Int) -> Bool {
        let file = open(path, O_WRONLY | O_CREAT, 0o644)
        defer { close(file) }
        return ftruncate(file, off_t(size)) == 0
    }

    // Sparse: no byte of it is on the disk.
    @Test(arguments: [(1 << 40) + 1, 1 << 43, 1_000 << 40, .max])
    func aFileOfMoreThanOneTebibyteIsAnError(size: Int) throws {
        let folder = TemporaryFolder()
        try folder.folder("src")
        guard Self.makeSparse(folder.path + "/src/big", size: size) else {
            // ext4 ends at 16 TiB. Where /dev/shm is a file system in memory, it has no limit.
            try Self.expectTooLarge(inMemory: size)
            return
        }
        try Self.expectTooLarge(folder.path)
    }

    private static func expectTooLarge(inMemory size: Int) throws {
        let folder = "/dev/shm/imagespec-test-" + UUID().uuidString
        guard mkdir(folder, 0o700) == 0 else { return }
        defer { try? Self.remove(folder) }
        guard mkdir(folder + "/src", 0o700) == 0, makeSparse(folder + "/src/big", size: size) else { return }
        try expectTooLarge(folder)
    }

    private static func expectTooLarge(_ folder: String) throws {
        let context = ImageSpec.Context(
            workingDirectory: folder, hostArchitecture: "x86_64", digestCache: .off)
        for spec in [spec, ImageSpec(copy: ["src/big"])] {
            let error = #expect(throws: ImageSpecError.self) { try spec.tag(in: context) }
            #expect(error?.code == .unreadableInput)
            #expect(error?.message.contains("larger than 1 TiB") == true, "\(error?.message ?? "")")
        }
    }
}
