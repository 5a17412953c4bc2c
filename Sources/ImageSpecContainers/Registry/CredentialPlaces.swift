// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
import ImageSpec

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// The files and variables that a program reads credentials from, in order.
struct CredentialPlaces: Hashable, Sendable {
    enum Place: Hashable, Sendable {
        /// The text of a configuration, and the name of its variable.
        case text(String, name: String)
        case file(String)
    }

    var list: [Place]
    /// Whether the program runs the default credential helper (`credsStore`). Podman and buildah run only the helpers of
    /// single registries (`credHelpers`).
    var usesStore = true

    /// The files and variables of docker and podman.
    init(environment: (String) -> String?) {
        func variable(_ name: String) -> String? { environment(name).flatMap { $0.isEmpty ? nil : $0 } }
        list = [
            variable("DOCKER_AUTH_CONFIG").map { .text($0, name: "DOCKER_AUTH_CONFIG") },
            Self.dockerFile(environment).map { .file($0) },
            variable("REGISTRY_AUTH_FILE").map { .file($0) },
        ].compactMap(\.self)
        list += Self.containersFiles(environment).map { .file($0) }
    }

    init(files: [String], usesStore: Bool = true) {
        list = files.map { .file($0) }
        self.usesStore = usesStore
    }

    /// The configuration file of docker and buildctl. If `nil`, there is no home directory.
    static func dockerFile(_ environment: (String) -> String?) -> String? {
        // An empty variable is treated as unset.
        func variable(_ name: String) -> String? { environment(name).flatMap { $0.isEmpty ? nil : $0 } }
        let directory = variable("DOCKER_CONFIG") ?? variable("HOME").map { $0 + "/.docker" }
        return directory.map { $0 + "/config.json" }
    }

    /// The files of podman and buildah.
    static func containersFiles(_ environment: (String) -> String?) -> [String] {
        func variable(_ name: String) -> String? { environment(name).flatMap { $0.isEmpty ? nil : $0 } }
        return [
            variable("XDG_RUNTIME_DIR").map { $0 + "/containers" } ?? runtimeDirectory,
            (variable("XDG_CONFIG_HOME") ?? variable("HOME").map { $0 + "/.config" }).map {
                $0 + "/containers"
            },
        ].compactMap(\.self).map { $0 + "/auth.json" }
    }

    /// Where podman and buildah log in without `XDG_RUNTIME_DIR`, as in a session of `sudo`; only on Linux.
    private static var runtimeDirectory: String? {
        #if os(Linux)
        "/run/containers/\(getuid())"
        #else
        nil
        #endif
    }
}

extension CredentialPlaces.Place {
    /// Returns `nil` if the file does not exist.
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
