// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
import ImageSpec
import ImageSpecBuilding

// Lookups: existence and digest of an image.

extension RegistrySession {
    var deadline: ContinuousClock.Instant { .now + min(options.timeouts.total, .longestWait) }

    /// Why the lookup failed, as a sentence.
    static func reason(_ error: any Error) -> String {
        switch error {
        case is CancellationError: "the request was cancelled"
        case RegistryProblem.failure(let failure, let request):
            ImageSpecError.noAnswer(failure, request).message
        default: "\(error)"
        }
    }

    /// Returns whether an image exists.
    ///
    /// Only 200 and 404 are conclusive. Several registries and proxies answer 404 to every HEAD, and some to every
    /// anonymous client, so an image is absent only if GET also gets a 404 and the credentials for the registry, if there
    /// are any, were sent. An absent image therefore takes at least two requests; an image that exists takes one.
    func existence(of reference: ImageSpec.ImageReference) async throws -> ImageSpec.Existence {
        let deadline = deadline
        let path = "manifests/" + reference.identifier
        let head = try await ask(.head, path, of: reference, until: deadline)
        switch head.answer.response.status {
        case 200:
            let digests = head.answer.response.values("docker-content-digest")
            guard let text = digests.first else { break }
            guard let digest = ImageSpec.ImageReference.Digest(text) else {
                return .unknown(reason: ImageSpecError.malformedDigest(reference).message)
            }
            return present(digest, reference)
        // Some servers do not support HEAD, or answer it incorrectly.
        case 403, 404, 405, 501: break
        default: return existence(head, reference)
        }
        let get = try await askWithCredentials(.get, path, of: reference, until: deadline)
        guard get.answer.response.status == 200 else { return existence(get, reference) }
        return existence(manifest: get.answer.response, reference)
    }

    private func present(
        _ digest: ImageSpec.ImageReference.Digest, _ reference: ImageSpec.ImageReference
    ) -> ImageSpec.Existence {
        if let wanted = reference.digest, wanted != digest {
            // A manifest has a different digest for each algorithm.
            guard wanted.algorithm == digest.algorithm else {
                return .unknown(reason: ImageSpecError.otherAlgorithm(reference).message)
            }
            return .unknown(reason: ImageSpecError.otherDigest(reference, digest).message)
        }
        return .present(digest: digest.description)
    }

    /// Computes the digest of a manifest from its bytes.
    func existence(manifest response: HTTPResponse, _ reference: ImageSpec.ImageReference)
        -> ImageSpec.Existence
    {
        guard case .object(let manifest)? = try? ImageSpec.JSONValue(json: response.body),
            manifest["schemaVersion"] != nil
        else { return .unknown(reason: ImageSpecError.noManifest(reference).message) }
        let said = response.value("docker-content-digest")
        // A digest with another algorithm cannot be verified, so the registry's value is used.
        if let digest = reference.digest ?? said.flatMap(ImageSpec.ImageReference.Digest.init),
            digest.algorithm != .sha256, said == digest.description
        {
            return present(digest, reference)
        }
        let digest = ImageSpec.ImageReference.Digest(of: response.body)
        guard said == nil || said == digest.description else {
            return .unknown(reason: ImageSpecError.otherDigest(reference, digest).message)
        }
        return present(digest, reference)
    }

    private func existence(_ outcome: Outcome, _ reference: ImageSpec.ImageReference) -> ImageSpec.Existence {
        if outcome.answer.response.status == 404 { return .absent }
        return .unknown(reason: ImageSpecError.refused(reference, outcome, login(reference)).message)
    }
}
