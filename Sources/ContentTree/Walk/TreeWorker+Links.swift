// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

// Symbolic links of a directory.
extension TreeWorker {
    /// Adds a symbolic link as what its target is: a file, or a link if it leads to a directory of this tree.
    func classifyLink(
        _ item: Name, in directory: TreeDirectory, _ open: OpenFile, _ state: inout TreeDirectory.State,
        _ files: inout [FileBatch.File]
    ) throws(ContentTreeError) {
        var status = stat()
        let result = state.names.withUnsafeBytes {
            fstatat(open.descriptor, Self.cName(item.start, $0), &status, 0)
        }
        if result != 0 {
            let failure = FileSystem.Failure.last
            guard failure.isMissing else {
                throw unreadable(directory.path(of: state.names[item.range]), failure)
            }
            // The target can appear later.
            state.mustBeListed = true
            return exclude(directory, item, state.names, isFolder: false, .danglingLink)
        }
        let kind = FileSystem.kind(ofMode: status.st_mode)
        if kind == .file { return addFile(item, isLink: true, &state, &files) }
        // The target can be replaced.
        state.mustBeListed = true
        guard kind == .folder else {
            return exclude(directory, item, state.names, isFolder: false, .special)
        }
        let path = directory.path(of: state.names[item.range])
        guard let target = try targetInTree(of: path, open, state.names[item.range]) else {
            return exclude(directory, item, state.names, isFolder: false, .linkToFolderOutside)
        }
        if Self.climbsAboveRoot(target, fromLink: path) {
            return exclude(directory, item, state.names, isFolder: false, .linkClimbsAboveRoot)
        }
        state.add(item.start, item.length, .link, ContentDigest(SHA256Digest(of: target)))
    }

    /// The target text of a link to a directory. If `nil`, it is absolute, or leads outside of the tree.
    private func targetInTree(
        of path: [UInt8], _ open: OpenFile, _ name: ArraySlice<UInt8>
    ) throws(ContentTreeError) -> [UInt8]? {
        let root = configuration.root
        let target: [UInt8]
        let real: [UInt8]
        do throws(FileSystem.Failure) {
            target = try FileSystem.linkTarget(Array(name), inFolder: open.descriptor)
            if target.first == UInt8(ascii: "/") { return nil }
            real = try FileSystem.realPath(root + [UInt8(ascii: "/")] + path)
        } catch {
            throw unreadable(path, error)
        }
        let isInTree =
            real == root || root == [UInt8(ascii: "/")] || real.starts(with: root + [UInt8(ascii: "/")])
        return isInTree ? target : nil
    }

    /// Whether a relative target, read by name alone from the directory of the link, is above the root at any point.
    ///
    /// If it leads back into the root, it does so by the root's own name, which does not exist in the image.
    private static func climbsAboveRoot(_ target: [UInt8], fromLink path: [UInt8]) -> Bool {
        let slash = UInt8(ascii: "/")
        var depth = path.count { $0 == slash }
        for component in target.split(separator: slash) {
            if component.elementsEqual("..".utf8) {
                depth -= 1
            } else if !component.elementsEqual(".".utf8) {
                depth += 1
            }
            if depth < 0 { return true }
        }
        return false
    }
}
