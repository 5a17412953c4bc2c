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

/// Copies entries of a tree to a build context. Fails if an entry has changed since the image was named, and writes no byte
/// of a file that is not the one that was named: it may be a link to a secret by now.
final class EntryReader {
    private let tree: SourceTree
    private let field: String
    private var root: OpenFile?
    private var buffer = [UInt8](repeating: 0, count: 256 * 1024)

    /// Reads entries of a tree that belongs to a field of the spec.
    init(_ tree: SourceTree, field: String) {
        self.tree = tree
        self.field = field
    }

    func copyFile(
        _ entry: SourceTree.Entry, to sink: some ContextSink, at target: [UInt8]
    ) throws(ImageSpecError) {
        let file = try calling(entry) { () throws(FileSystem.Failure) in try entry.open(in: openRoot()) }
        let signature = try calling(entry) { () throws(FileSystem.Failure) in
            try StatSignature(ofDescriptor: file.descriptor)
        }
        guard signature.kind == .file else { throw changed(entry, "it is no longer a file") }
        guard signature.isExecutable == (entry.mode == .executable) else {
            throw changed(entry, "its mode changed after the image was named")
        }
        let count = try fill(file, entry)
        // The size of a file can be wrong, as in /proc, and is part of what is written before its content.
        let size: Int
        if count < buffer.count {
            var hasher = ContentHasher()
            buffer[..<count].withUnsafeBytes { hasher.update($0) }
            guard hasher.finalize() == entry.digest else { throw contentChanged(entry) }
            size = count
        } else if signature == entry.signature && signature.fileSize >= count {
            size = signature.fileSize
        } else {
            size = try verifiedSize(file, entry, read: count)
        }
        try sink.addFile(
            target, isExecutable: entry.mode == .executable, size: size, digest: entry.digest
        ) {
            write throws(ImageSpecError) in
            if size <= count { return try write(buffer[..<size]) }
            try copy(file, entry, size: size, read: count, write)
        }
    }

    /// Writes a file that is larger than the buffer, whose first bytes are in the buffer.
    private func copy(
        _ file: OpenFile, _ entry: SourceTree.Entry, size: Int, read first: Int, _ write: ContextSink.Write
    ) throws(ImageSpecError) {
        var hasher = ContentHasher()
        var rest = size
        var count = first
        while count > 0 && rest >= count {
            try checkCancellation()
            buffer[..<count].withUnsafeBytes { hasher.update($0) }
            try write(buffer[..<count])
            rest -= count
            count = try fill(file, entry)
        }
        guard rest == 0, count == 0, hasher.finalize() == entry.digest else { throw contentChanged(entry) }
    }

    /// Reads a file that was replaced or touched to its end, whose first bytes are in the buffer, and returns to that position.
    /// - Returns: The size of the content that was named.
    private func verifiedSize(
        _ file: OpenFile, _ entry: SourceTree.Entry, read first: Int
    ) throws(ImageSpecError) -> Int {
        var hasher = ContentHasher()
        var size = 0
        var count = first
        while count > 0 {
            try checkCancellation()
            buffer[..<count].withUnsafeBytes { hasher.update($0) }
            size += count
            guard size <= SourceTree.maximumFileSize else { throw contentChanged(entry) }
            count = try fill(file, entry)
        }
        guard hasher.finalize() == entry.digest else { throw contentChanged(entry) }
        guard lseek(file.descriptor, 0, SEEK_SET) == 0 else { throw failed(entry, .last) }
        guard try fill(file, entry) == first else { throw contentChanged(entry) }
        return size
    }

    /// Reads until the buffer is full or the file ends. Returns how many bytes were read.
    private func fill(_ file: OpenFile, _ entry: SourceTree.Entry) throws(ImageSpecError) -> Int {
        var done = 0
        while done < buffer.count {
            let count = buffer.withUnsafeMutableBytes {
                read(file.descriptor, $0.baseAddress.map { $0 + done }, $0.count - done)
            }
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { throw failed(entry, .last) }
            if count == 0 { break }
            done += count
        }
        return done
    }

    func linkTarget(_ entry: SourceTree.Entry) throws(ImageSpecError) -> [UInt8] {
        let text = try calling(entry) { () throws(FileSystem.Failure) in
            try entry.linkTarget(in: openRoot())
        }
        guard ContentDigest(SHA256Digest(of: text)) == entry.digest else {
            throw changed(entry, "its target changed after the image was named")
        }
        return text
    }

    private func openRoot() throws(FileSystem.Failure) -> OpenFile {
        if let root { return root }
        let opened = try tree.openRoot()
        root = opened
        return opened
    }

    // MARK: errors

    private func calling<Result>(
        _ entry: SourceTree.Entry, _ body: () throws(FileSystem.Failure) -> Result
    ) throws(ImageSpecError) -> Result {
        do throws(FileSystem.Failure) {
            return try body()
        } catch {
            throw failed(entry, error)
        }
    }

    private func failed(_ entry: SourceTree.Entry, _ failure: FileSystem.Failure) -> ImageSpecError {
        // ELOOP: a file became a link. EINVAL: a link became a file.
        if failure.code == ELOOP && entry.mode != .link { return changed(entry, "it is no longer a file") }
        if failure.code == EINVAL && entry.mode == .link { return changed(entry, "it is no longer a link") }
        if failure.isMissing { return changed(entry, "it no longer exists") }
        return .unreadable(
            field: field, path: String(decoding: tree.absolutePath(of: entry), as: UTF8.self),
            reason: failure.reason)
    }

    private func contentChanged(_ entry: SourceTree.Entry) -> ImageSpecError {
        changed(entry, "its content changed after the image was named")
    }

    private func changed(_ entry: SourceTree.Entry, _ what: String) -> ImageSpecError {
        .sourceChanged(String(decoding: tree.absolutePath(of: entry), as: UTF8.self), what)
    }

    private func checkCancellation() throws(ImageSpecError) {
        if Task.isCancelled { throw .writingCancelled }
    }
}
