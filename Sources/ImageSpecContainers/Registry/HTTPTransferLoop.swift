// SPDX-License-Identifier: Apache-2.0

import CCurl
internal import ContentTree

/// The work of the transport's thread: starts transfers, runs libcurl and delivers the results.
final class HTTPTransferLoop {
    /// The maximum number of concurrent transfers to a server, until it is known to support several on one connection.
    static let connectionLimit = 8
    static let streamLimit = 100

    private let transport: HTTPTransport
    private let multi: OpaquePointer
    private var running: [Int: HTTPTransfer] = [:]
    private var ids: [OpaquePointer: Int] = [:]
    private var servers: [String: Server] = [:]

    private struct Server {
        var waiting: [(id: Int, request: HTTPRequest)] = []
        var running = 0
        var isMultiplexed = false

        var limit: Int { isMultiplexed ? HTTPTransferLoop.streamLimit : HTTPTransferLoop.connectionLimit }
    }

    init(_ transport: HTTPTransport, _ multi: OpaquePointer) {
        self.transport = transport
        self.multi = multi
        _ = ccurl_multi_set_integer(multi, Int32(CCURL_MOPT_MAXCONNECTS), 64)
    }

    func run() -> Never {
        while true {
            for command in transport.drainCommands() {
                switch command {
                case .start(let id, let request):
                    servers[Self.key(request), default: Server()].waiting.append((id, request))
                    startWaiting(Self.key(request))
                case .stop(let id): stop(id)
                case .resume(let id): running[id]?.resume()
                }
            }
            let code = ccurl_multi_perform(multi)
            var hasEnded = finishDone()
            // The current transfers cannot continue; new ones may.
            if code != 0 { hasEnded = failAll() || hasEnded }
            hasEnded = endOverdue() || hasEnded
            // Transfers that replaced ended ones start immediately, without waiting.
            if !hasEnded { _ = ccurl_multi_poll(multi, pause) }
        }
    }

    private static func key(_ request: HTTPRequest) -> String {
        request.url.origin + " " + (request.proxy ?? "")
    }

    // MARK: starting

    private func startWaiting(_ key: String) {
        while var server = servers[key], !server.waiting.isEmpty, server.running < server.limit {
            let (id, request) = server.waiting.removeFirst()
            guard transport.isWaitedFor(id) else {
                servers[key] = server
                continue
            }
            server.running += 1
            servers[key] = server
            do throws(HTTPFailure) {
                let transfer = try HTTPTransfer(id, request)
                running[id] = transfer
                ids[transfer.easy] = id
                if ccurl_multi_add(multi, transfer.easy) != 0 {
                    end(
                        transfer,
                        .failure(HTTPFailure(kind: .other, detail: "libcurl cannot add a transfer")))
                }
            } catch {
                servers[key]?.running -= 1
                transport.finish(id, .failure(error))
            }
        }
        if let server = servers[key], server.waiting.isEmpty, server.running == 0, !server.isMultiplexed {
            servers[key] = nil
        }
    }

    // MARK: ending

    private func finishDone() -> Bool {
        var hasEnded = false
        var code: Int32 = 0
        while let easy = ccurl_multi_next_done(multi, &code) {
            hasEnded = true
            guard let id = ids[easy], let transfer = running[id] else {
                _ = ccurl_multi_remove(multi, easy)
                continue
            }
            if transfer.isMultiplexed { servers[Self.key(transfer.request)]?.isMultiplexed = true }
            end(transfer, transfer.result(code))
        }
        return hasEnded
    }

    private func endOverdue() -> Bool {
        let now = ContinuousClock.now
        let overdue = running.values.filter { $0.due <= now }
        for transfer in overdue { end(transfer, transfer.overdueResult(at: now)) }
        endWaiting(until: now)
        return !overdue.isEmpty
    }

    /// Fails requests whose deadline has passed before they got a connection.
    private func endWaiting(until now: ContinuousClock.Instant) {
        for (key, server) in servers where server.waiting.contains(where: { $0.request.deadline <= now }) {
            for (id, request) in server.waiting where request.deadline <= now {
                transport.finish(id, .failure(HTTPFailure(kind: .queueTimeout)))
            }
            servers[key]?.waiting.removeAll { $0.request.deadline <= now }
        }
    }

    private func failAll() -> Bool {
        let transfers = Array(running.values)
        for transfer in transfers {
            end(transfer, .failure(HTTPFailure(kind: .other, detail: "libcurl failed")))
        }
        return !transfers.isEmpty
    }

    private func stop(_ id: Int) {
        if let transfer = running[id] {
            end(transfer, .failure(HTTPFailure(kind: .cancelled)))
            return
        }
        for key in servers.keys { servers[key]?.waiting.removeAll { $0.id == id } }
    }

    private func end(_ transfer: HTTPTransfer, _ outcome: HTTPTransport.Outcome) {
        let key = Self.key(transfer.request)
        _ = ccurl_multi_remove(multi, transfer.easy)
        running[transfer.id] = nil
        ids[transfer.easy] = nil
        servers[key]?.running -= 1
        transport.finish(transfer.id, outcome)
        startWaiting(key)
    }

    /// The time until the next deadline, in milliseconds; long if there is none.
    private var pause: Int32 {
        let now = ContinuousClock.now
        let waiting = servers.values.lazy.flatMap(\.waiting).map(\.request.deadline)
        guard let next = [running.values.lazy.map(\.due).min(), waiting.min()].compactMap(\.self).min()
        else { return 60_000 }
        return Int32(clamping: max(1, min(60_000, (next - now).milliseconds + 1)))
    }
}
