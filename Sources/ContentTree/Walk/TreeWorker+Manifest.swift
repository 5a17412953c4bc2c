// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

// From the parts of a directory to its digest.
extension TreeWorker {
    /// A manifest is hashed in pieces of about this size.
    private static let manifestPieceSize = 64 * 1024

    /// Delivers one part of a directory. If it was the last, finishes the directory, and its parents in turn.
    func deliverPart(of directory: TreeDirectory, _ apply: (inout TreeDirectory.State) -> Void) {
        var finished = directory.state.withLock { state -> TreeDirectory.State? in
            apply(&state)
            state.pending -= 1
            return state.pending == 0 ? state : nil
        }
        var directory = directory
        while let state = finished {
            let digest = manifestDigest(of: directory, state)
            guard let parent = directory.parent else { return walk.finish(digest) }
            let index = directory.indexInParent
            finished = parent.state.withLock { state in
                state.entries[index].digest = digest.map { ContentDigest($0) }
                state.pending -= 1
                return state.pending == 0 ? state : nil
            }
            directory = parent
        }
    }

    /// The digest of a directory's manifest. If `nil`, it has no entries, and so is not an entry of its parent.
    private func manifestDigest(of directory: TreeDirectory, _ state: TreeDirectory.State) -> SHA256Digest? {
        var hasher = SHA256Hasher()
        return state.names.withUnsafeBytes { names in
            let sorted = sorted(state, names)
            var isEmpty = true
            for index in sorted {
                let entry = state.entries[Int(index)]
                guard let digest = entry.digest else { continue }
                isEmpty = false
                let name = Self.name(entry, names)
                SourceTree.appendManifestEntry(entry.mode, digest, name, to: &manifest)
                if manifest.count > Self.manifestPieceSize {
                    hasher.update(manifest)
                    manifest.removeAll(keepingCapacity: true)
                }
                if configuration.records.contains(.entries) {
                    entries.append(
                        SourceTree.Entry(
                            path: directory.path(of: name), mode: entry.mode, digest: digest,
                            isLinkToFile: entry.isLinkToFile, signature: entry.signature))
                }
            }
            hasher.update(manifest)
            manifest.removeAll(keepingCapacity: true)
            let digest = isEmpty ? nil : hasher.finalize()
            record(directory, state, sorted, names, digest)
            return digest
        }
    }

    /// The indices of the entries in the order of their names. Indices and not entries, because a directory can have hundreds
    /// of thousands.
    private func sorted(_ state: TreeDirectory.State, _ names: UnsafeRawBufferPointer) -> [Int32] {
        var sorted: [Int32] = []
        sorted.reserveCapacity(state.entries.count)
        // Directories without entries have no digest. The cache contains them nevertheless.
        for index in state.entries.indices where recorder != nil || state.entries[index].digest != nil {
            sorted.append(Int32(index))
        }
        // The NUL at the end of a name sorts before every byte, as the end of a name does.
        sorted.sort { left, right in
            strcmp(
                Self.cName(state.entries[Int(left)].name, names),
                Self.cName(state.entries[Int(right)].name, names))
                < 0
        }
        return sorted
    }
}
