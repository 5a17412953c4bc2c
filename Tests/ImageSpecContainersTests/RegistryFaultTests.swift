// SPDX-License-Identifier: Apache-2.0

import Foundation
import ImageSpec
import Testing

@testable import ContentTree
@testable import ImageSpecContainers

/// What a client makes of registries that do not do what they should: the right answer, soon, and no password anywhere
/// that it does not belong.
@Suite(.enabled(if: FaultServer.missing == nil, "\(FaultServer.missing ?? "")"))
struct RegistryFaultTests {
    enum Expected: Sendable {
        case present, absent
        /// Words of the reason.
        case unknown(String)
    }

    struct Row: Sendable, CustomTestStringConvertible {
        var image: String
        var expected: Expected
        var server = "tls"
        /// Nil: the name in the certificate.
        var host = "localhost"
        var credential: RegistryCredential.Kind? = .password(user: "user", password: "pass:word")
        /// Hosts beside the registry that may be told who asks.
        var trusted: [String] = []
        /// The requests for manifests that it takes, where that matters.
        var requests: Int?

        init(
            _ image: String, _ expected: Expected, on server: String = "tls", host: String = "localhost",
            as credential: RegistryCredential.Kind? = .password(user: "user", password: "pass:word"),
            trusting trusted: [String] = [], requests: Int? = nil
        ) {
            self.image = image
            self.expected = expected
            self.server = server
            self.host = host
            self.credential = credential
            self.trusted = trusted
            self.requests = requests
        }

        var testDescription: String { "\(image) on \(server)" }
    }

    private static let identity = RegistryCredential.Kind.identityToken("refresh-secret")
    private static let registryToken = RegistryCredential.Kind.registryToken("the-token")
    private static let secrets = [
        "dXNlcjpwYXNzOndvcmQ=", "pass:word", "pass%3Aword", "the-token", "another-token", "refresh-secret",
    ]

    static let rows: [Row] = [
        // Answers.
        Row("fine", .present, requests: 1), Row("fine", .present, on: "plain"),
        // Absent to a HEAD is not absent: GET has the last word, and then whoever may read more.
        Row("absent", .absent, as: nil, requests: 2), Row("absent", .absent, requests: 3),
        Row("absent", .absent, as: identity, requests: 2), Row("absent", .absent, on: "plain", requests: 3),
        Row("absent-elsewhere", .absent),
        Row("absent-to-head", .present, requests: 2), Row("absent-to-head-no-digest", .present, requests: 2),
        Row("absent-to-head-token", .present, requests: 3),
        Row("absent-to-head-portal", .unknown("without a manifest")),
        Row("absent-to-head-forbidden", .unknown("access denied (403 DENIED)")),
        Row("absent-to-head-down", .unknown("503")),
        Row("absent-to-head-endless", .unknown("response too large")),
        Row("hidden", .absent, as: nil, requests: 2), Row("hidden", .present, requests: 3),
        Row("hidden", .present, on: "plain"),
        Row("hidden", .absent, as: identity), Row("hidden-token", .present, as: registryToken),
        Row("hidden-token", .absent, requests: 3),
        Row("hidden-refusing", .unknown("credentials rejected (401 UNAUTHORIZED)")),
        Row("hidden-refusing", .absent, as: nil),
        Row("hidden", .present, on: "base-basic", requests: 3),
        Row("hidden", .absent, on: "base-basic", as: nil, requests: 2),
        Row("hidden-token", .present, on: "base-token", requests: 3),
        Row("hidden-token", .present, on: "base-token", as: identity),
        Row("hidden-token", .absent, on: "base-token", as: nil, requests: 2),
        Row("hidden-token", .unknown("does not use TLS, so no request is sent"), on: "base-plain-realm"),
        // Another host is not asked what this one wants.
        Row("hidden", .present, on: "base-elsewhere"),
        Row("hidden", .unknown("503"), on: "base-down"), Row("fine", .present, on: "base-down"),
        Row("absent-oddly", .absent), Row("absent-endless", .absent), Row("absent-stalled", .absent),
        // Who asks.
        Row("loop", .unknown("does not exist, or the current user may not read it")),
        Row("loop", .unknown("does not exist or is private"), as: nil),
        Row("loop-basic", .unknown("credentials rejected (401); log in again: docker login"), requests: 2),
        Row("loop-basic", .unknown("authentication required (401)"), as: nil, requests: 1),
        Row("loop-basic", .unknown("authentication required (401)"), as: identity),
        Row("no-challenge", .unknown("authentication required")),
        Row("odd-challenge", .unknown("authentication required")),
        Row("basic", .present), Row("basic", .present, on: "plain"), Row("token", .present, requests: 2),
        Row("token", .present, on: "plain"), Row("token", .present, as: nil),
        Row("token", .present, as: identity),
        Row("token", .present, as: registryToken), Row("access-token", .present),
        Row("many-challenges", .present),
        Row("other-scope", .present, requests: 3),
        // 403, 405 and the like.
        Row("forbidden", .unknown("access denied (403 DENIED)")), Row("no-head", .present, requests: 2),
        Row("forbidden-head", .present, requests: 2), Row("no-head-absent", .absent),
        Row("no-digest", .present),
        Row("odd-digest", .unknown("is not a valid digest")),
        Row("wrong-digest", .unknown("digest mismatch")),
        Row("portal", .unknown("without a manifest")), Row("teapot", .unknown("unexpected status 418")),
        // Busy for a moment, and for longer.
        Row("timeout-408", .present), Row("busy-429", .present, requests: 2), Row("busy-429-date", .present),
        Row("busy-500", .present), Row("busy-502", .present), Row("busy-503", .present),
        Row("busy-504", .present),
        Row(
            "busy-long", .unknown("too many requests (429, retry after 3600 s)"),
            requests: 1),
        Row("down-408", .unknown("408"), requests: 4), Row("down-429", .unknown("429"), requests: 4),
        Row("down-500", .unknown("500"), requests: 4), Row("down-501", .unknown("501")),
        Row("down-502", .unknown("502"), requests: 4), Row("down-503", .unknown("503"), requests: 4),
        Row("down-504", .unknown("504"), requests: 4),
        // Connections that break, never end, or say nothing.
        Row("reset", .unknown("connection reset")), Row("reset-once", .present),
        Row("absent-cut", .unknown("connection reset"), requests: 4),
        // The first might have been answered by a server that expects TLS.
        Row("absent-cut", .unknown("connection reset"), on: "plain", requests: 5),
        Row("reset-body", .unknown("connection reset")),
        Row("endless-body", .unknown("response too large")),
        Row("stalled-body", .unknown("timed out receiving the response")),
        Row("endless-head", .unknown("response header too large"), requests: 1),
        Row("endless-line", .unknown("response header too large"), requests: 1),
        Row("stalled", .unknown("timed out waiting for a response"), requests: 1),
        Row("not-http", .unknown("not a valid HTTP response")),
        Row("fine", .unknown("timed out waiting for a response"), on: "silent"),
        Row("fine", .unknown("cannot connect"), on: "closed"),
        Row("fine", .unknown("host name cannot be resolved"), host: "no-such-host.invalid"),
        // Servers that give tokens.
        Row("realm-malformed-token", .unknown("returned no valid token")),
        Row("realm-injecting-token", .unknown("returned no valid token")),
        Row("realm-empty-token", .unknown("returned no valid token")),
        Row("realm-endless-token", .unknown("response too large")),
        Row("realm-refusing", .unknown("credentials rejected by ")),
        Row("realm-refusing", .unknown("anonymous token refused"), as: nil),
        Row("realm-down", .unknown("answered 503")),
        Row("realm-redirecting", .present, as: nil),
        Row("realm-redirecting", .present), Row("realm-redirecting", .unknown("answered 307"), as: identity),
        Row("realm-other-host", .present, trusting: ["127.0.0.1"]),
        Row("realm-other-host", .present, as: identity, trusting: ["127.0.0.1"]),
        Row("realm-plain", .unknown("does not use TLS, so no request is sent")),
        Row("realm-plain", .present, on: "plain"),
        Row("realm-plain-elsewhere", .unknown("does not use TLS, so no request is sent"), on: "plain"),
        Row("realm-odd", .unknown("the URL of the token server is missing or invalid")),
        // Redirects.
        Row("redirect-same", .present), Row("redirect-host", .present),
        Row("redirect-host-challenge", .unknown("credentials are not forwarded to another host")),
        Row("redirect-plain", .unknown("so the redirect is not followed")),
        Row("redirect-plain", .present, on: "plain"),
        Row("redirect-plain-elsewhere", .unknown("so the redirect is not followed"), on: "plain"),
        Row("redirect-loop", .unknown("too many redirects"), requests: 6),
        Row("redirect-nowhere", .unknown("redirected to an invalid URL")),
        Row("redirect-file", .unknown("redirected to an invalid URL")),
        // Certificates.
        Row("fine", .unknown("expired"), on: "expired"),
        Row("fine", .unknown("certificate is not trusted"), on: "other"),
        Row("fine", .unknown("TLS handshake failed"), on: "client"),
    ]

    @Test(arguments: rows) func theAnswerIsRightAndSoonAndTellsNobody(_ row: Row) async throws {
        let server = try FaultServer.shared.get()
        let mark = "m" + UUID().uuidString.lowercased().filter { $0 != "-" }
        let host = "\(row.host):\(try server.port(row.server))"
        let client = server.client(row.credential)
        let image = "\(host)/\(row.image)/\(mark):1"
        let (existence, time) = await attendedTime { await client.existence(of: image) }
        // Alone, none takes longer than 5 s. What ends a question that no other limit ends are 600 s.
        #expect(time < .seconds(45))

        switch (row.expected, existence) {
        case (.present, .present(let digest)): #expect(digest?.hasPrefix("sha256:") == true)
        case (.absent, .absent): break
        case (.unknown(let words), .unknown(let reason)):
            #expect(reason.contains(words), "\(reason)")
            #expect(reason.hasPrefix(host), "\(reason)")
        default: Issue.record("\(existence)")
        }
        for secret in Self.secrets { #expect(!"\(existence)".contains(secret)) }

        let requests = try await server.record().requests.filter {
            $0.target.contains(mark) || $0.body.contains(mark)
        }
        let trusted = (row.trusted + [row.host]).map { $0 + ":" }
        for request in requests {
            let text = "\(request)"
            guard Self.secrets.contains(where: text.contains) else { continue }
            let host = request.headers["host"] ?? ""
            #expect(trusted.contains { host.hasPrefix($0) }, "\(request)")
            // And nobody is told by way of what servers log.
            #expect(!Self.secrets.contains(where: request.target.contains), "\(request)")
        }
        if let count = row.requests {
            #expect(requests.count { $0.target.contains("/manifests/") } == count)
        }
    }

    @Test func aPasswordIsSentToNobodyWhoDoesNotAsk() async throws {
        let server = try FaultServer.shared.get()
        let mark = "m" + UUID().uuidString.lowercased().filter { $0 != "-" }
        let client = server.client(.password(user: "user", password: "pass:word"))
        let image = "localhost:\(try server.port("tls"))/fine/\(mark)"
        guard case .present = await client.existence(of: image) else { throw CancellationError() }
        let requests = try await server.record().requests.filter { $0.target.contains(mark) }
        #expect(requests.count == 1)
        #expect(requests.allSatisfy { $0.headers["authorization"] == nil })
    }

    /// What `/v2/` asks for is asked once, and then each question authenticates from the start.
    @Test func aRegistryThatHidesItsImagesIsRecognisedOnce() async throws {
        let server = try FaultServer.shared.get()
        let mark = "m" + UUID().uuidString.lowercased().filter { $0 != "-" }
        let client = server.client(.password(user: "user", password: "pass:word"))
        let image = "localhost:\(try server.port("base-token"))/hidden-token/\(mark)"
        for number in 1...3 {
            guard case .present = await client.existence(of: "\(image):\(number)") else {
                Issue.record("not present")
                return
            }
        }
        let requests = try await server.record().requests.filter { $0.target.contains(mark) }
        #expect(requests.count { $0.target.hasPrefix("/token") } == 1)
        // HEAD and GET without a token, GET with it; then a HEAD for each.
        #expect(requests.count { $0.target.contains("/manifests/") } == 5)
        #expect(requests.count { $0.headers["authorization"] == nil } == 2)
    }

    @Test func credentialsThatCannotBeReadMakeAbsenceUncertain() async throws {
        let server = try FaultServer.shared.get()
        let client = server.client(credentials: { _ in .failed(reason: "the file is damaged") })
        let host = "localhost:\(try server.port("tls"))"
        #expect(
            await client.existence(of: host + "/absent/unread")
                == .unknown(
                    reason:
                        "\(host): anonymous requests return 404 for repository \"absent/unread\", and the credentials for this registry "
                        + "cannot be used: the file is damaged"))
    }

    @Test func aSpecIsLookedUpWithTheClientOfTheCaller() async throws {
        let server = try FaultServer.shared.get()
        let mark = "m" + UUID().uuidString.lowercased().filter { $0 != "-" }
        let host = "localhost:\(try server.port("tls"))"
        let spec = ImageSpec(name: mark, registry: host + "/fine", platform: "linux/amd64")
        // The certificate of the server is trusted by this client only.
        let client = server.client()
        guard case .present = await spec.existence(using: client) else {
            Issue.record("not present")
            return
        }
        #expect(await spec.exist(using: client) == true)
        #expect(await spec.withRegistry(host + "/absent").exist(using: client) == false)
        #expect(try await server.record().requests.contains { $0.target.contains(mark) })
    }

    @Test func aTokenThatIsRevokedIsReplacedOnce() async throws {
        let server = try FaultServer.shared.get()
        let mark = "m" + UUID().uuidString.lowercased().filter { $0 != "-" }
        let client = server.client()
        let image = "localhost:\(try server.port("tls"))/stale/\(mark)"
        for _ in 0..<3 {
            guard case .present = await client.existence(of: image) else {
                Issue.record("not present")
                return
            }
        }
        let requests = try await server.record().requests.filter { $0.target.contains(mark) }
        #expect(requests.count { $0.target.hasPrefix("/token") } == 2)
    }

    @Test func credentialsThatCannotBeReadMatterWhereTheyAreWanted() async throws {
        let server = try FaultServer.shared.get()
        let client = server.client(credentials: { .failed(reason: "the file for \($0.registry) is damaged") })
        let host = "localhost:\(try server.port("tls"))"
        guard case .present = await client.existence(of: host + "/fine/unread") else {
            Issue.record("not present")
            return
        }
        let existence = await client.existence(of: host + "/token/unread")
        guard case .unknown(let reason) = existence else {
            Issue.record("\(existence)")
            return
        }
        #expect(
            reason
                == "\(host): authentication required, but the stored credentials cannot be used: the file for \(host) is damaged"
        )
    }

    // MARK: references by digest

    @Test func aDigestIsComparedWithWhatTheRegistryHas() async throws {
        let server = try FaultServer.shared.get()
        let client = server.client()
        let image = "localhost:\(try server.port("tls"))/fine/by-digest"
        let digest = try await client.digest(of: image)
        #expect(await client.existence(of: image + "@" + digest) == .present(digest: digest))
        let other = "sha256:" + String(repeating: "3", count: 64)
        for name in ["fine", "no-digest"] {
            let existence = await client.existence(
                of: "localhost:\(try server.port("tls"))/\(name)/x@\(other)")
            guard case .unknown(let reason) = existence else {
                Issue.record("\(existence)")
                continue
            }
            #expect(reason.contains(", received \(digest)"))
        }
    }

    /// With the header or without, whether the digest is that of another manifest cannot be told.
    @Test(arguments: ["fine", "no-digest"])
    func aDigestByAnotherAlgorithmIsNotComparedWithOurs(_ name: String) async throws {
        let server = try FaultServer.shared.get()
        let digest = "sha512:" + String(repeating: "3", count: 128)
        let existence = await server.client().existence(
            of: "localhost:\(try server.port("tls"))/\(name)/x@\(digest)")
        guard case .unknown(let reason) = existence else {
            Issue.record("\(existence)")
            return
        }
        #expect(reason.contains("reports no digest with that algorithm"), "\(reason)")
    }

    @Test func digestsOfWhatIsNotThereAreErrors() async throws {
        let server = try FaultServer.shared.get()
        let host = "localhost:\(try server.port("tls"))"
        for (image, code) in [
            ("\(host)/absent/x", ImageSpecError.Code.missingInput), ("\(host)/teapot/x", .existenceUnknown),
            ("\(host)/UPPER", .invalidReference),
        ] {
            let error = await #expect(throws: ImageSpecError.self) {
                try await server.client().digest(of: image)
            }
            #expect(error?.code == code)
        }
    }

    @Test(arguments: ["labelled", "index"]) func theLabelIsReadByWayOfTheConfig(_ name: String) async throws {
        let server = try FaultServer.shared.get()
        let reference = try ImageSpec.ImageReference("localhost:\(try server.port("tls"))/\(name)/x:1")
        // No limit is tested here, and other tests may keep the machine busy.
        let patient = ImageSpec.RegistryClient.Timeouts(
            connect: .seconds(60), responseHeader: .seconds(60), idle: .seconds(60), total: .seconds(600))
        let session = server.client(timeouts: patient).session
        let found = try await session.inspect(reference, label: "imagespec.id", platform: "linux/amd64")
        #expect(found.label == "1234")
        #expect(found.existence == (try await session.existence(of: reference)))
        let other = try await session.inspect(reference, label: "other", platform: "linux/amd64")
        #expect(other.label == nil)
    }

    // MARK: certificates and proxies

    @Test func anAuthorityOfOnesOwnIsBelievedWhereOneSaysSo() async throws {
        let server = try FaultServer.shared.get()
        let image = "localhost:\(try server.port("tls"))/fine/own"
        let nowhere = server.client(trust: TrustStore(hostFolders: [server.folder + "/none"]))
        guard case .unknown(let reason) = await nowhere.existence(of: image) else {
            Issue.record("believed without a reason")
            return
        }
        #expect(reason.contains("/etc/docker/certs.d/localhost:"))
        let byFile = server.client(trust: TrustStore { ["SSL_CERT_FILE": server.authority][$0] })
        guard case .present = await byFile.existence(of: image) else {
            Issue.record("SSL_CERT_FILE does not count")
            return
        }
    }

    @Test func aCertificateOfOnesOwnIsShown() async throws {
        let server = try FaultServer.shared.get()
        try await withTemporaryFolder { folder in
            let host = "localhost:\(try server.port("client"))"
            let place = "\(folder)/\(host)"
            try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
            for (from, to) in [("ca.crt", "ca.crt"), ("client.crt", "client.cert")] {
                try FileManager.default.copyItem(atPath: "\(server.folder)/\(from)", toPath: "\(place)/\(to)")
            }
            let trust = TrustStore(hostFolders: [folder])
            guard
                case .unknown(let reason) = await server.client(trust: trust).existence(of: host + "/fine/a")
            else {
                Issue.record("a certificate without a key")
                return
            }
            #expect(reason.contains("without a readable .key"))
            try FileManager.default.copyItem(
                atPath: server.folder + "/client.key", toPath: place + "/client.key")
            guard case .present = await server.client(trust: trust).existence(of: host + "/fine/a") else {
                Issue.record("not let in")
                return
            }
        }
    }

    @Test func proxiesAreUsedAndTheirPasswordsKept() async throws {
        let server = try FaultServer.shared.get()
        let proxy = "http://me:proxysecret@127.0.0.1:\(try server.port("proxy"))"
        let trust = TrustStore(hostFolders: [server.folder + "/certs.d"])
        let tls = "registry.test:\(try server.port("tls"))"
        let plain = "registry.test:\(try server.port("plain"))"
        let client = server.client(
            plainHTTPHosts: [plain], trust: trust, proxies: ["HTTPS_PROXY": proxy, "HTTP_PROXY": proxy])
        for host in [tls, plain] {
            let existence = await client.existence(of: host + "/fine/by-proxy")
            guard case .present = existence else {
                Issue.record("\(existence)")
                continue
            }
        }
        let requests = try await server.record().requests.filter { $0.server == "proxy" }
        #expect(requests.contains { $0.method == "CONNECT" && $0.target == tls })
        #expect(requests.contains { $0.target == "http://\(plain)/v2/fine/by-proxy/manifests/latest" })
        #expect(requests.allSatisfy { $0.headers["proxy-authorization"] != nil })

        let refused = await client.existence(of: "refused.test:\(try server.port("tls"))/fine/x")
        guard case .unknown(let reason) = refused else {
            Issue.record("\(refused)")
            return
        }
        #expect(reason.contains("the proxy refused the connection"))
        #expect(!reason.contains("proxysecret") && !reason.contains("me:"))
    }

    /// libcurl quotes a URL that it does not understand; of others it takes a part of the password for the host.
    @Test(arguments: [
        "http://user:s3/cret@127.0.0.1:1", "http://user:s3#cret@127.0.0.1:1",
        "http://user:s3?cret@127.0.0.1:1", "http://user:s3 cret@127.0.0.1:1",
        "http://user:3/cret@127.0.0.1:1", "user:s3/cret@127.0.0.1:1", "user:s3://cret@127.0.0.1:1",
        "htp://user:s3cret@127.0.0.1:1", "http://user:s3cret@127.0.0.1:99999999",
        "http://user:s3cret@[::1:1", "http://user:s3\ncret@127.0.0.1:1", "http://user:s3%cret@/",
    ])
    func aProxyThatIsNoURLIsNotQuoted(_ proxy: String) async throws {
        let client = try FaultServer.shared.get().client(proxies: ["HTTPS_PROXY": proxy])
        guard case .unknown(let reason) = await client.existence(of: "registry.invalid/a:1") else {
            Issue.record("asked by no proxy")
            return
        }
        #expect(
            reason.hasPrefix(
                "registry.invalid: HTTPS_PROXY, HTTP_PROXY or ALL_PROXY is not a valid proxy URL"))
        #expect(!["s3", "cret", "127.0.0.1"].contains { reason.contains($0) }, "\(reason)")
    }

    @Test(arguments: [
        ("http://user:p%2Fw@host:3128", true), ("HTTPS://host/", true), ("socks5h://u:p@[::1]:1", true),
        ("http://u:a@b@host", false), ("http://u:a@/", false), ("http://", false), ("host:1", false),
        ("ftp://host", false),
    ])
    func whatIsAProxysURL(_ text: String, _ isURL: Bool) {
        #expect(ProxySettings.isURL(text) == isURL)
    }
}
