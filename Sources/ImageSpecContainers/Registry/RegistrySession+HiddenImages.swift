// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
import ImageSpec
import Synchronization

// Some registries hide private images: they answer 404 to anonymous clients, without a challenge.

extension RegistrySession {
    /// Like ``ask(_:_:of:answering:until:)``, but if an anonymous request gets a 404, repeats it with the credentials for
    /// the registry, if there are any.
    ///
    /// A 404 carries no challenge. Like docker, this gets the challenge from `/v2/`, and caches it: later requests
    /// authenticate from the start. If `/v2/` requires no authentication either, a password is sent as Basic, and a
    /// registry token unchanged; an identity token cannot be used then. Credentials are sent only to the registry itself
    /// and to the token server that it names, as for any other request.
    /// - Throws: ``ImageSpecError/Code/existenceUnknown`` if there are credentials that cannot be read.
    func askWithCredentials(
        _ request: RegistryRequest, of reference: ImageSpec.ImageReference,
        until deadline: ContinuousClock.Instant
    ) async throws -> Outcome {
        let outcome = try await ask(request, of: reference, until: deadline)
        guard outcome.answer.response.status == 404, outcome.authorization == nil else { return outcome }
        let credential: RegistryCredential
        switch try await credentials(for: reference) {
        case .anonymous: return outcome
        case .found(let found): credential = found
        case .failed(let reason):
            throw ImageSpecError.absenceUncertain(reference, reason)
        }
        let challenges = try await baseChallenges(of: reference, at: outcome.origin, until: deadline)
        guard challenges.isEmpty else {
            return try await ask(request, of: reference, answering: challenges, until: deadline)
        }
        guard let header = try unrequestedHeader(credential, reference) else { return outcome }
        return try await send(
            request, outcome.origin, Authorization(header: header, source: .credential), reference,
            until: deadline)
    }

    func askWithCredentials(
        _ method: HTTPRequest.Method, _ path: String, of reference: ImageSpec.ImageReference,
        until deadline: ContinuousClock.Instant
    ) async throws -> Outcome {
        try await askWithCredentials(RegistryRequest(method, path), of: reference, until: deadline)
    }

    /// Returns the challenges of `/v2/`, requested once per registry.
    private func baseChallenges(
        of reference: ImageSpec.ImageReference, at url: HTTPURL, until deadline: ContinuousClock.Instant
    ) async throws -> [AuthenticationChallenge] {
        @Sendable func known() -> [AuthenticationChallenge]? {
            state.withLock { $0.endpoints[reference.registry]?.baseChallenges }
        }
        if let known = known() { return known }
        var base = url
        base.target = "/v2/"
        return try await baseFlights.value(for: base) { [self, base] in
            // A concurrent request may have finished since the check above.
            if let known = known() { return known }
            let outcome = try await send(
                RegistryRequest(.get, at: base), base, nil, reference, until: deadline)
            // A response from a busy registry does not mean that no authentication is required.
            guard !RetryPolicy.statuses.contains(outcome.answer.response.status) else {
                throw ImageSpecError.refused(reference, outcome, login(reference))
            }
            let challenges = Self.challenges(in: outcome.answer, of: base)
            state.withLock { state in
                state.endpoints[reference.registry]?.baseChallenges = challenges
                if !challenges.isEmpty { state.endpoints[reference.registry]?.challenges = challenges }
            }
            return challenges
        }
    }

    /// The `Authorization` header for a registry that has sent no challenge. Returns `nil` if the credential cannot be sent
    /// without one.
    private func unrequestedHeader(
        _ credential: RegistryCredential, _ reference: ImageSpec.ImageReference
    ) throws(ImageSpecError) -> String? {
        switch credential.kind {
        case .password(let user, let password): return Self.basic(user, password)
        case .identityToken: return nil
        case .registryToken(let token):
            guard Self.isToken(token) else { throw .tokenUnusable(login(reference)) }
            return "Bearer " + token
        }
    }
}
