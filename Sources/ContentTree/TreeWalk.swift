// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// One walk over a directory tree on all cores, from its root to its digest.
///
/// The unit of work is a directory: list it, judge its entries, hash its files, hand on its subdirectories. A
/// directory with many files is shared out in batches, a large file in chunks. A directory is finished by whichever
/// thread brings the last of its parts; that thread writes its manifest and goes on with the parent. No
/// thread ever waits for another one's part.
final class TreeWalk: Sendable {
    enum Job: Sendable {
        case folder(TreeFolder)
        case files(FileBatch)
        case chunks(LargeFile)
    }

    /// How many jobs must be waiting before other threads are started: a thread costs as much as some dozen files.
    private static let jobsWorthAThread = 4

    let root: [UInt8]
    let pythonModulesOnly: Bool
    let readsGitignore: Bool
    let records: SourceTree.Records
    /// The root, open.
    let rootDescriptor: FolderDescriptor
    let cache: DigestCacheSession?
    let progress: (any HashingObserver)?
    let isPaired: Bool
    private let rules: IgnoreScope?
    private let rootFolder: TreeFolder
    private let queue = WorkQueue<Job>()
    private let hasThreads = Locked(false)
    private let outcome = Locked(Outcome())

    private struct Outcome {
        var digest: SHA256Digest?
        var error: ContentTreeError?
        var entries: [SourceTree.Entry] = []
        var leftOut: [SourceTree.Excluded] = []
        var recorded: [DigestCacheRecorder.Rest] = []
    }

    init(
        root: [UInt8], rootDescriptor: FolderDescriptor, contents: TreeFolder.Contents,
        rulesKey: SHA256Digest, pythonModulesOnly: Bool, readsGitignore: Bool, records: SourceTree.Records,
        cache: DigestCacheSession?, options: HashingOptions
    ) {
        self.root = root
        self.rootDescriptor = rootDescriptor
        self.cache = cache
        progress = options.progress
        isPaired = options.isPaired
        self.pythonModulesOnly = pythonModulesOnly
        self.readsGitignore = readsGitignore
        self.records = records
        rules = if case .walk(let scope) = contents { scope } else { nil }
        rootFolder = TreeFolder(
            parent: nil, indexInParent: 0, path: [], contents: contents, rulesKey: rulesKey)
    }

    /// Walks the tree. Blocks; the calling thread takes part. Entries are in no order, and without those that the cache
    /// takes over unseen.
    func run() throws(ContentTreeError) -> SourceTree {
        queue.push(CollectionOfOne(.folder(rootFolder)))
        work()
        queue.waitForThreads()
        let outcome = outcome.withLock { $0 }
        if let error = outcome.error {
            cache?.discard()
            throw error
        }
        cache?.finish(outcome.recorded)
        var tree = tree(outcome.digest)
        tree.entries = outcome.entries
        tree.leftOut = outcome.leftOut.sorted { $0.path.order(to: $1.path) < 0 }
        return tree
    }

    /// The tree with a digest; nil if nothing is in it.
    func tree(_ digest: SHA256Digest?) -> SourceTree {
        SourceTree(
            root: root, digest: digest ?? SHA256Digest(of: [UInt8]()), rules: rules,
            readsGitignore: readsGitignore)
    }

    /// Offers jobs to all threads; the last one is taken first. Starts the threads once there is enough for them.
    func offer(_ jobs: some Collection<Job>, isWorthThreads: Bool = false) {
        let waiting = queue.push(jobs)
        guard isWorthThreads || waiting >= Self.jobsWorthAThread else { return }
        let isFirst = hasThreads.withLock { hasThreads in
            defer { hasThreads = true }
            return !hasThreads
        }
        guard isFirst else { return }
        let threads = min(Processors.count, 64)
        for _ in 1..<max(2, threads) where threads > 1 {
            queue.startThread { self.work() }
        }
    }

    /// One thread's work, until the root is finished or something failed.
    private func work() {
        let worker = TreeWorker(walk: self)
        while let job = queue.pop() {
            do throws(ContentTreeError) {
                switch job {
                case .folder(let folder): try worker.list(folder)
                case .files(let batch): try worker.hash(batch)
                case .chunks(let file): try worker.hashChunks(of: file)
                }
            } catch {
                fail(error)
            }
        }
        if let recorder = worker.recorder, let cache {
            cache.add(recorder.gain)
            let rest = recorder.rest
            outcome.withLock { $0.recorded.append(rest) }
        }
        if records.isEmpty { return }
        outcome.withLock { outcome in
            outcome.entries.append(contentsOf: worker.entries)
            outcome.leftOut.append(contentsOf: worker.leftOut)
        }
    }

    /// Whether there is nothing more to find out.
    var isOver: Bool { queue.isClosed }

    func finish(_ digest: SHA256Digest?) {
        outcome.withLock { $0.digest = digest }
        queue.close()
    }

    private func fail(_ error: ContentTreeError) {
        // Of the errors that several threads meet at once, the one that sorts first, so that a run is the like of another.
        outcome.withLock { outcome in
            if let other = outcome.error, other.precedes(error) { return }
            outcome.error = error
        }
        queue.close()
    }
}

/// A directory on its way to its digest.
final class TreeFolder: Sendable {
    /// Where the entries of a directory come from.
    enum Contents: Sendable {
        /// What is there, as far as the rules leave it.
        case walk(IgnoreScope)
        /// These files alone.
        case exactly(FileSelection)
    }

    /// A name in the directory. Without a digest it is no entry (yet, or at all).
    ///
    /// In an order that leaves no gaps: a directory can have hundreds of thousands.
    struct Entry: Sendable {
        /// Where the name begins in `names`; a NUL ends it.
        let name: Int32
        let length: Int32
        /// What a digest cache needs to know of the file again.
        var stamp = StatSignature()
        var digest: ContentDigest?
        var mode: SourceTree.Mode
        /// A symbolic link whose target is read.
        var isLinkToFile = false
    }

    struct State: Sendable {
        var names: [UInt8] = []
        var entries: [Entry] = []
        /// Parts that are not done yet: subdirectories, batches of files, large files, and the listing itself.
        var pending = 1
        // The rest is for the digest cache.
        var stamp = StatSignature()
        /// Of the directory's own `.gitignore`, where one counts.
        var gitignore: StatSignature?
        var rulesBelow = SHA256Digest()
        /// Looking at the directory does not tell what it holds: that depends on what links lead to.
        var isVolatile = false
    }

    let parent: TreeFolder?
    let indexInParent: Int
    /// Relative to the root of the walk; empty for the root.
    let path: [UInt8]
    let contents: Contents
    /// Tells the ignore rules that the directory is judged by, its own `.gitignore` aside, from all others.
    let rulesKey: SHA256Digest
    let state = Locked(State())

    init(
        parent: TreeFolder?, indexInParent: Int, path: [UInt8], contents: Contents, rulesKey: SHA256Digest
    ) {
        self.rulesKey = rulesKey
        self.parent = parent
        self.indexInParent = indexInParent
        self.path = path
        self.contents = contents
    }

    func path(of name: some Sequence<UInt8>) -> [UInt8] {
        path.isEmpty ? Array(name) : path + [UInt8(ascii: "/")] + name
    }
}

/// An explicit choice of files, in place of what a walk finds.
struct FileSelection: Sendable {
    var files: Set<[UInt8]> = []
    var folders: [[UInt8]: FileSelection] = [:]

    /// Adds a file by the components of its path.
    mutating func add(_ components: [[UInt8]]) {
        guard let first = components.first else { return }
        if components.count == 1 {
            files.insert(first)
        } else {
            folders[first, default: FileSelection()].add(Array(components.dropFirst()))
        }
    }
}

/// Some files of one directory, to be hashed by one thread.
final class FileBatch: Sendable {
    let folder: TreeFolder
    let descriptor: FolderDescriptor
    /// Indices of the entries, their names, and whether a name is a link to be followed.
    let files: ArraySlice<TreeWorker.ListedFile>
    /// What an earlier run knew of the directory.
    let known: CachedDirectory?

    init(
        folder: TreeFolder, descriptor: FolderDescriptor, files: ArraySlice<TreeWorker.ListedFile>,
        known: CachedDirectory?
    ) {
        self.known = known
        self.folder = folder
        self.descriptor = descriptor
        self.files = files
    }
}

/// An open directory, closed when the last batch of its files is done.
final class FolderDescriptor: Sendable {
    let number: Int32
    init(_ number: Int32) { self.number = number }
    deinit { close(number) }
}

/// A file of more than one chunk, hashed by as many threads as have nothing else to do.
final class LargeFile: Sendable {
    struct State: Sendable {
        var next = 0
        var remaining: Int
        var digests: [SHA256Digest]
    }

    let folder: TreeFolder
    let index: Int
    let mode: SourceTree.Mode
    let size: Int
    let stamp: StatSignature
    /// Closed with the file, when the last chunk is done.
    let descriptor: FolderDescriptor
    let state: Locked<State>

    init(
        folder: TreeFolder, index: Int, mode: SourceTree.Mode, size: Int, stamp: StatSignature,
        descriptor: Int32
    ) {
        self.stamp = stamp
        self.folder = folder
        self.index = index
        self.mode = mode
        self.size = size
        self.descriptor = FolderDescriptor(descriptor)
        let count = (size + ContentDigest.chunkSize - 1) / ContentDigest.chunkSize
        state = Locked(State(remaining: count, digests: Array(repeating: SHA256Digest(), count: count)))
    }

    /// The next chunk that nobody has taken.
    func takeChunk() -> Int? {
        state.withLock { state in
            guard state.next < state.digests.count else { return nil }
            defer { state.next += 1 }
            return state.next
        }
    }
}
