// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// Writes a build context as a tar archive. Takes memory for one buffer, however large the files are.
final class ContextArchive: ContextSink {
    private let output: Write
    private var buffer: [UInt8] = []
    /// The bytes of the current file that are still to come.
    private var rest = 0
    /// What fills the last block of the current file.
    private var padding: [UInt8] = []

    private static let bufferSize = 256 * 1024

    init(_ output: @escaping Write) { self.output = output }

    func addFolder(_ path: [UInt8]) throws(ImageSpecError) {
        try append(TarHeader(kind: .folder, path: path + [UInt8(ascii: "/")], mode: 0o755).blocks[...])
    }

    func addLink(_ path: [UInt8], to target: [UInt8]) throws(ImageSpecError) {
        try append(TarHeader(kind: .link, path: path, mode: 0o777, target: target).blocks[...])
    }

    func addFile(
        _ path: [UInt8], isExecutable: Bool, size: Int, _ body: (Write) throws(ImageSpecError) -> Void
    ) throws(ImageSpecError) {
        let header = TarHeader(kind: .file, path: path, mode: isExecutable ? 0o755 : 0o644, size: size)
        try append(header.blocks[...])
        rest = size
        padding = TarHeader.padding(after: size)
        try body { bytes throws(ImageSpecError) in
            rest -= bytes.count
            try append(bytes)
        }
        try append(padding[...])
        padding = []
    }

    /// Writes the end of the archive.
    func finish() throws(ImageSpecError) {
        try append([UInt8](repeating: 0, count: 2 * TarHeader.blockSize)[...])
        try flush()
    }

    /// Ends the archive so that whoever reads it finds that it is cut off: within a member.
    ///
    /// Between two members not every reader would: some take the end of the stream for that of the archive.
    func breakOff() {
        if rest == 0 {
            let header = TarHeader(
                kind: .file, path: Array("incomplete".utf8), mode: 0o644, size: TarHeader.blockSize)
            buffer += padding + header.blocks
        }
        // Where that cannot be written, the stream is cut off as well.
        try? flush()
    }

    private func append(_ bytes: ArraySlice<UInt8>) throws(ImageSpecError) {
        if buffer.count + bytes.count > Self.bufferSize { try flush() }
        if bytes.count >= Self.bufferSize { try output(bytes) } else { buffer += bytes }
    }

    private func flush() throws(ImageSpecError) {
        if buffer.isEmpty { return }
        let bytes = buffer
        buffer.removeAll(keepingCapacity: true)
        try output(bytes[...])
    }
}

/// A file that comes to be under its name only when all of it is written.
struct ContextArchiveFile {
    let descriptor: Int32
    private let path: [UInt8]
    /// Where it is written meanwhile; nil where it is written in place: to what is no regular file, such as a pipe.
    private let temporaryPath: [UInt8]?

    init(_ path: String) throws(ImageSpecError) {
        let bytes = Array(path.utf8)
        guard !bytes.isEmpty, !bytes.contains(0), bytes.last != UInt8(ascii: "/") else {
            throw .unwritable(bytes, "it is no path of a file")
        }
        // What a link leads to is replaced, not the link.
        let place = (try? FileSystem.realPath(bytes)) ?? bytes
        self.path = place
        var status = stat()
        if FileSystem.withCPath(place, { stat($0, &status) }) == 0,
            FileSystem.kind(ofMode: status.st_mode) != .file
        {
            temporaryPath = nil
            descriptor = FileSystem.withCPath(place) { open($0, O_WRONLY | O_CLOEXEC | O_NOCTTY) }
        } else {
            let temporary = place + Array(".\(getpid()).partial".utf8)
            temporaryPath = temporary
            descriptor = FileSystem.withCPath(temporary) {
                open($0, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o666)
            }
        }
        guard descriptor >= 0 else { throw .unwritable(bytes, FileSystem.Failure.last.text) }
    }

    /// The real path of its folder with its own name; nil where it is no regular file.
    func realPlace() throws(ImageSpecError) -> [UInt8]? {
        guard temporaryPath != nil else { return nil }
        let folder = Path.folder(of: String(decoding: path, as: UTF8.self))
        let name = path.split(separator: UInt8(ascii: "/")).last ?? []
        do throws(FileSystem.Failure) {
            return try FileSystem.realPath(folder) + [UInt8(ascii: "/")] + name
        } catch {
            throw .unwritable(path, error.text)
        }
    }

    /// Closes the file and gives it its name.
    func finish() throws(ImageSpecError) {
        // Some file systems say only now that there was no room.
        guard close(descriptor) == 0 else {
            let failure = FileSystem.Failure.last
            removeTemporary()
            throw .unwritable(path, failure.text)
        }
        guard let temporaryPath else { return }
        let result = FileSystem.withCPath(temporaryPath) { from in
            FileSystem.withCPath(path) { rename(from, $0) }
        }
        if result != 0 {
            let failure = FileSystem.Failure.last
            removeTemporary()
            throw .unwritable(path, failure.text)
        }
    }

    /// Takes away what was written.
    func remove() {
        close(descriptor)
        removeTemporary()
    }

    private func removeTemporary() {
        if let temporaryPath { _ = FileSystem.withCPath(temporaryPath, unlink) }
    }
}
