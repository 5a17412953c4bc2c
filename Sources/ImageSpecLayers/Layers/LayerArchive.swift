// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
internal import ImageSpec
package import ImageSpecBuilding

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// The tar archive of a layer that is being written: the same bytes for the same entries, on every host.
package final class LayerArchive {
    typealias Output = (ArraySlice<UInt8>) throws -> Void

    private let output: Output
    private let time: Int
    private var buffer: [UInt8] = []
    private static let bufferSize = 256 * 1024

    /// The archive of a layer whose entries have a time, in seconds since 1970.
    init(time: Int, _ output: @escaping Output) {
        self.time = time
        self.output = output
    }

    /// Adds an entry. A directory precedes its entries.
    package func add(_ entry: LayerEntry) throws {
        try Task.checkCancellation()
        var header = TarHeader(
            kind: .file, path: entry.path, mode: entry.mode, owner: entry.owner.user,
            group: entry.owner.group, time: time)
        switch entry.content {
        case .folder:
            header.kind = .folder
            header.path.append(UInt8(ascii: "/"))
            try append(header.blocks[...])
        case .link(let target):
            header.kind = .link
            header.target = target
            try append(header.blocks[...])
        case .bytes(let bytes):
            header.size = bytes.count
            try append(header.blocks[...])
            try append(bytes[...])
            try append(TarHeader.padding(after: bytes.count)[...])
        case .file(let path, let size):
            header.size = size
            try append(header.blocks[...])
            try append(fileAt: path, size: size)
            try append(TarHeader.padding(after: size)[...])
        }
    }

    private func append(fileAt path: [UInt8], size: Int) throws {
        let text = String(decoding: path, as: UTF8.self)
        let descriptor = FileSystem.withCPath(path) { open($0, O_RDONLY | O_CLOEXEC | O_NOFOLLOW) }
        guard descriptor >= 0 else {
            throw ImageSpecError.unreadableLayerFile(text, FileSystem.Failure.last.reason)
        }
        defer { close(descriptor) }
        var piece = [UInt8](repeating: 0, count: min(size, Self.bufferSize))
        var rest = size
        while rest > 0 {
            let count = piece.withUnsafeMutableBytes { read(descriptor, $0.baseAddress, min($0.count, rest)) }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else {
                throw ImageSpecError.unreadableLayerFile(
                    text, count == 0 ? "it became shorter" : FileSystem.Failure.last.reason)
            }
            try append(piece[..<count])
            rest -= count
        }
    }

    /// Adds the entries of directories of this machine. Files have the modes 0644 and 0755.
    ///
    /// Directories of `existing`, which layers below have, keep their mode and owner. Fails if a file is no longer the one that was named.
    package func add(
        _ items: ContextItems, owner: FileOwner, existing: [[UInt8]: LayerEntry]
    ) throws {
        let sink = OwnedFiles(archive: self, owner: owner, existing: existing)
        do throws(ImageSpecError) {
            try items.write(to: sink)
        } catch {
            // An output that failed has thrown its own error.
            throw sink.failure ?? error
        }
    }

    /// Ends the archive.
    func finish() throws {
        try append([UInt8](repeating: 0, count: 2 * TarHeader.blockSize)[...])
        try output(buffer[...])
        buffer = []
    }

    fileprivate func append(_ bytes: ArraySlice<UInt8>) throws {
        if buffer.count + bytes.count > Self.bufferSize {
            try output(buffer[...])
            buffer.removeAll(keepingCapacity: true)
        }
        if bytes.count >= Self.bufferSize { try output(bytes) } else { buffer += bytes }
    }

    fileprivate func header(_ kind: TarHeader.Kind, _ path: [UInt8], _ mode: Int, _ owner: FileOwner)
        -> TarHeader
    {
        TarHeader(kind: kind, path: path, mode: mode, owner: owner.user, group: owner.group, time: time)
    }
}

/// Writes the entries of a build context to a layer, with one owner.
private final class OwnedFiles: ContextSink {
    private let archive: LayerArchive
    private let owner: FileOwner
    private let existing: [[UInt8]: LayerEntry]
    /// The error of the archive's output.
    private(set) var failure: (any Error)?

    init(archive: LayerArchive, owner: FileOwner, existing: [[UInt8]: LayerEntry]) {
        self.archive = archive
        self.owner = owner
        self.existing = existing
    }

    func addFolder(_ path: [UInt8]) throws(ImageSpecError) {
        let entry = existing[path]
        try add(
            archive.header(
                .folder, path + [UInt8(ascii: "/")], entry?.mode ?? 0o755, entry?.owner ?? owner))
    }

    func addLink(_ path: [UInt8], to target: [UInt8]) throws(ImageSpecError) {
        var header = archive.header(.link, path, 0o777, owner)
        header.target = target
        try add(header)
    }

    func addFile(
        _ path: [UInt8], isExecutable: Bool, size: Int, digest: ContentDigest,
        _ body: (Write) throws(ImageSpecError) -> Void
    ) throws(ImageSpecError) {
        var header = archive.header(.file, path, isExecutable ? 0o755 : 0o644, owner)
        header.size = size
        try add(header)
        try body { bytes throws(ImageSpecError) in try self.append(bytes) }
        try append(TarHeader.padding(after: size)[...])
    }

    private func add(_ header: TarHeader) throws(ImageSpecError) { try append(header.blocks[...]) }

    private func append(_ bytes: ArraySlice<UInt8>) throws(ImageSpecError) {
        do {
            try archive.append(bytes)
        } catch {
            failure = error
            throw (error as? ImageSpecError) ?? .layerNotWritten("\(error)")
        }
    }
}
