// SPDX-License-Identifier: Apache-2.0

internal import ContentTree

/// The builder options that only say where and how fast an image is built.
///
/// They are in no identity document: moving to another cluster or adding a cache must not rename an image.
///
/// Source: identity version 1, section 2, "Options of the build itself".
package enum BuildTransport {
    /// Keys at the top level of `builder_options`.
    package static let options = [
        "address", "addresses", "builder", "builders", "cache", "cache_from", "cache_to", "engine", "network",
        "progress", "tls_ca", "tls_cert", "tls_key", "tls_server_name",
    ]

    package static func contains(_ key: String) -> Bool { options.contains { $0.hasSameBytes(as: key) } }

    /// The other options.
    package static func removed(
        from options: ImageSpec.OrderedDictionary<ImageSpec.JSONValue>
    ) -> ImageSpec.OrderedDictionary<ImageSpec.JSONValue> {
        filtered(options) { !contains($0) }
    }

    /// Only these options.
    package static func kept(
        from options: ImageSpec.OrderedDictionary<ImageSpec.JSONValue>
    ) -> ImageSpec.OrderedDictionary<ImageSpec.JSONValue> {
        filtered(options, contains)
    }

    private static func filtered(
        _ options: ImageSpec.OrderedDictionary<ImageSpec.JSONValue>, _ isWanted: (String) -> Bool
    ) -> ImageSpec.OrderedDictionary<ImageSpec.JSONValue> {
        var result: ImageSpec.OrderedDictionary<ImageSpec.JSONValue> = [:]
        for (key, value) in options where isWanted(key) { result.appendNew(key, value) }
        return result
    }
}
