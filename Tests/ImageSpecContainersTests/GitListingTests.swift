// SPDX-License-Identifier: Apache-2.0

import Foundation
import ImageSpec
import ImageSpecContainers
import Testing

@testable import ContentTree
@testable import ImageSpecFlytekit

/// What git is asked, and what becomes of its answers.
@Suite struct GitListingTests {
    static let hasGit = ProcessInfo.processInfo.environment["PATH", default: ""].split(separator: ":")
        .contains { FileManager.default.isExecutableFile(atPath: "\($0)/git") }

    private static func withFolder(_ body: (String) async throws -> Void) async throws {
        let folder = FileManager.default.temporaryDirectory.resolvingSymlinksInPath()
            .appendingPathComponent("imagespec-git-" + UUID().uuidString)
        try FileManager.default.createDirectory(
            at: folder.appendingPathComponent("src/build"), withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        for (name, text) in [
            "a.py": "1", "b.imagespec-test": "2", "build/c": "3", ".gitignore": "*.imagespec-test\nbuild/\n",
        ] {
            try Data(text.utf8).write(to: folder.appendingPathComponent("src/" + name))
        }
        try await body(folder.path)
    }

    private static func makeWorkTree(_ folder: String) throws {
        let git = Process()
        git.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        git.arguments = ["git", "init", "-q", folder]
        try git.run()
        git.waitUntilExit()
        try #require(git.terminationStatus == 0)
    }

    @Test(.enabled(if: hasGit, "needs git"))
    func ignoredFilesOfAWorkTreeAreListed() async throws {
        try await Self.withFolder { folder in
            try Self.makeWorkTree(folder)
            let context = ImageSpec.Context(workingDirectory: folder, hostArchitecture: "x86_64")
            let spec = ImageSpec(sourceRoot: folder + "/src", sourceCopyMode: .all)
            let listed = try await ImageSpec.GitIgnored.query(for: spec, in: context)
            #expect(
                listed[folder + "/src"]
                    == .init(
                        files: Array("b.imagespec-test\nbuild/c\n".utf8),
                        directories: Array("b.imagespec-test\nbuild/\n".utf8)))
            #expect(
                try spec.tag(scheme: .flytekit(gitIgnored: listed), in: context)
                    != spec.tag(scheme: .flytekit(gitIgnored: .nothing), in: context))
        }
    }

    @Test func outsideAWorkTreeNothingIsIgnored() async throws {
        try await Self.withFolder { folder in
            let context = ImageSpec.Context(workingDirectory: folder, hostArchitecture: "x86_64")
            let base = ImageSpec(sourceRoot: "src", sourceCopyMode: .all)
            let spec = ImageSpec(baseImage: .spec(base))
            let listed = try await ImageSpec.GitIgnored.query(for: spec, in: context)
            #expect(listed[folder + "/src"] == .nothing)
            #expect(listed[folder] == nil)
        }
    }

    @Test func aMissingFolderIsLeftToTheScheme() async throws {
        let context = ImageSpec.Context(workingDirectory: "/nonexistent", hostArchitecture: "x86_64")
        let spec = ImageSpec(sourceRoot: "src", sourceCopyMode: .all)
        let listed = try await ImageSpec.GitIgnored.query(for: spec, in: context)
        let error = #expect(throws: ImageSpecError.self) {
            try spec.tag(scheme: .flytekit(gitIgnored: listed), in: context)
        }
        #expect(error?.code == .missingInput)
        #expect(error?.message.contains("FileNotFoundError") == true)
    }

    @Test func otherSpecsAskNothing() async throws {
        let listed = try await ImageSpec.GitIgnored.query(
            for: ImageSpec(sourceRoot: "src", sourceCopyMode: .noCopy))
        #expect(listed == ImageSpec.GitIgnored())
    }
}
