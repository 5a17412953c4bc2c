// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
import ImageSpec

// The errors of registries. They quote no text chosen by a server except error codes and the reason of a refused push,
// since such text may repeat what was sent.

/// The advice for authentication to a registry.
struct LoginAdvice {
    let registry: ImageSpec.ImageReference.Registry
    /// The only credentials file in use, which `docker login` does not write. If `nil`, the default locations.
    let file: String?

    /// For requests that were sent without credentials.
    var first: ImageSpecError.Fix {
        file.map { "add credentials for \(registry) to \(Self.shown($0)), the only credentials file in use" }
            ?? "run: docker login \(registry)"
    }

    /// For credentials that were rejected.
    var anew: ImageSpecError.Fix {
        file.map {
            "correct the credentials for \(registry) in \(Self.shown($0)), the only credentials file in use"
        }
            ?? "log in again: docker login \(registry)"
    }

    private static func shown(_ file: String) -> String { "\"\(file.onOneLine(limit: 300))\"" }
}

extension ImageSpecError {
    // MARK: images

    static func noSuchImage(_ reference: String) -> ImageSpecError {
        ImageSpecError(
            .missingInput, about: reference, "image not found in its registry",
            fix: "push it, or change the name")
    }

    static func digestUnknown(_ reference: String, _ reason: String) -> ImageSpecError {
        ImageSpecError(
            .existenceUnknown, "cannot determine the digest of \(reference): \(reason)")
    }

    static func platformsUnknown(_ reference: String, _ reason: String) -> ImageSpecError {
        ImageSpecError(
            .existenceUnknown, "cannot determine the platforms of \(reference): \(reason)")
    }

    // MARK: no answer

    static func noAnswer(_ failure: HTTPFailure, _ request: HTTPRequest) -> ImageSpecError {
        let host = request.url.authority
        let detail = failure.detail.isEmpty ? "" : " (\(failure.detail))"
        let (reason, fix): (String, Fix?) =
            switch failure.kind {
            case .cancelled: ("the request was cancelled", nil)
            case .noLibrary:
                (
                    "cannot use libcurl, which registry requests require: \(failure.detail)",
                    "run: apt install libcurl4, dnf install libcurl, or brew install curl"
                )
            case .notResolved:
                ("host name cannot be resolved\(detail)", "check the name and the network")
            case .notReached:
                (
                    "cannot connect\(detail)",
                    host.contains(":")
                        ? "check the port, or start the registry"
                        : "set the port, as in \(host):5000, or start the registry"
                )
            case .proxy:
                ("the proxy refused the connection\(detail)", "check HTTPS_PROXY, HTTP_PROXY and NO_PROXY")
            case .proxyURL:
                (
                    "HTTPS_PROXY, HTTP_PROXY or ALL_PROXY is not a valid proxy URL",
                    "expected http://[user:password@]host[:port], with %2F for /, %3F for ?, %23 for #, %40 for @ and %20 for a space in user and password"
                )
            case .connectTimeout: ("connection timed out\(detail)", "check the network")
            case .headTimeout:
                ("timed out waiting for a response\(detail)", "try again later")
            case .stalled, .wholeTimeout:
                ("timed out receiving the response\(detail)", "try again later")
            case .queueTimeout:
                (
                    "timed out waiting for other requests to this host",
                    "send fewer at once, or try again later"
                )
            case .handshake:
                (
                    "TLS handshake failed\(detail)",
                    "plain HTTP is used only for registries on this machine and for hosts in plainHTTPHosts"
                )
            case .certificate:
                (
                    "the server's certificate is not trusted\(detail)",
                    "add its CA certificate as /etc/docker/certs.d/\(host)/ca.crt, or set SSL_CERT_FILE to a file of CA certificates"
                )
            case .trust:
                ("cannot use a certificate file\(detail)", "check SSL_CERT_FILE, SSL_CERT_DIR and certs.d")
            case .reset: ("connection reset repeatedly\(detail)", "try again later")
            case .headTooLarge: ("response header too large", "check that this host is a container registry")
            case .bodyTooLarge: ("response too large", "check that this host is a container registry")
            case .malformed:
                ("not a valid HTTP response\(detail)", "check that this host is a container registry")
            case .other: ("the request failed\(detail)", nil)
            }
        return ImageSpecError(.existenceUnknown, about: host, reason, fix: fix)
    }

    // MARK: answers

    static func refused(
        _ reference: ImageSpec.ImageReference, _ outcome: RegistrySession.Outcome, _ login: LoginAdvice
    ) -> ImageSpecError {
        let response = outcome.answer.response
        guard outcome.isOwn else {
            return ImageSpecError(
                .existenceUnknown, about: reference.registry.description,
                "redirected to \(outcome.answer.url.authority), which answered \(said(response)); credentials are not forwarded to another host",
                fix:
                    "use the image's name on that host, or ask the registry operator to change the redirect"
            )
        }
        let (reason, fix): (String, Fix) =
            switch (response.status, outcome.authorization?.source) {
            case (401, nil): ("authentication required (\(said(response)))", login.first)
            case (401, .token(let key, _)?) where key.credential == nil,
                (403, .token(let key, _)?) where key.credential == nil:
                (
                    "repository \"\(reference.repository)\" does not exist or is private (\(said(response)))",
                    login.first
                )
            case (401, .token?), (403, .token?):
                (
                    "repository \"\(reference.repository)\" does not exist, or the current user may not read it (\(said(response)))",
                    "check the name and the permissions"
                )
            case (401, .credential?): ("credentials rejected (\(said(response)))", login.anew)
            case (403, nil): ("access denied (\(said(response)))", login.first)
            case (403, .credential?):
                ("access denied (\(said(response)))", "check the permissions of the current user")
            case (407, _):
                (
                    "proxy authentication required (407)",
                    "add a user name and password to the proxy URL in HTTPS_PROXY or HTTP_PROXY"
                )
            case (429, _):
                ("too many requests (\(saidWithWait(response)))", "try again later, or \(login.first)")
            case (408, _): ("request timeout (\(saidWithWait(response)))", "try again later")
            case (500...599, _):
                ("server error \(said(response))\(parenthesizedWait(response))", "try again later")
            default: ("unexpected status \(said(response))", "check that this host is a container registry")
            }
        return ImageSpecError(
            .existenceUnknown, about: reference.registry.description, reason, fix: fix)
    }

    static func absenceUncertain(_ reference: ImageSpec.ImageReference, _ reason: String) -> ImageSpecError {
        ImageSpecError(
            .existenceUnknown, about: reference.registry.description,
            "anonymous requests return 404 for repository \"\(reference.repository)\", and the credentials for this registry cannot be used: \(reason)"
        )
    }

    static func malformedDigest(_ reference: ImageSpec.ImageReference) -> ImageSpecError {
        ImageSpecError(
            .existenceUnknown, about: reference.registry.description,
            "the Docker-Content-Digest header is not a valid digest",
            fix: "check that this host is a container registry")
    }

    static func otherDigest(_ reference: ImageSpec.ImageReference, _ digest: ImageSpec.ImageReference.Digest)
        -> ImageSpecError
    {
        ImageSpecError(
            .existenceUnknown, about: reference.registry.description,
            "digest mismatch for \"\(reference.repository)\": requested \(reference.identifier), received \(digest); a proxy changed the response, or the registry is corrupted",
            fix: "do not use the image; contact the registry operator")
    }

    static func otherAlgorithm(_ reference: ImageSpec.ImageReference) -> ImageSpecError {
        ImageSpecError(
            .existenceUnknown, about: reference.registry.description,
            "\"\(reference.repository)@\(reference.identifier)\" exists, but the registry reports no digest with that algorithm to verify it against",
            fix: "use the image's sha256 digest")
    }

    static func noManifest(_ reference: ImageSpec.ImageReference) -> ImageSpecError {
        ImageSpecError(
            .existenceUnknown, about: reference.registry.description, "answered 200 without a manifest",
            fix: "check that this host is a container registry and that no proxy requires a login")
    }

    private static func wait(_ response: HTTPResponse) -> String? {
        guard let text = response.value("retry-after"),
            let duration = RetryAfter.duration(text)
        else { return nil }
        return "retry after \(duration.components.seconds) s"
    }

    static func saidWithWait(_ response: HTTPResponse) -> String {
        said(response) + (wait(response).map { ", " + $0 } ?? "")
    }

    /// The same, in parentheses after a space. Empty if the response has no `Retry-After`.
    static func parenthesizedWait(_ response: HTTPResponse) -> String {
        wait(response).map { " (\($0))" } ?? ""
    }

    /// The status and the registry's error code, as in `403 DENIED`.
    static func said(_ response: HTTPResponse) -> String {
        guard case .object(let body)? = try? ImageSpec.JSONValue(json: response.body),
            case .array(let errors)? = body["errors"], case .object(let error)? = errors.first,
            case .string(let code)? = error["code"], !code.isEmpty, code.utf8.count <= 40,
            code.utf8.allSatisfy({
                (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) || $0 == UInt8(ascii: "_")
            })
        else { return "\(response.status)" }
        return "\(response.status) \(code)"
    }

    // MARK: redirects

    static func unusableRedirect(_ host: String) -> ImageSpecError {
        ImageSpecError(
            .existenceUnknown, about: host, "redirected to an invalid URL",
            fix: "check that this host is a container registry")
    }

    static func weakerRedirect(_ host: String, _ target: String) -> ImageSpecError {
        ImageSpecError(
            .existenceUnknown, about: host,
            "redirects to \(target) without TLS, so the redirect is not followed",
            fix: "ask the registry operator to change the redirect")
    }

    static func tooManyRedirects(_ host: String) -> ImageSpecError {
        ImageSpecError(
            .existenceUnknown, about: host, "too many redirects",
            fix: "check that this host is a container registry"
        )
    }

    // MARK: authentication

    static func tokenUnusable(_ login: LoginAdvice) -> ImageSpecError {
        credentialsUnusable(login.registry, "the stored token contains an invalid character", fix: login.anew)
    }

    static func credentialsUnusable(
        _ registry: ImageSpec.ImageReference.Registry, _ reason: String, fix: Fix? = nil
    ) -> ImageSpecError {
        ImageSpecError(
            .existenceUnknown, about: registry.description,
            "authentication required, but the stored credentials cannot be used: \(reason)", fix: fix)
    }

    static func unusableRealm(_ registry: ImageSpec.ImageReference.Registry) -> ImageSpecError {
        ImageSpecError(
            .existenceUnknown, about: registry.description,
            "authentication required, but the URL of the token server is missing or invalid",
            fix: "check that this host is a container registry")
    }

    static func weakerRealm(_ registry: ImageSpec.ImageReference.Registry, _ server: String) -> ImageSpecError
    {
        ImageSpecError(
            .existenceUnknown, about: registry.description,
            "its token server \(server) does not use TLS, so no request is sent",
            fix: "ask the registry operator to change the URL")
    }

    static func anonymousTokenRefused(
        _ login: LoginAdvice, _ server: String, _ response: HTTPResponse
    ) -> ImageSpecError {
        ImageSpecError(
            .existenceUnknown, about: login.registry.description,
            "anonymous token refused by \(server) (\(said(response)))", fix: login.first)
    }

    static func credentialsRefused(
        _ login: LoginAdvice, _ server: String, _ response: HTTPResponse
    ) -> ImageSpecError {
        ImageSpecError(
            .existenceUnknown, about: login.registry.description,
            "credentials rejected by \(server) (\(said(response)))",
            fix: login.anew)
    }

    static func noToken(
        _ registry: ImageSpec.ImageReference.Registry, _ server: String, _ response: HTTPResponse
    ) -> ImageSpecError {
        ImageSpecError(
            .existenceUnknown, about: registry.description,
            "its token server \(server) answered \(said(response))\(parenthesizedWait(response))",
            fix: "try again later")
    }

    static func malformedToken(_ registry: ImageSpec.ImageReference.Registry, _ server: String)
        -> ImageSpecError
    {
        ImageSpecError(
            .existenceUnknown, about: registry.description,
            "its token server \(server) returned no valid token",
            fix: "try again later")
    }

    // MARK: certificates

    static func invalidCertificateFile(_ path: String, _ what: String) -> ImageSpecError {
        ImageSpecError(
            .unreadableInput, "\"\(path)\" \(what)", fix: "replace or remove it")
    }
}
