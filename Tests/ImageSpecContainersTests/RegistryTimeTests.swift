// SPDX-License-Identifier: Apache-2.0

import Foundation
import ImageSpec
import ImageSpecBuilding
import Testing

@testable import ContentTree
@testable import ImageSpecContainers

/// How long questions take: many at once, and those that are called off.
@Suite(.enabled(if: FaultServer.missing == nil, "\(FaultServer.missing ?? "")"))
struct RegistryTimeTests {
    /// Each image takes one request, and an absent image two: HEAD and GET. The client adds one request for the scheme of
    /// authentication and one for a token. All connections are in use at once, so that n requests with a latency of L
    /// over c connections take ⌈n/c⌉ · L.
    ///
    /// The server counts the requests that it holds at once, because the time depends on what else the machine does. Half
    /// the time of one request after another is a generous limit.
    @Test(.serialized, arguments: [("slow-fine", 100), ("slow-token", 101), ("slow-absent", 200)])
    func aHundredQuestionsAtOnceShareConnections(_ image: String, _ requestCount: Int) async throws {
        let latency = 0.1
        let count = 100
        let isPresent = image != "slow-absent"
        let requests = isPresent ? count : 2 * count
        let limit = Duration.seconds(Double(requests) * latency / 2)
        var times: [Duration] = []
        while times.count < 5, !times.contains(where: { $0 < limit }) {
            let server = try FaultServer(latency: latency)
            times.append(
                try await time(
                    of: count, "localhost:\(try server.port("tls"))/\(image)/x",
                    server.client(), arePresent: isPresent))
            let record = try await server.record()
            #expect(record.requests.count { $0.target.contains("/manifests/") } == requestCount)
            #expect(
                record.requests.count { $0.target.hasPrefix("/token") } == (image == "slow-token" ? 1 : 0))
            // Reading the record takes one more, and so does the first request, by plain HTTP.
            #expect(record.connections.all <= HTTPTransferLoop.connectionLimit + 2)
            #expect(record.connections.mostDelayed == HTTPTransferLoop.connectionLimit)
        }
        #expect(times.contains { $0 < limit })
    }

    private func time(
        of count: Int, _ image: String, _ client: ImageSpec.RegistryClient, arePresent: Bool = true
    ) async throws -> Duration {
        let start = ContinuousClock.now
        let expected = await withTaskGroup(of: Bool.self) { group in
            for number in 0..<count {
                group.addTask {
                    switch await client.existence(of: "\(image):\(number)") {
                    case .present: arePresent
                    case .absent: !arePresent
                    case .unknown: false
                    }
                }
            }
            return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(expected == count)
        return ContinuousClock.now - start
    }

    /// Where a server offers HTTP/2, one connection takes all questions. The proxy counts connections.
    @Test(.enabled(if: !EngineFinder().programs("nghttpd").isEmpty, "nghttpd is not on PATH"))
    func aServerOfHTTP2NeedsOneConnection() async throws {
        let server = try FaultServer()
        let port = try server.port("closed")
        let manifests = server.folder + "/htdocs/v2/x/manifests"
        try write(#"{"schemaVersion": 2}"#, to: manifests + "/0")
        let count = 100
        for number in 1..<count {
            try FileManager.default.copyItem(atPath: manifests + "/0", toPath: manifests + "/\(number)")
        }
        let nghttpd = Process()
        nghttpd.executableURL = URL(fileURLWithPath: try #require(EngineFinder().programs("nghttpd").first))
        nghttpd.arguments = [
            "--address=127.0.0.1", "--htdocs=\(server.folder)/htdocs", "\(port)", server.folder + "/tls.key",
            server.folder + "/tls.crt",
        ]
        nghttpd.standardOutput = FileHandle.nullDevice
        nghttpd.standardError = FileHandle.nullDevice
        try nghttpd.run()
        // Threads of tests block the other signals, and their children do.
        defer { kill(nghttpd.processIdentifier, SIGKILL) }

        let trust = TrustStore { ["SSL_CERT_FILE": server.authority][$0] }
        let proxy = ["HTTPS_PROXY": "http://127.0.0.1:\(try server.port("proxy"))"]
        let image = "registry.test:\(port)/x"
        // It listens once it answers.
        var existence = ImageSpec.Existence.absent
        for _ in 0..<100 {
            try #require(nghttpd.isRunning)
            existence = await server.client(trust: trust).existence(of: "localhost:\(port)/x:0")
            if case .present = existence { break }
            try await Task.sleep(for: .milliseconds(20))
        }
        guard case .present = existence else {
            Issue.record("\(existence)")
            return
        }
        #expect(try await server.record().requests.isEmpty)
        _ = try await time(of: count, image, server.client(trust: trust, proxies: proxy))
        // A question and, as this server tells no digest, another one for the manifest: 200 requests.
        #expect(try await server.record().requests.count { $0.method == "CONNECT" } == 1)
    }

    /// An answer that has not begun is not one that makes no progress.
    @Test(arguments: [("slow-fine", true), ("stalled", false)])
    func anAnswerMayBeginLate(_ image: String, _ isAnswered: Bool) async throws {
        let server = try FaultServer(latency: 3)
        let limits = ImageSpec.RegistryClient.Timeouts(
            responseHeader: .seconds(isAnswered ? 50 : 3), idle: .seconds(1))
        let start = ContinuousClock.now
        let existence = await server.client(timeouts: limits).existence(
            of: "localhost:\(try server.port("tls"))/\(image)/late")
        let time = ContinuousClock.now - start
        #expect(time >= .seconds(3))
        switch existence {
        case .present: #expect(isAnswered)
        case .unknown(let reason) where !isAnswered:
            #expect(reason.contains("timed out waiting for a response"), "\(reason)")
        default: Issue.record("\(existence)")
        }
    }

    /// It may be shorter than a second, and counts anew from each byte.
    @Test func anAnswerThatStopsIsNotWaitedFor() async throws {
        let server = try FaultServer.shared.get()
        let limits = ImageSpec.RegistryClient.Timeouts(idle: .milliseconds(300), retries: 0)
        let host = "localhost:\(try server.port("tls"))"
        let client = server.client(timeouts: limits)
        let (existence, time) = await attendedTime { await client.existence(of: host + "/stalled-body/soon") }
        #expect(time < .seconds(8))
        #expect("\(existence)".contains("timed out receiving the response"))
    }

    @Test(arguments: [Duration.seconds(Int64.max), .seconds(Int64.min), .zero, .nanoseconds(1)])
    func everyLimitCanBeTaken(_ limit: Duration) async throws {
        let server = try FaultServer.shared.get()
        let image = "localhost:\(try server.port("tls"))/fine/limit"
        let limits = ImageSpec.RegistryClient.Timeouts(
            connect: limit, responseHeader: limit, idle: limit, total: limit)
        switch await server.client(timeouts: limits).existence(of: image) {
        case .present: #expect(limit > .seconds(1))
        case .unknown(let reason):
            #expect(limit < .seconds(1))
            #expect(reason.contains("timed out"), "\(reason)")
        case .absent: Issue.record("absent")
        }
    }

    @Test func theTimeOfAQuestionRunsWhileOthersHaveAllConnections() async throws {
        let server = try FaultServer()
        let host = "localhost:\(try server.port("tls"))"
        let limits = ImageSpec.RegistryClient.Timeouts(
            responseHeader: .seconds(100), idle: .seconds(100), total: .seconds(100))
        let patient = server.client(timeouts: limits)
        // From here on it has connections of its own to ask by.
        guard case .present = await patient.existence(of: host + "/fine/first") else {
            throw CancellationError()
        }
        let tasks = (0..<HTTPTransferLoop.connectionLimit).map { number in
            Task { await patient.existence(of: "\(host)/stalled/held:\(number)") }
        }
        while try await server.record().requests.count(where: { $0.target.contains("/stalled/") })
            < tasks.count
        {
            try await Task.sleep(for: .milliseconds(5))
        }
        let hasty = server.client(timeouts: .init(total: .seconds(1)))
        let (existence, time) = await attendedTime { await hasty.existence(of: host + "/fine/queued") }
        #expect(time < .seconds(30))
        for task in tasks { task.cancel() }
        guard case .unknown(let reason) = existence else {
            Issue.record("\(existence)")
            return
        }
        #expect(reason.contains("timed out waiting for other requests to this host"), "\(reason)")
    }

    struct Wait: Sendable, CustomTestStringConvertible {
        var name: String
        var image: String
        var server = "tls"
        var testDescription: String { name }
    }

    @Test(arguments: [
        Wait(name: "waiting for an answer", image: "stalled"),
        Wait(name: "waiting for the rest of an answer", image: "stalled-body"),
        Wait(name: "waiting to try again", image: "down-503"),
        Wait(name: "waiting for encryption", image: "fine", server: "silent"),
    ])
    func whoCallsAQuestionOffWaitsNoMore(_ wait: Wait) async throws {
        let server = try FaultServer.shared.get()
        let limits = ImageSpec.RegistryClient.Timeouts(
            connect: .seconds(60), responseHeader: .seconds(60), idle: .seconds(60))
        let client = server.client(timeouts: limits, retryPause: .seconds(1))
        let host = "localhost:\(try server.port(wait.server))"
        let time = try await leastTimeToCallOff {
            let mark = "m" + UUID().uuidString.lowercased().filter { $0 != "-" }
            let task = Task { await client.existence(of: "\(host)/\(wait.image)/\(mark):1") }
            if wait.server == "tls" {
                try await server.waitForRequest { $0.target.contains(mark) }
            } else {
                // Nothing can be seen of it but that it goes on.
                try await Task.sleep(for: .milliseconds(100))
            }
            return task
        }
        print("\(wait.name): called off in \(time)")
        #expect(time < .milliseconds(100))
    }

    @Test func programsThatDoNotSayWhoAsksKeepNobodyFromCallingOff() async throws {
        let server = try FaultServer.shared.get()
        let (started, continuation) = AsyncStream<Void>.makeStream()
        let credentials: @Sendable (ImageSpec.ImageReference) async -> CredentialLookup = { _ in
            continuation.yield()
            // Deaf to being cancelled, as a program may be.
            await withCheckedContinuation { done in
                DispatchQueue.global().asyncAfter(deadline: .now() + 2) { done.resume() }
            }
            return .anonymous
        }
        let image = "localhost:\(try server.port("tls"))/token/deaf"
        let time = try await leastTimeToCallOff {
            let client = server.client(credentials: credentials)
            let task = Task { await client.existence(of: image) }
            for await _ in started { break }
            return task
        }
        #expect(time < .milliseconds(100))
    }

    /// One that does not end when it is asked to is ended, soon after nobody waits for it any more.
    @Test func programsThatAreAskedForPasswordsDoNotLiveOn() async throws {
        let server = try FaultServer.shared.get()
        try await withTemporaryFolder { folder in
            try write("{\"credsStore\": \"deaf\"}", to: folder + "/config.json")
            try write(
                "#!/bin/sh\ntrap '' TERM\necho $$ > \(folder)/new\nmv \(folder)/new \(folder)/pid\n"
                    + "for i in $(seq 60); do sleep 1; done\n",
                to: folder + "/bin/docker-credential-deaf", mode: 0o755)
            let credentials = Keychain(
                configurationFile: folder + "/config.json", environment: { _ in nil },
                helpers: CredentialHelpers(finder: EngineFinder(folders: [folder + "/bin"])))
            let client = server.client(
                credentials: { await credentials.credential(for: $0.registry.description) })
            let image = "localhost:\(try server.port("tls"))/basic/deaf-program"
            let task = Task { await client.existence(of: image) }
            while !FileManager.default.fileExists(atPath: folder + "/pid") {
                try await Task.sleep(for: .milliseconds(5))
            }
            let program = try #require(
                Int32(String(contentsOfFile: folder + "/pid", encoding: .utf8).dropLast()))
            let start = ContinuousClock.now
            task.cancel()
            #expect(await task.value == .unknown(reason: "the request was cancelled"))
            await DetachedWork.end(within: .seconds(60))
            // The program ends by itself after 60 seconds.
            #expect(ContinuousClock.now - start < .seconds(30))
            #expect(kill(program, 0) != 0)
        }
    }

    /// The least of several measurements, because a task may wait for threads that other tests keep busy.
    private func leastTimeToCallOff(_ start: () async throws -> Task<ImageSpec.Existence, Never>) async throws
        -> Duration
    {
        var least = Duration.seconds(3600)
        for _ in 0..<10 where least >= .milliseconds(100) {
            let task = try await start()
            let begin = ContinuousClock.now
            task.cancel()
            let existence = await task.value
            least = min(least, ContinuousClock.now - begin)
            #expect(existence == .unknown(reason: "the request was cancelled"))
        }
        return least
    }

    @Test func oneWhoLeavesDoesNotDisturbTheOthers() async throws {
        // Long enough that the first one leaves before the answer also where other tests have the threads.
        let server = try FaultServer(latency: 5)
        let client = server.client()
        let image = "localhost:\(try server.port("tls"))/slow-fine/shared"
        let first = Task { await client.existence(of: image + ":1") }
        try await server.waitForRequest { $0.target.contains("shared") }
        async let second = client.existence(of: image + ":2")
        first.cancel()
        #expect(await first.value == .unknown(reason: "the request was cancelled"))
        guard case .present = await second else {
            Issue.record("disturbed")
            return
        }
    }
}
