// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
internal import ImageSpec

// The fields whose value is a path, and the files that they name.
extension SpecDifference {
    mutating func compareSourceRoot(_ field: ImageSpec.Field) {
        let oldPath = old.idFields[field.name]?.text
        let newPath = new.idFields[field.name]?.text
        let hadFiles = old.contents.source != nil
        let hasFiles = new.contents.source != nil
        var effects = effects(of: field.name)
        // The changes of two trees are those of their files.
        if hadFiles && hasFiles { effects.remove(.content) }
        if !effects.isEmpty {
            let isAnotherPath = effects.contains(.id)
            add(
                field.name, from: isAnotherPath || hadFiles ? oldPath : nil,
                to: isAnotherPath || hasFiles ? newPath : nil, effects: effects)
        }
        guard let oldTree = old.contents.source, let newTree = new.contents.source,
            old.tagFields[field.name] != new.tagFields[field.name]
        else { return }
        compare(field.name, oldTree, newTree, at: oldPath ?? "", newPath ?? "")
    }

    mutating func compareCopies(_ field: ImageSpec.Field) {
        let oldCopies = old.contents.copied
        let newCopies = new.contents.copied
        addList(
            field, oldCopies.map(\.path), newCopies.map(\.path), effects: [.id, .content], isOrdered: true)
        var seen: Set<ByteString> = []
        func entry(_ side: ComparedSpec, _ path: String) -> JSON? {
            side.tagFields[field.name]?.list?.first { $0["path"]?.text?.hasSameBytes(as: path) == true }
        }
        for newCopy in newCopies where seen.insert(ByteString(newCopy.path)).inserted {
            let path = newCopy.path
            guard let oldCopy = oldCopies.first(where: { $0.path.hasSameBytes(as: path) }),
                entry(old, path) != entry(new, path)
            else { continue }
            if oldCopy.isFolder == newCopy.isFolder {
                let root = newCopy.isFolder ? path : Path.folder(of: path)
                compare(field.name, oldCopy.tree, newCopy.tree, at: root, root)
            } else {
                // A file on one side and a directory on the other: both as entries of the directory above.
                let root = Path.folder(of: path)
                compare(field.name, oldCopy.tree(from: root), newCopy.tree(from: root), at: root, root)
            }
        }
    }

    private mutating func compare(
        _ name: String, _ oldTree: SnapshotTree, _ newTree: SnapshotTree, at oldRoot: String,
        _ newRoot: String
    ) {
        var difference = FileDifference(
            field: prefix + name, oldPrefix: Path.prefix(oldRoot), newPrefix: Path.prefix(newRoot))
        difference.compare(oldTree.files, newTree.files)
        found += difference.changes
    }

    mutating func compareRequirements(_ field: ImageSpec.Field) {
        let effects = effects(of: field.name)
        let oldPath = old.idFields[field.name]?.text
        let newPath = new.idFields[field.name]?.text
        guard let oldFiles = old.contents.requirements, let newFiles = new.contents.requirements,
            let oldPath, let newPath
        else {
            if !effects.isEmpty { add(field.name, from: oldPath, to: newPath, effects: effects) }
            return
        }
        if effects.contains(.id) {
            let isRenamed = !oldFiles.main.hasSameBytes(as: newFiles.main)
            add(field.name, from: oldPath, to: newPath, effects: isRenamed ? [.id, .content] : .id)
        }
        var difference = RequirementsDifference(
            field: prefix + field.name, oldFolder: Path.folder(of: oldPath),
            newFolder: Path.folder(of: newPath))
        difference.compare(oldFiles, newFiles)
        found += difference.changes
    }
}

extension SnapshotCopy {
    /// The entries with paths relative to `root`, the directory of a copied file.
    fileprivate func tree(from root: String) -> SnapshotTree {
        guard isFolder else { return tree }
        let prefix = Array(Path.lastComponent(path).utf8) + [UInt8(ascii: "/")]
        return SnapshotTree(
            files: tree.files.map { file in
                var file = file
                file.path = prefix + file.path
                return file
            })
    }
}

extension Path {
    /// What a path below a directory begins with: the directory and a `/`, or nothing for `.`.
    fileprivate static func prefix(_ folder: String) -> [UInt8] {
        switch folder {
        case "", ".": []
        case "/": [UInt8(ascii: "/")]
        default: Array(folder.utf8) + [UInt8(ascii: "/")]
        }
    }
}
