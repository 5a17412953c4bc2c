// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import ContentTree
@testable import ImageSpec

#if canImport(Glibc)
import Glibc
#endif

/// A file gets its name when it is complete. `isUnnamed` is false on file systems where every file has a name.
@Suite struct AtomicFileTests {
    private let folder = TemporaryFolder()

    private func file(
        _ name: String, isUnnamed: Bool, mode: FileMode? = nil, keepsOwner: Bool = true
    ) throws -> AtomicFile {
        let directory = OpenFile(FileSystem.openFolder(Array(folder.path.utf8)))
        return try AtomicFile(
            Array(name.utf8), in: directory, mode: mode, keepsOwner: keepsOwner, isUnnamed: isUnnamed)
    }

    private func contents() throws -> [String: String] {
        var contents: [String: String] = [:]
        for name in try FileManager.default.contentsOfDirectory(atPath: folder.path) {
            contents[name] = try String(contentsOfFile: folder.path + "/" + name, encoding: .utf8)
        }
        return contents
    }

    private func mode(_ name: String) throws -> Int? {
        try FileManager.default.attributesOfItem(atPath: folder.path + "/" + name)[.posixPermissions] as? Int
    }

    @Test(arguments: [true, false]) func aCommittedFileReplacesTheOldOne(isUnnamed: Bool) throws {
        for text in ["first", "second"] {
            let file = try file("out", isUnnamed: isUnnamed)
            try file.write(Array(text.utf8)[...])
            try file.finish(isDurable: true)
            try file.commit()
            #expect(try contents() == ["out": text])
        }
    }

    @Test(arguments: [true, false]) func aFileThatIsNotCommittedDisappears(isUnnamed: Bool) throws {
        try folder.write("out", "old")
        do {
            let file = try file("out", isUnnamed: isUnnamed)
            try file.write(Array("new".utf8)[...])
            #expect(try contents().count == (isUnnamed ? 1 : 2))
            try file.finish(isDurable: false)
            withExtendedLifetime(file) {}
        }
        #expect(try contents() == ["out": "old"])
    }

    @Test(arguments: [true, false]) func aNewFileReplacesNothing(isUnnamed: Bool) throws {
        let first = try file("out", isUnnamed: isUnnamed)
        let second = try file("out", isUnnamed: isUnnamed)
        for (file, text) in [(first, "first"), (second, "second")] {
            try file.write(Array(text.utf8)[...])
            try file.finish(isDurable: false)
        }
        try first.commitNew()
        #expect(throws: FileSystem.Failure(code: EEXIST)) { try second.commitNew() }
        withExtendedLifetime(second) {}
        #expect(try contents()["out"] == "first")
    }

    @Test(arguments: [true, false]) func aDirectoryIsNotReplaced(isUnnamed: Bool) throws {
        try folder.folder("out")
        do {
            let file = try file("out", isUnnamed: isUnnamed)
            try file.finish(isDurable: false)
            #expect(throws: FileSystem.Failure.self) { try file.commit() }
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["out"])
    }

    @Test(arguments: [true, false]) func theFirstBytesCanBeWrittenLast(isUnnamed: Bool) throws {
        let file = try file("out", isUnnamed: isUnnamed)
        try file.write(Array("----body".utf8)[...])
        try file.rewind()
        try file.write(Array("head".utf8)[...])
        try file.finish(isDurable: false)
        try file.commit()
        #expect(try contents() == ["out": "headbody"])
    }

    // MARK: modes and owners

    @Test(arguments: [true, false], [0o600, 0o644, 0o755]) func theModeIsThatOfTheReplacedFile(
        isUnnamed: Bool, mode: Int
    ) throws {
        try folder.write("out", "old", mode: mode_t(mode))
        let file = try file("out", isUnnamed: isUnnamed)
        // Other users cannot read what replaces a private file.
        var status = stat()
        #expect(fstat(file.descriptor, &status) == 0 && status.st_mode & 0o077 == 0)
        try file.finish(isDurable: false)
        try file.commit()
        #expect(try self.mode("out") == mode)
    }

    @Test(arguments: [true, false]) func theModeOfANewFileIsThatOfTheUmask(isUnnamed: Bool) throws {
        let file = try file("out", isUnnamed: isUnnamed)
        try file.finish(isDurable: false)
        try file.commit()
        let other = open(folder.path + "/other", O_WRONLY | O_CREAT | O_EXCL, 0o666)
        #expect(close(other) == 0)
        #expect(try mode("out") == mode("other"))
    }

    @Test(
        .enabled(if: geteuid() == 0, "only root can give files to other users"), arguments: [true, false],
        [true, false])
    func theOwnerIsKeptOrNot(isUnnamed: Bool, keepsOwner: Bool) throws {
        try folder.write("out", "old")
        #expect(chown(folder.path + "/out", 1, 1) == 0)
        let file = try file("out", isUnnamed: isUnnamed, mode: 0o600, keepsOwner: keepsOwner)
        try file.finish(isDurable: false)
        try file.commit()
        var status = stat()
        #expect(stat(folder.path + "/out", &status) == 0 && status.st_uid == (keepsOwner ? 1 : 0))
    }

    @Test(arguments: [true, false]) func programsThatAreStartedDoNotInheritTheFile(isUnnamed: Bool) throws {
        let file = try file("out", isUnnamed: isUnnamed)
        #expect(fcntl(file.descriptor, F_GETFD) == FD_CLOEXEC)
    }

    // MARK: temporary names

    // A line such as *.tar in an ignore file excludes the temporary file too.
    @Test(arguments: [
        ("out.tar", ".tar"), ("out", ""), (".tar", ".tar"), ("a.record.json", ".json"),
        ("a." + String(repeating: "n", count: 250), ""),
    ])
    func aTemporaryNameHasTheSameEnding(_ name: String, _ ending: String) throws {
        let temporary = AtomicFile.temporaryName(for: Array(name.utf8))
        let text = String(decoding: temporary, as: UTF8.self)
        let parts = try #require(text.wholeMatch(of: /\.imagespec-[0-9a-z]{1,13}(\..*)?/))
        #expect(parts.1.map(String.init) ?? "" == ending)
        #expect(AtomicFile.isTemporaryName(temporary, ending: Array(ending.utf8)))
    }

    @Test(arguments: [
        "out.tar", ".imagespec-.tar", ".imagespec-A.tar", ".imagespec-12345678901234.tar", ".imagespec-1.zip",
        ".imagespec-1/.tar", ".tar", "",
    ])
    func otherNamesAreNotTemporary(_ name: String) {
        #expect(!AtomicFile.isTemporaryName(Array(name.utf8), ending: Array(".tar".utf8)))
    }

    // MARK: signals

    @Test func aSignalDeletesNamedFilesOnly() throws {
        let files = TemporaryFiles()
        let directory = FileSystem.openFolder(Array(folder.path.utf8))
        defer { close(directory) }
        for name in ["a", "b", "c"] { try folder.write(name, name) }
        let first = try #require(files.add(Array("a".utf8), in: directory))
        _ = files.add(Array("b".utf8), in: directory)
        _ = files.add(Array("missing".utf8), in: directory)
        files.remove(first)
        files.deleteAll()
        #expect(try contents().keys.sorted() == ["a", "c"])
        // A second signal, and a file that is done afterwards.
        files.deleteAll()
        files.remove(first)
    }

    @Test func moreFilesThanSlotsAreNoError() throws {
        let files = TemporaryFiles()
        let registrations = (0..<100).map { files.add(Array("\($0)".utf8), in: -1) }
        #expect(registrations.contains { $0 == nil })
        for registration in registrations.compactMap(\.self) { files.remove(registration) }
        #expect(files.add(Array("again".utf8), in: -1) != nil)
    }

    @Test func anUnfinishedNamedFileIsDeletedByASignal() throws {
        let files = TemporaryFiles()
        let directory = OpenFile(FileSystem.openFolder(Array(folder.path.utf8)))
        let file = try AtomicFile(Array("out".utf8), in: directory, isUnnamed: false, temporaryFiles: files)
        #expect(try contents().count == 1)
        files.deleteAll()
        #expect(try contents() == [:])
        withExtendedLifetime(file) {}
    }
}
