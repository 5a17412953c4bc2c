// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
import ImageSpec

// The sentences of registries. None holds a text that a server chose, but for codes of errors: it may hold what was sent.

/// What to do to be somebody else to a registry.
struct LoginAdvice {
    let registry: String
    /// The file that alone says who asks, which no login writes; nil: those of the machine.
    let file: String?

    /// Where nobody is known.
    var first: String {
        file.map { "put a login for \(registry) into \(Self.shown($0)), which alone counts" }
            ?? "log in by docker login \(registry)"
    }

    /// Where who is known is refused.
    var anew: String {
        file.map { "correct the login for \(registry) in \(Self.shown($0)), which alone counts" }
            ?? "log in by docker login \(registry) anew"
    }

    private static func shown(_ file: String) -> String { "\"\(file.onOneLine)\"" }
}

extension ImageSpecError {
    // MARK: images

    static func invalidImage(_ text: String, _ what: String) -> ImageSpecError {
        ImageSpecError(
            .invalidReference, "\"\(text.onOneLine)\": \(what); expected [host[:port]/]name[:tag][@digest]")
    }

    static func noDigestBehindAt(_ text: String) -> ImageSpecError {
        invalidImage(text, "after @ it has no digest, as in sha256: and 64 digits from 0 to f")
    }

    static func noSuchImage(_ reference: String) -> ImageSpecError {
        ImageSpecError(
            .missingInput, "\(reference): its registry has no such image; push it, or change the name")
    }

    static func digestUnknown(_ reference: String, _ reason: String) -> ImageSpecError {
        ImageSpecError(.existenceUnknown, "the digest of \(reference) cannot be told: \(reason)")
    }

    // MARK: no answer

    static func noAnswer(_ failure: HTTPFailure, _ request: HTTPRequest) -> ImageSpecError {
        let host = request.url.authority
        let detail = failure.detail.isEmpty ? "" : " (\(failure.detail))"
        let text =
            switch failure.kind {
            case .cancelled: "the question was cancelled"
            case .noLibrary:
                "libcurl, by which registries are asked, cannot be used: \(failure.detail); install it: apt install libcurl4, "
                    + "dnf install libcurl, or brew install curl"
            case .notResolved: "\(host): no such host is known\(detail); check the name and the network"
            case .notReached: "\(host): nobody answers there\(detail); check the port, or start the registry"
            case .proxy:
                "\(host): the proxy does not let this through\(detail); check HTTPS_PROXY, HTTP_PROXY and NO_PROXY"
            case .proxyURL:
                "\(host): HTTPS_PROXY, HTTP_PROXY or ALL_PROXY is no URL of a proxy; expected http:// and a host, with user and "
                    + "password before it; in these write %2F for /, %3F for ?, %23 for #, %40 for @, and %20 for a space"
            case .connectTimeout: "\(host): no connection within the time limit\(detail); check the network"
            case .headTimeout:
                "\(host): connected, and no answer within the time limit\(detail); try again later"
            case .stalled, .wholeTimeout:
                "\(host): the answer did not end within the time limit\(detail); try again later"
            case .queueTimeout:
                "\(host): busy with other questions until the time limit of this one; ask fewer at once, or try again later"
            case .handshake:
                "\(host): no agreement on encryption\(detail); a registry without it is asked only on this machine, or "
                    + "where it is allowed by plainHTTPHosts"
            case .certificate:
                "\(host): its certificate is not accepted\(detail); put the authority's into "
                    + "/etc/docker/certs.d/\(host)/ca.crt, or name a file of certificates in SSL_CERT_FILE"
            case .trust:
                "\(host): a file of certificates cannot be used\(detail); check SSL_CERT_FILE, SSL_CERT_DIR and certs.d"
            case .reset: "\(host): the connection broke, again and again\(detail); try again later"
            case .headTooLarge: "\(host): the header of its answer is too large; is it a registry?"
            case .bodyTooLarge: "\(host): its answer is too large; is it a registry?"
            case .malformed: "\(host): what answers does not speak HTTP\(detail); is it a registry?"
            case .other: "\(host): the question could not be asked\(detail)"
            }
        return ImageSpecError(.existenceUnknown, text)
    }

    // MARK: answers

    static func refused(
        _ reference: RegistryReference, _ outcome: RegistrySession.Outcome, _ login: LoginAdvice
    ) -> ImageSpecError {
        let response = outcome.answer.response
        guard outcome.isOwn else {
            return ImageSpecError(
                .existenceUnknown,
                "\(reference.registry): it sends this question to \(outcome.answer.url.authority), which answers "
                    + "\(said(response)), and gets no password of yours; name the image as it is called there, or have the "
                    + "registry's operator change that")
        }
        let text =
            switch (response.status, outcome.authorization?.source) {
            case (401, nil): "it wants to know who asks (\(said(response))); \(login.first)"
            case (401, .token(let key, _)?) where key.credential == nil,
                (403, .token(let key, _)?) where key.credential == nil:
                "\(reference.repository) is absent, or private (\(said(response))); \(login.first)"
            case (401, .token?), (403, .token?):
                "\(reference.repository) is absent, or who is logged in may not read it (\(said(response))); check the name "
                    + "and the access"
            case (401, .credential?): "the password or token is refused (\(said(response))); \(login.anew)"
            case (403, nil): "access is refused (\(said(response))); \(login.first)"
            case (403, .credential?):
                "access is refused (\(said(response))); check the access of who is logged in"
            case (407, _): "the proxy wants a password (407); put it into the proxy's URL"
            case (429, _):
                "it is asked too often (\(said(response)))\(wait(response)); try later, or \(login.first)"
            case (408, _), (500...599, _):
                "it is in trouble (\(said(response)))\(wait(response)); try again later"
            default: "it answers \(said(response)), which says nothing about the image; is it a registry?"
            }
        return ImageSpecError(.existenceUnknown, "\(reference.registry): \(text)")
    }

    static func absenceUncertain(_ reference: RegistryReference, _ reason: String) -> ImageSpecError {
        ImageSpecError(
            .existenceUnknown,
            "\(reference.registry): anonymous clients get 404 for \(reference.repository), and the credentials for this registry "
                + "cannot be used: \(reason)"
        )
    }

    static func malformedDigest(_ reference: RegistryReference) -> ImageSpecError {
        ImageSpecError(
            .existenceUnknown,
            "\(reference.registry): the Docker-Content-Digest of its answer is no digest; is it a registry?")
    }

    static func otherDigest(_ reference: RegistryReference, _ digest: String) -> ImageSpecError {
        ImageSpecError(
            .existenceUnknown,
            "\(reference.registry): what it has as \(reference.repository) \(reference.manifest) is not that, but \(digest); "
                + "something between changes what it says, or it is damaged: use nothing of it, and ask its operator"
        )
    }

    static func otherAlgorithm(_ reference: RegistryReference) -> ImageSpecError {
        ImageSpecError(
            .existenceUnknown,
            "\(reference.registry): it has something as \(reference.repository) \(reference.manifest), but tells no digest by "
                + "that algorithm to compare with; name the image by its sha256 digest")
    }

    static func noManifest(_ reference: RegistryReference) -> ImageSpecError {
        ImageSpecError(
            .existenceUnknown,
            "\(reference.registry): it answers 200, but with no manifest; is it a registry, or does something between want a "
                + "login first?")
    }

    private static func wait(_ response: HTTPResponse) -> String {
        guard let text = response.value("retry-after"),
            let duration = RetryAfter.duration(text, date: response.value("date"))
        else { return "" }
        return " and asks to wait \(duration.components.seconds) s"
    }

    /// The status, and the registry's code for what is wrong, as in `403 DENIED`.
    private static func said(_ response: HTTPResponse) -> String {
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
            .existenceUnknown,
            "\(host): it sends this question on, but to no URL that can be used; is it a registry?")
    }

    static func weakerRedirect(_ host: String, _ target: String) -> ImageSpecError {
        ImageSpecError(
            .existenceUnknown,
            "\(host): it sends this question to \(target) without encryption, which is not followed; have the registry's "
                + "operator change that")
    }

    static func tooManyRedirects(_ host: String) -> ImageSpecError {
        ImageSpecError(
            .existenceUnknown, "\(host): this question is sent on again and again; is it a registry?")
    }

    // MARK: who asks

    static func tokenUnusable(_ login: LoginAdvice) -> ImageSpecError {
        credentialsUnusable(
            login.registry,
            "the token that is kept for it has a character that no token has; \(login.anew)")
    }

    static func credentialsUnusable(_ registry: String, _ reason: String) -> ImageSpecError {
        ImageSpecError(
            .existenceUnknown, "\(registry): it wants to know who asks, and that is not known: \(reason)")
    }

    static func unusableRealm(_ registry: String) -> ImageSpecError {
        ImageSpecError(
            .existenceUnknown,
            "\(registry): it wants a token, but names no URL that gives one; is it a registry?")
    }

    static func weakerRealm(_ registry: String, _ server: String) -> ImageSpecError {
        ImageSpecError(
            .existenceUnknown,
            "\(registry): it wants a token from \(server) without encryption, which nothing is sent to; have the registry's "
                + "operator change that")
    }

    static func anonymousTokenRefused(
        _ login: LoginAdvice, _ server: String, _ response: HTTPResponse
    ) -> ImageSpecError {
        ImageSpecError(
            .existenceUnknown,
            "\(login.registry): \(server) gives no token to somebody unknown (\(said(response))); \(login.first)"
        )
    }

    static func credentialsRefused(
        _ login: LoginAdvice, _ server: String, _ response: HTTPResponse
    ) -> ImageSpecError {
        ImageSpecError(
            .existenceUnknown,
            "\(login.registry): \(server) refuses the password or token (\(said(response))); \(login.anew)")
    }

    static func noToken(_ registry: String, _ server: String, _ response: HTTPResponse) -> ImageSpecError {
        ImageSpecError(
            .existenceUnknown,
            "\(registry): \(server), which gives its tokens, answers \(said(response))\(wait(response)); try again later"
        )
    }

    static func malformedToken(_ registry: String, _ server: String) -> ImageSpecError {
        ImageSpecError(
            .existenceUnknown,
            "\(registry): \(server), which gives its tokens, answers with no token that can be read; try again later"
        )
    }

    // MARK: certificates

    static func invalidCertificateFile(_ path: String, _ what: String) -> ImageSpecError {
        ImageSpecError(.unreadableInput, "\"\(path)\" \(what); change or remove it")
    }
}
