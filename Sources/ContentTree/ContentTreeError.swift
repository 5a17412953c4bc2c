// SPDX-License-Identifier: Apache-2.0

/// Why a tree has no digest. Data without a sentence: the caller knows for which field the tree was read.
package struct ContentTreeError: Error, Hashable {
    package enum Reason: Hashable {
        /// The root, or a file that was to be read, does not exist, has another kind, or cannot be opened.
        case unusable(expected: Expected, FileSystem.Failure)
        /// An entry of the tree, or an ignore file, cannot be read.
        case unreadable(String)
        /// A file changed while the tree was read.
        case changed(String)
        /// The path of an entry, relative to the root, is longer than ``SourceTree/maximumPathLength``.
        case pathTooLong
        /// A file is larger than ``SourceTree/maximumFileSize``.
        case fileTooLarge
        /// A module of the caller's list does not exist.
        case missingModule
        /// The directory of a module of the caller's list cannot be read.
        case unreadableModule(String)
        case ignoreFileIsNotUTF8(line: Int)
        case malformedPattern(line: Int, pattern: String, reason: String, fix: String)
        /// An ignore file above the root belongs neither to the caller, nor to root, nor to the owner of the root.
        case ignoreFileOfAnotherUser(owner: UInt32, root: String)
        /// The root, or the target of a link, is not where files must be.
        case outside(OutsideBoundary)
    }

    package enum Expected: String, Hashable { case file, folder = "directory" }

    /// Absolute; if the text of an ignore file is invalid, its path relative to the root.
    package let path: String
    package let reason: Reason
    /// The root of the tree if the text of an ignore file is invalid.
    package var root: String?

    package init(_ path: String, _ reason: Reason) {
        self.path = path
        self.reason = reason
    }

    /// An order of errors: if several threads meet one, every run reports the same.
    package func precedes(_ other: ContentTreeError) -> Bool {
        if path != other.path { return path.precedesInUTF8(other.path) }
        return "\(reason)".precedesInUTF8("\(other.reason)")
    }
}
