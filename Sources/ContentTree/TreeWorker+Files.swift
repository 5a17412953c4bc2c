// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

// The digests of files.
extension TreeWorker {
    /// A file from this size on is offered to other threads.
    private static let sizeWorthThreads = 4 << 20
    /// How much of a file is read before it is hashed, where it is hashed alone: less than 128 KiB costs calls, more costs cache.
    private static let pieceSize = 256 * 1024

    func hash(_ batch: FileBatch) throws(ContentTreeError) {
        let folder = batch.folder
        let names = folder.state.withLock { $0.names }
        var results: [Result] = []
        results.reserveCapacity(batch.files.count)
        // Where one file is wrong, those that wait for another do not matter any more.
        defer { messages.reset() }
        for file in batch.files {
            if let result = known(file, in: batch, names) {
                results.append(result)
            } else {
                try hash(file, in: batch, names, &results)
            }
        }
        finish(&results)
        if let progress = walk.progress, counted.files + counted.bytes > 0 {
            progress.add(files: counted.files, bytes: counted.bytes)
            counted = (0, 0)
        }
        part(of: folder) { state in
            for result in results {
                state.entries[result.index].mode = result.mode
                state.entries[result.index].digest = result.digest
                state.entries[result.index].stamp = result.stamp
            }
        }
    }

    /// What was found out about a file.
    private struct Result {
        let index: Int
        let mode: SourceTree.Mode
        var digest = ContentDigest(SHA256Digest())
        let stamp: StatSignature
    }

    /// Brings the digest of a file that waits for another one.
    private func finish(_ results: inout [Result]) {
        messages.finish { results[$0].digest = ContentDigest($1) }
    }

    /// What an earlier run knew of a file, if that is unchanged.
    private func known(_ file: ListedFile, in batch: FileBatch, _ names: [UInt8]) -> Result? {
        guard let folder = batch.known else { return nil }
        return names.withUnsafeBytes { names in
            let name = Self.cName(file.name, names)
            let kind = file.isLink ? DigestCacheFormat.EntryKind.linkedFile : .file
            var status = stat()
            guard let entry = folder.entry(named: name), entry.kind == kind.rawValue,
                fstatat(batch.descriptor.number, name, &status, file.isLink ? 0 : AT_SYMLINK_NOFOLLOW) == 0
            else { return nil }
            let stamp = StatSignature(status)
            guard stamp == entry.stamp else { return nil }
            return Result(
                index: Int(file.index), mode: status.st_mode & S_IXUSR != 0 ? .executable : .file,
                digest: ContentDigest(entry.digest, isChunked: entry.isChunked != 0), stamp: stamp)
        }
    }

    /// Reads a file and adds it to the results. Its digest can come later; that of a large file is brought by whoever hashes its last
    /// chunk.
    private func hash(
        _ file: ListedFile, in batch: FileBatch, _ names: [UInt8], _ results: inout [Result]
    ) throws(ContentTreeError) {
        let flags = O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | (file.isLink ? 0 : O_NOFOLLOW)
        let descriptor = names.withUnsafeBytes {
            openat(batch.descriptor.number, Self.cName(file.name, $0), flags)
        }
        func path() -> [UInt8] { batch.folder.path(of: names[Int(file.name)...].prefix { $0 != 0 }) }
        guard descriptor >= 0 else { throw unreadable(path()) }
        var isHandedOn = false
        defer { if !isHandedOn { close(descriptor) } }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw unreadable(path()) }
        guard FileSystem.kind(ofMode: status.st_mode) == .file else {
            throw changed(path(), "it is no longer a file")
        }
        let mode: SourceTree.Mode = status.st_mode & S_IXUSR != 0 ? .executable : .file
        let size = Int(status.st_size)
        var stamp = StatSignature()
        if let recorder {
            stamp = recorder.stamp(of: status, descriptor)
            if stamp != StatSignature() {
                recorder.gain.files += 1
                recorder.gain.bytes += size
            }
        }
        if size > ContentDigest.chunkSize {
            isHandedOn = true
            let large = LargeFile(
                folder: batch.folder, index: Int(file.index), mode: mode, size: size, stamp: stamp,
                descriptor: descriptor)
            batch.folder.state.withLock { $0.pending += 1 }
            if size >= Self.sizeWorthThreads {
                walk.offer(CollectionOfOne(.chunks(large)), isWorthThreads: true)
            }
            finish(&results)
            return try hashChunks(of: large)
        }
        // A file that says it is empty is read all the same: in some file systems (FUSE, /proc) it is not.
        if size == 0 {
            let digest = try streamedDigest(descriptor, path)
            counted.files += 1
            results.append(Result(index: Int(file.index), mode: mode, digest: digest, stamp: stamp))
            return
        }
        let (count, digest) = try message(from: descriptor, at: nil, count: size) { unreadable(path(), $0) }
        counted.files += 1
        counted.bytes += count
        results.append(Result(index: Int(file.index), mode: mode, stamp: stamp))
        add(count, digest, ticket: results.count - 1) { results[$0].digest = ContentDigest($1) }
    }

    /// Reads so many bytes, or what is there: to the buffer, where they go with another message, and else to their digest.
    ///
    /// Without a position from where the file is at: some file systems in user space know no other.
    private func message(
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

    /// Adds what `message` read.
    private func add(
        _ count: Int, _ digest: SHA256Digest?, ticket: Int, _ body: (Int, SHA256Digest) -> Void
    ) {
        if let digest { body(ticket, digest) } else { messages.add(count: count, ticket: ticket, body) }
    }

    private func streamedDigest(_ descriptor: Int32, _ path: () -> [UInt8]) throws(ContentTreeError)
        -> ContentDigest
    {
        var hasher = ContentHasher()
        while true {
            let count = read(descriptor, buffer.baseAddress, buffer.count)
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { throw unreadable(path()) }
            if count == 0 { return hasher.finalize() }
            counted.bytes += count
            hasher.update(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        }
    }

    /// Hashes chunks of a large file until all are taken. Others may be at it too.
    func hashChunks(of file: LargeFile) throws(ContentTreeError) {
        defer { messages.reset() }
        while !walk.isOver, let chunk = file.takeChunk() {
            let start = chunk * ContentDigest.chunkSize
            let size = min(ContentDigest.chunkSize, file.size - start)
            let (count, digest) = try message(from: file.descriptor.number, at: start, count: size) {
                unreadable(path(of: file), $0)
            }
            // A file that became shorter is no longer the one whose size decided how it is hashed.
            guard count == size else {
                throw changed(path(of: file), "it was truncated while it was being read")
            }
            add(count, digest, ticket: chunk) { bring($1, ofChunk: $0, file) }
        }
        if !walk.isOver { messages.finish { bring($1, ofChunk: $0, file) } }
    }

    private func path(of file: LargeFile) -> [UInt8] {
        file.folder.path(
            of: file.folder.state.withLock { state in
                Array(state.names[Int(state.entries[file.index].name)...].prefix { $0 != 0 })
            })
    }

    private func bring(_ digest: SHA256Digest, ofChunk chunk: Int, _ file: LargeFile) {
        let start = chunk * ContentDigest.chunkSize
        let end = min(start + ContentDigest.chunkSize, file.size)
        walk.progress?.add(files: end == file.size ? 1 : 0, bytes: end - start)
        let all = file.state.withLock { state -> [SHA256Digest]? in
            state.digests[chunk] = digest
            state.remaining -= 1
            return state.remaining == 0 ? state.digests : nil
        }
        guard let all else { return }
        part(of: file.folder) { state in
            state.entries[file.index].mode = file.mode
            state.entries[file.index].stamp = file.stamp
            state.entries[file.index].digest = ContentDigest(chunks: all)
        }
    }
}
