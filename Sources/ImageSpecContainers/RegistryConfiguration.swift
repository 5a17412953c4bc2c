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
        guard let path = request.spec.registryConfig, !path.isEmpty else {
            let folder = processEnvironment("DOCKER_CONFIG")
            let file = folder.map { $0 + "/config.json" }
            let isThere = file.map(LocalFile.isReadable) ?? false
            self.file = isThere ? file : nil
            environment = [:]
            isConfigurationFileMissing = folder != nil && !isThere
            return
        }
        isConfigurationFileMissing = false
        let found = LocalFile.absolute(LocalFile.join(request.context.workingDirectory, path))
        if LocalFile.isReadable(found + "/config.json") {
            file = found + "/config.json"
            environment = ["DOCKER_CONFIG": found]
        } else if LocalFile.isReadable(found) {
            let folder = try scratch.makeFolder("docker")
            file = try scratch.link("docker/config.json", to: found)
            environment = ["DOCKER_CONFIG": folder]
        } else {
            throw .invalidRegistryConfig(
                path,
                "is neither a file nor a folder with a config.json; change it, or log in and leave it out")
        }
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
