// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
internal import ImageSpec

/// The modification time of files in a build context.
///
/// BuildKit keeps the context of an earlier build and transfers only files whose path, mode, size or modification time
/// changed. With one time for all files, it would build from the old bytes of a file that changed and kept its size. The
/// seconds are constant and the nanoseconds depend on the content: image layers contain only the seconds, and a context has
/// the same times whenever it is written.
enum ContextTime {
    static func nanoseconds(of digest: ContentDigest) -> Int {
        let number = digest.sha256.withBytes { bytes in
            bytes.prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        }
        return Int(number % 1_000_000_000)
    }
}
