// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
import ImageSpec
import Synchronization

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
final class EnvdLock: Sendable {
    /// The name of the lock file, next to the contexts. It is never removed: removing a locked file would admit two builds.
    static let fileName = "imagespec.lock"

    /// How long to wait before trying again. A call that waits in the kernel could not be cancelled.
    private static let pause = Duration.milliseconds(50)
    /// How many times this process holds or has locked each file.
    private static let counts = Mutex<[String: Int]>([:])

    private let path: String
    private let descriptor: Mutex<Int32?>

    private init(_ path: String, _ descriptor: Int32) {
        self.path = path
        self.descriptor = Mutex(descriptor)
    }

    deinit { release() }

    /// Waits for the lock.
    /// - Parameters:
    ///   - home: The directory that contains `.config/envd`.
    ///   - report: Receives a warning if another process holds the lock, or if locking is not possible.
    /// - Returns: nil if locking is not possible, such as on a file system without locks.
    /// - Throws: `CancellationError`.
    static func acquire(home: String, report: (String) -> Void) async throws -> EnvdLock? {
        let folder = home + "/.config/envd"
        let path = folder + "/" + fileName
        for part in [home + "/.config", folder] { mkdir(part, 0o700) }
        let file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard file >= 0 else {
            report(unlocked(path, errno))
            return nil
        }
        var isReported = false
        while true {
            let (problem, count) = tryLock(file, path)
            switch problem {
            case nil: return EnvdLock(path, file)
            case EWOULDBLOCK, EINTR: break
            case let problem?:
                report(unlocked(path, problem))
                close(file)
                return nil
            }
            if !isReported, count == 0 {
                isReported = true
                report("another process is building with envd (\(path) is locked); waiting for it")
            }
            do {
                try await Task.sleep(for: pause)
            } catch {
                close(file)
                throw error
            }
        }
    }

    /// The error of `flock`, nil if it succeeded, and how often this process had locked the file before.
    private static func tryLock(_ file: Int32, _ path: String) -> (problem: Int32?, count: Int) {
        counts.withLock { counts in
            let count = counts[path, default: 0]
            guard flock(file, LOCK_EX | LOCK_NB) == 0 else { return (errno, count) }
            counts[path] = count + 1
            return (nil, count)
        }
    }

    /// Releases the lock.
    func release() {
        let file = descriptor.withLock { descriptor in
            defer { descriptor = nil }
            return descriptor
        }
        guard let file else { return }
        Self.counts.withLock { counts in
            counts[path, default: 1] -= 1
            // Closing the file would not release the lock while a child process that is being started still has it open.
            flock(file, LOCK_UN)
            close(file)
        }
    }

    private static func unlocked(_ path: String, _ problem: Int32) -> String {
        "cannot lock \(path): \(String(cString: strerror(problem))); "
            + "concurrent envd builds may interfere with each other"
    }
}
