// SPDX-License-Identifier: Apache-2.0

import CCurl
internal import ContentTree
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// Sends requests, all on one thread of its own with one cache of connections.
///
/// The thread starts with the first request and then waits for the next ones as long as the process lives; it holds
/// nothing that keeps a process from ending.
final class HTTPTransport: Sendable {
    /// Connections are worth sharing by all who ask.
    static let shared = HTTPTransport()

    typealias Outcome = Result<HTTPResponse, HTTPFailure>

    private struct State {
        var count = 0
        var waiting: [Int: CheckedContinuation<Outcome, Never>] = [:]
        var orders: [Order] = []
        var multi: SharedMulti?
    }

    enum Order: Sendable {
        case start(Int, HTTPRequest)
        case stop(Int)
        case resume(Int)
    }

    /// `@unchecked Sendable`: other threads than the transport's use the handle for `curl_multi_wakeup` alone, which
    /// libcurl documents to be safe then; the handle is never freed.
    struct SharedMulti: @unchecked Sendable {
        let handle: OpaquePointer
    }

    private let state = Mutex(State())

    /// Why nothing can be sent from this machine; nil if it can.
    static var problem: HTTPFailure? {
        let detail: String
        switch Int(ccurl_load()) {
        case CCURL_LOADED: return nil
        case CCURL_TOO_OLD: detail = "it is older than 7.68"
        case CCURL_INCOMPLETE: detail = "it lacks functions of 7.68"
        case CCURL_FAILED: detail = "it failed to initialise"
        default: detail = "it is not installed"
        }
        return HTTPFailure(kind: .noLibrary, detail: detail)
    }

    /// The answer to a request, or why there is none. Who is cancelled gets `cancelled` at once.
    func send(_ request: HTTPRequest) async -> Outcome {
        if let problem = Self.problem { return .failure(problem) }
        let id = state.withLock { state in
            state.count += 1
            return state.count
        }
        let resume: @Sendable () -> Void = { [self] in order(.resume(id)) }
        request.upload?.stream.attach(resume)
        request.download?.attach(resume)
        return await withTaskCancellationHandler {
            await withCheckedContinuation { start(id, request, $0) }
        } onCancel: {
            if finish(id, .failure(HTTPFailure(kind: .cancelled))) { order(.stop(id)) }
        }
    }

    private func start(
        _ id: Int, _ request: HTTPRequest, _ continuation: CheckedContinuation<Outcome, Never>
    ) {
        state.withLock { $0.waiting[id] = continuation }
        // Cancelled before it waited: the handler found nobody.
        guard !Task.isCancelled else {
            _ = finish(id, .failure(HTTPFailure(kind: .cancelled)))
            return
        }
        if !order(.start(id, request)) {
            _ = finish(id, .failure(HTTPFailure(kind: .other, detail: "cannot start a thread")))
        }
    }

    /// Whether it was waited for.
    @discardableResult
    func finish(_ id: Int, _ outcome: Outcome) -> Bool {
        let continuation = state.withLock { $0.waiting.removeValue(forKey: id) }
        continuation?.resume(returning: outcome)
        return continuation != nil
    }

    @discardableResult
    private func order(_ order: Order) -> Bool {
        let multi: SharedMulti? = state.withLock { state in
            if state.multi == nil { state.multi = startThread() }
            state.orders.append(order)
            return state.multi
        }
        guard let multi else { return false }
        _ = ccurl_multi_wakeup(multi.handle)
        return true
    }

    /// Whether the answer is still wanted: who calls a request off may be faster than it was started.
    func isWaitedFor(_ id: Int) -> Bool { state.withLock { $0.waiting[id] != nil } }

    /// What is to be done, in the order in which it was asked for.
    func takeOrders() -> [Order] {
        state.withLock { state in
            defer { state.orders = [] }
            return state.orders
        }
    }

    // MARK: the thread

    private final class Start {
        let transport: HTTPTransport
        let multi: SharedMulti

        init(_ transport: HTTPTransport, _ multi: SharedMulti) {
            self.transport = transport
            self.multi = multi
        }
    }

    private func startThread() -> SharedMulti? {
        guard let handle = ccurl_multi_new() else { return nil }
        let multi = SharedMulti(handle: handle)
        let start = Unmanaged.passRetained(Start(self, multi))
        // Signals are for other threads, and a broken connection is no reason to die: the new thread inherits the mask.
        var all = sigset_t()
        var before = sigset_t()
        sigfillset(&all)
        pthread_sigmask(SIG_SETMASK, &all, &before)
        defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
        #if canImport(Darwin)
        var thread: pthread_t?
        #else
        var thread = pthread_t()
        #endif
        let code = pthread_create(&thread, nil, Self.main, start.toOpaque())
        guard code == 0 else {
            start.release()
            return nil
        }
        #if canImport(Darwin)
        if let thread { pthread_detach(thread) }
        #else
        pthread_detach(thread)
        #endif
        return multi
    }

    #if canImport(Darwin)
    private static let main: @convention(c) (UnsafeMutableRawPointer) -> UnsafeMutableRawPointer? = {
        context in
        HTTPTransport.run(context)
        return nil
    }
    #else
    private static let main: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = {
        context in
        if let context { HTTPTransport.run(context) }
        return nil
    }
    #endif

    private static func run(_ context: UnsafeMutableRawPointer) {
        let start = Unmanaged<Start>.fromOpaque(context).takeRetainedValue()
        HTTPTransferLoop(start.transport, start.multi.handle).run()
    }
}
