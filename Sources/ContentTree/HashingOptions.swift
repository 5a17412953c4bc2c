// SPDX-License-Identifier: Apache-2.0

/// How trees are hashed. No option changes a digest.
package struct HashingOptions: Sendable {
    /// The directory of cache files. If `nil`, there is no cache.
    package var cacheDirectory: String?
    /// Reports progress. If `nil`, nothing is reported.
    package var progress: (any HashingObserver)?
    /// Where the files of a tree must be, after links are followed. If `nil`, anywhere.
    package var boundary: Boundary?
    /// Trees with fewer files and fewer bytes have no cache: reading them takes as long as writing and reading it.
    var filesWorthACache = 200
    var bytesWorthACache = 8 << 20
    /// Whether two messages are hashed at a time on a core.
    var isPaired = MultiBufferSHA256.isAvailable
    /// The number of threads if there is enough work. If `nil`, it depends on the processors and the limit on open files.
    var threads: Int?

    package init(
        cacheDirectory: String? = nil, progress: (any HashingObserver)? = nil, boundary: Boundary? = nil
    ) {
        self.cacheDirectory = cacheDirectory
        self.progress = progress
        self.boundary = boundary
    }
}

/// Receives the progress of hashing, on the threads that read. They wait for it.
package protocol HashingObserver: Sendable {
    /// Adds files that were read completely, and bytes that were read.
    func add(files: Int, bytes: Int)
}
