// SPDX-License-Identifier: Apache-2.0

internal import ImageSpec

/// The owner of a file, by number.
package struct FileOwner: Hashable, Sendable {
    package var user: Int
    package var group: Int

    package static let root = FileOwner(user: 0, group: 0)

    package init(user: Int, group: Int) {
        self.user = user
        self.group = group
    }
}

/// An entry of a layer. Paths are relative to the root of the image.
package struct LayerEntry: Hashable, Sendable {
    package enum Content: Hashable, Sendable {
        case folder
        case bytes([UInt8])
        /// A file of this machine, and its size.
        case file(path: [UInt8], size: Int)
        case link(target: [UInt8])
    }

    package var path: [UInt8]
    package var content: Content
    package var mode: Int
    package var owner: FileOwner

    package init(_ path: [UInt8], _ content: Content, mode: Int, owner: FileOwner = .root) {
        self.path = path
        self.content = content
        self.mode = mode
        self.owner = owner
    }

    init(_ path: String, _ content: Content, mode: Int, owner: FileOwner = .root) {
        self.init(Array(path.utf8), content, mode: mode, owner: owner)
    }

    /// Hides the file or directory of this path in the layers below.
    ///
    /// Source: OCI image specification 1.1, layer filesystem changesets, "Whiteouts".
    static func whiteout(_ path: [UInt8]) -> LayerEntry {
        let slash = path.lastIndex(of: UInt8(ascii: "/")).map { $0 + 1 } ?? 0
        return LayerEntry(
            Array(path[..<slash]) + Array(Whiteout.prefix.utf8) + Array(path[slash...]), .bytes([]),
            mode: 0o644)
    }

    /// Entries in order, each once, with all directories that they are in.
    ///
    /// Directories of the base image are repeated with their mode and owner: engines that unpack a layer by itself create missing
    /// ones with modes of their own.
    static func ordered(_ entries: [LayerEntry], over tree: BaseTree) -> [LayerEntry] {
        var known: Set<[UInt8]> = []
        var result = entries.sorted(by: precedes).filter { known.insert($0.path).inserted }
        for entry in entries {
            var folder = entry.path.parentPath
            while !folder.isEmpty, known.insert(folder).inserted {
                result.append(LayerEntry(folder: folder, in: tree))
                folder = folder.parentPath
            }
        }
        return result.sorted(by: precedes)
    }

    /// A directory as the base image has it, or a new one.
    private init(folder path: [UInt8], in tree: BaseTree) {
        if let entry = tree.entries[path], entry.isFolder {
            self.init(path, .folder, mode: entry.mode, owner: entry.owner)
        } else {
            self.init(path, .folder, mode: 0o755)
        }
    }

    /// The order of entries in a layer: a directory, then what it contains.
    static func precedes(_ entry: LayerEntry, _ other: LayerEntry) -> Bool {
        func rank(_ byte: UInt8) -> UInt8 { byte == UInt8(ascii: "/") ? 0 : byte }
        return entry.path.lexicographicallyPrecedes(other.path) { rank($0) < rank($1) }
    }
}

/// The names of files in a layer that remove something of the layers below.
enum Whiteout {
    static let prefix = ".wh."
    /// Hides everything that lower layers have in its directory.
    static let opaque = ".wh..wh..opq"
}
