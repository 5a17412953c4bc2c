// SPDX-License-Identifier: Apache-2.0

/// Directories that are reused from a cache with everything below them.
struct ReusedDirectories: Sendable {
    private var paths: Set<ArraySlice<UInt8>> = []

    var isEmpty: Bool { paths.isEmpty }

    mutating func insert(_ path: [UInt8]) { paths.insert(path[...]) }

    /// Whether a directory is one of these or below one of them.
    func contain(_ path: ArraySlice<UInt8>) -> Bool {
        if paths.contains(path) { return true }
        return path.indices.contains { path[$0] == UInt8(ascii: "/") && paths.contains(path[..<$0]) }
    }
}
