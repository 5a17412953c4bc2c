// SPDX-License-Identifier: Apache-2.0

import Foundation
import Synchronization
import Testing

@testable import ContentTree
@testable import ImageSpecContainers

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// Who may use envd.
@Suite struct EnvdTurnTests {
    /// The file that is locked, opened as another process opens it.
    private func openedElsewhere(_ home: String) throws -> Int32 {
        let file = home + "/.config/envd/" + EnvdLock.fileName
        if !FileManager.default.fileExists(atPath: file) { try write("", to: file) }
        let descriptor = open(file, O_RDWR | O_CLOEXEC)
        try #require(descriptor >= 0)
        return descriptor
    }

    @Test func itWaitsForAnotherProcessAndSaysSoOnce() async throws {
        try await withTemporaryFolder { home in
            let other = try openedElsewhere(home)
            defer { close(other) }
            #expect(flock(other, LOCK_EX | LOCK_NB) == 0)
            let warnings = Mutex<[String]>([])
            let turn = try await EnvdLock.acquire(home: home) { text in
                warnings.withLock { $0.append(text) }
                // Only who waits says so; then the other one ends.
                flock(other, LOCK_UN)
            }
            let told = warnings.withLock { $0 }
            #expect(told.count == 1)
            #expect(told.first?.contains("another process is building with envd") == true)
            #expect(told.first?.contains(home + "/.config/envd/imagespec.lock") == true)
            #expect(flock(other, LOCK_EX | LOCK_NB) != 0)
            turn?.release()
            #expect(flock(other, LOCK_EX | LOCK_NB) == 0)
        }
    }

    @Test func whoIsCancelledWhileWaitingLeavesNothing() async throws {
        try await withTemporaryFolder { home in
            let other = try openedElsewhere(home)
            defer { close(other) }
            #expect(flock(other, LOCK_EX | LOCK_NB) == 0)
            let waiting = Task {
                try await EnvdLock.acquire(home: home) { _ in withUnsafeCurrentTask { $0?.cancel() } }
            }
            await #expect(throws: CancellationError.self) { try await waiting.value }
            flock(other, LOCK_UN)
            #expect(flock(other, LOCK_EX | LOCK_NB) == 0)
        }
    }

    @Test func programsThatAreStartedDoNotKeepIt() async throws {
        try await withTemporaryFolder { home in
            let turn = try await EnvdLock.acquire(home: home) { Issue.record("\($0)") }
            let sleeper = Process()
            sleeper.executableURL = URL(fileURLWithPath: "/bin/sh")
            sleeper.arguments = ["-c", "read line"]
            let input = Pipe()
            sleeper.standardInput = input
            try sleeper.run()
            defer {
                input.fileHandleForWriting.closeFile()
                sleeper.waitUntilExit()
            }
            turn?.release()
            let other = try openedElsewhere(home)
            defer { close(other) }
            #expect(flock(other, LOCK_EX | LOCK_NB) == 0)
        }
    }

    @Test func whatCannotBeLockedIsAWarning() async throws {
        try await withTemporaryFolder { folder in
            try write("", to: folder + "/home")
            let warnings = Mutex<[String]>([])
            let turn = try await EnvdLock.acquire(home: folder + "/home") { text in
                warnings.withLock { $0.append(text) }
            }
            #expect(turn == nil)
            let told = warnings.withLock { $0 }
            #expect(told.count == 1)
            #expect(told.first?.contains("imagespec.lock: Not a directory") == true)
        }
    }
}
