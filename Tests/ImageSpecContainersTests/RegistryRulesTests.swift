// SPDX-License-Identifier: Apache-2.0

import ImageSpec
import ImageSpecBuilding
import Testing

@testable import ContentTree
@testable import ImageSpecContainers

/// The rules by which registries are asked, without asking any.
@Suite struct RegistryRulesTests {
    // Source: RFC 9110, 11.6.1, with its own hard case; what registries send.
    @Test(
        arguments: [
            (
                ["Bearer realm=\"https://a/t\",service=\"s\",scope=\"x\""],
                ["bearer realm=https://a/t scope=x service=s"]
            ),
            (
                ["Basic realm=\"simple\", Newauth realm=\"apps\", type=1, title=\"Login to \\\"apps\\\"\""],
                ["basic realm=simple", "newauth realm=apps title=Login to \"apps\" type=1"]
            ),
            (
                ["Newauth realm=\"apps\", type=1, title=\"a, Basic realm=b\", Basic realm=\"simple\""],
                ["newauth realm=apps title=a, Basic realm=b type=1", "basic realm=simple"]
            ),
            (["BASIC Realm=\"x\"", "bearer REALM=y"], ["basic realm=x", "bearer realm=y"]),
            (["Bearer realm = \"a\" , service = b"], ["bearer realm=a service=b"]),
            (["Bearer realm=https://a/t?x=y,service=s"], ["bearer realm=https://a/t?x=y service=s"]),
            (["Negotiate"], ["negotiate"]),
            (["Negotiate YII=, Basic realm=x"], ["negotiate", "basic realm=x"]),
            (["Negotiate abc , Basic realm=x"], ["negotiate", "basic realm=x"]),
            (["Negotiate, NTLM"], ["negotiate", "ntlm"]),
            (["Bearer realm=\"a\",realm=\"b\""], ["bearer realm=a"]),
            ([", ,Basic realm=\"\""], ["basic realm="]),
            (["Bearer realm=\"a\",, error=\"b\""], ["bearer error=b realm=a"]),
            // Malformed.
            (["Bearer realm=\"no end"], ["bearer"]), (["=x"], []), ([""], []),
            (["Bearer realm=\"a\" rubbish=\"b\""], ["bearer realm=a"]),
            (["realm=x"], []), (["Bearer realm=\"a\\"], ["bearer"]), (["\"Bearer\" realm=x"], []),
        ] as [([String], [String])])
    func challengesAreReadAsTheyAreWritten(_ lines: [String], _ expected: [String]) {
        let found = AuthenticationChallenge.all(in: lines).map { challenge in
            ([challenge.scheme]
                + challenge.parameters.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" })
                .joined(separator: " ")
        }
        #expect(found == expected)
    }

    // Source: OCI distribution specification 1.1, "Pulling manifests"; Docker Hub's API host.
    @Test(arguments: [
        ("debian", "https://registry-1.docker.io/v2/library/debian/manifests/latest"),
        ("acme/a:1", "https://registry-1.docker.io/v2/acme/a/manifests/1"),
        ("index.docker.io/acme/a", "https://registry-1.docker.io/v2/acme/a/manifests/latest"),
        ("GHCR.io/a/b:1", "https://ghcr.io/v2/a/b/manifests/1"),
        ("localhost/a", "https://localhost/v2/a/manifests/latest"),
        ("Registry/a", "https://registry/v2/a/manifests/latest"),
        ("localhost:5000/a/b", "https://localhost:5000/v2/a/b/manifests/latest"),
        ("[::1]:5000/a:x", "https://[::1]:5000/v2/a/manifests/x"),
        ("r.io:443/a", "https://r.io/v2/a/manifests/latest"),
        ("r.io/a:1@sha256:" + digits, "https://r.io/v2/a/manifests/sha256:" + digits),
    ])
    func aReferenceLeadsToItsManifest(_ text: String, _ url: String) throws {
        let reference = try ImageSpec.ImageReference(text)
        #expect(reference.url(.https, "manifests/" + reference.identifier).text == url)
        #expect(reference.pullScope == "repository:\(reference.repository):pull")
    }

    private static let digits = String(repeating: "0123456789abcdef", count: 4)

    // Source: RFC 9110, 10.2.3. Dates are ignored.
    @Test(
        arguments: [
            ("0", 0), ("120", 120), (" 7 ", 7), ("99999999999999999999", Int(Int32.max)),
            ("Sun, 06 Nov 1994 08:49:37 GMT", nil), ("Sunday, 06-Nov-94 08:49:37 GMT", nil),
            ("Sun Nov  6 08:49:37 1994", nil), ("-1", nil), ("1.5", nil), ("soon", nil), ("", nil),
        ] as [(String, Int?)])
    func retryAfterIsSeconds(_ value: String, _ seconds: Int?) {
        #expect(RetryAfter.duration(value) == seconds.map { .seconds($0) })
    }

    @Test(
        arguments: [
            (0, nil, 60, .retry(after: .milliseconds(250))), (1, nil, 60, .retry(after: .milliseconds(500))),
            (3, nil, 60, .giveUp), (0, 2, 60, .retry(after: .seconds(2))),
            (0, 31, 60, .tooLong(.seconds(31))),
            (0, 20, 10, .tooLong(.seconds(20))), (0, nil, 0, .giveUp), (3, 1, 60, .giveUp),
        ] as [(Int, Int?, Int, RetryPolicy.Decision)])
    func retriesAreFewAndSoon(
        _ attempt: Int, _ retryAfter: Int?, _ left: Int, _ expected: RetryPolicy.Decision
    ) {
        let decision = RetryPolicy().decision(
            attempt: attempt, retryAfter: retryAfter.map { .seconds($0) }, left: .seconds(left), jitter: 1)
        #expect(decision == expected)
    }

    // Source: Go's golang.org/x/net/http/httpproxy, which docker, podman and skopeo follow.
    @Test(
        arguments: [
            ("https://r.io/", ["HTTPS_PROXY": "http://p:1"], "http://p:1"),
            ("https://r.io/", ["https_proxy": "p:1"], "http://p:1"),
            ("https://r.io/", ["https_proxy": "http://low", "HTTPS_PROXY": "http://up"], "http://low"),
            ("https://r.io/", ["HTTP_PROXY": "http://p"], nil),
            ("http://r.io/", ["HTTP_PROXY": "http://p"], "http://p"),
            ("http://r.io/", ["http_proxy": "http://p"], "http://p"),
            ("http://r.io/", ["HTTPS_PROXY": "http://p"], nil),
            ("http://r.io/", ["HTTP_PROXY": "http://p", "REQUEST_METHOD": "GET"], nil),
            ("https://r.io/", ["ALL_PROXY": "socks5://p"], "socks5://p"),
            ("https://r.io/", ["HTTPS_PROXY": ""], nil),
            ("https://r.io/", ["HTTPS_PROXY": "http://p", "NO_PROXY": "r.io"], nil),
            ("https://a.r.io/", ["HTTPS_PROXY": "http://p", "no_proxy": "x, r.io"], nil),
            ("https://ar.io/", ["HTTPS_PROXY": "http://p", "NO_PROXY": "r.io"], "http://p"),
            ("https://r.io/", ["HTTPS_PROXY": "http://p", "NO_PROXY": ".r.io"], "http://p"),
            ("https://a.r.io/", ["HTTPS_PROXY": "http://p", "NO_PROXY": "*.r.io"], nil),
            ("https://r.io:5000/", ["HTTPS_PROXY": "http://p", "NO_PROXY": "r.io:5000"], nil),
            ("https://r.io/", ["HTTPS_PROXY": "http://p", "NO_PROXY": "r.io:5000"], "http://p"),
            ("https://r.io/", ["HTTPS_PROXY": "http://p", "NO_PROXY": "*"], nil),
            ("https://10.1.2.3/", ["HTTPS_PROXY": "http://p", "NO_PROXY": "10.0.0.0/8"], nil),
            ("https://11.1.2.3/", ["HTTPS_PROXY": "http://p", "NO_PROXY": "10.0.0.0/8"], "http://p"),
            ("https://[fd00::1]/", ["HTTPS_PROXY": "http://p", "NO_PROXY": "fd00::1"], nil),
            ("https://localhost:5000/", ["HTTPS_PROXY": "http://p"], nil),
            ("http://127.0.0.9/", ["HTTP_PROXY": "http://p"], nil),
            ("http://[::1]:1/", ["HTTP_PROXY": "http://p"], nil),
        ] as [(String, [String: String], String?)])
    func proxiesAreThoseOfTheEnvironment(_ text: String, _ environment: [String: String], _ proxy: String?)
        throws
    {
        let url = try #require(HTTPURL(text))
        #expect(ProxySettings { environment[$0] }.proxy(for: url) == proxy)
    }

    @Test(
        arguments: [
            ("https://R.io:443/a?b#c", "https://r.io/a?b"), ("http://r.io:443", "http://r.io:443/"),
            ("https://r.io?x", "https://r.io/?x"),
            ("https://[::1]:5/", "https://[::1]:5/"), ("ftp://r.io/", nil), ("https://user:pw@r.io/", nil),
            ("https:///a", nil),
            ("https://r.io:0/", nil), ("https://r.io:65536/", nil), ("https://r.io/a b", nil),
            ("https://r.io/\r\nx", nil),
            ("https://r\u{E9}.io/", nil), ("r.io/a", nil), ("https://[/", nil), ("https://r.io\\@x/", nil),
        ] as [(String, String?)])
    func onlyPlainURLsAreURLs(_ text: String, _ expected: String?) {
        #expect(HTTPURL(text)?.text == expected)
    }

    @Test(
        arguments: [
            ("/x?y", "https://r.io/x?y"), ("x", "https://r.io/a/x"), ("?z", "https://r.io/a/b?z"),
            ("//h/x", "https://h/x"),
            ("http://h", "http://h/"), ("", "https://r.io/a/b?q=/1"), ("file:///x", nil),
            ("javascript:x", nil),
            ("https://u:p@h/", nil), ("/a b", nil),
        ] as [(String, String?)])
    func redirectsAreReadFromWhereTheyStand(_ location: String, _ expected: String?) throws {
        let url = try #require(HTTPURL("https://r.io/a/b?q=/1"))
        #expect(url.resolving(location)?.text == expected)
    }

    @Test func formsEscapeAllButLettersAndDigits() {
        #expect(
            FormEncoding.query([("a b", "c:d/e&f=\u{E9}"), ("x", "-._~")])
                == "a%20b=c%3Ad%2Fe%26f%3D%C3%A9&x=-._~")
    }

    @Test func secretsAreNotPrinted() {
        let lookup = CredentialLookup.found(RegistryCredential(.password(user: "me", password: "secret")))
        var dumped = ""
        dump(lookup, to: &dumped)
        for text in ["\(lookup)", String(reflecting: lookup), dumped] {
            #expect(!text.contains("secret") && !text.contains("me\""))
        }
    }
}
