// SPDX-License-Identifier: Apache-2.0

extension ImageSpec {
    /// Whether digests of files are kept between runs, and where.
    ///
    /// With a cache a tag costs one look at each file and folder instead of reading them. A digest counts only where
    /// size, times, inode, device and mode of its file are what they were, and only where the file system tells each
    /// later change from what was seen; <doc:Performance> says which changes no file system tells of. A cache that would
    /// lie among the files of a spec is not used for that spec. One that is damaged, foreign, from another version or
    /// closed to this process is as none, and never an error. Trees so small that it would not pay have none.
    public enum DigestCache: Hashable, Sendable {
        /// As the environment says: the folder whose absolute path `IMAGESPEC_CACHE` holds, or none where that is `off`
        /// or anything else; by default
        /// `imagespec` in `$XDG_CACHE_HOME`, else in `~/.cache`.
        case automatic
        /// Every file is read.
        case off
        /// In this folder, which is made if it does not exist. It counts only where it belongs to the user and nobody else
        /// can write to it.
        case folder(String)

        /// The folder; nil for none.
        var path: String? {
            switch self {
            case .automatic: CurrentProcess.digestCacheFolder
            case .off: nil
            case .folder(let path): path.isEmpty ? nil : path
            }
        }

        /// Whether the folder is, or would be made, in one of these, or is one of them.
        func lies(inOneOf folders: [String]) -> Bool {
            guard !folders.isEmpty, let path, !path.utf8.contains(0) else { return false }
            // By device and inode: a folder can have several real paths where it is mounted twice.
            let wanted = folders.compactMap {
                $0.utf8.contains(0) ? nil : FileSystem.folderNumbers(Array($0.utf8))
            }
            var place =
                (try? FileSystem.realPath(path)) ?? Array(FileSystem.realPathAsFarAsItExists(path).utf8)
            while true {
                if let numbers = FileSystem.folderNumbers(place.isEmpty ? [UInt8(ascii: "/")] : place),
                    wanted.contains(where: { $0 == numbers })
                {
                    return true
                }
                guard let slash = place.lastIndex(of: UInt8(ascii: "/")) else { return false }
                place = Array(place[..<slash])
            }
        }
    }
}

/// How trees are hashed; nothing of it has a part in what comes out.
struct HashingOptions: Sendable {
    var digestCache = ImageSpec.DigestCache.off
    var progress: ImageSpec.HashingProgress?
    /// A tree of fewer files, and of fewer bytes, is read as fast as a cache of it is written and read.
    var filesWorthACache = 200
    var bytesWorthACache = 8 << 20
    /// Whether two files are hashed at once on a core.
    var isPaired = MessagePairs.isAvailable
}
