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

/// Sends requests on a thread of its own, with one connection cache.
///
/// The first request starts the thread, which then waits for more until the process exits. It does not keep the process
/// from exiting.
final class HTTPTransport: Sendable {
    /// One transport for all clients, so that they share connections.
    static let shared = HTTPTransport()

    typealias Outcome = Result<HTTPResponse, HTTPFailure>

    private struct State {
        var count = 0
        var waiting: [Int: CheckedContinuation<Outcome, Never>] = [:]
        var commands: [Command] = []
        var multi: SharedMulti?
    }

    enum Command: Sendable {
        case start(Int, HTTPRequest)
        case stop(Int)
        case resume(Int)
    }

    /// `@unchecked Sendable`: other threads use the handle only for `curl_multi_wakeup`, which libcurl documents as
    /// thread-safe, and the handle is never freed.
    struct SharedMulti: @unchecked Sendable {
        let handle: OpaquePointer
    }

    private let state = Mutex(State())

    /// Why this machine cannot send requests. If `nil`, it can.
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

    /// Whether libcurl reads from a directory only the certificates that it needs.
    static let looksUpCertificates = String(cString: ccurl_tls_version()).hasPrefix("OpenSSL/")

    /// Sends a request, and returns the response or the failure. If the task is cancelled, returns `cancelled` immediately.
    func send(_ request: HTTPRequest) async -> Outcome {
        if let problem = Self.problem { return .failure(problem) }
        let id = state.withLock { state in
            state.count += 1
            return state.count
        }
        let resume: @Sendable () -> Void = { [self] in enqueue(.resume(id)) }
        request.upload?.stream.attach(resume)
        request.download?.attach(resume)
        return await withTaskCancellationHandler {
            await withCheckedContinuation { start(id, request, $0) }
        } onCancel: {
            if finish(id, .failure(HTTPFailure(kind: .cancelled))) { enqueue(.stop(id)) }
        }
    }

    private func start(
        _ id: Int, _ request: HTTPRequest, _ continuation: CheckedContinuation<Outcome, Never>
    ) {
        state.withLock { $0.waiting[id] = continuation }
        // The task was cancelled before the continuation was stored, so the cancellation handler did not find it.
        guard !Task.isCancelled else {
            _ = finish(id, .failure(HTTPFailure(kind: .cancelled)))
            return
        }
        if !enqueue(.start(id, request)) {
            _ = finish(id, .failure(HTTPFailure(kind: .other, detail: "cannot start a thread")))
        }
    }

    /// Delivers the outcome of a request. Returns whether a task was waiting for it.
    @discardableResult
    func finish(_ id: Int, _ outcome: Outcome) -> Bool {
        let continuation = state.withLock { $0.waiting.removeValue(forKey: id) }
        continuation?.resume(returning: outcome)
        return continuation != nil
    }

    @discardableResult
    private func enqueue(_ command: Command) -> Bool {
        let multi: SharedMulti? = state.withLock { state in
            if state.multi == nil { state.multi = startThread() }
            state.commands.append(command)
            return state.multi
        }
        guard let multi else { return false }
        _ = ccurl_multi_wakeup(multi.handle)
        return true
    }

    /// Whether a task still waits for the response. A request may be cancelled before it is started.
    func isWaitedFor(_ id: Int) -> Bool { state.withLock { $0.waiting[id] != nil } }

    /// Returns the pending commands, oldest first, and removes them.
    func drainCommands() -> [Command] {
        state.withLock { state in
            defer { state.commands = [] }
            return state.commands
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
        // The thread must not handle signals, and SIGPIPE must not end the process: the new thread inherits the signal
        // mask.
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
