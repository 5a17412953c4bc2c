// SPDX-License-Identifier: Apache-2.0

import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// A lock between the processes of a user. The kernel releases it when the process that holds it ends, however that is.
final class FileLock: Sendable {
    /// Why a file cannot be locked: the `errno` of `open` or `flock`.
    struct Failure: Error {
        let path: String
        let code: Int32

        var reason: String { String(cString: strerror(code)) }
    }

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

    /// Waits for the lock on a file, which is created if it does not exist. Its directory must exist.
    ///
    /// Calls `waiting` once if another process holds the lock.
    /// - Returns: The lock, or a failure if locking is not possible, such as on a file system without locks.
    /// - Throws: `CancellationError`.
    static func acquire(_ path: String, waiting: () -> Void) async throws -> Result<FileLock, Failure> {
        var isReported = false
        while true {
            let file = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
            guard file >= 0 else { return .failure(Failure(path: path, code: errno)) }
            let (problem, count) = tryLock(file, path)
            if problem == nil {
                let lock = FileLock(path, file)
                // A file that was removed in the meantime does not exclude anybody.
                if isCurrent(file, path) { return .success(lock) }
                lock.release()
                continue
            }
            close(file)
            if let problem, problem != EWOULDBLOCK, problem != EINTR {
                return .failure(Failure(path: path, code: problem))
            }
            if !isReported, count == 0 {
                isReported = true
                waiting()
            }
            try await Task.sleep(for: pause)
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

    private static func isCurrent(_ file: Int32, _ path: String) -> Bool {
        var opened = stat()
        var named = stat()
        return fstat(file, &opened) == 0 && lstat(path, &named) == 0 && opened.st_dev == named.st_dev
            && opened.st_ino == named.st_ino
    }

    /// Whether an earlier holder has called ``mark()``.
    var isMarked: Bool {
        descriptor.withLock { file in
            var status = stat()
            return file.map { fstat($0, &status) == 0 && status.st_size > 0 } ?? false
        }
    }

    /// Leaves a mark in the file for later holders.
    func mark() {
        descriptor.withLock { file in
            if let file { _ = pwrite(file, "1", 1, 0) }
        }
    }

    /// Releases the lock. The file stays.
    func release() {
        let file = descriptor.withLock { descriptor in
            defer { descriptor = nil }
            return descriptor
        }
        guard let file else { return }
        Self.counts.withLock { counts in
            let count = counts[path, default: 1] - 1
            counts[path] = count > 0 ? count : nil
            // Closing the file would not release the lock while a child process that is being started still has it open.
            flock(file, LOCK_UN)
            close(file)
        }
    }

    /// Removes a file if nobody holds its lock.
    static func removeIfFree(_ path: String) {
        let file = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW)
        guard file >= 0 else { return }
        defer { close(file) }
        if flock(file, LOCK_EX | LOCK_NB) == 0, isCurrent(file, path) { unlink(path) }
        flock(file, LOCK_UN)
    }
}
