// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
import ImageSpec

// The errors of blobs and manifests that are read from or written to registries.

extension ImageSpecError {
    static func contentChanged(
        _ reference: ImageSpec.ImageReference, _ wanted: ImageSpec.ImageReference.Digest,
        _ found: ImageSpec.ImageReference.Digest
    ) -> ImageSpecError {
        ImageSpecError(
            .toolFailed, about: reference.registry.description,
            "digest mismatch in repository \"\(reference.repository)\": expected \(wanted), received \(found); a proxy changed the response, or the registry is corrupted",
            fix: "try again; if it happens again, contact the registry operator")
    }

    static func unsupportedDigest(
        _ reference: ImageSpec.ImageReference, _ digest: ImageSpec.ImageReference.Digest
    ) -> ImageSpecError {
        ImageSpecError(
            .toolFailed, about: reference.registry.description,
            "repository \"\(reference.repository)\" contains a layer with a \(digest.algorithm.rawValue) digest, which cannot be verified",
            fix: "use an image whose layers have sha256 digests")
    }

    /// A local layer file cannot be read.
    static func unreadableLayer(_ path: String, _ failure: FileSystem.Failure) -> ImageSpecError {
        ImageSpecError(
            .unreadableInput, "cannot read \"\(path)\": \(failure.reason)",
            fix: "try again; do not change the cache directory during a build")
    }

    static func pushRefused(
        _ reference: ImageSpec.ImageReference, _ outcome: RegistrySession.Outcome, _ login: LoginAdvice
    ) -> ImageSpecError {
        let response = outcome.answer.response
        let (reason, fix): (String, Fix) =
            switch (response.status, outcome.authorization?.source) {
            case (401, nil): ("authentication required (\(said(response)))", login.first)
            case (403, nil): ("access denied (\(said(response)))", login.first)
            case (401, .credential?): ("credentials rejected (\(said(response)))", login.anew)
            case (401, .token?), (403, _):
                (
                    "access denied (\(said(response)))",
                    "ask for permission to push to the repository, or change registry or name"
                )
            case (404, _):
                (
                    "repository not found (\(said(response)))",
                    "create the repository, or change registry or name"
                )
            case (405, _):
                ("the registry does not accept pushes (\(said(response)))", "push to another registry")
            case (413, _):
                (
                    "a layer is too large for the registry or a proxy (\(said(response)))",
                    "ask the operator to raise the request size limit to at least 1 MiB"
                )
            case (429, _): ("too many requests (\(saidWithWait(response)))", "try again later")
            case (507, _):
                ("the registry is out of storage (\(said(response)))", "ask the operator to free space")
            case (500...599, _):
                ("server error \(said(response))\(parenthesizedWait(response))", "try again later")
            default:
                ("unexpected status \(said(response))", "check that this host is a container registry")
            }
        return ImageSpecError(
            .toolFailed, about: reference.registry.description,
            "cannot push to repository \"\(reference.repository)\": \(reason)\(message(response, outcome))",
            fix: fix)
    }

    /// The registry's own reason for a refused push, such as an exceeded quota, after a colon. Empty if there is none, or
    /// if it may repeat a credential that was sent.
    private static func message(
        _ response: HTTPResponse, _ outcome: RegistrySession.Outcome
    ) -> String {
        guard case .object(let body)? = try? ImageSpec.JSONValue(json: response.body),
            case .array(let errors)? = body["errors"], case .object(let error)? = errors.first,
            case .string(let text)? = error["message"], !text.isEmpty
        else { return "" }
        if let sent = outcome.authorization {
            let value = String(sent.header.drop { $0 != " " }.dropFirst())
            // The value of `Basic` is the user and password in base64.
            let pair = Base64.decoded(value).map { String(decoding: $0, as: UTF8.self) } ?? ""
            var secrets = [value, String(pair.drop { $0 != ":" }.dropFirst())]
            if case .token(let key, _) = sent.source, case .password(_, let password)? = key.credential?.kind
            {
                secrets.append(password)
            }
            guard !secrets.contains(where: { !$0.isEmpty && text.contains($0) }) else { return "" }
        }
        return ": " + text.shortened(to: 300)
    }
}
