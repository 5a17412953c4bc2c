// SPDX-License-Identifier: Apache-2.0

internal import ContentTree

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// Writes a build context as a tar archive. Uses memory for one buffer, whatever the size of the files.
final class TarContextSink: ContextSink {
    private let output: Write
    private var buffer: [UInt8] = []
    /// The number of remaining bytes of the current file.
    private var rest = 0
    /// The padding of the last block of the current file.
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
        _ path: [UInt8], isExecutable: Bool, size: Int, digest: ContentDigest,
        _ body: (Write) throws(ImageSpecError) -> Void
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

    /// Ends the archive within a member, so that readers detect that it is truncated.
    ///
    /// Between two members, some readers take the end of the stream for the end of the archive.
    func breakOff() {
        if rest == 0 {
            let header = TarHeader(
                kind: .file, path: Array("incomplete".utf8), mode: 0o644, size: TarHeader.blockSize)
            buffer += padding + header.blocks
        }
        // If this cannot be written, the stream is truncated as well.
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

/// The output of an archive: a file that appears under its name when it is complete, or a pipe or device.
final class TarContextFile {
    private enum Output {
        case file(TemporaryFile)
        case stream(StreamOutput)
    }

    private let path: [UInt8]
    private let place: [UInt8]
    private let output: Output

    init(_ path: String, _ unfinished: UnfinishedFile) throws(ImageSpecError) {
        let (place, kind) = try FileSystem.outputPlace(path)
        self.path = Array(path.utf8)
        self.place = place
        do throws(FileSystem.Failure) {
            if kind == .file, try !FileSystem.isEmptyOrTar(place) { throw FileSystem.Failure(code: EEXIST) }
            if kind == nil || kind == .file {
                let file = try TemporaryFile(beside: place)
                unfinished.begin(file.path)
                output = .file(file)
            } else {
                output = .stream(try StreamOutput(opening: place))
            }
        } catch {
            if error.code == EEXIST { throw .notAnArchive(path) }
            throw error.isCancelled ? .writingCancelled : .unwritable(Array(path.utf8), error.reason)
        }
    }

    /// The real path of its directory with its own name; nil if it is not a regular file.
    func realPlace() throws(ImageSpecError) -> [UInt8]? {
        guard case .file = output else { return nil }
        do throws(FileSystem.Failure) {
            return try FileSystem.realPlace(place)
        } catch {
            throw .unwritable(path, error.reason)
        }
    }

    func write(_ bytes: ArraySlice<UInt8>) throws(ImageSpecError) {
        do throws(FileSystem.Failure) {
            switch output {
            case .file(let file): try file.write(bytes)
            case .stream(let stream): try stream.writeAll(bytes)
            }
        } catch {
            throw error.isCancelled ? .writingCancelled : .unwritable(path, error.reason)
        }
    }

    /// Gives the file its name.
    func finish() throws(ImageSpecError) {
        guard case .file(let file) = output else { return }
        do throws(FileSystem.Failure) {
            try file.finish(isDurable: false)
            try file.takePlace()
        } catch {
            throw .unwritable(path, error.reason)
        }
    }
}

extension FileSystem {
    /// Whether a file is empty or begins like a tar archive. Other files are not replaced.
    ///
    /// Source: POSIX pax, "ustar Interchange Format": the magic of a header block; an archive without members has blocks of zeros.
    fileprivate static func isEmptyOrTar(_ path: [UInt8]) throws(Failure) -> Bool {
        let descriptor = withCPath(path) { open($0, O_RDONLY | O_CLOEXEC | O_NONBLOCK) }
        guard descriptor >= 0 else { throw .last }
        defer { close(descriptor) }
        var block = [UInt8](repeating: 0, count: TarHeader.blockSize)
        let count = block.withUnsafeMutableBytes { pread(descriptor, $0.baseAddress, $0.count, 0) }
        guard count >= 0 else { throw .last }
        if count == 0 { return true }
        return count == block.count
            && (block[257...].starts(with: "ustar".utf8) || block.allSatisfy { $0 == 0 })
    }
}
