// SPDX-License-Identifier: Apache-2.0

import Foundation

#if canImport(Glibc)
import Glibc
#endif

/// A directory for one test, removed with its contents when the last reference is gone.
final class TemporaryFolder: Sendable {
    /// The real path.
    let path: String

    init() {
        let base = ProcessInfo.processInfo.environment["TMPDIR"] ?? "/tmp"
        // mkdtemp replaces the X by characters that no other name has.
        var template = Array("\(base)/imagespec-test-XXXXXX".utf8CString)
        guard let made = mkdtemp(&template), let real = realpath(made, nil) else {
            preconditionFailure("no temporary folder in \(base)")
        }
        path = String(cString: real)
        free(real)
    }

    deinit {
        // Tests remove permissions, without which the contents cannot be removed.
        let chmod = Process()
        chmod.executableURL = URL(filePath: "/bin/chmod")
        chmod.arguments = ["-R", "u+rwX", path]
        chmod.standardError = FileHandle.nullDevice
        try? chmod.run()
        chmod.waitUntilExit()
        try? FileManager.default.removeItem(atPath: path)
    }

    /// Writes a file with exactly this mode, and creates the directories above it.
    func write(_ name: String, _ text: String, mode: mode_t = 0o644) throws {
        try write(Array(name.utf8), Array(text.utf8), mode: mode)
    }

    func write(_ name: [UInt8], _ bytes: [UInt8], mode: mode_t = 0o644) throws {
        try withPath(of: name) { path in
            let file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
            guard file >= 0 else { throw POSIXError(.init(rawValue: errno) ?? .EIO) }
            defer { close(file) }
            var rest = bytes[...]
            while !rest.isEmpty {
                let count = rest.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
                guard count > 0 else { throw POSIXError(.init(rawValue: errno) ?? .EIO) }
                rest = rest.dropFirst(count)
            }
            fchmod(file, mode)
        }
    }

    func link(_ name: [UInt8], to target: [UInt8]) throws {
        try withPath(of: name) { path in
            let result = (target + [0]).withUnsafeBytes {
                symlink($0.assumingMemoryBound(to: CChar.self).baseAddress.unsafelyUnwrapped, path)
            }
            guard result == 0 else { throw POSIXError(.init(rawValue: errno) ?? .EIO) }
        }
    }

    func link(_ name: String, to target: String) throws {
        try link(Array(name.utf8), to: Array(target.utf8))
    }

    func folder(_ name: String) throws {
        try FileManager.default.createDirectory(atPath: path + "/" + name, withIntermediateDirectories: true)
    }

    func pipe(_ name: [UInt8]) throws {
        try withPath(of: name) {
            guard mkfifo($0, 0o644) == 0 else { throw POSIXError(.init(rawValue: errno) ?? .EIO) }
        }
    }

    private func withPath(of name: [UInt8], _ body: (UnsafePointer<CChar>) throws -> Void) throws {
        let full = Array(path.utf8) + [UInt8(ascii: "/")] + name
        if let slash = full.lastIndex(of: UInt8(ascii: "/")) {
            let folder = String(decoding: full[..<slash], as: UTF8.self)
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        }
        try (full + [0]).withUnsafeBytes {
            try body($0.assumingMemoryBound(to: CChar.self).baseAddress.unsafelyUnwrapped)
        }
    }
}
