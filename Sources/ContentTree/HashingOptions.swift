// SPDX-License-Identifier: Apache-2.0

/// How trees are hashed; nothing of it has a part in what comes out.
package struct HashingOptions: Sendable {
    /// The directory of the digest cache; nil for none.
    package var cacheFolder: String?
    package var progress: (any HashingObserver)?
    /// A tree of fewer files, and of fewer bytes, is read as fast as a cache of it is written and read.
    var filesWorthACache = 200
    var bytesWorthACache = 8 << 20
    /// Whether two files are hashed at once on a core.
    var isPaired = MultiBufferSHA256.isAvailable

    package init(cacheFolder: String? = nil, progress: (any HashingObserver)? = nil) {
        self.cacheFolder = cacheFolder
        self.progress = progress
    }
}

/// Is told of the reading of files, on the threads that read; they wait for it.
package protocol HashingObserver: Sendable {
    /// Files that were read to their end, and bytes that were read, since the last call.
    func add(files: Int, bytes: Int)
}
