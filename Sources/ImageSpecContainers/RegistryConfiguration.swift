// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
import ImageSpec
import ImageSpecBuilding

/// The credentials of engines, from a spec's `registry_config`: a directory with docker's `config.json`, or such a file of any
/// name.
struct RegistryConfiguration: Sendable {
    /// A link to the file, for podman and buildah; nil if the engine uses its own.
    let file: String?
    /// The file that the spec names; nil if it names none.
    let source: String?
    /// The changes to the environment of this process.
    let environment: [String: String?]
    /// Whether `DOCKER_CONFIG` names a directory without the file.
    let isConfigurationFileMissing: Bool
    private let processEnvironment: @Sendable (String) -> String?

    init(
        _ request: ImageSpec.BuildRequest, _ scratch: TemporaryDirectory,
        processEnvironment: @escaping @Sendable (String) -> String? = ImageSpec.processEnvironment
    ) throws(ImageSpecError) {
        self.processEnvironment = processEnvironment
        source = try Self.file(of: request.spec, in: request.context)
        if let source {
            isConfigurationFileMissing = false
            file = try scratch.link("auth.json", to: source)
            environment = try DockerConfiguration(credentialsFile: source, processEnvironment).write(
                "docker", in: scratch)
            return
        }
        let folder = processEnvironment("DOCKER_CONFIG")
        let path = folder.map { LocalFile.absolute($0) + "/config.json" }
        let exists = path.map(LocalFile.isReadable) ?? false
        // For podman and buildah, their own variable has precedence over docker's; an option would have precedence over both.
        let hasOwn = !(processEnvironment("REGISTRY_AUTH_FILE") ?? "").isEmpty
        file = try path.flatMap { path throws(ImageSpecError) in
            exists && !hasOwn ? try scratch.link("auth.json", to: path) : nil
        }
        environment = [:]
        isConfigurationFileMissing = folder != nil && !exists
    }

    /// Where an engine finds credentials with ``file`` and ``environment``.
    func places(of engine: ImageSpec.ContainerEngine) -> CredentialPlaces {
        let dockerFile = CredentialPlaces.dockerFile(processEnvironment)
        switch engine {
        case .docker, .buildctl, .builtin:
            return CredentialPlaces(files: [source ?? dockerFile].compactMap(\.self))
        case .podman, .buildah:
            func only(_ path: String) -> CredentialPlaces {
                CredentialPlaces(files: [path], usesStore: false)
            }
            if let source { return only(source) }
            if let own = processEnvironment("REGISTRY_AUTH_FILE"), !own.isEmpty { return only(own) }
            // With DOCKER_CONFIG, the file is passed to them.
            if file != nil, let dockerFile { return only(dockerFile) }
            let home = CredentialPlaces.dockerFile { $0 == "HOME" ? processEnvironment($0) : nil }
            return CredentialPlaces(
                files: CredentialPlaces.containersFiles(processEnvironment) + [home].compactMap(\.self),
                usesStore: false)
        }
    }

    /// Passes credentials to an engine that it does not find by itself.
    /// - Returns: the changed ``file`` and ``environment``.
    func adding(
        _ credentials: EngineCredentials, for engine: ImageSpec.ContainerEngine,
        in scratch: TemporaryDirectory
    ) throws(ImageSpecError) -> (file: String?, environment: [String: String?]) {
        if credentials.entries.isEmpty { return (file, environment) }
        switch engine {
        case .docker, .buildctl, .builtin:
            let configuration = DockerConfiguration(
                credentialsFile: source, additions: credentials, processEnvironment)
            return (file, try configuration.write("credentials", in: scratch))
        case .podman, .buildah:
            let path = try credentials.write(
                "credentials.json", replacing: places(of: engine), in: scratch)
            return (path, environment)
        }
    }

    /// The file that a spec names, or the one in the directory that it names; nil if it names none.
    /// - Throws: ``ImageSpecError/Code/missingInput`` if the file does not exist.
    static func file(
        of spec: ImageSpec, in context: ImageSpec.Context
    ) throws(ImageSpecError) -> String? {
        guard let path = spec.registryConfig, !path.isEmpty else { return nil }
        let found = LocalFile.absolute(LocalFile.join(context.workingDirectory, path))
        for file in [found + "/config.json", found] where LocalFile.isReadable(file) {
            try context.checkPlace(file, field: "registry_config")
            return file
        }
        if Path.isURL(path) { throw .registryConfigURL(path) }
        throw .invalidRegistryConfig(
            path, "is neither a file nor a directory with a config.json",
            fix: "change the path, or remove the field and log in")
    }

    /// The file that a spec names for envd, which takes no directory; nil if it names none.
    /// - Throws: ``ImageSpecError/Code/missingInput`` if the file does not exist.
    static func envdFile(
        of spec: ImageSpec, in context: ImageSpec.Context
    ) throws(ImageSpecError) -> String? {
        guard let path = spec.registryConfig, !path.isEmpty else { return nil }
        let file = LocalFile.absolute(LocalFile.join(context.workingDirectory, path))
        guard LocalFile.isReadable(file) else {
            if Path.isURL(path) { throw .registryConfigURL(path) }
            throw .invalidRegistryConfig(
                path, "is not a readable file", fix: "envd requires a JSON file of registries")
        }
        try context.checkPlace(file, field: "registry_config")
        return file
    }
}
