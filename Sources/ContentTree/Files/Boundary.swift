// SPDX-License-Identifier: Apache-2.0

/// The directories that files must be in, after all links are followed.
package struct Boundary: Hashable, Sendable {
    /// The real paths of the project directories. The first one is named in messages.
    package let projects: [[UInt8]]
    /// The real paths of other directories.
    package let others: [[UInt8]]

    package init(projects: [[UInt8]], others: [[UInt8]] = []) {
        self.projects = projects
        self.others = others
    }

    /// Whether a real path is one of the directories, or in one of them.
    package func contains(_ real: [UInt8]) -> Bool {
        projectContains(real) || others.contains { Self.path(real, isIn: $0) }
    }

    /// Whether a real path is a project directory, or in one.
    package func projectContains(_ real: [UInt8]) -> Bool {
        projects.contains { Self.path(real, isIn: $0) }
    }

    private static func path(_ path: [UInt8], isIn directory: [UInt8]) -> Bool {
        guard path.starts(with: directory) else { return false }
        let slash = UInt8(ascii: "/")
        return path.count == directory.count || directory.last == slash || path[directory.count] == slash
    }

    /// Separates the caches of different boundaries: a link that was read within one may lead out of another.
    var digest: SHA256Digest {
        SHA256Digest(of: (projects + others).flatMap { $0 + [0] })
    }
}

/// What is wrong with a file that is not in a boundary.
package struct OutsideBoundary: Error, Hashable {
    /// The real path of the file or directory.
    package let real: [UInt8]
    package let isFolder: Bool
    /// The real path of the project directory.
    package let project: [UInt8]
}

extension Boundary {
    /// - Throws: If a real path is in none of the directories.
    package func check(_ real: [UInt8], isFolder: Bool) throws(OutsideBoundary) {
        guard contains(real) else {
            throw OutsideBoundary(real: real, isFolder: isFolder, project: projects.first ?? [])
        }
    }
}
