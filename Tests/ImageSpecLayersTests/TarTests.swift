// SPDX-License-Identifier: Apache-2.0

import Foundation
import ImageSpec
import Testing

@testable import ImageSpecLayers

@Suite struct TarTests {
    private static let long = String(repeating: "directory-", count: 14)

    private static let entries: [LayerEntry] = [
        LayerEntry("etc", .folder, mode: 0o755),
        LayerEntry("etc/empty", .bytes([]), mode: 0o600),
        LayerEntry(
            "etc/passwd", .bytes(Array("root:x:0:0\n".utf8)), mode: 0o644, owner: .init(user: 7, group: 8)),
        LayerEntry("etc/block", .bytes([UInt8](repeating: 65, count: 512)), mode: 0o644),
        LayerEntry("etc/more", .bytes([UInt8](repeating: 66, count: 513)), mode: 0o4755),
        LayerEntry("home", .folder, mode: 0o2755, owner: .init(user: 3_000_000, group: 4_000_000_000)),
        LayerEntry(long + "/ü 日本", .bytes(Array("long".utf8)), mode: 0o644),
        LayerEntry("link", .link(target: Array("etc/passwd".utf8)), mode: 0o777),
        LayerEntry("far", .link(target: Array((long + long).utf8)), mode: 0o777),
        LayerEntry(Array("bytes-".utf8) + [0xFF, 0xFE], .bytes([1, 2, 3]), mode: 0o644),
    ]

    private static func archive(time: Int = 0) throws -> [UInt8] {
        var bytes: [UInt8] = []
        let archive = LayerArchive(time: time) { bytes += $0 }
        for entry in entries { try archive.add(entry) }
        try archive.finish()
        return bytes
    }

    // What is written is read, whatever the pieces in which it arrives.
    @Test(arguments: [1, 7, 511, 512, 513, 100_000]) func whatIsWrittenIsRead(pieces: Int) throws {
        let members = try MemberList.read(Self.archive(), pieces: pieces)
        try #require(members.count == Self.entries.count)
        for (entry, (member, content)) in zip(Self.entries, members) {
            #expect(member.path == entry.path)
            #expect(member.mode == entry.mode)
            #expect(FileOwner(user: member.owner, group: member.group) == entry.owner)
            switch entry.content {
            case .folder: #expect(member.kind == .folder)
            case .bytes(let bytes): #expect(member.kind == .file && content == bytes)
            case .link(let target): #expect(member.kind == .link && member.target == target)
            case .file: Issue.record("not in the table")
            }
        }
    }

    @Test func theSameEntriesHaveTheSameBytes() throws {
        #expect(try Self.archive() == Self.archive())
        #expect(try Self.archive(time: 1) != Self.archive())
    }

    @Test(.enabled(if: exists("/usr/bin/tar") || exists("/bin/tar"), "there is no tar"))
    func otherToolsReadIt() throws {
        let folder = try TemporaryFolder()
        try Data(Self.archive()).write(to: URL(filePath: folder.path + "/a.tar"))
        try FileManager.default.createDirectory(
            atPath: folder.path + "/out", withIntermediateDirectories: false)
        let tar = exists("/usr/bin/tar") ? "/usr/bin/tar" : "/bin/tar"
        _ = try run(tar, ["-x", "--no-same-owner", "-f", "a.tar", "-C", "out"], in: folder)
        #expect(try folder.bytes("out/etc/passwd") == Array("root:x:0:0\n".utf8))
        #expect(try folder.bytes("out/\(Self.long)/ü 日本") == Array("long".utf8))
        #expect(
            try FileManager.default.destinationOfSymbolicLink(atPath: folder.path + "/out/far") == Self.long
                + Self.long)
    }

    // Archives of GNU tar in its formats: long names, hard links, links.
    @Test(
        .enabled(if: exists("/usr/bin/tar") || exists("/bin/tar"), "there is no tar"),
        arguments: ["gnu", "pax", "oldgnu", "posix"])
    func archivesOfOtherToolsAreRead(format: String) throws {
        let folder = try TemporaryFolder()
        try folder.write("in/\(Self.long)/\(Self.long)", "deep")
        try folder.write("in/run", "#!/bin/sh\n", mode: 0o755)
        try FileManager.default.createSymbolicLink(
            atPath: folder.path + "/in/link", withDestinationPath: Self.long + "/" + Self.long)
        try FileManager.default.linkItem(atPath: folder.path + "/in/run", toPath: folder.path + "/in/same")
        let tar = exists("/usr/bin/tar") ? "/usr/bin/tar" : "/bin/tar"
        let archive = try run(
            tar, ["-c", "--format", format, "--sort=name", "--owner=12", "--group=13", "-C", "in", "."],
            in: folder)
        let members = try MemberList.read(archive)
        #expect(
            members.map { String(decoding: $0.member.path, as: UTF8.self) } == [
                "", Self.long, Self.long + "/" + Self.long, "link", "run", "same",
            ])
        #expect(members.allSatisfy { $0.member.owner == 12 && $0.member.group == 13 })
        #expect(members[2].content == Array("deep".utf8))
        #expect(members[3].member.target == Array((Self.long + "/" + Self.long).utf8))
        #expect(members[4].member.mode == 0o755 && members[4].member.kind == .file)
        #expect(members[5].member.kind == .hardLink && members[5].member.target == Array("run".utf8))
    }

    @Test func aTruncatedArchiveIsAnError() throws {
        let archive = try Self.archive()
        for count in [100, 512 * 3, 512 * 4 + 5] {
            #expect(throws: ImageSpecError.self) { _ = try MemberList.read(Array(archive[..<count])) }
        }
    }

    @Test func aDamagedHeaderIsAnError() throws {
        var archive = try Self.archive()
        archive[0] ^= 1
        #expect(throws: ImageSpecError.self) { _ = try MemberList.read(archive) }
    }

    @Test func aPathOutsideIsAnError() throws {
        var bytes: [UInt8] = []
        let archive = LayerArchive(time: 0) { bytes += $0 }
        try archive.add(LayerEntry("etc/../../passwd", .bytes([]), mode: 0o644))
        try archive.finish()
        #expect(throws: ImageSpecError.self) { _ = try MemberList.read(bytes) }
    }
}
