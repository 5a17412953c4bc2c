// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
internal import ImageSpec

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// The files below a directory of this machine.
struct HostFiles: Sendable {
    enum Kind: Hashable, Sendable {
        case folder
        case file(size: Int, isExecutable: Bool)
        case link(target: [UInt8])
    }

    let root: [UInt8]
    /// By paths relative to the root.
    private(set) var entries: [[UInt8]: Kind] = [:]

    /// Lists a directory. Other kinds of files than regular ones are not listed.
    init(_ root: String) throws {
        self.root = Array(root.utf8)
        do throws(FileSystem.Failure) {
            try list([])
        } catch {
            throw ImageSpecError.unreadableLayerFile(root, error.reason)
        }
    }

    func path(of relative: [UInt8]) -> [UInt8] { root + [UInt8(ascii: "/")] + relative }

    private mutating func list(_ directory: [UInt8]) throws(FileSystem.Failure) {
        for entry in try FileSystem.entries(ofDirectory: directory.isEmpty ? root : path(of: directory)) {
            let relative = directory + (directory.isEmpty ? [] : [UInt8(ascii: "/")]) + entry.name
            var status = stat()
            guard FileSystem.withCPath(path(of: relative), { lstat($0, &status) }) == 0 else { throw .last }
            switch FileSystem.kind(ofMode: status.st_mode) {
            case .folder:
                entries[relative] = .folder
                try list(relative)
            case .file:
                entries[relative] = .file(
                    size: Int(status.st_size), isExecutable: status.st_mode & S_IXUSR != 0)
            case .link: entries[relative] = .link(target: try FileSystem.linkTarget(path(of: relative)))
            case .other: break
            }
        }
    }

    /// The bytes of a file.
    func bytes(of relative: [UInt8]) throws -> [UInt8] {
        do throws(FileSystem.Failure) {
            return try FileSystem.contents(path(of: relative))
        } catch {
            throw ImageSpecError.unreadableLayerFile(String(decoding: relative, as: UTF8.self), error.reason)
        }
    }

    /// The first bytes of a file.
    func beginning(of relative: [UInt8], count: Int) -> [UInt8] {
        let descriptor = FileSystem.withCPath(path(of: relative)) { open($0, O_RDONLY | O_CLOEXEC) }
        guard descriptor >= 0 else { return [] }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: count)
        let read = bytes.withUnsafeMutableBytes { pread(descriptor, $0.baseAddress, $0.count, 0) }
        return Array(bytes.prefix(max(0, read)))
    }

    func digest(of relative: [UInt8]) throws -> SHA256Digest {
        let name = String(decoding: path(of: relative), as: UTF8.self)
        let descriptor = FileSystem.withCPath(path(of: relative)) { open($0, O_RDONLY | O_CLOEXEC) }
        guard descriptor >= 0 else {
            throw ImageSpecError.unreadableLayerFile(name, FileSystem.Failure.last.reason)
        }
        defer { close(descriptor) }
        var hasher = SHA256Hasher()
        var buffer = [UInt8](repeating: 0, count: 256 * 1024)
        while true {
            try Task.checkCancellation()
            let count = buffer.withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else {
                throw ImageSpecError.unreadableLayerFile(name, FileSystem.Failure.last.reason)
            }
            if count == 0 { return hasher.finalize() }
            buffer.withUnsafeBytes { hasher.update(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
        }
    }

    /// Writes a file and the directories that it is in.
    static func write(_ bytes: [UInt8], to path: [UInt8], below root: String) throws {
        var directory = Array(root.utf8)
        for component in path.parentPath.pathComponents {
            directory += [UInt8(ascii: "/")] + component
            guard FileSystem.withCPath(directory, { mkdir($0, 0o755) }) == 0 || errno == EEXIST else {
                throw ImageSpecError.layerNotWritten(FileSystem.Failure.last.reason)
            }
        }
        let file = Array(root.utf8) + [UInt8(ascii: "/")] + path
        let descriptor = FileSystem.withCPath(file) {
            open($0, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        }
        guard descriptor >= 0 else { throw ImageSpecError.layerNotWritten(FileSystem.Failure.last.reason) }
        defer { close(descriptor) }
        do throws(FileSystem.Failure) {
            try FileSystem.writeAll(bytes[...], to: descriptor)
        } catch {
            throw ImageSpecError.layerNotWritten(error.reason)
        }
    }
}
