// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import ContentTree
@testable import ImageSpec

#if canImport(Glibc)
import Glibc
#endif

/// A file gets its name when it is complete.
@Suite struct AtomicFileTests {
    private static let forms: [AtomicFile.Form] = [.unnamed, .named, .unlinkable]

    private let folder = TemporaryFolder()

    private func file(
        _ name: String, _ form: AtomicFile.Form, mode: FileMode? = nil, keepsOwner: Bool = true
    ) throws -> AtomicFile {
        let directory = OpenFile(FileSystem.openFolder(Array(folder.path.utf8)))
        return try AtomicFile(
            Array(name.utf8), in: directory, mode: mode, keepsOwner: keepsOwner, form: form)
    }

    private var hasUnnamedFiles: Bool {
        let directory = OpenFile(FileSystem.openFolder(Array(folder.path.utf8)))
        return createUnnamed(in: directory.descriptor, 0o600).map { close($0) } != nil
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

    @Test(arguments: forms) func aCommittedFileReplacesTheOldOne(form: AtomicFile.Form) throws {
        for text in ["first", "second"] {
            let file = try file("out", form)
            try file.write(Array(text.utf8)[...])
            try file.finish(isDurable: true)
            try file.commit()
            #expect(try contents() == ["out": text])
        }
    }

    @Test(arguments: forms) func aFileThatIsNotCommittedDisappears(form: AtomicFile.Form) throws {
        try folder.write("out", "old")
        do {
            let file = try file("out", form)
            try file.write(Array("new".utf8)[...])
            #expect(try contents().count == (form == .named || !hasUnnamedFiles ? 2 : 1))
            try file.finish(isDurable: false)
            withExtendedLifetime(file) {}
        }
        #expect(try contents() == ["out": "old"])
    }

    @Test(arguments: forms) func aNewFileReplacesNothing(form: AtomicFile.Form) throws {
        let first = try file("out", form)
        let second = try file("out", form)
        for (file, text) in [(first, "first"), (second, "second")] {
            try file.write(Array(text.utf8)[...])
            try file.finish(isDurable: false)
        }
        try first.commitNew()
        #expect(throws: FileSystem.Failure(code: EEXIST)) { try second.commitNew() }
        withExtendedLifetime(second) {}
        #expect(try contents()["out"] == "first")
    }

    @Test(arguments: forms) func aDirectoryIsNotReplaced(form: AtomicFile.Form) throws {
        try folder.folder("out")
        do {
            let file = try file("out", form)
            try file.finish(isDurable: false)
            #expect(throws: FileSystem.Failure.self) { try file.commit() }
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["out"])
    }

    @Test(arguments: forms) func theFirstBytesCanBeWrittenLast(form: AtomicFile.Form) throws {
        let file = try file("out", form)
        try file.write(Array("----body".utf8)[...])
        try file.rewind()
        try file.write(Array("head".utf8)[...])
        try file.finish(isDurable: false)
        try file.commit()
        #expect(try contents() == ["out": "headbody"])
    }

    // MARK: modes and owners

    @Test(arguments: forms, [0o600, 0o644, 0o755]) func theModeIsThatOfTheReplacedFile(
        form: AtomicFile.Form, mode: Int
    ) throws {
        try folder.write("out", "old", mode: mode_t(mode))
        let file = try file("out", form)
        // Other users cannot read what replaces a private file.
        var status = stat()
        #expect(fstat(file.descriptor, &status) == 0 && status.st_mode & 0o077 == 0)
        try file.finish(isDurable: false)
        try file.commit()
        #expect(try self.mode("out") == mode)
    }

    @Test(arguments: forms) func theModeOfANewFileIsThatOfTheUmask(form: AtomicFile.Form) throws {
        let file = try file("out", form)
        try file.finish(isDurable: false)
        try file.commit()
        let other = open(folder.path + "/other", O_WRONLY | O_CREAT | O_EXCL, 0o666)
        #expect(close(other) == 0)
        #expect(try mode("out") == mode("other"))
    }

    @Test(
        .enabled(if: geteuid() == 0, "only root can give files to other users"), arguments: forms,
        [true, false])
    func theOwnerIsKeptOrNot(form: AtomicFile.Form, keepsOwner: Bool) throws {
        try folder.write("out", "old")
        #expect(chown(folder.path + "/out", 1, 1) == 0)
        let file = try file("out", form, mode: 0o600, keepsOwner: keepsOwner)
        try file.finish(isDurable: false)
        try file.commit()
        var status = stat()
        #expect(stat(folder.path + "/out", &status) == 0 && status.st_uid == (keepsOwner ? 1 : 0))
    }

    @Test(arguments: forms) func programsThatAreStartedDoNotInheritTheFile(form: AtomicFile.Form) throws {
        let file = try file("out", form)
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
        let file = try AtomicFile(Array("out".utf8), in: directory, form: .named, temporaryFiles: files)
        #expect(try contents().count == 1)
        files.deleteAll()
        #expect(try contents() == [:])
        withExtendedLifetime(file) {}
    }
}
