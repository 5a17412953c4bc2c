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
        var results: [Result] = []
        results.reserveCapacity(batch.files.count)
        for file in batch.files {
            if let result = known(file, in: batch, names) {
                results.append(result)
            } else if let result = try hash(file, in: batch, names) {
                results.append(result)
            }
        }
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
        let digest: ContentDigest
        let stamp: FileStamp
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
            let stamp = FileStamp(status)
            guard stamp == entry.stamp else { return nil }
            return Result(
                index: Int(file.index), mode: status.st_mode & S_IXUSR != 0 ? .executable : .file,
                digest: ContentDigest(entry.digest, isChunked: entry.isChunked != 0), stamp: stamp)
        }
    }

    /// The digest of a file; nil where it is large and will be brought by whoever hashes its last chunk.
    private func hash(
        _ file: ListedFile, in batch: FileBatch, _ names: [UInt8]
    ) throws(ImageSpecError) -> Result? {
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
        var stamp = FileStamp()
        if let recorder {
            stamp = recorder.stamp(of: status, descriptor)
            if stamp != FileStamp() {
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
            try hashChunks(of: large)
            return nil
        }
        // A file that says it is empty is read all the same: in some file systems (FUSE, /proc) it is not.
        if size == 0 {
            let digest = try streamedDigest(descriptor, path)
            counted.files += 1
            return Result(index: Int(file.index), mode: mode, digest: digest, stamp: stamp)
        }
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
        counted.files += 1
        counted.bytes += size - remaining
        return Result(
            index: Int(file.index), mode: mode, digest: ContentDigest(hasher.finalize()), stamp: stamp)
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
            counted.bytes += count
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
            walk.progress?.add(files: end == file.size ? 1 : 0, bytes: end - start)
            let all = file.state.withLock { state -> [SHA256Digest]? in
                state.digests[chunk] = digest
                state.remaining -= 1
                return state.remaining == 0 ? state.digests : nil
            }
            if let all {
                part(of: file.folder) { state in
                    state.entries[file.index].mode = file.mode
                    state.entries[file.index].stamp = file.stamp
                    state.entries[file.index].digest = ContentDigest(chunks: all)
                }
            }
        }
    }
}
