// SPDX-License-Identifier: Apache-2.0

internal import ContentTree

/// Compresses a stream to gzip with several threads. Uses memory for a few blocks.
final class GzipWriter {
    typealias Output = ([UInt8]) throws -> Void

    private let output: Output
    private let pool = BlockPool()
    private var block: [UInt8] = []
    private var preceding: ArraySlice<UInt8> = []
    private var checksum: UInt = 0
    private var count = 0

    init(_ output: @escaping Output) throws {
        self.output = output
        block.reserveCapacity(GzipBlocks.blockSize)
        try output(GzipBlocks.header)
    }

    deinit { pool.close() }

    func write(_ bytes: ArraySlice<UInt8>) throws {
        var rest = bytes
        while !rest.isEmpty {
            // The last block has to be known as such, so a full one waits for the next byte.
            if block.count == GzipBlocks.blockSize { try submit(isLast: false) }
            let piece = rest.prefix(GzipBlocks.blockSize - block.count)
            block += piece
            rest = rest.dropFirst(piece.count)
        }
    }

    func finish() throws {
        try submit(isLast: true)
        while let done = pool.next() { try append(done) }
        try output(GzipBlocks.trailer(checksum: checksum, count: count))
    }

    private func submit(isLast: Bool) throws {
        let input = GzipBlocks.Input(bytes: block, preceding: preceding, isLast: isLast)
        preceding = GzipBlocks.window(of: block)
        block = []
        if !isLast { block.reserveCapacity(GzipBlocks.blockSize) }
        while pool.isFull, let done = pool.next() { try append(done) }
        pool.add(input)
    }

    private func append(_ done: GzipBlocks.Compressed) throws {
        checksum = GzipBlocks.combined(checksum, done)
        count += done.inputCount
        try output(done.bytes)
    }
}

/// Threads that compress blocks. Results are returned in the order of the blocks.
private final class BlockPool: Sendable {
    private struct State {
        var waiting: [(number: Int, input: GzipBlocks.Input)] = []
        var done: [Int: GzipBlocks.Compressed] = [:]
        var added = 0
        var returned = 0
        var threads = 0
        var isClosed = false
    }

    private static let threadCount = min(8, Processors.count)
    private let state = Locked(State(), canWait: true)

    /// Whether every thread has work, and more waits.
    var isFull: Bool { state.withLock { $0.added - $0.returned > 2 * Self.threadCount } }

    func add(_ input: GzipBlocks.Input) {
        let (isAlone, isThreadNeeded) = state.notifying { state in
            let isAlone = state.added == state.returned && input.isLast
            let isThreadNeeded = !isAlone && state.threads < min(Self.threadCount, state.added + 1)
            if isThreadNeeded { state.threads += 1 }
            if !isAlone { state.waiting.append((state.added, input)) }
            state.added += 1
            return (isAlone, isThreadNeeded)
        }
        // A small layer needs no thread.
        if isAlone { return complete(GzipBlocks.compress(input)) }
        guard isThreadNeeded else { return }
        if !SystemThread.start(blocksSignals: true, { self.work() }) {
            state.withLock { $0.threads -= 1 }
        }
    }

    private func complete(_ block: GzipBlocks.Compressed) {
        state.notifying { $0.done[$0.added - 1] = block }
    }

    /// The next result in order. If `nil`, there is none.
    func next() -> GzipBlocks.Compressed? {
        // Without a thread, because the system has no more, this one works.
        while let (number, input) = state.withLock({ state in
            state.threads == 0 && !state.waiting.isEmpty ? state.waiting.removeFirst() : nil
        }) {
            let block = GzipBlocks.compress(input)
            state.notifying { $0.done[number] = block }
        }
        return state.waiting(until: { $0.returned == $0.added || $0.done[$0.returned] != nil }) { state in
            guard state.returned < state.added else { return nil }
            state.returned += 1
            return state.done.removeValue(forKey: state.returned - 1)
        }
    }

    func close() { state.notifying { $0.isClosed = true } }

    private func work() {
        while let (number, input) = state.waiting(
            until: { $0.isClosed || !$0.waiting.isEmpty },
            { state in state.isClosed ? nil : state.waiting.removeFirst() })
        {
            let block = GzipBlocks.compress(input)
            state.notifying { $0.done[number] = block }
        }
    }
}
