// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
import ImageSpec

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// A temporary directory that has the same path in every build of a spec.
///
/// Docker without buildx identifies a build context by its path, and transfers only files that changed since the last build
/// from there. Only one build uses the directory at a time.
final class StableDirectory: Sendable {
    let path: String
    private let descriptor: Int32

    private init(path: String, descriptor: Int32) {
        self.path = path
        self.descriptor = descriptor
    }

    /// The directory for a key in a parent directory; nil if another build uses it, or if it belongs to another user.
    static func acquire(key: String, in parent: String) -> StableDirectory? {
        let digest = SHA256Digest(of: Array(key.utf8)).hex.prefix(16)
        let path = "\(parent)/imagespec-context-\(geteuid())-\(digest)"
        mkdir(path, 0o700)
        let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        var opened = stat()
        var named = stat()
        guard fstat(descriptor, &opened) == 0, opened.st_uid == geteuid(), opened.st_mode & 0o077 == 0,
            flock(descriptor, LOCK_EX | LOCK_NB) == 0,
            // The build that held the lock before may have removed the directory.
            lstat(path, &named) == 0, named.st_ino == opened.st_ino, named.st_dev == opened.st_dev
        else {
            close(descriptor)
            return nil
        }
        // What a build that was killed left behind.
        TemporaryDirectory.removeContents(of: path)
        return StableDirectory(path: path, descriptor: descriptor)
    }

    /// Removes the directory, and lets other builds use it. Called once.
    func release() {
        TemporaryDirectory.removeContents(of: path)
        rmdir(path)
        close(descriptor)
    }
}
