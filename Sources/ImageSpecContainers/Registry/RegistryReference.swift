// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
import ImageSpec

/// An image in a registry, by its full name.
///
/// Source: OCI distribution specification 1.1, "Pulling manifests"; docker's rules for what names leave out.
struct RegistryReference: Hashable, Sendable {
    /// The registry as it is named for people and in files of credentials: `docker.io`, `localhost:5000`.
    let registry: String
    /// `library/debian`
    let repository: String
    /// The digest, or the tag if there is none.
    let manifest: String
    /// The digest that the reference fixes.
    let digest: String?

    private static let dockerHub = "docker.io"

    /// Reads `[host[:port]/]path[:tag][@digest]`.
    ///
    /// The first part is a host if it has a dot or a colon or is `localhost`; else the image is on Docker Hub, where names
    /// of one part are below `library/`. Without tag and digest it is the tag `latest`.
    /// - Throws: ``ImageSpecError/Code/invalidReference``.
    init(_ text: String) throws(ImageSpecError) {
        var name = Substring(text)
        if let at = name.firstIndex(of: "@") {
            let digest = String(name[at...].dropFirst())
            guard ManifestDigest.isKnown(digest) else {
                throw .noDigestBehindAt(text)
            }
            self.digest = digest
            name = name[..<at]
        } else {
            digest = nil
        }
        var tag = "latest"
        let path = name.lastIndex(of: "/") ?? name.startIndex
        if let colon = name[path...].firstIndex(of: ":") {
            tag = String(name[colon...].dropFirst())
            guard ImageReference.isTag(tag) else {
                throw .invalidImage(text, "\"\(tag)\" is not a valid tag")
            }
            name = name[..<colon]
        }
        if let problem = ImageReference.problem(inRepository: String(name)) {
            throw .invalidImage(text, problem)
        }
        let host = ImageName(String(name)).host
        let repository = host.map { String(name.dropFirst($0.count + 1)) } ?? String(name)
        if let problem = ImageReference.problem(inRepository: repository) {
            throw .invalidImage(text, problem)
        }
        let registry = host?.lowercased() ?? Self.dockerHub
        self.registry = registry == "index.docker.io" ? Self.dockerHub : registry
        let isShort = self.registry == Self.dockerHub && !repository.contains("/")
        self.repository = isShort ? "library/" + repository : repository
        manifest = digest ?? tag
        guard HTTPURL.Authority(apiHost[...]) != nil else {
            throw .invalidImage(text, "\"\(registry)\" is not a valid host and port")
        }
    }

    /// The server that answers: that of Docker Hub has another name than the registry.
    var apiHost: String { registry == Self.dockerHub ? "registry-1.docker.io" : registry }

    /// What a token is to allow.
    var scope: String { "repository:\(repository):pull" }

    func url(_ scheme: HTTPURL.Scheme, _ path: String) -> HTTPURL {
        // The host was checked when the reference was made.
        let authority = HTTPURL.Authority(apiHost[...])
        return HTTPURL(
            scheme: scheme, host: authority?.host ?? apiHost, port: authority?.port,
            target: "/v2/\(repository)/\(path)")
    }
}

/// The digests that name manifests and blobs.
enum ManifestDigest {
    /// `sha256:` and 64, or `sha512:` and 128 lower-case hexadecimal digits.
    static func isKnown(_ text: String) -> Bool {
        let counts = ["sha256": 64, "sha512": 128]
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, let count = counts[String(parts[0])] else { return false }
        return parts[1].utf8.count == count
            && parts[1].utf8.allSatisfy { byte in
                (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                    || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
            }
    }

    static func of(_ bytes: [UInt8]) -> String { "sha256:" + ImageSpec.sha256Hex(of: bytes) }
}
