// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
internal import ImageSpec

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// The files of the layer cache, next to those of the digest cache. Each is complete or does not exist.
///
/// No failure is an error: what cannot be stored is made again.
package struct LayerCacheDirectory: Sendable {
    /// What a file contains, as the beginning of its name.
    package enum Kind: String, CaseIterable, Sendable {
        /// What a layer of a base image says about its files.
        case base = "image-base-"
        /// A configuration of a base image.
        case configuration = "image-config-"
        /// The digests of a layer.
        case layer = "image-layer-"
        /// A compressed layer.
        case blob = "image-blob-"
        /// The layers of installed packages.
        case packages = "image-packages-"
        /// A repository that has a layer.
        case place = "image-place-"
        /// The version of a program of this machine.
        case program = "image-program-"
    }

    /// The largest size of all compressed layers together.
    private static let blobLimit = 4 << 30
    private static let daysUntilUnused = 30
    private static let secondsPerDay = 86_400

    package let path: String

    /// The directory. If `nil`, it cannot be used.
    package init?(_ path: String) {
        guard DigestCacheDirectory.exists(at: path) else { return nil }
        self.path = path
    }

    func file(_ kind: Kind, _ key: CacheKey) -> String { path + "/" + kind.rawValue + key.hex }

    /// The contents of a file, which counts as used.
    package func read(_ kind: Kind, _ key: CacheKey) -> [UInt8]? {
        let file = file(kind, key)
        guard let bytes = try? FileSystem.contents(file) else { return nil }
        touch(file)
        return bytes
    }

    package func write(_ bytes: [UInt8], _ kind: Kind, _ key: CacheKey) {
        do throws(FileSystem.Failure) {
            let file = try AtomicFile(Array(file(kind, key).utf8), mode: 0o600)
            try file.write(bytes[...])
            try file.finish(isDurable: false)
            try file.commit()
        } catch {
            // A read-only or full cache.
        }
    }

    package func remove(_ kind: Kind, _ key: CacheKey) { unlink(file(kind, key)) }

    func touch(_ file: String) { utimensat(AT_FDCWD, file, nil, 0) }

    /// Deletes what was not used for thirty days, and the compressed layers that were not used for the longest time if all
    /// together are too large.
    package func removeUnused() {
        let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        var blobs: [(name: String, used: Int, size: Int)] = []
        for entry in (try? FileSystem.entries(ofOpenDirectory: descriptor)) ?? [] {
            guard let name = String(validating: entry.name, as: UTF8.self),
                let kind = Kind.allCases.first(where: { name.hasPrefix($0.rawValue) }),
                name.utf8.count == kind.rawValue.utf8.count + SHA256Digest.hexCount
            else { continue }
            var status = stat()
            guard fstatat(descriptor, name, &status, AT_SYMLINK_NOFOLLOW) == 0,
                FileSystem.kind(ofMode: status.st_mode) == .file
            else { continue }
            #if canImport(Darwin)
            let used = status.st_mtimespec.tv_sec
            #else
            let used = status.st_mtim.tv_sec
            #endif
            if now.tv_sec - used > Self.daysUntilUnused * Self.secondsPerDay {
                unlinkat(descriptor, name, 0)
            } else if kind == .blob {
                blobs.append((name, used, Int(status.st_size)))
            }
        }
        var size = blobs.reduce(0) { $0 + $1.size }
        for blob in blobs.sorted(by: { $0.used < $1.used }) {
            if size <= Self.blobLimit { break }
            unlinkat(descriptor, blob.name, 0)
            size -= blob.size
        }
    }
}
