// SPDX-License-Identifier: Apache-2.0

extension ImageSpec {
    /// A reference to a container image, `[registry/]repository[:tag][@digest]`, read as docker reads it.
    ///
    /// ```swift
    /// let reference = try ImageSpec.ImageReference("debian:12")
    /// print(reference.registry)    // docker.io
    /// print(reference.repository)  // library/debian
    /// print(reference.canonical)   // docker.io/library/debian:12
    /// print(reference)             // debian:12
    /// ```
    ///
    /// Validated when created. The part before the first slash is the registry if it contains a dot, a colon or an upper-case
    /// letter, or is `localhost`; otherwise the image is on Docker Hub. Two references are equal if they are written the same;
    /// compare ``canonical`` to compare images.
    ///
    /// Source: https://github.com/distribution/reference, the grammar in `reference.go` and the defaults in `normalize.go`.
    public struct ImageReference: Hashable, Sendable {
        /// Registry and repository as written, without tag and digest: `debian`, `ghcr.io/acme/trainer`.
        public let name: String
        /// The registry. Docker Hub if the reference names none.
        public let registry: Registry
        /// The path within the registry: `library/debian`, `acme/trainer`.
        public let repository: String
        /// The tag. `nil` if the reference has none.
        public let tag: String?
        /// The digest of the manifest or index. `nil` if the reference has none.
        public let digest: Digest?

        /// Parses a reference.
        /// - Throws: ``ImageSpecError/Code/invalidReference``.
        public init(_ text: String) throws(ImageSpecError) {
            do throws(Problem) {
                try self.init(parsing: text)
            } catch {
                throw .invalidImage(text, error)
            }
        }

        /// A reference whose parts are valid.
        private init(name: String, registry: Registry, repository: String, tag: String?, digest: Digest?) {
            self.name = name
            self.registry = registry
            self.repository = repository
            self.tag = tag
            self.digest = digest
        }
    }
}

// MARK: parts

extension ImageSpec.ImageReference {
    /// The tag that docker uses if a reference has neither tag nor digest.
    public static let defaultTag = "latest"

    /// The digest, or the tag if there is none, or `latest`: the last part of the manifest's URL.
    public var identifier: String { digest?.description ?? tag ?? Self.defaultTag }

    /// The same reference with everything written out: `debian` is `docker.io/library/debian:latest`.
    public var canonical: Self {
        Self(
            name: "\(registry)/\(repository)", registry: registry, repository: repository,
            tag: tag ?? (digest == nil ? Self.defaultTag : nil), digest: digest)
    }

    /// The reference with its tag and without digest: `debian:12`. A missing tag is `latest`.
    public var tagged: Self { with(digest: nil) }

    /// Returns the reference with its tag and this digest: `debian:12@sha256:…`. A missing tag is `latest`.
    public func pinned(to digest: Digest) -> Self { with(digest: digest) }

    private func with(digest: Digest?) -> Self {
        Self(
            name: name, registry: registry, repository: repository, tag: tag ?? Self.defaultTag,
            digest: digest)
    }

    /// Whether this is `scratch`, which in a Dockerfile does not name an image.
    ///
    /// Source: Dockerfile reference, "FROM".
    public var isScratch: Bool { name == "scratch" }
}

extension ImageSpec.ImageReference: CustomStringConvertible {
    /// The reference as it was written.
    public var description: String {
        name + (tag.map { ":" + $0 } ?? "") + (digest.map { "@\($0)" } ?? "")
    }
}

// MARK: parsing

extension ImageSpec.ImageReference {
    /// Parses `name[:tag][@digest]`. No name contains an `@`, and no colon of a name follows its last slash.
    package init(parsing text: String) throws(Problem) {
        var rest = Substring(text).utf8
        var digest: Digest?
        if let at = rest.firstIndex(of: UInt8(ascii: "@")) {
            digest = Digest(String(Substring(rest[rest.index(after: at)...])))
            guard digest != nil else { throw Grammar.urlScheme(of: text) ?? .digest }
            rest = rest[..<at]
        }
        var tag: String?
        let last = rest.lastIndex(of: UInt8(ascii: "/")) ?? rest.startIndex
        if let colon = rest[last...].firstIndex(of: UInt8(ascii: ":")) {
            let found = String(Substring(rest[rest.index(after: colon)...]))
            guard Grammar.isTag(found) else { throw .tag(found) }
            tag = found
            rest = rest[..<colon]
        }
        let name = String(Substring(rest))
        if let problem = Grammar.problem(inName: name) { throw problem }
        let (registry, repository) = try Self.split(name)
        guard repository.utf8.count <= Grammar.maximumPathLength else { throw .pathTooLong }
        self.init(name: name, registry: registry, repository: repository, tag: tag, digest: digest)
    }

    /// The registry and the path in it. On Docker Hub, names of one part are below `library/`.
    private static func split(_ name: String) throws(Problem) -> (Registry, repository: String) {
        var registry = Registry.dockerHub
        var path = Substring(name)
        if let slash = name.utf8.firstIndex(of: UInt8(ascii: "/")), Grammar.namesHost(name[..<slash]) {
            let host = String(name[..<slash])
            guard let found = Registry(host) else { throw .registry(host) }
            registry = found
            path = name[name.utf8.index(after: slash)...]
        }
        let isShort = registry.isDockerHub && !path.utf8.contains(UInt8(ascii: "/"))
        return (registry, isShort ? "library/" + path : String(path))
    }
}
