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

/// The right to use envd, which one build of this user has at a time.
///
/// Which context is chosen stands in one file for all of a user's envd commands, `~/.config/envd/contexts`. envd empties it and
/// writes it anew without a lock, and each of its commands reads it at the start. Whoever chooses a context and builds in
/// it keeps the others off from before the one until after the other, in this process and in all.
///
/// A file of each build's own would not do: envd mounts the folder that it lies in into the container of its BuildKit
/// daemon, which outlives the build.
final class EnvdLock: Sendable {
    /// The name of the file that is locked, beside that of the contexts. It stays: to remove a file that others lock would let two in.
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

    /// Waits for the right.
    /// - Parameters:
    ///   - home: the folder in which envd finds `.config/envd`.
    ///   - report: gets a warning where another process has the right, or where nothing can be locked.
    /// - Returns: nil where nothing can be locked, as on a file system without locks.
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

    /// Lets the next one in.
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
