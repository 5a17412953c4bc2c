// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
internal import ImageSpec

/// The differences between the files of two trees.
struct FileDifference {
    typealias File = SnapshotTree.File

    let field: String
    /// The prefix of displayed paths: the root relative to the working directory with a `/`, or empty.
    let oldPrefix: [UInt8]
    let newPrefix: [UInt8]
    private(set) var changes: [ImageSpec.Change] = []

    init(field: String, oldPrefix: [UInt8], newPrefix: [UInt8]) {
        self.field = field
        self.oldPrefix = oldPrefix
        self.newPrefix = newPrefix
    }

    /// Merges both lists, which are sorted by the bytes of their paths.
    mutating func compare(_ old: [File], _ new: [File]) {
        var left = old.startIndex
        var right = new.startIndex
        while left < old.endIndex || right < new.endIndex {
            let order =
                if right == new.endIndex { -1 } else if left == old.endIndex { 1 } else {
                    old[left].path.order(to: new[right].path)
                }
            if order < 0 {
                removed(old[left], new)
                left += 1
            } else if order > 0 {
                added(new[right], old)
                right += 1
            } else {
                if old[left] != new[right] { changed(old[left], new[right]) }
                left += 1
                right += 1
            }
        }
    }

    private mutating func removed(_ file: File, _ new: [File]) {
        if Self.isFolder(file.path, in: new) {
            add(.changed, .type, newPrefix + file.path, from: file.type, to: "folder")
        } else {
            add(.removed, .content, oldPrefix + file.path, from: file.value)
        }
    }

    private mutating func added(_ file: File, _ old: [File]) {
        if Self.isFolder(file.path, in: old) {
            add(.changed, .type, newPrefix + file.path, from: "folder", to: file.type)
        } else {
            add(.added, .content, newPrefix + file.path, to: file.value)
        }
    }

    private mutating func changed(_ old: File, _ new: File) {
        let path = newPrefix + new.path
        guard old.type == new.type else { return add(.changed, .type, path, from: old.type, to: new.type) }
        if old.digest != new.digest {
            add(.changed, old.mode == .link ? .target : .content, path, from: old.value, to: new.value)
        }
        if old.mode != new.mode { add(.changed, .mode, path, from: old.permissions, to: new.permissions) }
    }

    private mutating func add(
        _ kind: ImageSpec.Change.Kind, _ aspect: ImageSpec.Change.Aspect, _ path: [UInt8],
        from: String? = nil, to: String? = nil
    ) {
        changes.append(
            ImageSpec.Change(kind, aspect, field: field, path: path, from: from, to: to, effects: .content))
    }

    /// Whether a list has files below a path. A binary search, since the lists can be long.
    private static func isFolder(_ path: [UInt8], in files: [File]) -> Bool {
        let prefix = path + [UInt8(ascii: "/")]
        var range = files.startIndex..<files.endIndex
        while !range.isEmpty {
            let middle = range.lowerBound + range.count / 2
            if files[middle].path.order(to: prefix) < 0 {
                range = (middle + 1)..<range.upperBound
            } else {
                range = range.lowerBound..<middle
            }
        }
        return range.lowerBound < files.endIndex && files[range.lowerBound].path.starts(with: prefix)
    }
}

extension SnapshotTree.File {
    fileprivate var type: String { mode == .link ? "link" : "file" }
    fileprivate var permissions: String { mode == .executable ? "755" : "644" }

    /// The digest of a file, the target of a link.
    fileprivate var value: String { target.map { String(decoding: $0, as: UTF8.self) } ?? digest.description }
}
