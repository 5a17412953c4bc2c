// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
internal import ImageSpec

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
