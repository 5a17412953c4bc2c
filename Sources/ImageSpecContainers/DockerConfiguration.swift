// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
import ImageSpec

/// A configuration directory of docker for one build: the credentials of a spec, and everything else of the user.
///
/// `DOCKER_CONFIG` replaces the whole directory of the user, in which docker also finds its plugins, its contexts and the
/// builders of buildx.
struct DockerConfiguration {
    /// The spec's file.
    let credentials: String
    /// The user's directory; nil if there is none.
    let userDirectory: String?
    /// The value of `BUILDX_CONFIG`; nil if it is not set.
    let buildxDirectory: String?

    init(_ credentials: String, _ environment: (String) -> String?) {
        func variable(_ name: String) -> String? { environment(name).flatMap { $0.isEmpty ? nil : $0 } }
        self.credentials = credentials
        userDirectory =
            variable("DOCKER_CONFIG").map(LocalFile.absolute) ?? variable("HOME").map { $0 + "/.docker" }
        buildxDirectory = variable("BUILDX_CONFIG")
    }

    /// Writes the directory, and returns the changes to the environment.
    func write(
        to directory: String, in scratch: TemporaryDirectory
    ) throws(ImageSpecError) -> [String: String?] {
        var environment: [String: String?] = ["DOCKER_CONFIG": directory]
        guard let own = try? Self.object(in: credentials) else {
            // Docker reports that it cannot read the file.
            _ = try scratch.link("docker/config.json", to: credentials)
            return environment
        }
        var merged = userDirectory.flatMap { try? Self.object(in: $0 + "/config.json") } ?? [:]
        for key in ["auths", "credsStore", "credHelpers"] { merged[key] = nil }
        for (key, value) in own { merged[key] = value }
        let directories = pluginDirectories
        if !directories.isEmpty {
            var known: [ImageSpec.JSONValue] = []
            if case .array(let values) = merged["cliPluginsExtraDirs"] { known = values }
            merged["cliPluginsExtraDirs"] = .array(known + directories.map { .string($0) })
        }
        try scratch.write(ImageSpec.JSONValue.object(merged).canonicalForm, to: "docker/config.json")
        if let contexts = existing("contexts") { _ = try scratch.link("docker/contexts", to: contexts) }
        if buildxDirectory == nil, let userDirectory {
            environment["BUILDX_CONFIG"] = userDirectory + "/buildx"
        }
        return environment
    }

    /// The directory of the spec's file has precedence, because it may be one of docker's, too.
    private var directories: [String] {
        [
            credentials.hasSuffix("/config.json") ? String(credentials.dropLast("/config.json".count)) : nil,
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

    private static func object(
        in path: String
    ) throws -> ImageSpec.OrderedDictionary<ImageSpec.JSONValue> {
        let text = String(decoding: try FileSystem.contents(path), as: UTF8.self)
        guard case .object(let object) = try ImageSpec.JSONValue(json: text) else {
            throw FileSystem.Failure(code: 0)
        }
        return object
    }
}
