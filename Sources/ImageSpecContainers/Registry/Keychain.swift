// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
import ImageSpec

/// Finds the credentials for a registry in the configuration of docker and podman.
///
/// The first of these that has something for the registry decides:
///
/// 1. `DOCKER_AUTH_CONFIG`, the text of a configuration;
/// 2. `config.json` in the directory `DOCKER_CONFIG`, by default `~/.docker`;
/// 3. the file `REGISTRY_AUTH_FILE`, `containers/auth.json` in `XDG_RUNTIME_DIR`, and in `XDG_CONFIG_HOME`, by default
///    `~/.config`.
///
/// A file of the spec (`registry_config`) counts alone. One that is not there has nothing for any registry; one that cannot
/// be read, or a helper that fails, ends the search: to go on could mean to ask as somebody else.
///
/// Source: docker's `config.json`, `docker login`; containers-auth.json(5).
struct Keychain: Sendable {
    /// The only credentials file to use; nil: those of the machine.
    var configurationFile: String?
    var environment: @Sendable (String) -> String? = ImageSpec.processEnvironment
    var helpers = CredentialHelpers()

    /// Reads the configuration on each call, and runs a credential helper if the configuration names one.
    ///
    /// The registry is the host as in a reference, with its port: `docker.io`, `ghcr.io`, `localhost:5000`. The repository is
    /// the path behind it; podman's files may have credentials for a part of a registry.
    func credential(for registry: String, repository: String = "") async -> CredentialLookup {
        do throws(CredentialProblem) {
            let key = CredentialKey(registry: registry, repository: repository)
            return try await credential(for: key, in: places).map { .found($0) } ?? .anonymous
        } catch {
            return .failed(reason: error.reason)
        }
    }

    private var places: CredentialPlaces {
        configurationFile.map { CredentialPlaces(files: [$0]) } ?? CredentialPlaces(environment: environment)
    }

    private func credential(
        for key: CredentialKey, in places: CredentialPlaces
    ) async throws(CredentialProblem) -> RegistryCredential? {
        for place in places.list {
            guard let configuration = try place.configuration() else { continue }
            let found = try await credential(for: key, in: configuration, usesStore: places.usesStore)
            if let found { return found }
        }
        return nil
    }

    /// A helper for the registry, else the one for all, else the entry in the file. What a helper does not know may stand
    /// in the file.
    private func credential(
        for key: CredentialKey, in configuration: DockerConfigFile, usesStore: Bool
    ) async throws(CredentialProblem) -> RegistryCredential? {
        if let helper = configuration.helper(for: key, usesStore: usesStore), !helper.isEmpty {
            let found = try await helpers.credential(for: key, helper: helper, namedIn: configuration.name)
            if let found { return found }
        }
        return try configuration.entry(for: key)
    }

    // MARK: what another program does not find

    /// The credential of this keychain for a registry if a program that reads other places would not find it; otherwise nil.
    ///
    /// If both read the same about the registry, no helper is run. A place that cannot be read has nothing: whoever needs
    /// it reports that.
    func credential(for key: CredentialKey, unknownTo program: CredentialPlaces) async -> RegistryCredential?
    {
        do throws(CredentialProblem) {
            let own = try mentions(of: key, in: places)
            let other = (try? mentions(of: key, in: program)) ?? []
            guard !own.isEmpty, own != other, let found = try await credential(for: key, in: places) else {
                return nil
            }
            // A helper is not run only to compare.
            let isKnown = other.first.map { $0.helper == nil && $0.entry == found } ?? false
            return isKnown ? nil : found
        } catch {
            return nil
        }
    }

    /// What a place has about a registry, before any helper is run.
    private struct Mention: Equatable {
        var place: CredentialPlaces.Place
        var helper: String?
        var entry: RegistryCredential?
    }

    private func mentions(
        of key: CredentialKey, in places: CredentialPlaces
    ) throws(CredentialProblem) -> [Mention] {
        var mentions: [Mention] = []
        for place in places.list {
            guard let configuration = try place.configuration() else { continue }
            let helper = configuration.helper(for: key, usesStore: places.usesStore).nonEmpty
            let entry = try configuration.entry(for: key)
            if helper != nil || entry != nil {
                mentions.append(Mention(place: place, helper: helper, entry: entry))
            }
        }
        return mentions
    }
}

/// Why it is not known what a registry is to be told. Its reason names the place and what to do there, and no secret.
struct CredentialProblem: Error, Hashable {
    let reason: String

    static func unreadable(_ error: ImageSpecError) -> CredentialProblem {
        CredentialProblem(reason: "cannot load credentials: \(error.message), or log in again")
    }

    static func malformed(_ file: String, _ what: String) -> CredentialProblem {
        CredentialProblem(
            reason: "cannot read the credentials in \(file): \(what); correct the file, or log in again")
    }

    static func helper(
        _ program: String, namedIn file: String, _ place: CredentialKey, _ what: String, toDo advice: String
    ) -> CredentialProblem {
        CredentialProblem(
            reason:
                "the credential helper \(program), configured in \(file) for \(place.host), \(what); \(advice)"
        )
    }
}
