// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
import ImageSpec
import ImageSpecBuilding

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// The directory of the locks by which processes of a user build an image only once.
///
/// A lock is a convenience: names are determined by content, so two builds of one image do no harm. If there is no directory
/// for it, or no lock in it, the image is built without one.
struct BuildLocks: Sendable {
    let directory: String

    /// The directory in the digest cache, or for a user without one the directory in `XDG_RUNTIME_DIR`; nil if there is
    /// neither.
    static var user: BuildLocks? {
        let runtime = ImageSpec.processEnvironment("XDG_RUNTIME_DIR").flatMap {
            Path.isAbsolute($0) ? Path.join($0, "imagespec") : nil
        }
        return (ImageSpec.DigestCache.automatic.path ?? runtime).map {
            BuildLocks(directory: Path.join($0, "locks"))
        }
    }

    private static let suffix = ".lock"
    /// The file of a lock that was not used for so many seconds is removed.
    private static let age = 30 * 86_400

    /// Builds the image of a request while no other process does. If another one may have built it since the request was
    /// checked, `again` is called instead.
    func building(
        _ request: ImageSpec.BuildRequest, _ build: () async throws -> ImageSpec.BuildResult,
        again: () async throws -> ImageSpec.BuildResult
    ) async throws -> ImageSpec.BuildResult {
        guard let lock = try await acquire(request) else { return try await build() }
        defer { lock.release() }
        // Without the mark of an earlier build, nobody else has built the image.
        let result = lock.isMarked && !request.isForcePush ? try await again() : try await build()
        lock.mark()
        return result
    }

    private func acquire(_ request: ImageSpec.BuildRequest) async throws -> FileLock? {
        guard makeDirectory() else { return nil }
        let digest = SHA256Digest(of: Array(request.imageName.utf8)).hex
        let lock = try await FileLock.acquire(Path.join(directory, digest + Self.suffix)) {
            request.report(
                .warning("another process is building \(request.imageName); waiting for it"))
        }
        guard case .success(let lock) = lock else { return nil }
        if !lock.isMarked { removeOldFiles() }
        return lock
    }

    /// Creates the directory and those above it. Returns false if it is not a directory that only this user can write to.
    private func makeDirectory() -> Bool {
        var missing: [String] = []
        var path = directory
        while mkdir(path, 0o700) != 0, errno == ENOENT, path != "/" {
            missing.append(path)
            path = Path.folder(of: path)
        }
        for path in missing.reversed() { mkdir(path, 0o700) }
        var status = stat()
        return lstat(directory, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
            && status.st_uid == geteuid() && status.st_mode & (S_IWGRP | S_IWOTH) == 0
    }

    private func removeOldFiles() {
        guard let entries = try? FileSystem.entries(ofDirectory: Array(directory.utf8)) else { return }
        let limit = time(nil) - Self.age
        for entry in entries {
            let name = String(decoding: entry.name, as: UTF8.self)
            guard name.utf8.count == SHA256Digest.hexCount + Self.suffix.utf8.count,
                name.hasSuffix(Self.suffix)
            else { continue }
            let path = Path.join(directory, name)
            var status = stat()
            guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { continue }
            #if canImport(Darwin)
            let modified = status.st_mtimespec.tv_sec
            #else
            let modified = status.st_mtim.tv_sec
            #endif
            if modified < limit { FileLock.removeIfFree(path) }
        }
    }
}
