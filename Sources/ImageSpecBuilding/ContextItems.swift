// SPDX-License-Identifier: Apache-2.0

package import ContentTree
package import ImageSpec

/// The output of a build context: a directory or an archive.
///
/// Paths are bytes, relative to the context. A directory precedes its entries, and every path is added once.
package protocol ContextSink: AnyObject {
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
package struct ContextItems {
    private enum Content {
        case folder
        case bytes([UInt8])
        /// An entry of a tree, both by index.
        case entry(Int, tree: Int)
    }

    private var items: [(path: [UInt8], content: Content)] = []
    private var folders: Set<[UInt8]> = []
    private var trees: [(tree: SourceTree, field: String)] = []

    package init() {}

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
    package mutating func add(_ tree: SourceTree, at folder: String, field: String) {
        add(folder: folder)
        let prefix = Array((folder + "/").utf8)
        items += tree.entries.indices.map { index in
            (prefix + tree.entries[index].path, .entry(index, tree: trees.count))
        }
        trees.append((tree, field))
    }

    /// Writes all entries to a sink, directory by directory, each sorted by the bytes of the names. Files are read and hashed while they
    /// are written.
    package func write(to sink: some ContextSink) throws(ImageSpecError) {
        let readers = trees.map { EntryReader($0.tree, field: $0.field) }
        for item in items.sorted(by: { Self.precedes($0.path, $1.path) }) {
            if Task.isCancelled { throw .writingCancelled }
            switch item.content {
            case .folder: try sink.addFolder(item.path)
            case .bytes(let bytes): try sink.add(bytes, at: item.path)
            case .entry(let index, let number):
                let entry = trees[number].tree.entries[index]
                let reader = readers[number]
                switch entry.mode {
                case .folder: try sink.addFolder(item.path)
                case .link: try sink.addLink(item.path, to: reader.linkTarget(entry))
                case .file, .executable: try reader.copyFile(entry, to: sink, at: item.path)
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
