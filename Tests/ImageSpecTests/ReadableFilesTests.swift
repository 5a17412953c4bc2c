// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import ContentTree
@testable import ImageSpec

#if canImport(Glibc)
import Glibc
#endif

/// Files that a spec names are regular files. A pipe would be waited for without end.
@Suite struct ReadableFilesTests {
    private let folder = TemporaryFolder()

    private func path(_ name: String) -> String { folder.path + "/" + name }

    @Test(.timeLimit(.minutes(20))) func onlyRegularFilesAreReadUnlessTheUserNamesThem() throws {
        try folder.write("file", "text")
        try folder.pipe(Array("pipe".utf8))
        try folder.link("link", to: "file")
        try folder.link("loop", to: "loop")
        for name in ["file", "link"] {
            #expect(try FileSystem.contents(path(name)) == Array("text".utf8))
        }
        #expect(throws: FileSystem.Failure.notRegular) { try FileSystem.contents(path("pipe")) }
        #expect(throws: FileSystem.Failure.notRegular) { try FileSystem.contents("/dev/zero") }
        #expect(throws: FileSystem.Failure.notRegular) { try FileSystem.contents("/dev/null") }
        #expect(throws: FileSystem.Failure.notAFile) { try FileSystem.contents(folder.path) }
        #expect(throws: FileSystem.Failure(code: ELOOP)) { try FileSystem.contents(path("loop")) }
        #expect(throws: FileSystem.Failure.missing) { try FileSystem.contents(path("missing")) }
        #expect(throws: FileSystem.Failure(code: EFBIG)) { try FileSystem.contents(path("file"), limit: 3) }
        #expect(throws: FileSystem.Failure(code: EFBIG)) {
            try FileSystem.contents("/dev/zero", .anyFiles, limit: 100_000)
        }
        #expect(try FileSystem.contents("/dev/null", .regularFilesOrNull) == [])
        #expect(throws: FileSystem.Failure.notRegular) {
            try FileSystem.contents("/dev/zero", .regularFilesOrNull)
        }
        // With a writer, a pipe is read to its end.
        let pipe = path("pipe")
        Thread.detachNewThread {
            let writer = open(pipe, O_WRONLY)
            _ = write(writer, "piped", 5)
            close(writer)
        }
        #expect(try FileSystem.contents(pipe, .anyFiles) == Array("piped".utf8))
    }

    // REGISTRY_AUTH_FILE=/dev/null means no credentials.
    @Test(.timeLimit(.minutes(20))) func aConfigurationMayBeTheNullDeviceButNotAPipe() throws {
        try folder.pipe(Array("config.json".utf8))
        #expect(try FileSystem.contents(ofOptionalFile: "/dev/null") == [])
        #expect(try FileSystem.contents(ofOptionalFile: path("missing")) == nil)
        let error = #expect(throws: ImageSpecError.self) {
            try FileSystem.contents(ofOptionalFile: path("config.json"))
        }
        #expect(error?.message.contains("not a regular file") == true)
    }

    @Test(
        .timeLimit(.minutes(20)),
        arguments: [
            (#"{"base_image": "./base.json"}"#, "base.json", "not a regular file"),
            (#"{"requirements": "r.txt"}"#, "r.txt", "is not a file"),
            (#"{"requirements": "s.txt"}"#, "r.txt", "is not a file"),
            (#"{"requirements": "uv.lock"}"#, "pyproject.toml", "is not a file"),
        ])
    func aPipeThatASpecNamesIsAnError(_ spec: String, _ pipe: String, _ message: String) throws {
        try folder.write("spec.json", spec)
        try folder.write("s.txt", "-r r.txt\n")
        try folder.write("uv.lock", "")
        try folder.pipe(Array(pipe.utf8))
        let error = #expect(throws: ImageSpecError.self) {
            _ = try ImageSpec(jsonContentsOf: path("spec.json")).tag(
                in: ImageSpec.Context(specFile: path("spec.json")))
        }
        #expect(error?.message.contains(message) == true, "\(error?.message ?? "")")
    }

    @Test(.timeLimit(.minutes(20)), arguments: [".gitignore", ".dockerignore", "below/.gitignore"])
    func aPipeIsNotAnIgnoreFile(_ name: String) throws {
        try folder.write("src/below/a", "a")
        let spec = ImageSpec(sourceRoot: "src", sourceCopyMode: .all)
        let context = ImageSpec.Context(
            workingDirectory: folder.path, hostArchitecture: "x86_64", digestCache: .off)
        let tag = try spec.tag(in: context)
        try folder.pipe(Array("src/\(name)".utf8))
        #expect(try spec.tag(in: context) == tag)
    }
}
