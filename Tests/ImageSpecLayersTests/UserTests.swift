// SPDX-License-Identifier: Apache-2.0

import ImageSpec
import Testing

@testable import ImageSpecLayers

@Suite struct UserTests {
    private static func text(_ entries: [LayerEntry], _ path: String) -> String? {
        guard case .bytes(let bytes)? = entries.first(where: { $0.path == Array(path.utf8) })?.content else {
            return nil
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func tree(_ changes: [String: String?]) -> BaseTree {
        var files: [String: String] = [:]
        for (path, entry) in BaseTree.debian.entries {
            let name = String(decoding: path, as: UTF8.self)
            switch entry.kind {
            case .folder: files[name + "/"] = String(entry.mode, radix: 8)
            case .link(let target): files[name] = "->" + String(decoding: target, as: UTF8.self)
            case .file(let bytes):
                files[name] = bytes.map { String(decoding: $0, as: UTF8.self) } ?? "version x"
            case .other: break
            }
        }
        for (path, text) in changes { files[path] = text }
        return BaseTree(files)
    }

    @Test func aUserIsAddedAsByUseradd() throws {
        let account = try UserAccount(in: .debian)
        #expect(account.owner == FileOwner(user: 1000, group: 1000))
        let passwd = Self.text(account.entries, "etc/passwd")
        #expect(passwd?.hasSuffix(":/bin/false\nflytekit:x:1000:1000::/home/flytekit:/bin/sh\n") == true)
        #expect(Self.text(account.entries, "etc/passwd-") == BaseTree.debian.text(of: "/etc/passwd"))
        #expect(Self.text(account.entries, "etc/group")?.hasSuffix("flytekit:x:1000:\n") == true)
        #expect(Self.text(account.entries, "etc/shadow")?.hasSuffix("flytekit:!:3652:0:99999:7:::\n") == true)
        #expect(Self.text(account.entries, "etc/gshadow")?.hasSuffix("flytekit:!::\n") == true)
        #expect(Self.text(account.entries, "etc/subuid") == "flytekit:100000:65536\n")
        #expect(Self.text(account.entries, "home/flytekit/.profile") == "profile\n")
        let home = account.entries.first { $0.path == Array("home/flytekit".utf8) }
        #expect(home?.mode == 0o755 && home?.owner == account.owner)
    }

    struct Case: Sendable, CustomTestStringConvertible {
        var name: String
        var changes: [String: String?]
        var owner: FileOwner
        var testDescription: String { name }
    }

    // Ids of shadow's find_new_uid: one more than the largest one in the range.
    @Test(arguments: [
        Case(
            name: "the largest id and one",
            changes: ["etc/passwd": "a:x:1003:1:::\nb:x:1001:1:::\nnobody:x:65534:1:::\n"],
            owner: .init(user: 1004, group: 1004)),
        Case(
            name: "a group that has the id", changes: ["etc/group": "g:x:1000:\n"],
            owner: .init(user: 1000, group: 1001)),
        Case(
            name: "other ranges", changes: ["etc/login.defs": "UID_MIN 5000\nGID_MIN 6000\n"],
            owner: .init(user: 5000, group: 6000)),
        Case(
            name: "a full range",
            changes: ["etc/login.defs": "UID_MIN 1000\nUID_MAX 1001\n", "etc/passwd": "a:x:1001:1:::\n"],
            owner: .init(user: 1000, group: 1000)),
        Case(
            name: "no accounts at all", changes: ["etc/passwd": nil, "etc/group": nil],
            owner: .init(user: 1000, group: 1000)),
        Case(
            name: "busybox takes the first free id",
            changes: [
                "usr/sbin/useradd": nil, "usr/sbin/adduser": "program",
                "etc/passwd": "a:x:1003:1:::\nb:x:1000:1:::\n",
            ],
            owner: .init(user: 1001, group: 1001)),
    ]) func idsAreThoseOfTheTools(example: Case) throws {
        #expect(try UserAccount(in: Self.tree(example.changes)).owner == example.owner)
    }

    @Test func withoutShadowFilesThePasswordIsInvalid() throws {
        let account = try UserAccount(in: Self.tree(["etc/shadow": nil, "etc/gshadow": nil]))
        #expect(Self.text(account.entries, "etc/passwd")?.contains("\nflytekit:!:1000:") == true)
        #expect(Self.text(account.entries, "etc/group")?.contains("\nflytekit:!:1000:") == true)
    }

    @Test func aUserOfTheBaseImageIsKept() throws {
        let account = try UserAccount(in: Self.tree(["etc/passwd": "flytekit:x:77:78::/srv:/bin/sh\n"]))
        #expect(account.owner == FileOwner(user: 77, group: 78))
        #expect(account.entries.isEmpty)
    }

    @Test func theWorkingDirectoryBelongsToTheUser() throws {
        let directory = try WorkingDirectory(in: .debian, user: 1000)
        #expect(
            directory.entries.map { String(decoding: $0.path, as: UTF8.self) } == ["root", "root/.bashrc"])
        #expect(directory.entries.allSatisfy { $0.owner == FileOwner(user: 1000, group: 0) })
        #expect(directory.entries[0].mode == 0o700)
        // What belongs to the user already needs no layer.
        #expect(try WorkingDirectory(in: .debian, user: 0).entries.isEmpty)
    }

    @Test func nothingIsCopiedThroughALink() throws {
        let directory = try WorkingDirectory(in: Self.tree(["root/data": "->/data"]), user: 1)
        #expect(throws: ImageSpecError.self) { try directory.check(Array("root/data/x".utf8)) }
        #expect(throws: ImageSpecError.self) { try directory.check(Array("root/data".utf8)) }
        try directory.check(Array("root/database".utf8))
    }
}
