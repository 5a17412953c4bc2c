// SPDX-License-Identifier: Apache-2.0

internal import ContentTree

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
        package var path: String? {
            switch self {
            case .automatic: CurrentProcess.digestCacheFolder
            case .off: nil
            case .folder(let path): path.isEmpty ? nil : path
            }
        }

        /// Whether the folder is, or would be made, in one of these, or is one of them.
        package func lies(inOneOf folders: [String]) -> Bool {
            path.map { FileSystem.lies($0, inOneOf: folders, from: CurrentProcess.workingDirectory) } ?? false
        }
    }
}
