// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// Bytes between a task and a transfer, in one direction, with a bounded buffer: a slow receiver holds the sender back, so that
/// content of any size takes little memory.
///
/// The task waits by `await`. The transfer, which runs on the transport's thread, never waits: it is paused and resumed.
final class HTTPByteStream: Sendable {
    /// The most bytes in the buffer, apart from one piece that is larger.
    static let capacity = 1 << 20

    private struct State {
        var pieces: [[UInt8]] = []
        /// Bytes of the first piece that were pulled.
        var offset = 0
        var size = 0
        var transferred = 0
        /// The status of the response that is downloaded.
        var status = 0
        var isEnded = false
        var isClosed = false
        var isTransferPaused = false
        var waiting: CheckedContinuation<Void, Never>?
        var resume: (@Sendable () -> Void)?
    }

    private let state = Mutex(State())

    /// How many bytes the transfer has pushed or pulled.
    var transferredByteCount: Int { state.withLock { $0.transferred } }

    /// The status of the response whose content arrives; 0 before its first bytes.
    var status: Int { state.withLock { $0.status } }

    /// Sets how the transfer is resumed after a pause.
    func attach(_ resume: @escaping @Sendable () -> Void) { state.withLock { $0.resume = resume } }

    // MARK: the task

    /// The next bytes of a download; nil once the transfer has ended.
    func next() async -> [UInt8]? {
        while true {
            let (piece, isOver, resume) = state.withLock {
                state -> ([UInt8]?, Bool, (@Sendable () -> Void)?) in
                guard !state.pieces.isEmpty else { return (nil, state.isEnded || state.isClosed, nil) }
                let piece = state.pieces.removeFirst()
                state.size -= piece.count
                guard state.isTransferPaused, state.size <= Self.capacity / 2 else {
                    return (piece, false, nil)
                }
                state.isTransferPaused = false
                return (piece, false, state.resume)
            }
            resume?()
            if let piece { return piece }
            if isOver { return nil }
            await wait { $0.pieces.isEmpty && !$0.isEnded && !$0.isClosed }
        }
    }

    /// Adds bytes to an upload, and waits while the buffer is full. Returns whether the transfer still takes them.
    func write(_ bytes: [UInt8]) async -> Bool {
        guard !bytes.isEmpty else { return true }
        await wait { $0.size >= Self.capacity && !$0.isClosed }
        let (isOpen, resume) = state.withLock { state -> (Bool, (@Sendable () -> Void)?) in
            guard !state.isClosed else { return (false, nil) }
            state.pieces.append(bytes)
            state.size += bytes.count
            return (true, Self.takeResume(&state))
        }
        resume?()
        return isOpen
    }

    /// Ends an upload.
    func end() {
        let (waiting, resume) = state.withLock { state in
            state.isEnded = true
            defer { state.waiting = nil }
            return (state.waiting, Self.takeResume(&state))
        }
        waiting?.resume()
        resume?()
    }

    /// Ends both sides: nothing is transferred any more.
    func close() {
        let (waiting, resume) = state.withLock { state in
            state.isClosed = true
            defer { state.waiting = nil }
            return (state.waiting, Self.takeResume(&state))
        }
        waiting?.resume()
        resume?()
    }

    private static func takeResume(_ state: inout State) -> (@Sendable () -> Void)? {
        guard state.isTransferPaused else { return nil }
        state.isTransferPaused = false
        return state.resume
    }

    private func wait(while condition: @Sendable (borrowing State) -> Bool) async {
        await withCheckedContinuation { continuation in
            let isReady = state.withLock { state in
                guard condition(state) else { return true }
                state.waiting = continuation
                return false
            }
            if isReady { continuation.resume() }
        }
    }

    // MARK: the transfer

    enum Push { case taken, full, closed }
    enum Pull { case bytes(Int), empty, ended, closed }

    /// Adds bytes to a download.
    func push(_ bytes: UnsafeRawBufferPointer, status: Int) -> Push {
        let (result, waiting) = state.withLock { state -> (Push, CheckedContinuation<Void, Never>?) in
            guard !state.isClosed else { return (.closed, nil) }
            guard state.size < Self.capacity else {
                state.isTransferPaused = true
                return (.full, nil)
            }
            state.status = status
            state.pieces.append(Array(bytes))
            state.size += bytes.count
            state.transferred += bytes.count
            defer { state.waiting = nil }
            return (.taken, state.waiting)
        }
        waiting?.resume()
        return result
    }

    /// Takes bytes of an upload.
    func pull(into buffer: UnsafeMutableRawBufferPointer) -> Pull {
        let (result, waiting) = state.withLock { state -> (Pull, CheckedContinuation<Void, Never>?) in
            guard !state.isClosed else { return (.closed, nil) }
            var count = 0
            while count < buffer.count, let piece = state.pieces.first {
                let part = min(piece.count - state.offset, buffer.count - count)
                let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[count...])
                piece.withUnsafeBytes {
                    rest.copyMemory(from: .init(rebasing: $0[state.offset..<state.offset + part]))
                }
                count += part
                state.offset += part
                if state.offset == piece.count {
                    state.pieces.removeFirst()
                    state.offset = 0
                }
            }
            guard count > 0 else {
                if state.isEnded { return (.ended, nil) }
                state.isTransferPaused = true
                return (.empty, nil)
            }
            state.size -= count
            state.transferred += count
            guard state.size <= Self.capacity / 2 else { return (.bytes(count), nil) }
            defer { state.waiting = nil }
            return (.bytes(count), state.waiting)
        }
        waiting?.resume()
        return result
    }
}
