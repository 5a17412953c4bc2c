// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
import ImageSpec

/// The credentials for the registries of one build that are known here and that its engine would not find: each engine reads
/// other places. They are passed to it in a file that only this user can read.
struct EngineCredentials: Sendable {
    /// The member of `auths`, and the credential.
    typealias Entry = (key: String, credential: RegistryCredential)

    var entries: [Entry]

    /// Finds the credentials for the images that the build reads and writes, the most important first: docker and buildctl
    /// have one credential for a registry, podman and buildah may have several.
    ///
    /// Reads the configuration of docker and podman. Runs credential helpers only for registries about which the engine reads
    /// something else.
    static func find(
        for images: [String], _ engine: ImageSpec.ContainerEngine, _ places: CredentialPlaces,
        _ keychain: Keychain
    ) async -> EngineCredentials {
        var found: [(key: CredentialKey, credential: RegistryCredential?)] = []
        for case let image? in images.map({ try? ImageSpec.ImageReference($0) }) where !image.isScratch {
            let key = CredentialKey(
                registry: image.registry.description, repository: image.repository)
            if found.contains(where: { $0.key == key }) { continue }
            found.append((key, await keychain.credential(for: key, unknownTo: places)))
        }
        var entries: [Entry] = []
        for case (let key, let credential?) in found {
            let others = found.filter { $0.key.host == key.host }
            let isForAll = others.allSatisfy { $0.credential == credential }
            let hasParts = engine == .podman || engine == .buildah
            let name = isForAll || !hasParts ? key.server(of: engine) : key.host + "/" + key.path
            if !entries.contains(where: { $0.key == name }) { entries.append((name, credential)) }
        }
        return EngineCredentials(entries: entries)
    }

    /// Replaces the credentials of a configuration for these registries.
    func add(to configuration: inout ImageSpec.OrderedDictionary<ImageSpec.JSONValue>) {
        var auths = configuration.object("auths")
        var helpers = configuration.object("credHelpers")
        for (key, credential) in entries {
            auths[key] = credential.entry
            // An empty one keeps the helper for all registries from being asked.
            if helpers[key] != nil || configuration["credsStore"] != nil { helpers[key] = "" }
        }
        configuration["auths"] = .object(auths)
        if !helpers.isEmpty { configuration["credHelpers"] = .object(helpers) }
    }

    /// Writes a file for podman and buildah, which then read no other: what they would find by themselves, and these.
    func write(
        _ name: String, replacing places: CredentialPlaces, in scratch: TemporaryDirectory
    ) throws(ImageSpecError) -> String {
        var merged: ImageSpec.OrderedDictionary<ImageSpec.JSONValue> = [:]
        for case .file(let path) in places.list.reversed() {
            guard let configuration = try? DockerConfiguration.object(in: path) else { continue }
            for member in ["auths", "credHelpers"] {
                var values = merged.object(member)
                for (key, value) in configuration.object(member) where value != [:] { values[key] = value }
                merged[member] = .object(values)
            }
        }
        // An empty name would be that of a helper.
        var helpers = merged.object("credHelpers")
        for (key, _) in entries { helpers[key] = nil }
        merged["credHelpers"] = .object(helpers)
        add(to: &merged)
        try scratch.write(ImageSpec.JSONValue.object(merged).canonicalForm, to: name)
        return scratch.path + "/" + name
    }
}

extension ImageSpec.OrderedDictionary<ImageSpec.JSONValue> {
    /// A member that is an object; empty if it is not.
    fileprivate func object(_ key: String) -> Self {
        if case .object(let object)? = self[key] { object } else { [:] }
    }
}

extension CredentialKey {
    /// The name of the registry in a configuration.
    fileprivate func server(of engine: ImageSpec.ContainerEngine) -> String {
        engine == .podman || engine == .buildah ? host : server
    }
}

extension RegistryCredential {
    /// The member of `auths`.
    fileprivate var entry: ImageSpec.JSONValue {
        switch kind {
        case .password(let user, let password):
            ["auth": .string(Base64.text(Array("\(user):\(password)".utf8)))]
        case .identityToken(let token):
            // Podman and buildah require a user name, of which the token is independent.
            [
                "auth": .string(Base64.text(Array("00000000-0000-0000-0000-000000000000:".utf8))),
                "identitytoken": .string(token),
            ]
        case .registryToken(let token): ["registrytoken": .string(token)]
        }
    }
}
