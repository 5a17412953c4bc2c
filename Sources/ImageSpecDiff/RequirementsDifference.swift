// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
internal import ImageSpec

/// The differences between requirements files, by line or package.
struct RequirementsDifference {
    typealias File = SnapshotRequirements.File

    let field: String
    let oldFolder: String
    let newFolder: String
    private(set) var changes: [ImageSpec.Change] = []

    init(field: String, oldFolder: String, newFolder: String) {
        self.field = field
        self.oldFolder = oldFolder
        self.newFolder = newFolder
    }

    mutating func compare(_ old: SnapshotRequirements, _ new: SnapshotRequirements) {
        // The file that the spec declares is compared with its successor, even if it was renamed.
        func key(_ file: File, _ requirements: SnapshotRequirements) -> ByteString {
            ByteString(file.name.hasSameBytes(as: requirements.main) ? "" : file.name)
        }
        let oldFiles = Dictionary(
            old.files.map { (key($0, old), $0) }, uniquingKeysWith: { first, _ in first })
        let newKeys = Set(new.files.map { key($0, new) })
        for file in old.files where !newKeys.contains(key(file, old)) {
            add(.removed, .content, path(file, in: oldFolder), from: file.digest.description)
        }
        for file in new.files {
            let path = path(file, in: newFolder)
            if let oldFile = oldFiles[key(file, new)] {
                compare(oldFile, file, path)
            } else {
                add(.added, .content, path, to: file.digest.description)
            }
        }
    }

    private mutating func compare(_ old: File, _ new: File, _ path: [UInt8]) {
        guard old.digest != new.digest else {
            if old.rawDigest != new.rawDigest { add(.changed, .comments, path, effects: []) }
            return
        }
        let counted = changes.count
        switch (old.text, new.text) {
        case (.lines(let old), .lines(let new)): compare(old, new, path, isOrdered: true)
        case (.locked(let old), .locked(let new)): compare(old, new, path, isOrdered: false)
        default: break
        }
        if changes.count > counted { return }
        add(
            .changed, .content, path, from: old.digest.description, to: new.digest.description)
    }

    private mutating func compare(_ old: [String], _ new: [String], _ path: [UInt8], isOrdered: Bool) {
        let difference = ListDifference(from: old, to: new) { PackageText($0)?.key }
        for edit in difference.edits {
            switch edit {
            case .added(let index): add(.added, .value, path, to: new[index])
            case .removed(let index): add(.removed, .value, path, from: old[index])
            case .changed(let from, let to): add(.changed, .value, path, from: old[from], to: new[to])
            }
        }
        if isOrdered && difference.isReordered { add(.changed, .order, path) }
    }

    private func path(_ file: File, in folder: String) -> [UInt8] {
        Array(Path.lexicallyNormalized(Path.join(folder, file.name)).utf8)
    }

    private mutating func add(
        _ kind: ImageSpec.Change.Kind, _ aspect: ImageSpec.Change.Aspect, _ path: [UInt8],
        from: String? = nil, to: String? = nil, effects: ImageSpec.Change.Effects = .content
    ) {
        changes.append(
            ImageSpec.Change(kind, aspect, field: field, path: path, from: from, to: to, effects: effects))
    }
}
