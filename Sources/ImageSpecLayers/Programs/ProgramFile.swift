// SPDX-License-Identifier: Apache-2.0

internal import ContentTree

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// The file of a program that is a program of the system and not a script: its version is that of the file, so that it has to be
/// run once only.
struct ProgramFile {
    private let key: CacheKey

    /// If `nil`, it cannot be read, or is a script, which may run another program tomorrow.
    init?(_ path: String) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var status = stat()
        var start: [UInt8] = [0, 0]
        guard fstat(descriptor, &status) == 0, read(descriptor, &start, 2) == 2, start != Array("#!".utf8)
        else {
            return nil
        }
        #if canImport(Darwin)
        let (modified, changed) = (status.st_mtimespec, status.st_ctimespec)
        #else
        let (modified, changed) = (status.st_mtim, status.st_ctim)
        #endif
        key = CacheKey(
            "program.v1", path, "\(status.st_dev) \(status.st_ino) \(status.st_size)",
            "\(modified.tv_sec).\(modified.tv_nsec) \(changed.tv_sec).\(changed.tv_nsec)")
    }

    /// The version that was stored.
    func version(in cache: LayerCacheDirectory?) -> String? {
        cache?.read(.program, key).map { String(decoding: $0, as: UTF8.self) }
    }

    func write(_ version: String, to cache: LayerCacheDirectory?) {
        cache?.write(Array(version.utf8), .program, key)
    }
}
