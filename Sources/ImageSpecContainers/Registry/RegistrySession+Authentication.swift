// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
import ImageSpec
import Synchronization

// Authentication: challenges, tokens and credentials.
//
// Source: docker's "Token Authentication Specification" and "OAuth2 Token Authentication"; RFC 7617 (Basic).

extension RegistrySession {
    /// The value of an `Authorization` header and its source.
    struct Authorization: Sendable {
        enum Source: Sendable {
            case credential
            case token(TokenKey, isRemembered: Bool)
        }

        var header: String
        var source: Source
    }

    /// The final response to a request, and the authorization that was sent.
    struct Outcome: Sendable {
        var answer: Answer
        var authorization: Authorization?
        var origin: HTTPURL

        /// Whether the registry itself responded, and not a server that it redirected to.
        var isOwn: Bool { answer.url.origin == origin.origin }
    }

    private static let tokenSizeLimit = 64 * 1024
    /// Docker's default lifetime in seconds if the server sends none.
    private static let tokenLife = 60
    /// A token is no longer used this many seconds before it expires.
    private static let tokenMargin = 5
    private static let tokenCountLimit = 1000

    /// Sends a request for a repository, and authenticates if the registry requires it.
    ///
    /// `known` are challenges to answer with the first request, instead of those that the registry sent before.
    func ask(
        _ request: RegistryRequest, of reference: ImageSpec.ImageReference,
        answering known: [AuthenticationChallenge] = [], until deadline: ContinuousClock.Instant
    ) async throws -> Outcome {
        let scope = request.scope ?? reference.pullScope
        let endpoint = try await endpoint(reference, request, until: deadline)
        let url = request.url(reference, endpoint.scheme)
        var outcome: Outcome
        if known.isEmpty, let first = endpoint.first, first.url == url, first.method == request.method {
            outcome = Outcome(answer: first.answer, origin: url)
        } else {
            // A different host, to which the registry directs uploads, gets no credentials.
            let isRegistry = url.origin == reference.url(endpoint.scheme, "").origin
            let authorization =
                isRegistry
                ? try await authorization(
                    for: known.isEmpty ? endpoint.challenges : known, of: reference, at: url,
                    scope: scope, until: deadline) : nil
            outcome = try await send(request, url, authorization, reference, until: deadline)
            guard isRegistry else { return outcome }
        }
        // At most three retries: with a cached token, a new token, and a token with the scope that the registry names.
        for _ in 0..<3 {
            let challenges = Self.challenges(in: outcome.answer, of: url)
            guard !challenges.isEmpty else { break }
            state.withLock { $0.endpoints[reference.registry]?.challenges = challenges }
            guard request.isRepeatable,
                let scope = nextScope(after: outcome.authorization, challenges, scope),
                let authorization = try await authorization(
                    for: challenges, of: reference, at: url, scope: scope, until: deadline)
            else { break }
            outcome = try await send(request, url, authorization, reference, until: deadline)
        }
        return outcome
    }

    func ask(
        _ method: HTTPRequest.Method, _ path: String, of reference: ImageSpec.ImageReference,
        answering known: [AuthenticationChallenge] = [], until deadline: ContinuousClock.Instant
    ) async throws -> Outcome {
        try await ask(RegistryRequest(method, path), of: reference, answering: known, until: deadline)
    }

    func send(
        _ request: RegistryRequest, _ url: HTTPURL, _ authorization: Authorization?,
        _ reference: ImageSpec.ImageReference, until deadline: ContinuousClock.Instant
    ) async throws -> Outcome {
        do {
            let answer = try await follow(
                self.request(request, url), authorization: authorization?.header,
                isFollowed: request.followsRedirects, until: deadline)
            return Outcome(answer: answer, authorization: authorization, origin: url)
        } catch RegistryProblem.failure(let failure, let request) {
            // The registry may use a different scheme from now on.
            state.withLock { $0.endpoints[reference.registry] = nil }
            throw RegistryProblem.failure(failure, request)
        }
    }

    /// The scope of the token to request after a refusal. If `nil`, a new token would not help.
    private func nextScope(
        after authorization: Authorization?, _ challenges: [AuthenticationChallenge],
        _ initialScope: String
    ) -> String? {
        switch authorization?.source {
        case nil: return initialScope
        case .credential: return nil
        case .token(let key, isRemembered: true):
            state.withLock { $0.tokens[key] = nil }
            return key.scope
        case .token(let key, isRemembered: false):
            let wanted = challenges.first { $0.scheme == "bearer" }?.parameters["scope"]
            guard let wanted, !wanted.isEmpty, wanted != key.scope, key.scope == initialScope else {
                return nil
            }
            return wanted
        }
    }

    /// Returns `nil` if none of the challenges can be answered.
    private func authorization(
        for challenges: [AuthenticationChallenge], of reference: ImageSpec.ImageReference, at url: HTTPURL,
        scope: String,
        until deadline: ContinuousClock.Instant
    ) async throws -> Authorization? {
        guard !challenges.isEmpty else { return nil }
        let credential: RegistryCredential?
        switch try await credentials(for: reference) {
        case .anonymous: credential = nil
        case .found(let found): credential = found
        case .failed(let reason): throw ImageSpecError.credentialsUnusable(reference.registry, reason)
        }
        if case .registryToken(let token)? = credential?.kind {
            guard Self.isToken(token) else {
                throw ImageSpecError.tokenUnusable(login(reference))
            }
            return Authorization(header: "Bearer " + token, source: .credential)
        }
        if let bearer = challenges.first(where: { $0.scheme == "bearer" }),
            let text = bearer.parameters["realm"]
        {
            guard let realm = HTTPURL(text) else { throw ImageSpecError.unusableRealm(reference.registry) }
            guard realm.scheme == .https || url.scheme == .http && isPlainAllowed(realm) else {
                throw ImageSpecError.weakerRealm(reference.registry, realm.authority)
            }
            let key = TokenKey(
                realm: realm, service: bearer.parameters["service"], scope: scope, credential: credential)
            if let known = state.withLock({ $0.tokens[key] }), known.end > .now {
                return Authorization(
                    header: "Bearer " + known.text, source: .token(key, isRemembered: true))
            }
            let token = try await tokenFlights.value(for: key) { [self] in
                // A concurrent request may have finished since the check above.
                if let known = state.withLock({ $0.tokens[key] }), known.end > .now { return known }
                let token = try await fetchToken(key, reference, until: deadline)
                remember(token, key)
                return token
            }
            return Authorization(header: "Bearer " + token.text, source: .token(key, isRemembered: false))
        }
        if challenges.contains(where: { $0.scheme == "basic" }),
            case .password(let user, let password)? = credential?.kind
        {
            return Authorization(header: Self.basic(user, password), source: .credential)
        }
        return nil
    }

    /// The advice for missing or rejected credentials.
    func login(_ reference: ImageSpec.ImageReference) -> LoginAdvice {
        LoginAdvice(registry: reference.registry, file: options.credentialsFile)
    }

    static func basic(_ user: String, _ password: String) -> String {
        "Basic " + Base64.text(Array("\(user):\(password)".utf8))
    }

    static func isToken(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy { (0x21...0x7E).contains($0) }
    }

    // MARK: tokens

    private func remember(_ token: Token, _ key: TokenKey) {
        state.withLock { state in
            if state.tokens.count >= Self.tokenCountLimit {
                let now = ContinuousClock.now
                state.tokens = state.tokens.filter { $0.value.end > now }
                if state.tokens.count >= Self.tokenCountLimit { state.tokens = [:] }
            }
            state.tokens[key] = token
        }
    }

    private func fetchToken(
        _ key: TokenKey, _ reference: ImageSpec.ImageReference, until deadline: ContinuousClock.Instant
    ) async throws -> Token {
        var request = HTTPRequest(method: .get, url: key.realm, bodyLimit: Self.tokenSizeLimit)
        request.limits = limits(nil)
        var authorization: String?
        let service = key.service.map { [("service", $0)] } ?? []
        if case .identityToken(let refreshToken)? = key.credential?.kind {
            request.method = .post
            request.headers = [HTTPHeader("Content-Type", "application/x-www-form-urlencoded")]
            let form = FormEncoding.query(
                [("grant_type", "refresh_token")] + service + [
                    ("client_id", "imagespec"), ("scope", key.scope), ("refresh_token", refreshToken),
                ])
            request.body = Array(form.utf8)
        } else {
            request.url.target += (key.realm.target.contains("?") ? "&" : "?")
            request.url.target += FormEncoding.query(
                service + key.scope.split(separator: " ").map { ("scope", String($0)) })
            if case .password(let user, let password)? = key.credential?.kind {
                authorization = Self.basic(user, password)
            }
        }
        let start = ContinuousClock.now
        let answer = try await follow(request, authorization: authorization, until: deadline)
        let server = answer.url.authority
        let response = answer.response
        switch response.status {
        case 200: break
        case 401, 403:
            throw key.credential == nil
                ? ImageSpecError.anonymousTokenRefused(login(reference), server, response)
                : ImageSpecError.credentialsRefused(login(reference), server, response)
        default: throw ImageSpecError.noToken(reference.registry, server, response)
        }
        guard case .object(let object)? = try? ImageSpec.JSONValue(json: response.body) else {
            throw ImageSpecError.malformedToken(reference.registry, server)
        }
        let texts = ["token", "access_token"].compactMap { name -> String? in
            guard case .string(let text)? = object[name], Self.isToken(text) else { return nil }
            return text
        }
        guard let text = texts.first else { throw ImageSpecError.malformedToken(reference.registry, server) }
        var life = Self.tokenLife
        if case .number(let number)? = object["expires_in"], number.value > 0 {
            life = Int(min(number.value, 86_400))
        }
        return Token(text: text, end: start + .seconds(max(life - Self.tokenMargin, 1)))
    }
}
