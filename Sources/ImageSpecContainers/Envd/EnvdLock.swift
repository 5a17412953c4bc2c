// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// A per-user lock that serialises envd builds.
///
/// All envd commands of a user share one file with the selected context, `~/.config/envd/contexts`. envd truncates and
/// rewrites it without a lock, and each of its commands reads it at the start. A build therefore holds this lock from
/// selecting the context until the end of the build, across all processes.
///
/// One file per build is not possible: envd mounts its directory into the container of its BuildKit daemon, which outlives
/// the build.
enum EnvdLock {
    /// The name of the lock file, next to the contexts. It is never removed: removing a locked file would admit two builds.
    static let fileName = "imagespec.lock"

    /// Waits for the lock.
    /// - Parameters:
    ///   - home: The directory that contains `.config/envd`.
    ///   - report: Receives a warning if another process holds the lock, or if locking is not possible.
    /// - Returns: nil if locking is not possible, such as on a file system without locks.
    /// - Throws: `CancellationError`.
    static func acquire(home: String, report: (String) -> Void) async throws -> FileLock? {
        let folder = home + "/.config/envd"
        let path = folder + "/" + fileName
        for part in [home + "/.config", folder] { mkdir(part, 0o700) }
        let lock = try await FileLock.acquire(path) {
            report("another process is building with envd (\(path) is locked); waiting for it")
        }
        switch lock {
        case .success(let lock): return lock
        case .failure(let failure):
            report(
                "cannot lock \(path): \(failure.reason); concurrent envd builds may interfere with each other"
            )
            return nil
        }
    }
}
