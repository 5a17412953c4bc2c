// SPDX-License-Identifier: Apache-2.0

/// Some files of one directory, which one thread hashes.
struct FileBatch: Sendable {
    /// A file of the directory.
    struct File: Sendable {
        /// The index of its entry.
        let index: Int32
        /// Where its name begins.
        let name: Int32
        /// Whether it is a link, whose target is read.
        let isLink: Bool
    }

    let directory: TreeDirectory
    /// The open directory.
    let open: OpenFile
    let files: ArraySlice<File>
    /// What an earlier run recorded of the directory.
    let known: CachedDirectory?
}
