// SPDX-License-Identifier: Apache-2.0

/// What keeps a tree from having a digest: data, without a sentence. Who called says for which field it was read.
package struct ContentTreeError: Error, Hashable {
    package enum Reason: Hashable {
        /// The root, or a file that was to be read, does not exist, is of another kind, or cannot be opened.
        case unusable(expected: Expected, FileSystem.Failure)
        /// An entry of the tree, or an ignore file, cannot be read.
        case unreadable(String)
        /// It is not any more what it was a moment ago.
        case changed(String)
        /// A module of the caller's list does not exist.
        case missingModule
        /// The directory of a module of the caller's list cannot be read.
        case unreadableModule(String)
        case ignoreFileIsNotUTF8(line: Int)
        case malformedPattern(line: Int, pattern: String, reason: String, fix: String)
        /// It is above the root, and belongs neither to the caller, nor to root, nor to the owner of the root.
        case ignoreFileOfAnotherUser(owner: UInt32, root: String)
    }

    package enum Expected: String, Hashable { case file, folder = "directory" }

    /// Absolute; of an ignore file whose text is wrong, relative to the root.
    package let path: String
    package let reason: Reason
    /// The root of the tree that the ignore file belongs to, if its text is wrong.
    package var root: String?

    package init(_ path: String, _ reason: Reason) {
        self.path = path
        self.reason = reason
    }

    /// The order of errors that several threads meet at once, so that a run reports the same one as the next.
    package func precedes(_ other: ContentTreeError) -> Bool {
        if path != other.path { return path.precedesInUTF8(other.path) }
        return "\(reason)".precedesInUTF8("\(other.reason)")
    }
}
