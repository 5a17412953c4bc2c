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

    func hash(_ batch: FileBatch) throws(ImageSpecError) {
        let folder = batch.folder
        let names = folder.state.withLock { $0.names }
        var results: [(index: Int, mode: SourceTree.Mode, digest: ContentDigest)] = []
        results.reserveCapacity(batch.files.count)
        for file in batch.files {
            if let (mode, digest) = try hash(file, in: batch, names) {
                results.append((Int(file.index), mode, digest))
            }
        }
        part(of: folder) { state in
            for result in results {
                state.entries[result.index].mode = result.mode
                state.entries[result.index].digest = result.digest
            }
        }
    }

    /// The digest of a file; nil where it is large and will be brought by whoever hashes its last chunk.
    private func hash(
        _ file: ListedFile, in batch: FileBatch, _ names: [UInt8]
    ) throws(ImageSpecError) -> (SourceTree.Mode, ContentDigest)? {
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
            throw changed(path(), "it was a file and is none any more")
        }
        let mode: SourceTree.Mode = status.st_mode & S_IXUSR != 0 ? .executable : .file
        let size = Int(status.st_size)
        if size > ContentDigest.chunkSize {
            isHandedOn = true
            let large = LargeFile(
                folder: batch.folder, index: Int(file.index), mode: mode, size: size, descriptor: descriptor)
            batch.folder.state.withLock { $0.pending += 1 }
            if size >= Self.sizeWorthThreads {
                walk.offer(CollectionOfOne(.chunks(large)), isWorthThreads: true)
            }
            try hashChunks(of: large)
            return nil
        }
        // A file that says it is empty is read all the same: in some file systems (FUSE, /proc) it is not.
        if size == 0 { return (mode, try streamedDigest(descriptor, path)) }
        var hasher = SHA256Hasher()
        var remaining = size
        while remaining > 0 {
            let count = read(descriptor, buffer.baseAddress, min(remaining, buffer.count))
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { throw unreadable(path()) }
            if count == 0 { break }
            hasher.update(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            remaining -= count
        }
        return (mode, ContentDigest(hasher.finalize()))
    }

    private func streamedDigest(_ descriptor: Int32, _ path: () -> [UInt8]) throws(ImageSpecError)
        -> ContentDigest
    {
        var hasher = ContentHasher()
        while true {
            let count = read(descriptor, buffer.baseAddress, buffer.count)
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { throw unreadable(path()) }
            if count == 0 { return hasher.finalize() }
            hasher.update(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        }
    }

    /// Hashes chunks of a large file until all are taken. Others may be at it too.
    func hashChunks(of file: LargeFile) throws(ImageSpecError) {
        while !walk.isOver, let chunk = file.takeChunk() {
            let start = chunk * ContentDigest.chunkSize
            let end = min(start + ContentDigest.chunkSize, file.size)
            var position = start
            var hasher = SHA256Hasher()
            while position < end {
                let count = pread(
                    file.descriptor.number, buffer.baseAddress, min(end - position, buffer.count),
                    off_t(position))
                if count < 0 && errno == EINTR { continue }
                // A file that became shorter is no longer the one whose size decided how it is hashed.
                guard count > 0 else {
                    let name = file.folder.state.withLock { state in
                        Array(state.names[Int(state.entries[file.index].name)...].prefix { $0 != 0 })
                    }
                    let path = file.folder.path(of: name)
                    if count < 0 { throw unreadable(path) }
                    throw changed(path, "it became shorter while it was read")
                }
                hasher.update(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
                position += count
            }
            let digest = hasher.finalize()
            let all = file.state.withLock { state -> [SHA256Digest]? in
                state.digests[chunk] = digest
                state.remaining -= 1
                return state.remaining == 0 ? state.digests : nil
            }
            if let all {
                part(of: file.folder) { state in
                    state.entries[file.index].mode = file.mode
                    state.entries[file.index].digest = ContentDigest(chunks: all)
                }
            }
        }
    }
}
