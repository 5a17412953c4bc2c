// SPDX-License-Identifier: Apache-2.0

package import ImageSpec

/// The configuration of an image: how it is started, and what its layers are.
///
/// Members that this package does not know are kept.
/// Source: OCI image specification 1.1, image configuration.
package struct ImageConfiguration: Hashable, Sendable {
    /// A variable of the environment.
    package struct Variable: Hashable, Sendable {
        package var name: String
        package var value: String

        package init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    private var document: ImageSpec.OrderedDictionary<ImageSpec.JSONValue>

    /// Reads a configuration. If `nil`, it is invalid.
    package init?(_ json: ImageSpec.JSONValue) {
        guard let object = json.object, let layers = json["rootfs"]?["diff_ids"]?.strings,
            layers.allSatisfy({ ImageSpec.ImageReference.Digest($0) != nil })
        else { return nil }
        document = object
    }

    package var json: ImageSpec.JSONValue { .object(document) }

    package var platform: ImagePlatform? { ImagePlatform(json: json) }

    /// The digests of the uncompressed layers.
    package var diffIDs: [String] { json["rootfs"]?["diff_ids"]?.strings ?? [] }

    /// The environment, in its order.
    package var environment: [Variable] {
        get {
            (json["config"]?["Env"]?.strings ?? []).map { entry in
                let parts = entry.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                return Variable(String(parts[0]), parts.count == 2 ? String(parts[1]) : "")
            }
        }
        set { set("Env", .array(newValue.map { .string("\($0.name)=\($0.value)") })) }
    }

    /// The value of a variable.
    package func variable(_ name: String) -> String? { environment.last { $0.name == name }?.value }

    /// Sets a variable, in its place if it exists.
    package mutating func setVariable(_ name: String, _ value: String) {
        var variables = environment
        if let index = variables.firstIndex(where: { $0.name == name }) {
            variables[index].value = value
        } else {
            variables.append(Variable(name, value))
        }
        environment = variables
    }

    package mutating func setUser(_ user: String) { set("User", .string(user)) }

    package mutating func setWorkingDirectory(_ path: String) { set("WorkingDir", .string(path)) }

    /// Sets the entry point, which clears the command of the base image.
    ///
    /// Source: Dockerfile reference, "ENTRYPOINT".
    package mutating func setEntrypoint(_ words: [String]) {
        set("Entrypoint", .array(words.map { .string($0) }))
        set("Cmd", nil)
    }

    package func label(_ name: String) -> String? { json["config"]?["Labels"]?[name]?.string }

    package mutating func setLabel(_ name: String, _ value: String) {
        var labels = json["config"]?["Labels"]?.object ?? [:]
        labels[name] = .string(value)
        set("Labels", .object(labels))
    }

    /// Instructions that the base image wants to be run in images on it.
    package var triggers: [String] { json["config"]?["OnBuild"]?.strings ?? [] }

    private mutating func set(_ key: String, _ value: ImageSpec.JSONValue?) {
        var config = document["config"]?.object ?? [:]
        config[key] = value
        document["config"] = .object(config)
    }

    /// Sets the time of creation, in the form of RFC 3339, and removes what describes the build of the base image.
    package mutating func setCreationTime(_ time: String) {
        document["created"] = .string(time)
        // Members of docker's own format: the container that the image was committed from.
        for key in ["container", "container_config", "docker_version", "id", "parent"] { document[key] = nil }
    }

    /// Appends a layer, or a change of the configuration alone, to the history.
    package mutating func append(diffID: ImageSpec.ImageReference.Digest?, title: String, time: String) {
        var entry: ImageSpec.OrderedDictionary<ImageSpec.JSONValue> = [
            "created": .string(time), "created_by": .string(title),
        ]
        if let diffID {
            document["rootfs"] = .object([
                "type": "layers", "diff_ids": .array((diffIDs + ["\(diffID)"]).map { .string($0) }),
            ])
        } else {
            entry["empty_layer"] = .bool(true)
        }
        document["history"] = .array((document["history"]?.array ?? []) + [.object(entry)])
    }
}
