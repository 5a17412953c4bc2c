// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

// The digests of the files of a batch.
extension TreeWorker {
    /// The digest of a file and what else an entry needs.
    struct Hashed {
        let index: Int
        let mode: SourceTree.Mode
        var digest = ContentDigest(SHA256Digest())
        let signature: StatSignature
        let isReliable: Bool
    }

    func hash(_ batch: FileBatch) throws(ContentTreeError) {
        let names = batch.directory.state.withLock { $0.names }
        var results: [Hashed] = []
        results.reserveCapacity(batch.files.count)
        // After an error, messages that wait to be paired do not matter.
        defer { messages.reset() }
        for file in batch.files {
            if let result = known(file, in: batch, names) {
                results.append(result)
            } else {
                try hash(file, in: batch, names, &results)
            }
        }
        finish(&results)
        if let progress = configuration.options.progress, unreported.files + unreported.bytes > 0 {
            progress.add(files: unreported.files, bytes: unreported.bytes)
            unreported = (0, 0)
        }
        deliverPart(of: batch.directory) { state in
            for result in results {
                state.entries[result.index].mode = result.mode
                state.entries[result.index].digest = result.digest
                state.entries[result.index].signature = result.signature
                state.entries[result.index].isReliable = result.isReliable
            }
        }
    }

    /// Computes the digest of the message that waits to be paired.
    private func finish(_ results: inout [Hashed]) {
        messages.finish { results[$0].digest = ContentDigest($1) }
    }

    /// What an earlier run recorded of a file, if the file is unchanged.
    private func known(_ file: FileBatch.File, in batch: FileBatch, _ names: [UInt8]) -> Hashed? {
        guard let directory = batch.known else { return nil }
        return names.withUnsafeBytes { names in
            let name = Self.cName(file.name, names)
            let kind = file.isLink ? DigestCacheFormat.EntryKind.linkedFile : .file
            var status = stat()
            guard let entry = directory.entry(named: name), entry.kind == kind.rawValue,
                fstatat(batch.open.descriptor, name, &status, file.isLink ? 0 : AT_SYMLINK_NOFOLLOW) == 0
            else { return nil }
            let signature = StatSignature(status)
            guard signature == entry.signature else { return nil }
            return Hashed(
                index: Int(file.index), mode: signature.isExecutable ? .executable : .file,
                digest: ContentDigest(entry.digest, isChunked: entry.isChunked != 0), signature: signature,
                isReliable: true)
        }
    }

    /// Reads a file and adds it to the results. Its digest can follow later; that of a large file is delivered by the thread
    /// that hashes its last chunk.
    private func hash(
        _ file: FileBatch.File, in batch: FileBatch, _ names: [UInt8], _ results: inout [Hashed]
    ) throws(ContentTreeError) {
        func path() -> [UInt8] { batch.directory.path(of: names[Int(file.name)...].prefix { $0 != 0 }) }
        let flags = O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | (file.isLink ? 0 : O_NOFOLLOW)
        let descriptor = names.withUnsafeBytes { names in
            DescriptorLimit.waiting {
                openat(batch.open.descriptor, Self.cName(file.name, names), flags)
            }
        }
        guard descriptor >= 0 else { throw unreadable(path()) }
        var isHandedOver = false
        defer { if !isHandedOver { close(descriptor) } }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw unreadable(path()) }
        let signature = StatSignature(status)
        guard signature.kind == .file else { throw changed(path(), "it is no longer a file") }
        // Of the open file, because the link may lead elsewhere by now.
        if file.isLink { try checkPlace(of: descriptor, path()) }
        let size = signature.fileSize
        guard size <= SourceTree.maximumFileSize else {
            throw ContentTreeError(absolute(path()), .fileTooLarge)
        }
        var isReliable = false
        if let recorder, recorder.reliability(of: signature, descriptor) != .none {
            isReliable = true
            recorder.additions.files += 1
            recorder.additions.bytes += size
        }
        var result = Hashed(
            index: Int(file.index), mode: signature.isExecutable ? .executable : .file, signature: signature,
            isReliable: isReliable)
        if size > ContentDigest.chunkSize {
            isHandedOver = true
            finish(&results)
            return try hashLargeFile(descriptor, size: size, result, in: batch.directory)
        }
        // A file of size 0 is read nevertheless: in some file systems (FUSE, /proc) it has content.
        if size == 0 {
            result.digest = try streamedDigest(descriptor, path)
            unreported.files += 1
            results.append(result)
            return
        }
        let (count, digest) = try readMessage(from: descriptor, at: nil, count: size) {
            unreadable(path(), $0)
        }
        unreported.files += 1
        unreported.bytes += count
        results.append(result)
        add(count, digest, ticket: results.count - 1) { results[$0].digest = ContentDigest($1) }
    }

    /// Refuses the target of a link that is outside the boundary, before a byte of it is read.
    private func checkPlace(
        of descriptor: Int32, _ path: @autoclosure () -> [UInt8]
    ) throws(ContentTreeError) {
        guard let boundary = configuration.options.boundary else { return }
        let real: [UInt8]
        do throws(FileSystem.Failure) {
            real = try FileSystem.realPath(
                ofDescriptor: descriptor, openedAs: configuration.root + [UInt8(ascii: "/")] + path())
        } catch {
            throw error == .changed ? changed(path(), "its target changed") : unreadable(path(), error)
        }
        do throws(OutsideBoundary) {
            try boundary.check(real, isFolder: false)
        } catch {
            throw ContentTreeError(absolute(path()), .outside(error))
        }
    }

    /// The digest of a file whose size is unknown.
    private func streamedDigest(_ descriptor: Int32, _ path: () -> [UInt8]) throws(ContentTreeError)
        -> ContentDigest
    {
        var hasher = ContentHasher()
        var total = 0
        while true {
            let count = read(descriptor, buffer.baseAddress, buffer.count)
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { throw unreadable(path()) }
            if count == 0 { return hasher.finalize() }
            total += count
            unreported.bytes += count
            guard total <= SourceTree.maximumFileSize else {
                throw ContentTreeError(absolute(path()), .fileTooLarge)
            }
            hasher.update(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        }
    }
}
