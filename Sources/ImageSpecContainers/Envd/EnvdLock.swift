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
    /// How many turns are taken in this process, by their files.
    private static let taken = Mutex<[String: Int]>([:])

    private let path: String
    private let descriptor: Mutex<Int32?>

    private init(_ path: String, _ descriptor: Int32) {
        self.path = path
        self.descriptor = Mutex(descriptor)
    }

    deinit { end() }

    /// Waits for the lock.
    /// - Parameters:
    ///   - home: The directory that contains `.config/envd`.
    ///   - report: Receives a warning if another process holds the lock, or if locking is not possible.
    /// - Returns: nil if locking is not possible, such as on a file system without locks.
    /// - Throws: `CancellationError`.
    static func take(home: String, report: (String) -> Void) async throws -> EnvdLock? {
        let folder = home + "/.config/envd"
        let path = folder + "/" + fileName
        for part in [home + "/.config", folder] { mkdir(part, 0o700) }
        let file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard file >= 0 else {
            report(unlocked(path, errno))
            return nil
        }
        var isTold = false
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
            if !isTold, count == 0 {
                isTold = true
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

    /// What `flock` failed with, nil where it did not, and how many turns of this process the file was locked for.
    private static func tryLock(_ file: Int32, _ path: String) -> (problem: Int32?, count: Int) {
        taken.withLock { taken in
            let count = taken[path, default: 0]
            guard flock(file, LOCK_EX | LOCK_NB) == 0 else { return (errno, count) }
            taken[path] = count + 1
            return (nil, count)
        }
    }

    /// Releases the lock.
    func end() {
        let file = descriptor.withLock { descriptor in
            defer { descriptor = nil }
            return descriptor
        }
        guard let file else { return }
        Self.taken.withLock { taken in
            taken[path, default: 1] -= 1
            // Closing alone would leave it to a program that is just being started, until that is another one.
            flock(file, LOCK_UN)
            close(file)
        }
    }

    private static func unlocked(_ path: String, _ problem: Int32) -> String {
        "cannot lock \(path): \(String(cString: strerror(problem))); "
            + "concurrent envd builds may interfere with each other"
    }
}
