// SPDX-License-Identifier: Apache-2.0

internal import ContentTree

extension ImageSpec {
    /// Where digests of files are stored between runs.
    ///
    /// With a cache, a tag needs one `stat` per file and directory instead of reading the files. A cached digest is used
    /// only if size, times, inode, device and mode of the file are unchanged, and only if the file system would reveal
    /// any later change; see <doc:Performance> for the limits. A cache inside the files of a spec is not used for
    /// that spec. A cache that is damaged, owned by another user, from another version or inaccessible is ignored and
    /// never an error. Trees that are too small to benefit are not cached.
    public enum DigestCache: Hashable, Sendable {
        /// The directory in `IMAGESPEC_CACHE` if that is an absolute path; no cache for any other value, such as `off`.
        /// Defaults to `imagespec` in `$XDG_CACHE_HOME` or `~/.cache`.
        case automatic
        /// No cache: all files are read.
        case off
        /// This directory, which is created if it does not exist. Used only if the current user owns it and no other
        /// user can write to it.
        case directory(String)

        /// The directory; `nil` for no cache.
        package var path: String? {
            switch self {
            case .automatic: CurrentProcess.digestCacheFolder
            case .off: nil
            case .directory(let path): path.isEmpty ? nil : path
            }
        }

        /// Whether the directory is one of these or below one of them, also if it does not exist yet.
        package func lies(inOneOf directories: [String]) -> Bool {
            path.map { FileSystem.lies($0, inOneOf: directories, from: CurrentProcess.workingDirectory) }
                ?? false
        }
    }
}
