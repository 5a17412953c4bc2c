// SPDX-License-Identifier: Apache-2.0

import Foundation
import ImageSpec

@testable import ImageSpecLayers

/// A directory for one test, removed with its contents.
final class TemporaryFolder: Sendable {
    let path: String

    init() throws {
        let place = FileManager.default.temporaryDirectory.resolvingSymlinksInPath()
            .appendingPathComponent("imagespec-layers-" + UUID().uuidString)
        try FileManager.default.createDirectory(at: place, withIntermediateDirectories: false)
        path = place.path
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func write(_ name: String, _ text: String, mode: Int = 0o644) throws {
        let file = URL(filePath: path + "/" + name)
        try FileManager.default.createDirectory(
            at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: file)
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: file.path)
    }

    func bytes(_ name: String) throws -> [UInt8] {
        Array(try Data(contentsOf: URL(filePath: path + "/" + name)))
    }

    func names() throws -> [String] { try FileManager.default.contentsOfDirectory(atPath: path).sorted() }
}

/// Runs a program of this machine in a directory.
func run(_ program: String, _ arguments: [String], in folder: TemporaryFolder) throws -> [UInt8] {
    let process = Process()
    let output = Pipe()
    process.executableURL = URL(filePath: program)
    process.arguments = arguments
    process.currentDirectoryURL = URL(filePath: folder.path)
    process.standardOutput = output
    try process.run()
    let bytes = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else { throw POSIXError(.ECANCELED) }
    return Array(bytes)
}

func exists(_ program: String) -> Bool { FileManager.default.isExecutableFile(atPath: program) }

/// The members of a tar archive, with their contents.
final class MemberList: TarVisitor {
    private(set) var members: [(member: TarMember, content: [UInt8])] = []

    func begin(_ member: TarMember) { members.append((member, [])) }
    func read(_ bytes: UnsafeRawBufferPointer) { members[members.count - 1].content += bytes }
    func end() {}

    /// Reads an archive in pieces of a size.
    static func read(_ archive: [UInt8], pieces: Int = 4096) throws -> [(member: TarMember, content: [UInt8])]
    {
        let list = MemberList()
        var reader = TarReader(list)
        for start in stride(from: 0, to: archive.count, by: pieces) {
            try archive[start..<min(archive.count, start + pieces)].withUnsafeBytes { try reader.read($0) }
        }
        try reader.finish()
        return list.members
    }
}

extension BaseTree {
    /// A tree of files with their texts, directories (a path that ends in a slash), and links (`->` and a target).
    init(_ files: [String: String]) {
        var layer = BaseLayer()
        for (path, text) in files {
            let key = Array(path.utf8.filter { _ in true }).pathComponents.joined(separator: [
                UInt8(ascii: "/")
            ])
            let entry: BaseEntry =
                if path.hasSuffix("/") {
                    BaseEntry(.folder, mode: Int(text, radix: 8) ?? 0o755)
                } else if text.hasPrefix("->") {
                    BaseEntry(.link(target: Array(text.utf8.dropFirst(2))), mode: 0o777)
                } else if text.hasPrefix("version ") {
                    BaseEntry(
                        .file(bytes: nil), mode: 0o755, version: String(text.dropFirst("version ".count)))
                } else {
                    BaseEntry(.file(bytes: Array(text.utf8)), mode: 0o644)
                }
            layer.entries[Array(key)] = entry
        }
        self.init()
        apply(layer)
    }

    /// What a small image of Debian has.
    static let debian = BaseTree([
        "etc/": "755", "root/": "700", "home/": "755", "opt/": "755", "etc/profile.d/": "755",
        "etc/passwd": "root:x:0:0:root:/root:/bin/bash\nnobody:x:65534:65534:nobody:/:/bin/false\n",
        "etc/group": "root:x:0:\nnogroup:x:65534:\n", "etc/shadow": "root:*:19000:0:99999:7:::\n",
        "etc/gshadow": "root:*::\n", "etc/subuid": "", "etc/subgid": "",
        "etc/login.defs": "# comment\nUMASK\t\t022\n#HOME_MODE 0700\nUID_MIN 1000\nUID_MAX 60000\n",
        "etc/skel/.profile": "profile\n", "root/.bashrc": "bashrc\n", "usr/sbin/useradd": "program",
        "usr/bin/python3": "->python3.11", "usr/bin/python3.11": "version 3.11.2",
        "lib/x86_64-linux-gnu/libc.so.6": "version 2.36",
    ])
}
