// SPDX-License-Identifier: Apache-2.0

/// A file, directory or link of a base image.
package struct BaseEntry: Hashable, Sendable {
    package enum Kind: Hashable, Sendable {
        case folder
        case link(target: [UInt8])
        /// A file. Its bytes are known if they are needed.
        case file(bytes: [UInt8]?)
        case other
    }

    package var kind: Kind
    package var mode: Int
    package var owner: FileOwner
    /// The version that was found in the file, of an interpreter or the C library.
    package var version: String?

    package init(_ kind: Kind, mode: Int, owner: FileOwner = .root, version: String? = nil) {
        self.kind = kind
        self.mode = mode
        self.owner = owner
        self.version = version
    }

    var isFolder: Bool { kind == .folder }
}

extension [UInt8] {
    /// The components of a path.
    var pathComponents: [ArraySlice<UInt8>] { split(separator: UInt8(ascii: "/")) }

    /// The path of the directory; empty for the root.
    var parentPath: [UInt8] { lastIndex(of: UInt8(ascii: "/")).map { Array(self[..<$0]) } ?? [] }

    var lastPathComponent: [UInt8] {
        lastIndex(of: UInt8(ascii: "/")).map { Array(self[($0 + 1)...]) } ?? self
    }

    func isBelow(_ directory: [UInt8]) -> Bool {
        directory.isEmpty
            || count > directory.count && self[directory.count] == UInt8(ascii: "/")
                && starts(with: directory)
    }
}
