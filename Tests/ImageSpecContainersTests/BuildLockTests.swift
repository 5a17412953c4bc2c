// SPDX-License-Identifier: Apache-2.0

import Foundation
import ImageSpec
import ImageSpecBuilding
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

/// One image is built once, whatever number of processes build it at once.
@Suite struct BuildLockTests {
    /// Builders that know nothing of each other, as in separate processes, with one engine.
    private final class Machine: Sendable {
        let folder: String
        private let state = Mutex((images: Set<String>(), builds: 0, concurrent: 0, mostConcurrent: 0))

        init(_ folder: String) throws {
            self.folder = folder
            try write("", to: folder + "/bin/buildah", mode: 0o755)
        }

        var builds: Int { state.withLock { $0.builds } }
        var mostConcurrent: Int { state.withLock { $0.mostConcurrent } }

        private func answer(_ command: Command) async throws -> CommandOutcome? {
            switch command.arguments.first {
            case "info": return .output("{")
            case "--version": return .output("buildah version 1.28.2")
            case "inspect", "images":
                let exists = state.withLock { !$0.images.isEmpty }
                return exists
                    ? .output("sha256:\(String(repeating: "a", count: 64)) ") : .failure("image not known")
            case "build":
                state.withLock {
                    $0.builds += 1
                    $0.concurrent += 1
                    $0.mostConcurrent = max($0.mostConcurrent, $0.concurrent)
                }
                try await Task.sleep(for: .milliseconds(20))
                state.withLock {
                    $0.concurrent -= 1
                    _ = $0.images.insert("built")
                }
                return .output()
            default: return nil
            }
        }

        func build(
            _ spec: ImageSpec, locks: BuildLocks?, report: @escaping @Sendable (String) -> Void = { _ in }
        ) async throws -> ImageSpec.BuildResult {
            let fake = FakeRunner { [self] command in try await answer(command) }
            let images = RegistryImages(
                existence: { _, _ in .unknown(reason: "no registry") }, specID: { _, _, _ in nil })
            let engine = ImageSpec.BuildEngine(policy: .init()) { event in
                if case .warning(let text) = event { report(text) }
            }
            engine.register(
                "default",
                ImageSpec.ContainerBuilder(
                    runner: fake.runner, folders: [folder + "/bin"], registry: images, locks: locks))
            return try await engine.result(
                of: spec,
                in: ImageSpec.Context(workingDirectory: folder, hostArchitecture: "x86_64", digestCache: .off)
            )
        }
    }

    @Test func fiftyBuildersOfOneImageBuildItOnce() async throws {
        try await withTemporaryFolder { folder in
            let machine = try Machine(folder)
            let locks = BuildLocks(directory: folder + "/cache/locks")
            let outcomes = try await withThrowingTaskGroup(of: ImageSpec.BuildResult.Outcome.self) { group in
                for _ in 0..<50 {
                    group.addTask { try await machine.build(ImageSpec(name: "one"), locks: locks).outcome }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(machine.builds == 1)
            #expect(outcomes.count { $0 == .built } == 1 && outcomes.count { $0 == .found } == 49)
        }
    }

    @Test func forcedBuildsOfOneImageFollowEachOther() async throws {
        try await withTemporaryFolder { folder in
            let machine = try Machine(folder)
            let locks = BuildLocks(directory: folder + "/locks")
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<5 {
                    group.addTask {
                        _ = try await machine.build(ImageSpec(name: "one").forcePush(), locks: locks)
                    }
                }
                try await group.waitForAll()
            }
            #expect(machine.builds == 5 && machine.mostConcurrent == 1)
        }
    }

    @Test func whoWaitsSaysSoAndCanBeCancelled() async throws {
        try await withTemporaryFolder { folder in
            let machine = try Machine(folder)
            let spec = ImageSpec(name: "one")
            let name = try spec.imageName(
                in: ImageSpec.Context(workingDirectory: folder, hostArchitecture: "x86_64"))
            try FileManager.default.createDirectory(
                atPath: folder + "/locks", withIntermediateDirectories: true)
            let file = folder + "/locks/" + SHA256Digest(of: Array(name.utf8)).hex + ".lock"
            let other = open(file, O_RDWR | O_CREAT, 0o600)
            defer { close(other) }
            try #require(flock(other, LOCK_EX) == 0)
            let messages = Mutex<[String]>([])
            let waiting = Task {
                try await machine.build(spec, locks: BuildLocks(directory: folder + "/locks")) { text in
                    messages.withLock { $0.append(text) }
                    withUnsafeCurrentTask { $0?.cancel() }
                }
            }
            await #expect(throws: (any Error).self) { try await waiting.value }
            #expect(messages.withLock { $0 } == ["another process is building \(name); waiting for it"])
            #expect(machine.builds == 0)
        }
    }

    @Test func withoutADirectoryForLocksTheImageIsBuiltQuietly() async throws {
        try await withTemporaryFolder { folder in
            try write("", to: folder + "/file")
            let messages = Mutex<[String]>([])
            for directory in [folder + "/file/locks", "/proc/locks"] {
                let machine = try Machine(folder)
                let result = try await machine.build(
                    ImageSpec(name: "one"), locks: BuildLocks(directory: directory)
                ) { text in messages.withLock { $0.append(text) } }
                #expect(result.outcome == .built)
            }
            #expect(messages.withLock { $0 }.isEmpty)
        }
    }

    @Test func filesOfOldLocksAreRemovedUnlessTheyAreHeld() async throws {
        try await withTemporaryFolder { folder in
            let locks = folder + "/locks"
            let old = [String(repeating: "a", count: 64), String(repeating: "b", count: 64)]
                .map { locks + "/" + $0 + ".lock" }
            let others = [locks + "/notes.lock", locks + "/" + String(repeating: "c", count: 64) + ".txt"]
            for path in old + others {
                try write("1", to: path)
                try FileManager.default.setAttributes(
                    [.modificationDate: Date(timeIntervalSinceNow: -40 * 86_400)], ofItemAtPath: path)
            }
            chmod(locks, 0o700)
            let held = open(old[1], O_RDWR)
            defer { close(held) }
            flock(held, LOCK_EX)
            _ = try await Machine(folder).build(ImageSpec(name: "one"), locks: BuildLocks(directory: locks))
            #expect(!FileManager.default.fileExists(atPath: old[0]))
            for path in [old[1]] + others { #expect(FileManager.default.fileExists(atPath: path)) }
        }
    }

    // Who waits for a file that is removed would hold a lock that nobody else can see.
    @Test func aLockOnARemovedFileIsNoLock() async throws {
        try await withTemporaryFolder { folder in
            let path = folder + "/lock"
            let first = try await FileLock.acquire(path) {}.get()
            let second = Task { try await FileLock.acquire(path) {}.get() }
            try await Task.sleep(for: .milliseconds(60))
            unlink(path)
            first.release()
            let lock = try await second.value
            let other = open(path, O_RDWR)
            defer { close(other) }
            #expect(other >= 0 && flock(other, LOCK_EX | LOCK_NB) != 0)
            lock.release()
        }
    }
}
