// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

// Messages, and the chunks of large files.
extension TreeWorker {
    /// A file of this size is offered to other threads.
    private static let sizeWorthThreads = 4 << 20
    /// How much of a file is read before it is hashed if it is hashed alone. Less than 128 KiB costs system calls, more
    /// exceeds the processor's cache.
    private static let pieceSize = 256 * 1024

    /// Hashes a file of more than one chunk. Takes over the descriptor.
    func hashLargeFile(
        _ descriptor: Int32, size: Int, _ result: Hashed, in directory: TreeDirectory
    ) throws(ContentTreeError) {
        let file = LargeFile(
            descriptor, size: size, mode: result.mode, signature: result.signature,
            isReliable: result.isReliable, of: directory, index: result.index)
        directory.state.withLock { $0.pending += 1 }
        if size >= Self.sizeWorthThreads {
            walk.enqueue(CollectionOfOne(.chunks(file)), isWorthThreads: true)
        }
        try hashChunks(of: file)
    }

    /// Hashes chunks of a large file until all are taken. Other threads may do the same.
    func hashChunks(of file: LargeFile) throws(ContentTreeError) {
        defer { messages.reset() }
        var chunks: [Int: LargeFile.Chunk] = [:]
        func deliver(_ index: Int, _ digest: SHA256Digest) {
            guard let chunk = chunks.removeValue(forKey: index) else { return }
            self.deliver(digest, of: chunk, file)
        }
        while !walk.isOver, let chunk = file.takeChunk() {
            let result = Result { () throws(ContentTreeError) in
                try readMessage(from: chunk.descriptor, at: chunk.offset, count: chunk.size) {
                    unreadable(path(of: file), $0)
                }
            }
            file.endReading()
            let (count, digest) = try result.get()
            // The size decided how the file is hashed.
            guard count == chunk.size else {
                throw changed(path(of: file), "it was truncated while it was being read")
            }
            chunks[chunk.index] = chunk
            add(count, digest, ticket: chunk.index, deliver)
        }
        if !walk.isOver { messages.finish(deliver) }
    }

    private func path(of file: LargeFile) -> [UInt8] {
        let name = file.directory.state.withLock { state in
            Array(state.names[Int(state.entries[file.index].name)...].prefix { $0 != 0 })
        }
        return file.directory.path(of: name)
    }

    private func deliver(_ digest: SHA256Digest, of chunk: LargeFile.Chunk, _ file: LargeFile) {
        configuration.options.progress?.add(files: chunk.isLast ? 1 : 0, bytes: chunk.size)
        guard let digest = file.add(digest, ofChunk: chunk.index) else { return }
        deliverPart(of: file.directory) { state in
            state.entries[file.index].mode = file.mode
            state.entries[file.index].signature = file.signature
            state.entries[file.index].isReliable = file.isReliable
            state.entries[file.index].digest = digest
        }
    }

    /// Reads as many bytes as there are, up to `count`: into the buffer if they are hashed with another message, else into
    /// their digest.
    ///
    /// Without a position, reads from the current one: some file systems in user space support no other.
    func readMessage(
        from descriptor: Int32, at position: Int?, count: Int,
        _ error: (FileSystem.Failure) -> ContentTreeError
    ) throws(ContentTreeError) -> (count: Int, digest: SHA256Digest?) {
        var hasher = messages.isPaired ? nil : SHA256Hasher()
        var done = 0
        while done < count {
            let start = hasher == nil ? done : 0
            let room = hasher == nil ? count - done : min(count - done, Self.pieceSize)
            let target = buffer.baseAddress.map { $0 + start }
            let result =
                if let position {
                    pread(descriptor, target, room, off_t(position + done))
                } else {
                    read(descriptor, target, room)
                }
            if result < 0 && errno == EINTR { continue }
            guard result >= 0 else { throw error(.last) }
            if result == 0 { break }
            hasher?.update(UnsafeRawBufferPointer(rebasing: buffer[..<result]))
            done += result
        }
        return (done, hasher?.finalize())
    }

    /// Adds what `readMessage` read.
    func add(
        _ count: Int, _ digest: SHA256Digest?, ticket: Int, _ body: (Int, SHA256Digest) -> Void
    ) {
        if let digest { body(ticket, digest) } else { messages.add(count: count, ticket: ticket, body) }
    }
}
