// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
import ImageSpec
import Synchronization

// Images that a registry shows only to those it knows: to an anonymous client it answers 404, and asks for nothing.

extension RegistrySession {
    /// Asks as ``ask(_:_:of:answering:until:)`` does. If an anonymous client gets 404, asks once more with the credentials for
    /// the registry, if there are any.
    ///
    /// A 404 carries no challenge. Docker learns it from `/v2/`, so this does, and remembers it: further questions authenticate
    /// from the start. If `/v2/` asks for nothing either, a password is sent as Basic, and a registry token as it is; an
    /// identity token cannot be used then. Everything goes to the registry itself, or to the token service that it names, by
    /// the rules of any other question.
    /// - Throws: ``ImageSpecError/Code/existenceUnknown`` if there are credentials that cannot be read.
    func askInsistently(
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

    func askInsistently(
        _ method: HTTPRequest.Method, _ path: String, of reference: ImageSpec.ImageReference,
        until deadline: ContinuousClock.Instant
    ) async throws -> Outcome {
        try await askInsistently(RegistryRequest(method, path), of: reference, until: deadline)
    }

    /// What `/v2/` asks for, found out once for a registry.
    private func baseChallenges(
        of reference: ImageSpec.ImageReference, at url: HTTPURL, until deadline: ContinuousClock.Instant
    ) async throws -> [AuthenticationChallenge] {
        @Sendable func known() -> [AuthenticationChallenge]? {
            state.withLock { $0.contacts[reference.registry]?.baseChallenges }
        }
        if let known = known() { return known }
        var base = url
        base.target = "/v2/"
        return try await baseFlights.value(for: base) { [self, base] in
            // Another flight may have landed between the look and this one.
            if let known = known() { return known }
            let outcome = try await send(
                RegistryRequest(.get, at: base), base, nil, reference, until: deadline)
            // A registry in trouble has not said that it asks for nothing.
            guard !RetryPolicy.statuses.contains(outcome.answer.response.status) else {
                throw ImageSpecError.refused(reference, outcome, login(reference))
            }
            let challenges = Self.challenges(in: outcome.answer, of: base)
            state.withLock { state in
                state.contacts[reference.registry]?.baseChallenges = challenges
                if !challenges.isEmpty { state.contacts[reference.registry]?.challenges = challenges }
            }
            return challenges
        }
    }

    /// The credentials as a registry may take them that has not said how; nil if there is no such form.
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
