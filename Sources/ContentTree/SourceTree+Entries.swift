// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

// Reading entries again. Relative to the root, because the absolute path of an entry can be longer than the system accepts.
extension SourceTree {
    /// Opens the root.
    package func openRoot() throws(FileSystem.Failure) -> OpenFile {
        let descriptor = FileSystem.openFolder(root)
        guard descriptor >= 0 else { throw .last }
        return OpenFile(descriptor)
    }

    /// The absolute path of an entry, for messages.
    package func absolutePath(of entry: Entry) -> [UInt8] {
        (root == [UInt8(ascii: "/")] ? root : root + [UInt8(ascii: "/")]) + entry.path
    }
}

extension SourceTree.Entry {
    /// Opens a file. The name of a link is followed only if the entry was one when the tree was read.
    package func open(in root: OpenFile) throws(FileSystem.Failure) -> OpenFile {
        let flags = O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | (isLinkToFile ? 0 : O_NOFOLLOW)
        let descriptor = FileSystem.withCPath(path) { path in
            DescriptorLimit.waiting { openat(root.descriptor, path, flags) }
        }
        guard descriptor >= 0 else { throw .last }
        return OpenFile(descriptor)
    }

    /// The target text of a link.
    package func linkTarget(in root: OpenFile) throws(FileSystem.Failure) -> [UInt8] {
        try FileSystem.linkTarget(path, inFolder: root.descriptor)
    }
}
