// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// A bounded, one-way byte buffer between a task and a transfer. A slow receiver blocks the sender, so content of any size
/// needs little memory.
///
/// The task waits with `await`. The transfer, which runs on the transport's thread, never blocks: it is paused and resumed.
final class HTTPByteStream: Sendable {
    /// The maximum number of buffered bytes. A single larger piece may exceed it.
    static let capacity = 1 << 20

    private struct State {
        var pieces: [[UInt8]] = []
        /// How many bytes of the first piece have been pulled.
        var offset = 0
        var size = 0
        var transferred = 0
        /// The status of the response being downloaded.
        var status = 0
        var isEnded = false
        var isClosed = false
        var isTransferPaused = false
        var waiting: CheckedContinuation<Void, Never>?
        var resume: (@Sendable () -> Void)?
    }

    private let state = Mutex(State())

    /// The number of bytes that the transfer has pushed or pulled.
    var transferredByteCount: Int { state.withLock { $0.transferred } }

    /// The status of the response being downloaded; 0 before its first bytes.
    var status: Int { state.withLock { $0.status } }

    /// Sets the closure that resumes the transfer after a pause.
    func attach(_ resume: @escaping @Sendable () -> Void) { state.withLock { $0.resume = resume } }

    // MARK: the task

    /// Returns the next bytes of a download, or `nil` once the transfer has ended.
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

    /// Adds bytes to an upload, waiting while the buffer is full. Returns whether the transfer still accepts bytes.
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

    /// Closes both ends: no more bytes are transferred.
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

    /// Removes bytes from an upload.
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
