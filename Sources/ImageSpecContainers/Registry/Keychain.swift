// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
import ImageSpec

/// Finds the credentials for a registry in the configuration of docker and podman.
///
/// The first of these sources that has credentials for the registry is used:
///
/// 1. `DOCKER_AUTH_CONFIG`, the text of a configuration;
/// 2. `config.json` in the directory `DOCKER_CONFIG`, by default `~/.docker`;
/// 3. the file `REGISTRY_AUTH_FILE`, then `containers/auth.json` in `XDG_RUNTIME_DIR` or, on Linux without that variable,
///    `/run/containers/UID/auth.json`, then `containers/auth.json` in `XDG_CONFIG_HOME`, by default `~/.config`.
///
/// If the spec sets `registry_config`, only that file is used. A missing file has no credentials. An unreadable file or a
/// failing helper ends the search: continuing could authenticate as a different user.
///
/// Source: docker's `config.json`, `docker login`; containers-auth.json(5).
struct Keychain: Sendable {
    /// The only credentials file to use. If `nil`, the default locations.
    var configurationFile: String?
    var environment: @Sendable (String) -> String? = ImageSpec.processEnvironment
    var helpers = CredentialHelpers()

    /// Finds the credentials for a registry. Reads the configuration on each call, and runs a credential helper if one is
    /// configured.
    ///
    /// The registry is the host and port as in a reference: `docker.io`, `ghcr.io`, `localhost:5000`. The repository is the
    /// path after it; podman's files may have separate credentials for some repositories of a registry.
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
            guard let configuration = try place.configuration() else {
                if let configurationFile { throw .missing(configurationFile) }
                continue
            }
            let found = try await credential(for: key, in: configuration, usesStore: places.usesStore)
            if let found { return found }
        }
        return nil
    }

    /// Uses the helper for the registry or else the default helper. If it has no credentials, uses the entry in the file.
    private func credential(
        for key: CredentialKey, in configuration: DockerConfigFile, usesStore: Bool
    ) async throws(CredentialProblem) -> RegistryCredential? {
        if let helper = configuration.helper(for: key, usesStore: usesStore), !helper.isEmpty {
            let found = try await helpers.credential(for: key, helper: helper, namedIn: configuration.name)
            if let found { return found }
        }
        return try configuration.entry(for: key)
    }

    // MARK: credentials that another program would not find

    /// Returns the credential for a registry if a program that reads other files would not find it, and `nil` otherwise.
    ///
    /// If both read the same configuration for the registry, no helper is run. A file that cannot be read counts as empty:
    /// the caller that needs it reports the error.
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

    /// What one configuration contains for a registry, before a helper is run.
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
