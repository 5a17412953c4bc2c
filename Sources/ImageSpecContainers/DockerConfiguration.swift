// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
import ImageSpec

/// A configuration directory of docker for one build: other credentials, and everything else of the user.
///
/// `DOCKER_CONFIG` replaces the whole directory of the user, in which docker also finds its plugins, its contexts, the
/// builders of buildx and its certificates.
struct DockerConfiguration {
    /// The file of a spec, whose credentials replace those of the user; nil if there is none.
    let credentialsFile: String?
    /// Credentials that replace those for the same registries.
    let additions: EngineCredentials
    /// The user's directory; nil if there is none.
    let userDirectory: String?
    /// The value of `BUILDX_CONFIG`; nil if it is not set.
    private let buildxDirectory: String?
    /// Whether docker uses the certificates of its configuration directory.
    private let usesCertificates: Bool

    init(
        credentialsFile: String?, additions: EngineCredentials = EngineCredentials(entries: []),
        _ environment: (String) -> String?
    ) {
        func variable(_ name: String) -> String? { environment(name).flatMap { $0.isEmpty ? nil : $0 } }
        self.credentialsFile = credentialsFile
        self.additions = additions
        userDirectory =
            variable("DOCKER_CONFIG").map(LocalFile.absolute) ?? variable("HOME").map { $0 + "/.docker" }
        buildxDirectory = variable("BUILDX_CONFIG")
        usesCertificates =
            (variable("DOCKER_TLS_VERIFY") ?? variable("DOCKER_TLS")) != nil
            && variable("DOCKER_CERT_PATH") == nil
    }

    /// Makes the directory, and returns the changes to the environment.
    func write(
        _ name: String, in scratch: TemporaryDirectory
    ) throws(ImageSpecError) -> [String: String?] {
        let directory = try scratch.makeFolder(name)
        let file = name + "/config.json"
        var environment: [String: String?] = ["DOCKER_CONFIG": directory]
        var merged = userDirectory.flatMap { try? Self.object(in: $0 + "/config.json") } ?? [:]
        if let credentialsFile {
            guard let own = try? Self.object(in: credentialsFile) else {
                // Docker reports that it cannot read the file.
                _ = try scratch.link(file, to: credentialsFile)
                return environment
            }
            for key in ["auths", "credsStore", "credHelpers"] { merged[key] = nil }
            for (key, value) in own { merged[key] = value }
        }
        additions.add(to: &merged)
        let directories = pluginDirectories
        if !directories.isEmpty {
            var known: [ImageSpec.JSONValue] = []
            if case .array(let values) = merged["cliPluginsExtraDirs"] { known = values }
            merged["cliPluginsExtraDirs"] = .array(known + directories.map { .string($0) })
        }
        try scratch.write(ImageSpec.JSONValue.object(merged).canonicalForm, to: file)
        if let contexts = existing("contexts") { _ = try scratch.link(name + "/contexts", to: contexts) }
        guard let userDirectory else { return environment }
        if buildxDirectory == nil { environment["BUILDX_CONFIG"] = userDirectory + "/buildx" }
        if usesCertificates { environment["DOCKER_CERT_PATH"] = userDirectory }
        return environment
    }

    /// The directory of the spec's file has precedence, because it may be one of docker's, too.
    private var directories: [String] {
        [
            credentialsFile.flatMap {
                $0.hasSuffix("/config.json") ? String($0.dropLast("/config.json".count)) : nil
            },
            userDirectory,
        ]
        .compactMap { $0 }
    }

    private var pluginDirectories: [String] {
        directories.map { $0 + "/cli-plugins" }.filter { (try? FileSystem.kind($0)) == .folder }
    }

    private func existing(_ name: String) -> String? {
        directories.map { $0 + "/" + name }.first { (try? FileSystem.kind($0)) == .folder }
    }

    static func object(
        in path: String
    ) throws -> ImageSpec.OrderedDictionary<ImageSpec.JSONValue> {
        let text = String(decoding: try FileSystem.contents(path), as: UTF8.self)
        guard case .object(let object) = try ImageSpec.JSONValue(json: text) else {
            throw FileSystem.Failure(code: 0)
        }
        return object
    }
}
