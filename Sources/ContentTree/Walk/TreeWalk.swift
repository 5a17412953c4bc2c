// SPDX-License-Identifier: Apache-2.0

/// One walk over a directory tree on all processors, from its root to its digest.
///
/// The unit of work is a directory: list it, classify its entries, hash its files, enqueue its subdirectories. A directory
/// with many files is divided into batches, a large file into chunks. The thread that delivers the last part of a
/// directory computes its manifest and continues with its parent. No thread waits for a part of another one.
final class TreeWalk: Sendable {
    enum Job: Sendable {
        case directory(TreeDirectory)
        case files(FileBatch)
        case chunks(LargeFile)
    }

    struct Configuration: Sendable {
        /// The real path of the root.
        let root: [UInt8]
        /// The open root.
        let directory: OpenFile
        let pythonModulesOnly: Bool
        let readsGitignore: Bool
        let records: SourceTree.Records
        let cache: DigestCacheSession?
        let options: HashingOptions
    }

    /// How many jobs must wait before other threads are started: starting one takes as long as reading some dozen files.
    private static let jobsWorthAThread = 4

    let configuration: Configuration
    private let rules: IgnoreScope?
    private let rootDirectory: TreeDirectory
    private let queue = WorkQueue<Job>()
    private let hasThreads = Locked(false)
    private let outcome = Locked(Outcome())

    private struct Outcome {
        var digest: SHA256Digest?
        var error: ContentTreeError?
        var entries: [SourceTree.Entry] = []
        var excluded: [SourceTree.Excluded] = []
        var recorded: [DigestCacheRecorder.Remainder] = []
    }

    init(_ configuration: Configuration, _ contents: TreeDirectory.Contents, rulesKey: SHA256Digest) {
        self.configuration = configuration
        rules = if case .walk(let scope) = contents { scope } else { nil }
        rootDirectory = TreeDirectory(
            parent: nil, indexInParent: 0, path: [], contents: contents, rulesKey: rulesKey)
    }

    /// Walks the tree. Blocks; the calling thread takes part. Entries are in no order, and do not include those that are
    /// reused from the cache.
    func run() throws(ContentTreeError) -> SourceTree {
        queue.push(CollectionOfOne(.directory(rootDirectory)))
        work()
        queue.waitForThreads()
        let outcome = outcome.withLock { $0 }
        if let error = outcome.error {
            configuration.cache?.discard()
            throw error
        }
        configuration.cache?.finish(outcome.recorded)
        var tree = tree(outcome.digest)
        tree.entries = outcome.entries
        tree.excluded = outcome.excluded.sorted { $0.path.order(to: $1.path) < 0 }
        return tree
    }

    /// The tree with a digest. If `nil`, it has no entries.
    func tree(_ digest: SHA256Digest?) -> SourceTree {
        SourceTree(
            root: configuration.root, digest: digest ?? SHA256Digest(of: [UInt8]()), rules: rules,
            readsGitignore: configuration.readsGitignore)
    }

    /// Enqueues jobs for all threads; the last one is taken first. Starts the threads once there is enough to do.
    func enqueue(_ jobs: some Collection<Job>, isWorthThreads: Bool = false) {
        let waiting = queue.push(jobs)
        guard isWorthThreads || waiting >= Self.jobsWorthAThread else { return }
        let isFirst = hasThreads.withLock { hasThreads in
            defer { hasThreads = true }
            return !hasThreads
        }
        guard isFirst else { return }
        let processors = configuration.options.threads ?? Processors.count
        let threads = processors == 1 ? 1 : Processors.threads(for: processors)
        for _ in 1..<max(2, threads) where threads > 1 {
            queue.startThread { self.work() }
        }
    }

    /// The work of one thread, until the root is finished or something failed.
    private func work() {
        let worker = TreeWorker(walk: self)
        while let job = queue.pop() {
            do throws(ContentTreeError) {
                switch job {
                case .directory(let directory): try worker.list(directory)
                case .files(let batch): try worker.hash(batch)
                case .chunks(let file): try worker.hashChunks(of: file)
                }
            } catch {
                fail(error)
            }
        }
        if let recorder = worker.recorder, let cache = configuration.cache {
            cache.add(recorder.additions)
            let remainder = recorder.remainder
            outcome.withLock { $0.recorded.append(remainder) }
        }
        if configuration.records.isEmpty { return }
        let (entries, excluded) = (worker.entries, worker.excluded)
        outcome.withLock { outcome in
            outcome.entries.append(contentsOf: entries)
            outcome.excluded.append(contentsOf: excluded)
        }
    }

    /// Whether the root is finished, or something failed.
    var isOver: Bool { queue.isClosed }

    func finish(_ digest: SHA256Digest?) {
        outcome.withLock { $0.digest = digest }
        queue.close()
    }

    private func fail(_ error: ContentTreeError) {
        // Of the errors that several threads meet, the first in order, so that every run reports the same.
        outcome.withLock { outcome in
            if let other = outcome.error, other.precedes(error) { return }
            outcome.error = error
        }
        queue.close()
    }
}
