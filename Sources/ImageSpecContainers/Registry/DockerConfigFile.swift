// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
import ImageSpec

/// What a credential applies to: a registry, or some repositories of one.
struct CredentialKey: Hashable, Sendable {
    /// The host and port, in lower case. Docker Hub, which has several host names, is `docker.io`.
    let host: String
    /// The path after the host: a repository or a prefix of repositories; often empty.
    let path: String

    init(registry: String, repository: String) {
        let host = registry.lowercased()
        self.host = Self.hub.contains(host) ? "docker.io" : host
        path = repository
    }

    /// Parses a key of a configuration file: `ghcr.io`, `https://ghcr.io/`, `https://index.docker.io/v1/`,
    /// `ghcr.io/acme/app`.
    init(key: String) {
        var rest = Substring(key)
        var hasScheme = false
        for scheme in ["https://", "http://"] where rest.lowercased().hasPrefix(scheme) {
            rest = rest.dropFirst(scheme.count)
            hasScheme = true
        }
        let parts = rest.split(separator: "/").map(String.init)
        let path = parts.dropFirst().joined(separator: "/")
        // In a URL, the path after the host is that of the API, not of a repository.
        let isAPI = hasScheme || path == "v1" || path == "v2"
        self.init(registry: parts.first ?? "", repository: isAPI ? "" : path)
    }

    private static let hub: Set<String> = [
        "docker.io", "index.docker.io", "registry-1.docker.io", "registry.hub.docker.com", "hub.docker.com",
    ]

    /// The server name that docker passes to credential helpers.
    var server: String { host == "docker.io" ? "https://index.docker.io/v1/" : host }

    /// How specifically this configuration key matches a registry and repository. If `nil`, it does not match.
    func fit(_ place: CredentialKey) -> Int? {
        guard host == place.host else { return nil }
        let isPrefix = path.isEmpty || place.path == path || place.path.hasPrefix(path + "/")
        return isPrefix ? path.utf8.count : nil
    }
}

/// A configuration file of docker or podman.
struct DockerConfigFile {
    /// The quoted path of the file, or the name of the variable that contains the text, for messages.
    let name: String
    private let helpers: ImageSpec.OrderedDictionary<ImageSpec.JSONValue>
    private let store: String?
    private let entries: ImageSpec.OrderedDictionary<ImageSpec.JSONValue>

    init(_ bytes: [UInt8], name: String) throws(CredentialProblem) {
        self.name = name
        // `docker logout` and `touch` may leave an empty file behind.
        if bytes.allSatisfy({ [0x20, 0x09, 0x0A, 0x0D].contains($0) }) {
            (helpers, store, entries) = ([:], nil, [:])
            return
        }
        let value: ImageSpec.JSONValue
        do throws(ImageSpecError) {
            value = try ImageSpec.JSONValue(json: bytes)
        } catch {
            throw .malformed(name, error.message)
        }
        guard case .object(let object) = value else { throw .malformed(name, "not a JSON object") }
        func child(_ key: String) throws(CredentialProblem)
            -> ImageSpec.OrderedDictionary<ImageSpec.JSONValue>
        {
            switch object[key] {
            case .object(let child)?: return child
            case nil, .null?: return [:]
            default: throw .malformed(name, "\(key) must be an object")
            }
        }
        helpers = try child("credHelpers")
        entries = try child("auths")
        switch object["credsStore"] {
        case .string(let text)?: store = text
        case nil, .null?: store = nil
        default: throw .malformed(name, "credsStore must be a string")
        }
    }

    /// Returns the name of the credential helper to use. If `nil` or empty, there is none; an empty name for a registry
    /// disables the default helper for it.
    func helper(for place: CredentialKey, usesStore: Bool) -> String? {
        for (_, value) in fitting(helpers, place) {
            if case .string(let helper) = value { return helper }
        }
        return usesStore ? store : nil
    }

    /// Returns the credential of the most specific entry that has one.
    func entry(for place: CredentialKey) throws(CredentialProblem) -> RegistryCredential? {
        for (_, value) in fitting(entries, place) {
            if let credential = try credential(value, place) { return credential }
        }
        return nil
    }

    private func fitting(
        _ object: ImageSpec.OrderedDictionary<ImageSpec.JSONValue>, _ place: CredentialKey
    ) -> [(key: String, value: ImageSpec.JSONValue)] {
        // If two keys are equally specific, prefer the plain host name, then the order of the file. (The sort is stable.)
        func rank(_ key: String) -> (Int, Int)? {
            CredentialKey(key: key).fit(place).map { ($0, key == place.host ? 1 : 0) }
        }
        return object.compactMap { pair in rank(pair.key).map { (pair, $0) } }
            .sorted { $0.1 > $1.1 }.map(\.0)
    }

    private func credential(
        _ value: ImageSpec.JSONValue, _ place: CredentialKey
    ) throws(CredentialProblem) -> RegistryCredential? {
        guard case .object(let entry) = value else {
            throw .malformed(name, "the entry for \(place.host) in auths must be an object")
        }
        func text(_ key: String) throws(CredentialProblem) -> String? {
            switch entry[key] {
            case .string(let text)?: return text.isEmpty ? nil : text
            case nil, .null?: return nil
            default: throw .malformed(name, "\(key) of the entry for \(place.host) in auths must be a string")
            }
        }
        if let token = try text("registrytoken") { return RegistryCredential(.registryToken(token)) }
        if let token = try text("identitytoken") { return RegistryCredential(.identityToken(token)) }
        if let auth = try text("auth") {
            guard let decoded = Base64.decoded(auth).flatMap({ String(validating: $0, as: UTF8.self) }),
                let colon = decoded.utf8.firstIndex(of: UInt8(ascii: ":"))
            else {
                throw .malformed(
                    name, "auth of the entry for \(place.host) in auths must be user:password in base64")
            }
            let password = decoded[decoded.utf8.index(after: colon)...]
            // Docker pads the password with NUL bytes.
            return .named(String(decoded[..<colon]), String(password.prefix { $0 != "\0" }))
        }
        guard let user = try text("username"), let password = try text("password") else { return nil }
        return .named(user, password)
    }
}

extension RegistryCredential {
    /// Creates a credential. The user name `<token>` marks the secret as an identity token instead of a password.
    static func named(_ user: String, _ secret: String) -> RegistryCredential {
        RegistryCredential(
            user == "<token>" ? .identityToken(secret) : .password(user: user, password: secret))
    }
}
