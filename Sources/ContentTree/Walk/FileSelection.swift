// SPDX-License-Identifier: Apache-2.0

/// An explicit selection of files, instead of what a walk finds.
struct FileSelection: Sendable {
    var files: Set<[UInt8]> = []
    var folders: [[UInt8]: FileSelection] = [:]

    /// Adds a file by the components of its path.
    mutating func add(_ components: [[UInt8]]) {
        guard let first = components.first else { return }
        if components.count == 1 {
            files.insert(first)
        } else {
            folders[first, default: FileSelection()].add(Array(components.dropFirst()))
        }
    }
}
