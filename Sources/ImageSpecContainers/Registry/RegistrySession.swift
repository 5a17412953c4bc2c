// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
import ImageSpec
import ImageSpecBuilding
import Synchronization

/// The state of one client: its caches and its requests.
final class RegistrySession: Sendable {
    /// The collaborators of a client that tests replace.
    struct Dependencies: Sendable {
        var credentials: @Sendable (_ image: ImageSpec.ImageReference) async -> CredentialLookup
        var proxies: ProxySettings
        var trust: TrustStore
        var retryPause: Duration = .milliseconds(250)
        var longestRetryPause: Duration = .seconds(30)
    }

    /// The cached properties of a registry that has responded.
    struct Endpoint: Sendable {
        var scheme: HTTPURL.Scheme
        /// The challenges of its first response; empty if it requires no authentication.
        var challenges: [AuthenticationChallenge]
        /// The challenges of `/v2/`. If `nil`, they were not requested yet.
        var baseChallenges: [AuthenticationChallenge]?
        /// The first request and its response, so that the caller need not send it again.
        var first: (url: HTTPURL, method: HTTPRequest.Method, answer: Answer)?
    }

    /// The response at the end of all redirects.
    struct Answer: Sendable {
        var response: HTTPResponse
        /// The URL that the response came from.
        var url: HTTPURL
    }

    struct TokenKey: Hashable, Sendable {
        var realm: HTTPURL
        var service: String?
        var scope: String
        var credential: RegistryCredential?
    }

    struct Token: Sendable {
        var text: String
        var end: ContinuousClock.Instant
    }

    struct State {
        var endpoints: [ImageSpec.ImageReference.Registry: Endpoint] = [:]
        var tokens: [TokenKey: Token] = [:]
        var credentials: [String: (lookup: CredentialLookup, end: ContinuousClock.Instant)] = [:]
        var trust: [String: TrustSettings] = [:]
    }

    let options: ImageSpec.RegistryClient.Options
    let dependencies: Dependencies
    let state = Mutex(State())
    let tokenFlights = SingleFlight<TokenKey, Token>()
    let baseFlights = SingleFlight<HTTPURL, [AuthenticationChallenge]>()
    private let endpointFlights = SingleFlight<ImageSpec.ImageReference.Registry, Endpoint>()
    private let credentialFlights = SingleFlight<String, CredentialLookup>()
    private let transport = HTTPTransport.shared
    private let plainHosts: Set<String>

    private static let redirectLimit = 5
    /// How long credentials are cached; short enough that a new login takes effect without a restart.
    private static let credentialLife = Duration.seconds(60)

    init(_ options: ImageSpec.RegistryClient.Options, _ dependencies: Dependencies) {
        self.options = options
        self.dependencies = dependencies
        plainHosts = Set(options.plainHTTPHosts.map { $0.lowercased() })
    }

    // MARK: one request

    /// Sends a request, and retries if the server is busy or the connection is lost.
    private func send(_ request: HTTPRequest, until deadline: ContinuousClock.Instant) async throws
        -> HTTPResponse
    {
        var request = request
        request.proxy = dependencies.proxies.proxy(for: request.url)
        request.trust = try trust(for: request)
        var policy = RetryPolicy()
        policy.count = options.timeouts.retries
        policy.pause = dependencies.retryPause
        policy.longestPause = dependencies.longestRetryPause
        let limits = request.limits
        let (upload, download) = (request.upload, request.download)
        // Transferred bytes of a stream are not available for another attempt.
        let repetition = request.repetition
        var isRepeatable: Bool {
            repetition != .never && upload == nil && (download?.transferredByteCount ?? 0) == 0
        }
        var attempt = 0
        while true {
            try Task.checkCancellation()
            let left = deadline - .now
            guard left > .zero else {
                throw RegistryProblem.failure(HTTPFailure(kind: .wholeTimeout), request)
            }
            request.deadline = deadline
            // No limit exceeds the time left.
            request.limits = HTTPLimits(
                connect: min(left, limits.connect), head: min(left, limits.head),
                stall: min(left, limits.stall))
            let outcome = await transport.send(request)
            try Task.checkCancellation()
            var retryAfter: Duration?
            switch outcome {
            case .success(let response):
                guard RetryPolicy.statuses.contains(response.status), isRepeatable else { return response }
                retryAfter = response.value("retry-after").flatMap(RetryAfter.duration)
            case .failure(let failure):
                if failure.kind == .certificate, request.trust.isQuick {
                    request.trust = try fullTrust(for: request.url)
                    continue
                }
                // libcurl itself retries if a cached connection turns out to be closed.
                request.isOnFreshConnection = true
                guard failure.isTransient, repetition == .always, isRepeatable else {
                    throw RegistryProblem.failure(failure, request)
                }
            }
            switch policy.decision(attempt: attempt, retryAfter: retryAfter, left: deadline - .now) {
            case .retry(let pause): try await Task.sleep(for: pause)
            case .giveUp, .tooLong: return try outcome.mapError { RegistryProblem.failure($0, request) }.get()
            }
            attempt += 1
        }
    }

    private func trust(for request: HTTPRequest) throws -> TrustSettings {
        let url = request.url
        guard url.scheme == .https else { return TrustSettings() }
        if let known = state.withLock({ $0.trust[url.origin] }) { return known }
        // A stream is not sent twice.
        guard HTTPTransport.looksUpCertificates, request.upload == nil, request.download == nil,
            let quick = try dependencies.trust.quickSettings(for: url)
        else { return try fullTrust(for: url) }
        state.withLock { $0.trust[url.origin] = quick }
        return quick
    }

    private func fullTrust(for url: HTTPURL) throws -> TrustSettings {
        let settings = try dependencies.trust.settings(for: url)
        state.withLock { $0.trust[url.origin] = settings }
        return settings
    }

    /// Sends a request and follows redirects. `Authorization` is never sent to another origin.
    ///
    /// This does not use libcurl's own redirect support, so that one tested rule applies: never redirect from TLS to plain
    /// HTTP.
    func follow(
        _ request: HTTPRequest, authorization: String?, isFollowed: Bool = true,
        until deadline: ContinuousClock.Instant
    ) async throws -> Answer {
        var request = request
        let origin = request.url.origin
        let headers = request.headers
        for _ in 0...Self.redirectLimit {
            let isOwn = request.url.origin == origin
            request.headers =
                headers + (isOwn ? authorization.map { [HTTPHeader("Authorization", $0)] } ?? [] : [])
            let response = try await WaitReport.step(waitName(request.url)) {
                try await send(request, until: deadline)
            }
            guard [301, 302, 303, 307, 308].contains(response.status), isFollowed, request.method.isSafe
            else {
                return Answer(response: response, url: request.url)
            }
            guard let location = response.value("location"), let next = request.url.resolving(location) else {
                throw ImageSpecError.unusableRedirect(request.url.authority)
            }
            guard next.scheme == .https || request.url.scheme == .http && isPlainAllowed(next) else {
                throw ImageSpecError.weakerRedirect(request.url.authority, next.authority)
            }
            request.url = next
        }
        throw ImageSpecError.tooManyRedirects(request.url.authority)
    }

    /// The server as a step that is waited for.
    private func waitName(_ url: HTTPURL) -> String {
        dependencies.proxies.proxy(for: url) == nil
            ? url.authority : "\(url.authority), through a proxy"
    }

    /// Whether plain HTTP may be used for a host.
    func isPlainAllowed(_ url: HTTPURL) -> Bool {
        url.isOnLoopback || plainHosts.contains(url.authority)
            || plainHosts.contains("\(url.host):\(url.port ?? url.scheme.defaultPort)")
    }

    // MARK: one registry

    /// Returns the properties of a registry. Concurrent callers share the first request to it.
    func endpoint(
        _ reference: ImageSpec.ImageReference, _ request: RegistryRequest,
        until deadline: ContinuousClock.Instant
    ) async throws -> Endpoint {
        if let known = state.withLock({ $0.endpoints[reference.registry] }) { return known }
        // The response is shared by concurrent callers, so a request that changes something is not sent here.
        guard case .path(let path) = request.target, request.method.isSafe, request.download == nil else {
            return try await endpoint(
                reference, RegistryRequest(.head, "manifests/" + reference.identifier), until: deadline)
        }
        return try await endpointFlights.value(for: reference.registry) { [self] in
            // A concurrent request may have finished since the check above.
            if let known = state.withLock({ $0.endpoints[reference.registry] }) { return known }
            let endpoint = try await probe(reference, request.method, path, until: deadline)
            state.withLock { state in
                state.endpoints[reference.registry] = Endpoint(
                    scheme: endpoint.scheme, challenges: endpoint.challenges)
            }
            return endpoint
        }
    }

    private func probe(
        _ reference: ImageSpec.ImageReference, _ method: HTTPRequest.Method, _ path: String,
        until deadline: ContinuousClock.Instant
    ) async throws -> Endpoint {
        var attempts = attempts(reference)
        // The answer to plain HTTP of a server that may expect TLS.
        var refusal: Endpoint?
        while true {
            let (scheme, repetition) = attempts.removeFirst()
            let url = reference.url(scheme, path)
            var request = RegistryRequest(method, path)
            request.repetition = repetition
            do {
                let answer = try await follow(
                    self.request(request, url), authorization: nil, until: deadline)
                let endpoint = Endpoint(
                    scheme: scheme, challenges: Self.challenges(in: answer, of: url),
                    first: (url, method, answer))
                let mayExpectTLS =
                    answer.response.status == 400
                    || answer.url.scheme == .https && answer.url.authority == url.authority
                guard scheme == .http, mayExpectTLS, !attempts.isEmpty else { return endpoint }
                refusal = endpoint
            } catch RegistryProblem.failure(let failure, let request) {
                if let refusal, failure.isWithoutTLS { return refusal }
                let mayBeOther =
                    switch scheme {
                    case .http: failure.mayExpectTLS
                    case .https: failure.isWithoutTLS || failure.kind == .notReached && url.port == nil
                    }
                guard mayBeOther, request.url == url, !attempts.isEmpty else {
                    throw RegistryProblem.failure(failure, request)
                }
            }
        }
    }

    /// The schemes to try, in this order.
    ///
    /// On this machine, registries mostly speak plain HTTP, and to prepare a TLS connection takes longer than their answer.
    /// A server that expects TLS answers plain HTTP with 400, a redirect, an alert, or by closing the connection. Port 80,
    /// though, may be that of another server, and a registry with certificates of its own has TLS.
    private func attempts(
        _ reference: ImageSpec.ImageReference
    ) -> [(HTTPURL.Scheme, HTTPRequest.Repetition)] {
        if plainHosts.contains(reference.registry.description) { return [(.http, .always)] }
        let url = reference.url(.https, "")
        guard url.isOnLoopback else { return [(.https, .always)] }
        if url.port == nil || dependencies.trust.hasFolder(of: url) {
            return [(.https, .always), (.http, .always)]
        }
        return [(.http, .ifBusy), (.https, .always), (.http, .always)]
    }

    func request(_ request: RegistryRequest, _ url: HTTPURL) -> HTTPRequest {
        let isAccepting = request.headers.contains { $0.name == "Accept" }
        return HTTPRequest(
            method: request.method, url: url,
            headers: request.headers
                + (isAccepting ? [] : [HTTPHeader("Accept", ManifestTypes.accepted)]),
            body: request.body, upload: request.upload, download: request.download,
            bodyLimit: request.bodyLimit ?? options.timeouts.manifestSize,
            limits: limits(request.responseTime), repetition: request.repetition)
    }

    /// Returns the time limits of one request.
    func limits(_ responseTime: Duration?) -> HTTPLimits {
        HTTPLimits(
            connect: options.timeouts.connect, head: responseTime ?? options.timeouts.responseHeader,
            stall: options.timeouts.idle)
    }

    /// Returns the challenges of a 401 response; none if a server that the registry redirected to responded.
    static func challenges(in answer: Answer, of url: HTTPURL) -> [AuthenticationChallenge] {
        guard answer.response.status == 401, answer.url.origin == url.origin else { return [] }
        return AuthenticationChallenge.all(in: answer.response.values("www-authenticate"))
    }

    /// Looks up the credentials; concurrent callers share one lookup. Repositories of one registry may have separate
    /// credentials.
    func credentials(for reference: ImageSpec.ImageReference) async throws -> CredentialLookup {
        let key = "\(reference.registry)/\(reference.repository)"
        if let known = state.withLock({ $0.credentials[key] }), known.end > .now { return known.lookup }
        return try await credentialFlights.value(for: key) { [self] in
            if let known = state.withLock({ $0.credentials[key] }), known.end > .now { return known.lookup }
            let lookup = await dependencies.credentials(reference)
            if case .failed = lookup { return lookup }
            state.withLock { $0.credentials[key] = (lookup, .now + Self.credentialLife) }
            return lookup
        }
    }
}

/// A request that got no response.
enum RegistryProblem: Error {
    case failure(HTTPFailure, HTTPRequest)
}

/// The media types of accepted manifests.
enum ManifestTypes {
    static let accepted = [
        "application/vnd.oci.image.index.v1+json", "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
        "application/vnd.docker.distribution.manifest.v2+json",
    ].joined(separator: ", ")
}
