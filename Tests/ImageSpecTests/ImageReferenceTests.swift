// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import ContentTree
@testable import ImageSpec

/// References by the grammar of https://github.com/distribution/reference/blob/main/reference.go and the defaults of
/// `normalize.go` beside it.
@Suite struct ImageReferenceTests {
    typealias Reference = ImageSpec.ImageReference

    private static let sha256 = "sha256:" + String(repeating: "0123456789abcdef", count: 4)
    private static let sha384 = "sha384:" + String(repeating: "0123456789abcdef", count: 6)
    private static let sha512 = "sha512:" + String(repeating: "0123456789abcdef", count: 8)

    // MARK: parts

    struct Parts: Sendable {
        var text: String
        var registry: String
        var repository: String
        var tag: String?
        var digest: String?
        var canonical: String

        init(
            _ text: String, _ registry: String, _ repository: String, tag: String? = nil,
            digest: String? = nil,
            canonical: String
        ) {
            self.text = text
            self.registry = registry
            self.repository = repository
            self.tag = tag
            self.digest = digest
            self.canonical = canonical
        }
    }

    private static let valid: [Parts] = [
        // Docker Hub: its names, and what short names leave out.
        Parts("debian", "docker.io", "library/debian", canonical: "docker.io/library/debian:latest"),
        Parts(
            "debian:12", "docker.io", "library/debian", tag: "12", canonical: "docker.io/library/debian:12"),
        Parts("library/debian", "docker.io", "library/debian", canonical: "docker.io/library/debian:latest"),
        Parts(
            "docker.io/debian", "docker.io", "library/debian", canonical: "docker.io/library/debian:latest"),
        Parts(
            "docker.io/library/debian", "docker.io", "library/debian",
            canonical: "docker.io/library/debian:latest"),
        Parts(
            "index.docker.io/debian", "docker.io", "library/debian",
            canonical: "docker.io/library/debian:latest"),
        Parts("registry-1.docker.io/a/b", "docker.io", "a/b", canonical: "docker.io/a/b:latest"),
        Parts(
            "Docker.IO/debian", "docker.io", "library/debian", canonical: "docker.io/library/debian:latest"),
        Parts("acme/app:1", "docker.io", "acme/app", tag: "1", canonical: "docker.io/acme/app:1"),
        Parts("docker.io:443/a", "docker.io:443", "a", canonical: "docker.io:443/a:latest"),
        Parts("registry.docker.io/a", "registry.docker.io", "a", canonical: "registry.docker.io/a:latest"),
        Parts("docker.io.evil.com/a", "docker.io.evil.com", "a", canonical: "docker.io.evil.com/a:latest"),
        Parts("scratch", "docker.io", "library/scratch", canonical: "docker.io/library/scratch:latest"),
        // What is a host: a dot, a colon, an upper-case letter, or localhost.
        Parts("ghcr.io/acme/app", "ghcr.io", "acme/app", canonical: "ghcr.io/acme/app:latest"),
        Parts("GHCR.io/app", "ghcr.io", "app", canonical: "ghcr.io/app:latest"),
        Parts("Registry/app", "Registry", "app", canonical: "Registry/app:latest"),
        Parts("localhost/app", "localhost", "app", canonical: "localhost/app:latest"),
        Parts("localhosts/app", "docker.io", "localhosts/app", canonical: "docker.io/localhosts/app:latest"),
        Parts("registry/app", "docker.io", "registry/app", canonical: "docker.io/registry/app:latest"),
        Parts("h-o-st.io:443/a/b", "h-o-st.io:443", "a/b", canonical: "h-o-st.io:443/a/b:latest"),
        Parts("10.0.0.1/a", "10.0.0.1", "a", canonical: "10.0.0.1/a:latest"),
        Parts(
            "xn--bcher-kva.example/a", "xn--bcher-kva.example", "a",
            canonical: "xn--bcher-kva.example/a:latest"),
        // Ports.
        Parts("localhost:5000/a:b", "localhost:5000", "a", tag: "b", canonical: "localhost:5000/a:b"),
        Parts("registry:5000/a", "registry:5000", "a", canonical: "registry:5000/a:latest"),
        Parts("r.io:05000/a", "r.io:5000", "a", canonical: "r.io:5000/a:latest"),
        Parts("r.io:65535/a", "r.io:65535", "a", canonical: "r.io:65535/a:latest"),
        // Without a slash, what follows the colon is a tag.
        Parts(
            "localhost:5000", "docker.io", "library/localhost", tag: "5000",
            canonical: "docker.io/library/localhost:5000"),
        // IPv6.
        Parts("[::1]/a", "[::1]", "a", canonical: "[::1]/a:latest"),
        Parts("[FE80::1]:5000/a:x", "[fe80::1]:5000", "a", tag: "x", canonical: "[fe80::1]:5000/a:x"),
        Parts("[2001:db8::7]/a/b", "[2001:db8::7]", "a/b", canonical: "[2001:db8::7]/a/b:latest"),
        // Paths.
        Parts("r.io/a.b_c__d---e/f", "r.io", "a.b_c__d---e/f", canonical: "r.io/a.b_c__d---e/f:latest"),
        Parts("r.io/0/1", "r.io", "0/1", canonical: "r.io/0/1:latest"),
        Parts(
            "r.io/" + String(repeating: "a", count: 255), "r.io", String(repeating: "a", count: 255),
            canonical: "r.io/" + String(repeating: "a", count: 255) + ":latest"),
        Parts(
            "acme/" + String(repeating: "a", count: 250), "docker.io",
            "acme/" + String(repeating: "a", count: 250),
            canonical: "docker.io/acme/" + String(repeating: "a", count: 250) + ":latest"),
        // Tags.
        Parts("a:_", "docker.io", "library/a", tag: "_", canonical: "docker.io/library/a:_"),
        Parts("a/b:V1.0-x_Y", "docker.io", "a/b", tag: "V1.0-x_Y", canonical: "docker.io/a/b:V1.0-x_Y"),
        Parts(
            "r.io/a:" + String(repeating: "t", count: 128), "r.io", "a",
            tag: String(repeating: "t", count: 128),
            canonical: "r.io/a:" + String(repeating: "t", count: 128)),
        // Digests: each algorithm, with a tag or without.
        Parts("r.io/a@" + sha256, "r.io", "a", digest: sha256, canonical: "r.io/a@" + sha256),
        Parts("r.io/a@" + sha384, "r.io", "a", digest: sha384, canonical: "r.io/a@" + sha384),
        Parts("r.io/a@" + sha512, "r.io", "a", digest: sha512, canonical: "r.io/a@" + sha512),
        Parts(
            "debian:12@" + sha256, "docker.io", "library/debian", tag: "12", digest: sha256,
            canonical: "docker.io/library/debian:12@" + sha256),
        Parts(
            "[::1]:5000/a:1@" + sha256, "[::1]:5000", "a", tag: "1", digest: sha256,
            canonical: "[::1]:5000/a:1@" + sha256),
    ]

    @Test(arguments: valid) func aReferenceIsReadAsDockerReadsIt(_ parts: Parts) throws {
        let reference = try Reference(parts.text)
        #expect(reference.registry.description == parts.registry)
        #expect(reference.repository == parts.repository)
        #expect(reference.tag == parts.tag)
        #expect(reference.digest?.description == parts.digest)
        #expect(reference.identifier == parts.digest ?? parts.tag ?? "latest")
        #expect(reference.canonical.description == parts.canonical)
        #expect(reference.isScratch == (parts.text == "scratch"))
    }

    /// Parse → description → parse; and the canonical form is its own canonical form.
    @Test(arguments: valid) func theDescriptionIsTheTextItself(_ parts: Parts) throws {
        let reference = try Reference(parts.text)
        #expect(reference.description == parts.text)
        #expect(try Reference(reference.description) == reference)
        let canonical = try Reference(reference.canonical.description)
        #expect(canonical == reference.canonical && canonical.canonical == canonical)
        #expect(canonical.registry == reference.registry && canonical.repository == reference.repository)
    }

    @Test func theLawsHoldForRandomTexts() {
        var random = SeededGenerator(state: 7)
        let pieces = [
            "a", "B", "0", ".", "-", "_", "__", "/", ":", "@", "localhost", "docker.io", "index.docker.io",
            "[::1]",
            ":5000", "latest", "library/", Self.sha256, Self.sha512, "é", " ", "",
        ]
        var count = 0
        for _ in 0..<50_000 {
            let text = (0..<Int.random(in: 1...7, using: &random)).map { _ in
                pieces.randomElement(using: &random) ?? ""
            }.joined()
            guard let reference = try? Reference(text) else { continue }
            count += 1
            #expect(reference.description == text)
            #expect((try? Reference(reference.canonical.description)) == reference.canonical, "\(text)")
            #expect(Reference.Registry(reference.registry.description) == reference.registry, "\(text)")
        }
        #expect(count > 1000)
    }

    // MARK: what is refused

    private static let invalid: [(String, Reference.Problem)] = [
        // Names.
        ("", Reference.Problem.empty), (":1", .empty), ("@" + sha256, .empty), ("/", .emptyPart),
        ("a/", .emptyPart),
        ("/a", .emptyPart), ("a//b", .emptyPart), ("r.io//a", .emptyPart),
        ("https://r.io/a", .urlScheme("https://")), ("docker://r.io/a:1", .urlScheme("docker://")),
        ("https://user:secret@r.io/a", .urlScheme("https://")),
        ("A", .part("A")), ("r.io/A", .part("A")), ("a.", .part("a.")), ("a..b", .part("a..b")),
        ("a___b", .part("a___b")), ("a_-b", .part("a_-b")), ("-a", .part("-a")), ("a b", .part("a b")),
        ("é", .part("é")), ("a\n", .part("a\n")), ("a\u{0}", .part("a\u{0}")), ("$BASE", .part("$BASE")),
        (" a", .part(" a")), ("a/B", .part("B")),
        // Hosts.
        ("-host.io/a", .part("-host.io")), ("a-.com/a", .part("a-.com")), ("[::1/a", .part("[::1")),
        ("[]/a", .part("[]")), ("[g]/a", .part("[g]")), ("r.io:port/a", .part("r.io:port")),
        ("r.io:/a", .part("r.io:")), ("r.io:1:2/a", .part("r.io:1:2")), ("[::1]a/b", .part("[::1]a")),
        ("r.io:99999/a", .registry("r.io:99999")), ("r.io:0/a", .registry("r.io:0")),
        ("r.io:99999999999999999999/a", .registry("r.io:99999999999999999999")),
        ("my_host.io/a", .registry("my_host.io")),
        // Tags.
        ("a:", .tag("")), ("a:.x", .tag(".x")), ("a:-x", .tag("-x")), ("a:b c", .tag("b c")),
        ("a:b:c", .tag("b:c")),
        ("a:é", .tag("é")),
        ("a:" + String(repeating: "t", count: 129), .tag(String(repeating: "t", count: 129))),
        ("[::1]", .tag(":1]")),
        // Digests.
        ("a@", .digest), ("a@latest", .digest), ("a@sha256:", .digest), ("a@sha256:12", .digest),
        ("a@" + sha256.uppercased(), .digest), ("a@sha256:" + String(repeating: "A", count: 64), .digest),
        ("a@" + sha256 + "0", .digest), ("a@\(sha256)@\(sha256)", .digest), ("a@\(sha256):1", .digest),
        ("a@md5:" + String(repeating: "0", count: 32), .digest),
        ("a@sha512:" + String(repeating: "0", count: 64), .digest), ("user:password@r.io/a", .digest),
        // The longest path has 255 characters; the host is not counted, and what is left out is.
        ("r.io/" + String(repeating: "a", count: 256), .pathTooLong),
        (String(repeating: "a", count: 256), .pathTooLong),
        ("acme/" + String(repeating: "a", count: 251), .pathTooLong),
        (String(repeating: "a", count: 248), .pathTooLong),
    ]

    @Test(arguments: invalid)
    func whatIsNoReferenceIsRefused(_ text: String, _ problem: Reference.Problem) {
        #expect(throws: problem) { try Reference(parsing: text) }
        let error = #expect(throws: ImageSpecError.self) { try Reference(text) }
        #expect(error?.code == .invalidReference)
        #expect(error?.message.contains("password") != true && error?.message.contains("secret") != true)
        #expect(error?.message.utf8.allSatisfy { $0 >= 0x20 } == true)
    }

    // Names of images before the tag, where identity version 1 allows both readings of the first part.
    @Test(arguments: [
        "a", "a/b/c", "a.b", "a_b", "a__b", "a---b", "a1/2b", "localhost/a", "localhost:5000/a",
        "Host.Example.com/a",
        "h-o-st.io:443/a/b", "[::1]/a", "[fe80::1]:5000/a", "127.0.0.1:5000/a",
        String(repeating: "a", count: 255),
        "h.io/" + String(repeating: "a", count: 255), "h/" + String(repeating: "a", count: 255),
        "a/" + String(repeating: "b", count: 253), "my_host.io/a", "r.io:99999/a",
    ])
    func namesOfIdentity(_ name: String) {
        #expect(Reference.Grammar.problem(inName: name) == nil)
    }

    @Test(arguments: [
        "", "/", "a/", "/a", "a//b", "A", "a.", ".a", "a..b", "a___b", "a_-b", "-a", "a-", "a b", "a@b",
        "a:b", "é", "a\n", "a\u{0}",
        "host:port/a", "host:/a", "-host.io/A", "a-.com/a", "[::1/a", "[]/a", "[g]/a", "h.io:1:2/a", "a/B",
        "a/b:c",
        String(repeating: "a", count: 256), "h.io/" + String(repeating: "a", count: 256), "Host.io",
    ])
    func namesThatIdentityRefuses(_ name: String) {
        #expect(Reference.Grammar.problem(inName: name) != nil)
    }

    // MARK: registries

    @Test(arguments: [
        ("localhost:5000/a:1", true), ("localhost/a", true), ("LOCALHOST/a", true),
        ("127.0.0.1:5000/a", true),
        ("127.1.2.3/a", true), ("127.0.0.0/a", true),
        ("[::1]:5000/a", true), ("[::1]/a", true), ("[0:0:0:0:0:0:0:1]/a", true), ("[0::1]/a", true),
        ("[::0001]:1/a", true), ("[0:0::0:1]/a", true),
        ("[::2]/a", false), ("[1::1]/a", false), ("[::]/a", false), ("[::1:0]/a", false),
        ("[0:0:1]/a", false),
        ("[0:0:0:0:0:0:0:0:1]/a", false), ("[1]/a", false), ("[:1]/a", false), ("[::00001]/a", false),
        ("ghcr.io/a/b:1", false), ("acme/a:1", false), ("debian", false), ("localhosts/a", false),
        ("127.evil.com/a", false), ("127.0.0.1.evil.com/a", false), ("localhost.evil.com/a", false),
        ("a.localhost/a", false), ("127.0.0.08:5000/a", false), ("127.0.0.256/a", false),
        ("126.0.0.1/a", false),
    ])
    func onlyRegistriesOnThisMachineAreLoopback(_ name: String, _ isLoopback: Bool) throws {
        #expect(try Reference(name).registry.isLoopback == isLoopback)
    }

    @Test(arguments: [
        ("docker.io", true), ("index.docker.io", true), ("registry-1.docker.io", true), ("DOCKER.IO", true),
        ("hub.docker.com", false), ("docker.io:443", false), ("ghcr.io", false),
    ])
    func dockerHubHasSeveralNames(_ text: String, _ isDockerHub: Bool) throws {
        let registry = try #require(Reference.Registry(text))
        #expect(registry.isDockerHub == isDockerHub && (registry == .dockerHub) == isDockerHub)
        #expect(registry.apiHost == (isDockerHub ? "registry-1.docker.io" : registry.host))
        #expect(
            registry.credentialsServer == (isDockerHub ? "https://index.docker.io/v1/" : registry.description)
        )
    }

    @Test(arguments: [
        "", "a/b", "https://r.io", "r.io:", "r.io:0", "r.io:65536", ":5000", "a_b.io", "r.io ", "é.io",
    ])
    func whatIsNoRegistryIsNil(_ text: String) {
        #expect(Reference.Registry(text) == nil)
    }

    // MARK: digests and tags

    @Test func aPinnedReferenceKeepsItsSpelling() throws {
        let digest = try #require(Reference.Digest(Self.sha256))
        for (text, tagged) in [
            ("debian", "debian:latest"), ("debian:12", "debian:12"),
            ("docker.io/debian:12", "docker.io/debian:12"),
            ("[::1]:5000/a", "[::1]:5000/a:latest"), ("a:1@" + Self.sha512, "a:1"),
        ] {
            let reference = try Reference(text)
            #expect(reference.tagged.description == tagged)
            #expect(reference.pinned(to: digest).description == tagged + "@" + Self.sha256)
        }
    }

    // Source: FIPS 180-4, the empty message and "abc".
    @Test(arguments: [
        ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    ])
    func theDigestOfBytesIsTheirSHA256(_ text: String, _ hex: String) {
        let digest = Reference.Digest(of: Array(text.utf8))
        #expect(digest.algorithm == .sha256 && digest.hex == hex)
        #expect(Reference.Digest(digest.description) == digest)
    }
}
