// SPDX-License-Identifier: Apache-2.0

internal import ContentTree

/// The builder options that only say where and how fast an image is built.
///
/// Moving a cluster or adding a cache must not rename an image, so these are in no document.
///
/// Source: identity version 1, section 2, "Options of the build itself".
package enum BuildTransport {
    /// The keys of `builder_options`, at its top level alone; compared by their bytes.
    package static let options = [
        "address", "addresses", "builder", "builders", "cache", "cache_from", "cache_to", "engine", "network",
        "progress", "tls_ca", "tls_cert", "tls_key", "tls_server_name",
    ]

    package static func contains(_ key: String) -> Bool { options.contains { $0.hasSameBytes(as: key) } }

    /// The options without these.
    package static func removed(
        from options: ImageSpec.OrderedDictionary<ImageSpec.JSONValue>
    ) -> ImageSpec.OrderedDictionary<ImageSpec.JSONValue> {
        filtered(options) { !contains($0) }
    }

    /// These alone.
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
