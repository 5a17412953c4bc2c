// SPDX-License-Identifier: Apache-2.0

import ImageSpec

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// The credentials that engines are to use, from a spec's `registry_config`: a folder with docker's `config.json`, or such
/// a file of any name.
struct RegistryConfiguration {
    /// The file; nil where the spec names none, and the engine finds its own.
    let file: String?
    /// What differs from the environment of this process.
    let environment: [String: String?]
    /// Whether `DOCKER_CONFIG` names a folder without the file.
    let isConfigurationFileMissing: Bool

    init(
        _ request: ImageSpec.BuildRequest, _ scratch: ScratchFolder,
        processEnvironment: (String) -> String? = ImageSpec.processEnvironment
    ) throws(ImageSpecError) {
        guard let found = try Self.file(of: request.spec, in: request.context) else {
            let folder = processEnvironment("DOCKER_CONFIG")
            let file = folder.map { $0 + "/config.json" }
            let isThere = file.map(LocalFile.isReadable) ?? false
            self.file = isThere ? file : nil
            environment = [:]
            isConfigurationFileMissing = folder != nil && !isThere
            return
        }
        isConfigurationFileMissing = false
        if found.hasSuffix("/config.json") {
            file = found
            environment = ["DOCKER_CONFIG": String(found.dropLast("/config.json".count))]
        } else {
            let folder = try scratch.makeFolder("docker")
            file = try scratch.link("docker/config.json", to: found)
            environment = ["DOCKER_CONFIG": folder]
        }
    }

    /// The file that a spec names, or that lies in the folder that it names; nil where it names none.
    /// - Throws: ``ImageSpecError/Code/missingInput`` where there is none.
    static func file(
        of spec: ImageSpec, in context: ImageSpec.HashContext
    ) throws(ImageSpecError) -> String? {
        guard let path = spec.registryConfig, !path.isEmpty else { return nil }
        let found = LocalFile.absolute(LocalFile.join(context.workingDirectory, path))
        for file in [found + "/config.json", found] where LocalFile.isReadable(file) { return file }
        throw .invalidRegistryConfig(
            path, "is neither a file nor a folder with a config.json; change it, or log in and leave it out")
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

    /// A path that means the same in another folder.
    static func absolute(_ path: String) -> String {
        join(ImageSpec.HashContext.current.workingDirectory, path)
    }
}
