// SPDX-License-Identifier: Apache-2.0

internal import ContentTree

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// The output of a build context: a directory or an archive.
///
/// Paths are bytes, relative to the context. A directory precedes its entries, and every path is added once.
protocol ContextSink: AnyObject {
    /// Writes the next bytes of a file.
    typealias Write = (ArraySlice<UInt8>) throws(ImageSpecError) -> Void

    func addFolder(_ path: [UInt8]) throws(ImageSpecError)
    func addLink(_ path: [UInt8], to target: [UInt8]) throws(ImageSpecError)
    /// Adds a file. `body` is called once, and writes exactly `size` bytes with this digest or throws.
    func addFile(
        _ path: [UInt8], isExecutable: Bool, size: Int, digest: ContentDigest,
        _ body: (Write) throws(ImageSpecError) -> Void
    ) throws(ImageSpecError)
}

/// The entries of a build context, before it is written.
struct ContextItems {
    private enum Content {
        case folder
        case bytes([UInt8])
        /// An entry of a tree, both by index.
        case entry(Int, tree: Int)
    }

    private var items: [(path: [UInt8], content: Content)] = []
    private var folders: Set<[UInt8]> = []
    private var trees: [(tree: SourceTree, field: String)] = []

    /// Adds a directory and its parents if they are missing.
    mutating func add(folder path: String) {
        var folder: [UInt8] = []
        for part in path.utf8.split(separator: UInt8(ascii: "/")) {
            folder += (folder.isEmpty ? [] : [UInt8(ascii: "/")]) + part
            if folders.insert(folder).inserted { items.append((folder, .folder)) }
        }
    }

    /// Adds a file and its parent directories.
    mutating func add(_ bytes: [UInt8], at path: String) {
        add(folder: Path.folder(of: path))
        items.append((Array(path.utf8), .bytes(bytes)))
    }

    /// Adds the entries of a tree below a directory.
    mutating func add(_ tree: SourceTree, at folder: String, field: String) {
        add(folder: folder)
        let prefix = Array((folder + "/").utf8)
        items += tree.entries.indices.map { index in
            (prefix + tree.entries[index].path, .entry(index, tree: trees.count))
        }
        trees.append((tree, field))
    }

    /// Writes all entries to a sink, directory by directory, each sorted by the bytes of the names. Files are read and hashed while they
    /// are written.
    func write(to sink: some ContextSink) throws(ImageSpecError) {
        let reader = EntryReader()
        for item in items.sorted(by: { Self.precedes($0.path, $1.path) }) {
            try checkCancellation()
            switch item.content {
            case .folder: try sink.addFolder(item.path)
            case .bytes(let bytes): try sink.add(bytes, at: item.path)
            case .entry(let index, let number):
                let (tree, field) = trees[number]
                let entry = tree.entries[index]
                switch entry.mode {
                case .folder: try sink.addFolder(item.path)
                case .link: try sink.addLink(item.path, to: reader.linkTarget(entry, of: tree, field))
                case .file, .executable: try reader.copyFile(entry, of: tree, to: sink, item.path, field)
                }
            }
        }
    }
}

extension ContextItems {
    /// The entries of a directory follow it immediately, before names that begin like its own: tar sets the time of a directory
    /// when it sees an entry outside of it, and later entries would change that time.
    private static func precedes(_ path: [UInt8], _ other: [UInt8]) -> Bool {
        path.lexicographicallyPrecedes(other) { rank($0) < rank($1) }
    }

    private static func rank(_ byte: UInt8) -> UInt8 { byte == UInt8(ascii: "/") ? 0 : byte }
}

extension ContextSink {
    func add(_ bytes: [UInt8], at path: [UInt8]) throws(ImageSpecError) {
        var hasher = ContentHasher()
        bytes.withUnsafeBytes { hasher.update($0) }
        try addFile(path, isExecutable: false, size: bytes.count, digest: hasher.finalize()) {
            write throws(ImageSpecError) in
            try write(bytes[...])
        }
    }
}

private func checkCancellation() throws(ImageSpecError) {
    if Task.isCancelled { throw .writingCancelled }
}

/// Reads entries of trees. Throws if one has changed since the image was named.
private final class EntryReader {
    private var buffer = [UInt8](repeating: 0, count: 256 * 1024)

    func copyFile(
        _ entry: SourceTree.Entry, of tree: SourceTree, to sink: some ContextSink, _ target: [UInt8],
        _ field: String
    ) throws(ImageSpecError) {
        let source = tree.path(of: entry)
        let descriptor = FileSystem.withCPath(source) {
            open($0, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)
        }
        guard descriptor >= 0 else { throw Self.unreadable(source, field) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw Self.unreadable(source, field) }
        guard FileSystem.kind(ofMode: status.st_mode) == .file else {
            throw Self.changed(source, "it is no longer a file")
        }
        let isExecutable = entry.mode == .executable
        guard (status.st_mode & S_IXUSR != 0) == isExecutable else {
            throw Self.changed(source, "its mode changed after the image was named")
        }
        let size = Int(status.st_size)
        try sink.addFile(target, isExecutable: isExecutable, size: size, digest: entry.digest) {
            write throws(ImageSpecError) in
            var hasher = ContentHasher()
            var rest = size
            while true {
                try checkCancellation()
                let count = buffer.withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
                if count < 0 && errno == EINTR { continue }
                guard count >= 0 else { throw Self.unreadable(source, field) }
                if count == 0 { break }
                rest -= count
                guard rest >= 0 else { break }
                buffer[..<count].withUnsafeBytes { hasher.update($0) }
                try write(buffer[..<count])
            }
            guard rest == 0, hasher.finalize() == entry.digest else {
                throw Self.changed(source, "its content changed after the image was named")
            }
        }
    }

    func linkTarget(
        _ entry: SourceTree.Entry, of tree: SourceTree, _ field: String
    ) throws(ImageSpecError) -> [UInt8] {
        let source = tree.path(of: entry)
        let text: [UInt8]
        do throws(FileSystem.Failure) {
            text = try FileSystem.linkTarget(source)
        } catch {
            // EINVAL: no link.
            if error.code == EINVAL { throw Self.changed(source, "it is no longer a link") }
            throw Self.unreadable(source, field, error)
        }
        guard ContentDigest(SHA256Digest(of: text)) == entry.digest else {
            throw Self.changed(source, "its target changed after the image was named")
        }
        return text
    }

    private static func unreadable(
        _ path: [UInt8], _ field: String, _ failure: FileSystem.Failure = .last
    ) -> ImageSpecError {
        if failure.isMissing { return changed(path, "it no longer exists") }
        return .unreadable(field: field, path: String(decoding: path, as: UTF8.self), reason: failure.reason)
    }

    private static func changed(_ path: [UInt8], _ what: String) -> ImageSpecError {
        .sourceChanged(String(decoding: path, as: UTF8.self), what)
    }
}

extension SourceTree {
    /// The location of an entry.
    fileprivate func path(of entry: Entry) -> [UInt8] { root + [UInt8(ascii: "/")] + entry.path }
}
