// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
internal import ImageSpec

/// The files of one spec and of its base in a snapshot.
struct SnapshotContents: Hashable, Sendable {
    /// The `fields` of the tag document, without credentials.
    var tagFields: ImageSpec.OrderedDictionary<ImageSpec.JSONValue>
    var requirements: SnapshotRequirements?
    /// In the order of `copy`.
    var copied: [SnapshotCopy] = []
    var source: SnapshotTree?
    /// The contents of the base. `nil` if it is not a spec.
    @Indirect var base: SnapshotContents?
}

/// A path of `copy`.
struct SnapshotCopy: Hashable, Sendable {
    /// As in the identity documents.
    var path: String
    var isFolder: Bool
    /// The tree of a directory; of a file, a tree with this one entry.
    var tree: SnapshotTree
}

/// The files and links of a tree, sorted by the bytes of their paths.
struct SnapshotTree: Hashable, Sendable {
    struct File: Hashable, Sendable {
        /// Relative to the root.
        var path: [UInt8]
        var mode: SourceTree.Mode
        var digest: ContentDigest
        /// The target of a link.
        var target: [UInt8]?
    }

    var files: [File]

    init(files: [File]) { self.files = files }

    init(_ tree: SourceTree) throws(ImageSpecError) {
        files = []
        files.reserveCapacity(tree.entries.count)
        let root = tree.entries.contains { $0.mode == .link } ? try? tree.openRoot() : nil
        for entry in tree.entries where entry.mode != .folder {
            let target = entry.mode == .link ? try Self.target(of: entry, in: tree, root) : nil
            files.append(File(path: entry.path, mode: entry.mode, digest: entry.digest, target: target))
        }
    }

    private static func target(
        of entry: SourceTree.Entry, in tree: SourceTree, _ root: OpenFile?
    ) throws(ImageSpecError) -> [UInt8] {
        let target = root.flatMap { try? entry.linkTarget(in: $0) }
        guard let target, ContentDigest(SHA256Digest(of: target)) == entry.digest else {
            throw .sourceChanged(
                String(decoding: tree.absolutePath(of: entry), as: UTF8.self), "its target changed")
        }
        return target
    }
}

/// The files of `requirements`.
struct SnapshotRequirements: Hashable, Sendable {
    struct File: Hashable, Sendable {
        /// Relative to the directory of the main file.
        var name: String
        /// The digest that is part of the tag: of a pip requirements file, without comments.
        var digest: ContentDigest
        /// The digest of the file on disk.
        var rawDigest: ContentDigest
        var text: Text
    }

    /// The text of a file as far as a diff needs it, without credentials.
    enum Text: Hashable, Sendable {
        /// The logical lines of a pip requirements file.
        case lines([String])
        /// `NAME VERSION` of each package of a lock file, sorted.
        case locked([String])
        /// Not stored: too large, or without lines that could be compared.
        case none
    }

    /// The name of the file that the spec declares.
    var main: String
    var files: [File]

    /// The text of a larger file is not stored.
    private static let maximumSize = 4 << 20

    init(main: String, files: [File]) {
        self.main = main
        self.files = files
    }

    init(_ requirements: RequirementFiles) {
        main = requirements.name
        files = requirements.files.map { file in
            let isMain = file.name.hasSameBytes(as: requirements.name)
            return File(
                name: file.name, digest: Self.digest(file.bytes), rawDigest: Self.digest(file.raw),
                text: Self.text(of: file.bytes, isPip: requirements.kind == .pip, isMain: isMain))
        }
    }

    private static func digest(_ bytes: [UInt8]) -> ContentDigest {
        var hasher = ContentHasher()
        bytes.withUnsafeBytes { hasher.update($0) }
        return hasher.finalize()
    }

    private static func text(of bytes: [UInt8], isPip: Bool, isMain: Bool) -> Text {
        guard bytes.count <= maximumSize, isPip || isMain else { return .none }
        let lines = bytes.split(separator: UInt8(ascii: "\n")).map { String(decoding: $0, as: UTF8.self) }
        return isPip ? .lines(lines.map(CredentialRedactor.redacted)) : .locked(lockedPackages(lines))
    }

    /// `NAME VERSION` for each package of `uv.lock` or `poetry.lock`.
    ///
    /// Programs write both files with one key per line. Everything else in them, such as hashes, is skipped.
    static func lockedPackages(_ lines: [String]) -> [String] {
        var packages: [(name: String, version: String)] = []
        var isInPackage = false
        for line in lines {
            if line.utf8.first == UInt8(ascii: "[") {
                isInPackage = line.utf8.starts(with: "[[package]]".utf8)
                if isInPackage { packages.append(("", "")) }
            } else if isInPackage, let value = quotedValue(of: "name", in: line) {
                packages[packages.count - 1].name = value
            } else if isInPackage, let value = quotedValue(of: "version", in: line) {
                packages[packages.count - 1].version = value
            }
        }
        return packages.filter { !$0.name.isEmpty }
            .map { $0.version.isEmpty ? $0.name : "\($0.name) \($0.version)" }
            .sorted { $0.precedesInUTF8($1) }
    }

    private static func quotedValue(of key: String, in line: String) -> String? {
        let start = key + " = \""
        guard line.utf8.starts(with: start.utf8), line.utf8.last == UInt8(ascii: "\"") else { return nil }
        let value = line.utf8.dropFirst(start.utf8.count).dropLast()
        return String(decoding: value, as: UTF8.self)
    }
}
