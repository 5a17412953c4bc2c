// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
import ImageSpec

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// The credentials that engines are to use, from a spec's `registry_config`: a directory with docker's `config.json`, or such
/// a file of any name.
struct RegistryConfiguration {
    /// A link to the file, for podman and buildah; nil if the engine finds its own.
    let file: String?
    /// The file that the spec names; nil if it names none.
    let source: String?
    /// What differs from the environment of this process.
    let environment: [String: String?]
    /// Whether `DOCKER_CONFIG` names a directory without the file.
    let isConfigurationFileMissing: Bool

    init(
        _ request: ImageSpec.BuildRequest, _ scratch: TemporaryDirectory,
        processEnvironment: (String) -> String? = ImageSpec.processEnvironment
    ) throws(ImageSpecError) {
        source = try Self.file(of: request.spec, in: request.context)
        guard let found = source else {
            let folder = processEnvironment("DOCKER_CONFIG")
            let path = folder.map { LocalFile.absolute($0) + "/config.json" }
            let isThere = path.map(LocalFile.isReadable) ?? false
            // For podman and buildah, their own variable comes before docker's; an option would come before both.
            let hasOwn = !(processEnvironment("REGISTRY_AUTH_FILE") ?? "").isEmpty
            file = try path.flatMap { path throws(ImageSpecError) in
                isThere && !hasOwn ? try scratch.link("auth.json", to: path) : nil
            }
            environment = [:]
            isConfigurationFileMissing = folder != nil && !isThere
            return
        }
        isConfigurationFileMissing = false
        let folder = try scratch.makeFolder("docker")
        file = try scratch.link("docker/config.json", to: found)
        // A directory of docker's holds more than the file: plugins, contexts.
        let isDockers = found.hasSuffix("/config.json")
        environment = ["DOCKER_CONFIG": isDockers ? String(found.dropLast("/config.json".count)) : folder]
    }

    /// The file that a spec names, or the one in the directory that it names; nil if it names none.
    /// - Throws: ``ImageSpecError/Code/missingInput`` if the file does not exist.
    static func file(
        of spec: ImageSpec, in context: ImageSpec.Context
    ) throws(ImageSpecError) -> String? {
        guard let path = spec.registryConfig, !path.isEmpty else { return nil }
        let found = LocalFile.absolute(LocalFile.join(context.workingDirectory, path))
        for file in [found + "/config.json", found] where LocalFile.isReadable(file) { return file }
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
        return file
    }
}

/// What is asked about files of this machine.
enum LocalFile {
    /// Whether it is a file, or a link to one, that this process can read.
    static func isReadable(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG && access(path, R_OK) == 0
    }

    static func join(_ folder: String, _ path: String) -> String {
        path.hasPrefix("/") || folder.isEmpty ? path : folder + "/" + path
    }

    /// A path that means the same in another directory.
    static func absolute(_ path: String) -> String {
        // With links on the way, ".." means more than its text; "." and empty names mean nothing.
        Path.normalized(join(ImageSpec.Context.current.workingDirectory, path))
    }
}
