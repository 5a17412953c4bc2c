// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
import ImageSpec

/// A cache of layers outside the engine: an element of the options `cache_from` and `cache_to`.
struct BuildCache: Hashable, Sendable {
    /// The cache image; nil if the cache is part of the image that is built.
    var reference: String?
    /// Attributes such as `mode=max`, in the order of the documentation.
    var attributes: [String] = []

    var isInline: Bool { reference == nil }

    /// The syntax of buildx and buildctl.
    var csv: String {
        guard let reference else { return "type=inline" }
        return OptionSyntax.csv(["type=registry", "ref=" + reference] + attributes)
    }

    private static let attributeNames = [
        "mode", "compression", "image_manifest", "oci_mediatypes", "ignore_error",
    ]

    /// One cache, or a list of them.
    static func list(
        _ key: String, _ value: ImageSpec.JSONValue, isTarget: Bool
    ) throws(ImageSpecError) -> [BuildCache] {
        guard case .array(let values) = value else { return [try cache(key, value, isTarget)] }
        var caches: [BuildCache] = []
        for value in values { caches.append(try cache(key, value, isTarget)) }
        return caches
    }

    private static func cache(
        _ key: String, _ value: ImageSpec.JSONValue, _ isTarget: Bool
    ) throws(ImageSpecError) -> BuildCache {
        switch value {
        case .string("inline") where isTarget: return BuildCache()
        case .string(let reference): return BuildCache(reference: try image(key, reference))
        case .object(let fields): return try cache(key, fields, isTarget)
        default:
            throw .invalidOption(
                key, "expected an image name, such as \"ghcr.io/acme/cache\", or an object with ref")
        }
    }

    private static func cache(
        _ key: String, _ fields: ImageSpec.OrderedDictionary<ImageSpec.JSONValue>, _ isTarget: Bool
    ) throws(ImageSpecError) -> BuildCache {
        let known = ["type", "ref"] + (isTarget ? attributeNames : [])
        var cache = BuildCache()
        var isInline = false
        var given: [String: String] = [:]
        for (name, value) in fields where value != .null {
            switch (name, value) {
            case ("type", .string("registry")): break
            case ("type", .string("inline")) where isTarget: isInline = true
            case ("type", _):
                throw .invalidOption(
                    key,
                    isTarget ? "type must be \"registry\" or \"inline\"" : "type must be \"registry\"",
                    fix: isTarget ? nil : "remove it"
                )
            case ("ref", .string(let reference)): cache.reference = try image(key, reference)
            case ("mode", .string("min")) where isTarget: given[name] = "min"
            case ("mode", .string("max")) where isTarget: given[name] = "max"
            case ("compression", .string(let kind))
            where isTarget && ["uncompressed", "gzip", "estargz", "zstd"].contains(kind):
                given[name] = kind
            case ("image_manifest", .bool(let isOn)) where isTarget,
                ("oci_mediatypes", .bool(let isOn)) where isTarget,
                ("ignore_error", .bool(let isOn)) where isTarget:
                given[name] = isOn ? "true" : "false"
            default:
                if known.contains(name) {
                    throw .invalidOption("\(key).\(name)", expected(name))
                }
                throw .unknownCacheKey(name, in: key, known: known)
            }
        }
        if isInline {
            guard cache.reference == nil, given.isEmpty else {
                throw .invalidOption(
                    key, "an inline cache is part of the image and takes no other keys",
                    fix: "remove all keys but type")
            }
            return cache
        }
        guard cache.reference != nil else {
            throw .invalidOption(key, "missing ref", fix: "add an image name, such as \"ghcr.io/acme/cache\"")
        }
        guard given["image_manifest"] != "true" || given["oci_mediatypes"] != "false" else {
            throw .invalidOption(
                key, "image_manifest: true requires OCI media types", fix: "remove oci_mediatypes: false")
        }
        cache.attributes = attributeNames.compactMap { name in
            given[name].map { name.replacing("_", with: "-") + "=" + $0 }
        }
        // Otherwise, existing layers, which are all of them, keep their compression.
        if given["compression"] != nil { cache.attributes.append("force-compression=true") }
        return cache
    }

    private static func expected(_ name: String) -> String {
        switch name {
        case "ref": "expected an image name, such as \"ghcr.io/acme/cache\""
        case "mode": "expected \"min\" or \"max\""
        case "compression": "expected \"uncompressed\", \"gzip\", \"estargz\" or \"zstd\""
        default: "expected true or false, without quotes"
        }
    }

    private static func image(_ key: String, _ name: String) throws(ImageSpecError) -> String {
        guard OptionSyntax.isImage(name) else {
            throw .invalidOption(
                key, "\"\(name)\" is not a valid image name",
                fix: "expected a name such as \"ghcr.io/acme/cache\"")
        }
        return name
    }
}
