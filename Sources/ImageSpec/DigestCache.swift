// SPDX-License-Identifier: Apache-2.0

extension ImageSpec {
    /// Whether digests of files are kept between runs, and where.
    ///
    /// With a cache a tag costs one look at each file and folder instead of reading them. It never changes a tag: a
    /// digest counts only where size, times, inode, device and mode of its file are what they were, and only where the
    /// file system tells each later change from what was seen. A cache that is damaged, foreign, from another
    /// version or closed to this process is as none, and never an error. Trees so small that it would not pay have none.
    public enum DigestCache: Hashable, Sendable {
        /// As the environment says: the folder that `IMAGESPEC_CACHE` names, or none where that is `off`; by default
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
    }
}

/// How trees are hashed; nothing of it has a part in what comes out.
struct HashingOptions: Sendable {
    var digestCache = ImageSpec.DigestCache.off
    var progress: ImageSpec.HashingProgress?
    /// A tree of fewer files, and of fewer bytes, is read as fast as a cache of it is written and read.
    var filesWorthACache = 200
    var bytesWorthACache = 8 << 20
}
