// SPDX-License-Identifier: Apache-2.0

internal import ContentTree

extension ResolvedInputs {
    /// A path of `copy` in the form of the identity documents.
    package static func checkedCopyPath(_ path: String, _ index: Int) throws(ImageSpecError) -> String {
        if path.isEmpty { throw .invalidCopyPath(path, index, "is empty") }
        if Path.isAbsolute(path) { throw .invalidCopyPath(path, index, "is absolute") }
        let normalized = Path.normalized(path)
        if normalized.utf8.split(separator: UInt8(ascii: "/")).contains(where: { $0.elementsEqual("..".utf8) }
        ) {
            throw .invalidCopyPath(path, index, "contains \"..\"")
        }
        return normalized
    }

    static func copied(
        _ path: String, written: String, in workingDirectory: String, records: SourceTree.Records,
        _ options: HashingOptions
    ) throws(ImageSpecError) -> Copied {
        let place = Path.join(workingDirectory, path)
        if try isFolder(copied: path, written: written, in: workingDirectory) {
            let tree = try ImageSpecError.reading("copy") { () throws(ContentTreeError) in
                try SourceTree.copiedFolder(place, records: records, options: options)
            }
            return Copied(path: path, mode: .folder, digest: ContentDigest(tree.digest), tree: tree)
        }
        // The document contains the entry itself, so it is always recorded.
        let tree = try ImageSpecError.reading("copy") { () throws(ContentTreeError) in
            try SourceTree.copiedFile(
                Path.lastComponent(place), in: Path.folder(of: place), records: records.union(.entries),
                options: options)
        }
        guard let entry = tree.entries.first, tree.entries.count == 1 else {
            throw .missing(field: "copy", path: place, expected: "file or directory")
        }
        return Copied(path: path, mode: entry.mode, digest: entry.digest, tree: tree)
    }

    /// Whether a copied path is a directory, not a file. Follows links.
    package static func isFolder(
        copied path: String, written: String, in workingDirectory: String
    ) throws(ImageSpecError) -> Bool {
        let place = Path.join(workingDirectory, path)
        let kind: FileSystem.Kind?
        do throws(FileSystem.Failure) {
            kind = place.utf8.contains(0) ? nil : try FileSystem.kind(place)
        } catch {
            throw .unreadable(field: "copy", path: place, reason: error.reason)
        }
        switch kind {
        case .folder: return true
        case .file: return false
        case nil where Path.isURL(written):
            throw .urlAsPath(field: "copy", written, expected: "file or directory")
        case nil: throw .missing(field: "copy", path: place, expected: "file or directory")
        case .link, .other: throw .wrongKind(field: "copy", path: place, expected: "file or directory")
        }
    }
}
