// SPDX-License-Identifier: Apache-2.0

import Foundation
import ImageSpec
import Testing

@testable import ImageSpecContainers

/// The build context of docker without buildx, which transfers only what changed since the last build from the same path.
@Suite struct StableDirectoryTests {
    @Test func theSameKeyHasTheSamePathAndNothingIsLeft() async throws {
        try await withTemporaryFolder { folder in
            let first = try #require(StableDirectory.acquire(key: "a", in: folder))
            let path = first.path
            try write("x", to: path + "/context/file")
            first.release()
            #expect(!FileManager.default.fileExists(atPath: path))
            let second = try #require(StableDirectory.acquire(key: "a", in: folder))
            #expect(second.path == path)
            let other = try #require(StableDirectory.acquire(key: "b", in: folder))
            #expect(other.path != path)
            second.release()
            other.release()
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == [])
        }
    }

    @Test func oneBuildUsesItAtATime() async throws {
        try await withTemporaryFolder { folder in
            let first = try #require(StableDirectory.acquire(key: "a", in: folder))
            #expect(StableDirectory.acquire(key: "a", in: folder) == nil)
            first.release()
            let second = try #require(StableDirectory.acquire(key: "a", in: folder))
            second.release()
        }
    }

    @Test func whatAKilledBuildLeftIsRemoved() async throws {
        try await withTemporaryFolder { folder in
            let first = try #require(StableDirectory.acquire(key: "a", in: folder))
            first.release()
            try write("old", to: first.path + "/context/file")
            try FileManager.default.setAttributes([.posixPermissions: 0o700], ofItemAtPath: first.path)
            let second = try #require(StableDirectory.acquire(key: "a", in: folder))
            #expect(try FileManager.default.contentsOfDirectory(atPath: second.path) == [])
            second.release()
        }
    }

    // Anybody can create a directory in /tmp.
    @Test func aDirectoryThatOthersCanWriteToAndALinkAreNotUsed() async throws {
        try await withTemporaryFolder { folder in
            let first = try #require(StableDirectory.acquire(key: "a", in: folder))
            first.release()
            let files = FileManager.default
            try files.createDirectory(atPath: first.path, withIntermediateDirectories: false)
            try files.setAttributes([.posixPermissions: 0o777], ofItemAtPath: first.path)
            #expect(StableDirectory.acquire(key: "a", in: folder) == nil)
            try files.removeItem(atPath: first.path)
            try files.createDirectory(atPath: folder + "/target", withIntermediateDirectories: false)
            try files.createSymbolicLink(atPath: first.path, withDestinationPath: folder + "/target")
            #expect(StableDirectory.acquire(key: "a", in: folder) == nil)
        }
    }
}
