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
        let place = CredentialKey(registry: registry, repository: repository)
        do throws(CredentialProblem) {
            for source in sources {
                guard let configuration = try source.configuration() else { continue }
                if let credential = try await credential(for: place, in: configuration) {
                    return .found(credential)
                }
            }
            return .anonymous
        } catch {
            return .failed(reason: error.reason)
        }
    }

    /// A helper for the registry, else the one for all, else the entry in the file. What a helper does not know may stand
    /// in the file.
    private func credential(
        for place: CredentialKey, in configuration: DockerConfigFile
    ) async throws(CredentialProblem) -> RegistryCredential? {
        let helper = configuration.helper(for: place)
        if let helper, !helper.isEmpty {
            let found = try await helpers.credential(for: place, helper: helper, namedIn: configuration.name)
            if let found { return found }
        }
        return try configuration.entry(for: place)
    }

    private var sources: [Source] {
        if let configurationFile { return [.file(configurationFile)] }
        // A variable that is set to nothing is one that is not set.
        func variable(_ name: String) -> String? { environment(name).flatMap { $0.isEmpty ? nil : $0 } }
        func file(_ folder: String?, _ path: String) -> Source? { folder.map { .file($0 + "/" + path) } }
        let home = variable("HOME")
        return [
            variable("DOCKER_AUTH_CONFIG").map { .text($0, name: "DOCKER_AUTH_CONFIG") },
            file(variable("DOCKER_CONFIG") ?? home.map { $0 + "/.docker" }, "config.json"),
            variable("REGISTRY_AUTH_FILE").map { .file($0) },
            file(variable("XDG_RUNTIME_DIR"), "containers/auth.json"),
            file(variable("XDG_CONFIG_HOME") ?? home.map { $0 + "/.config" }, "containers/auth.json"),
        ].compactMap(\.self)
    }

    private enum Source {
        case text(String, name: String)
        case file(String)

        /// nil if there is none.
        func configuration() throws(CredentialProblem) -> DockerConfigFile? {
            switch self {
            case .text(let text, let name): return try DockerConfigFile(Array(text.utf8), name: name)
            case .file(let path):
                let name = "\"\(path)\""
                let bytes: [UInt8]?
                do throws(ImageSpecError) {
                    bytes = try FileSystem.contents(ofOptionalFile: path)
                } catch {
                    throw .unreadable(error)
                }
                guard let bytes else { return nil }
                return try DockerConfigFile(bytes, name: name)
            }
        }
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
