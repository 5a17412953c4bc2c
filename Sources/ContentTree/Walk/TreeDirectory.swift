// SPDX-License-Identifier: Apache-2.0

/// A directory during a walk, until it has a digest.
final class TreeDirectory: Sendable {
    /// Where the entries of a directory come from.
    enum Contents: Sendable {
        /// Everything in it that the rules do not exclude.
        case walk(IgnoreScope)
        /// Only these files.
        case selection(FileSelection)
    }

    /// A name in the directory. Without a digest it is not an entry yet, or not at all.
    ///
    /// The order of the fields leaves no gaps: a directory can have hundreds of thousands.
    struct Entry: Sendable {
        /// Where the name begins in `names`; it ends with a NUL.
        let name: Int32
        let length: Int32
        var signature = StatSignature()
        var digest: ContentDigest?
        var mode: SourceTree.Mode
        /// Whether this is a symbolic link whose target is read.
        var isLinkToFile = false
        /// Whether the signature reveals every later change, so that the digest can be cached.
        var isReliable = false
    }

    struct State: Sendable {
        var names: [UInt8] = []
        var entries: [Entry] = []
        /// Parts that are not done yet: subdirectories, batches of files, large files, and the listing itself.
        var pending = 1
        /// The metadata of the directory. Default if it cannot be relied on, or if there is no cache.
        var signature = StatSignature()
        /// The metadata of the directory's own `.gitignore`. If `nil`, none is in effect.
        var gitignore: StatSignature?
        var rulesBelow = SHA256Digest()
        /// Whether the metadata of the directory does not reveal all changes of its entries.
        var mustBeListed = false
    }

    let parent: TreeDirectory?
    let indexInParent: Int
    /// Relative to the root of the walk; empty for the root.
    let path: [UInt8]
    let contents: Contents
    /// The digest of the ignore rules in effect, except the directory's own `.gitignore`.
    let rulesKey: SHA256Digest
    let state = Locked(State())

    init(
        parent: TreeDirectory?, indexInParent: Int, path: [UInt8], contents: Contents, rulesKey: SHA256Digest
    ) {
        self.rulesKey = rulesKey
        self.parent = parent
        self.indexInParent = indexInParent
        self.path = path
        self.contents = contents
    }

    /// The path of a name in the directory.
    func path(of name: some Sequence<UInt8>) -> [UInt8] {
        path.isEmpty ? Array(name) : path + [UInt8(ascii: "/")] + name
    }
}

extension TreeDirectory.State {
    /// Adds an entry with a name that is not in `names` yet.
    mutating func append(_ name: [UInt8], _ mode: SourceTree.Mode) {
        let start = Int32(names.count)
        names.append(contentsOf: name)
        names.append(0)
        add(start, Int32(name.count), mode)
    }

    /// Adds an entry with a name in `names`.
    mutating func add(
        _ name: Int32, _ length: Int32, _ mode: SourceTree.Mode, _ digest: ContentDigest? = nil
    ) {
        entries.append(TreeDirectory.Entry(name: name, length: length, digest: digest, mode: mode))
    }

    /// Marks the entry that was added last as a link to a file.
    mutating func setLastIsLinkToFile() { entries[entries.count - 1].isLinkToFile = true }
}
