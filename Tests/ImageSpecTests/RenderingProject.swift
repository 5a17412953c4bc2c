// SPDX-License-Identifier: Apache-2.0

import Foundation

@testable import ContentTree
@testable import ImageSpec

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// A temporary folder with a project's files, gone with the value.
final class RenderingProject {
    let root: String
    var context: ImageSpec.Context {
        ImageSpec.Context(workingDirectory: project, hostArchitecture: "x86_64")
    }
    /// The working directory of the project's specs.
    var project: String { root + "/project" }

    init(_ files: [String: String] = [:]) throws {
        root = FileManager.default.temporaryDirectory.path + "/imagespec-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: root + "/project", withIntermediateDirectories: true)
        for (path, text) in files { try write(path, text) }
    }

    deinit { try? FileManager.default.removeItem(atPath: root) }

    func path(_ path: String) -> String { project + "/" + path }

    func write(_ path: String, _ text: String) throws {
        let place = self.path(path)
        try FileManager.default.createDirectory(
            atPath: (place as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
        try Data(text.utf8).write(to: URL(fileURLWithPath: place))
    }

    func link(_ path: String, to target: String) throws {
        try FileManager.default.createSymbolicLink(atPath: self.path(path), withDestinationPath: target)
    }

    func setMode(_ path: String, _ mode: Int) throws {
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: self.path(path))
    }

    /// Where a test writes a context to; does not exist.
    func output(_ name: String = "context") -> String { root + "/" + name }
}

/// What lies below a folder: a line for each file, folder and link, by path. Bytes that are no UTF-8 are `\xNN`.
func listing(of folder: String) throws -> [String] {
    try listing(Array(folder.utf8), below: []).sorted()
}

private func listing(_ folder: [UInt8], below path: [UInt8]) throws -> [String] {
    let place = folder + (path.isEmpty ? [] : [UInt8(ascii: "/")] + path)
    guard let stream = FileSystem.withCPath(place, { opendir($0) }) else { throw FileSystem.Failure.last }
    defer { closedir(stream) }
    var lines: [String] = []
    while let entry = readdir(stream) {
        let name = withUnsafeBytes(of: &entry.pointee.d_name) { Array($0.prefix { $0 != 0 }) }
        if name == Array(".".utf8) || name == Array("..".utf8) { continue }
        let below = path.isEmpty ? name : path + [UInt8(ascii: "/")] + name
        let full = folder + [UInt8(ascii: "/")] + below
        var status = stat()
        guard FileSystem.withCPath(full, { lstat($0, &status) }) == 0 else { throw FileSystem.Failure.last }
        let mode = String(status.st_mode & 0o7777, radix: 8)
        let shown = printable(below)
        #if canImport(Darwin)
        let time = status.st_mtimespec.tv_sec
        #else
        let time = status.st_mtim.tv_sec
        #endif
        switch FileSystem.kind(ofMode: status.st_mode) {
        case .folder:
            lines.append("\(shown)/ \(mode) \(time)")
            lines += try listing(folder, below: below)
        case .link:
            lines.append("\(shown) -> \(printable(try FileSystem.linkTarget(full))) \(time)")
        default:
            let descriptor = FileSystem.withCPath(full) { open($0, O_RDONLY) }
            defer { close(descriptor) }
            let bytes = try FileSystem.contents(descriptor: descriptor)
            let text = bytes.count > 64 ? SHA256Digest(of: bytes).hex : printable(bytes)
            lines.append("\(shown) \(mode) \(time) \"\(text)\"")
        }
    }
    return lines
}

private func printable(_ bytes: [UInt8]) -> String {
    if let text = String(validating: bytes, as: UTF8.self) { return text.replacing("\n", with: "\\n") }
    return bytes.map { $0 < 0x80 ? String(UnicodeScalar($0)) : "\\x" + String($0, radix: 16) }.joined()
}
