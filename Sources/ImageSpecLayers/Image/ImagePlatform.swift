// SPDX-License-Identifier: Apache-2.0

internal import ImageSpec

/// A platform of an image, with the names of the OCI specification.
///
/// Source: OCI image specification 1.1, "Platform Variants"; containerd's names for architectures.
package struct ImagePlatform: Hashable, Sendable, CustomStringConvertible {
    package var system: String
    package var architecture: String
    package var variant: String?

    /// nil if the system or the architecture is missing.
    package init?(system: String, architecture: String, variant: String? = nil) {
        guard !system.isEmpty, !architecture.isEmpty else { return nil }
        self.system = system
        self.architecture = architecture
        self.variant = variant.flatMap { $0.isEmpty ? nil : $0 }
        switch architecture {
        case "x86_64", "x86-64": self.architecture = "amd64"
        case "aarch64": self.architecture = "arm64"
        case "i386": self.architecture = "386"
        case "armhf": (self.architecture, self.variant) = ("arm", "v7")
        case "armel": (self.architecture, self.variant) = ("arm", "v6")
        default: break
        }
        if self.variant == Self.usualVariants[self.architecture]?.written { self.variant = nil }
    }

    /// A platform such as `linux/arm/v7`.
    package init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard (2...3).contains(parts.count) else { return nil }
        self.init(system: parts[0], architecture: parts[1], variant: parts.count > 2 ? parts[2] : nil)
    }

    package var description: String {
        ([system, architecture] + [variant].compactMap { $0 }).joined(separator: "/")
    }

    /// The variants that are meant by none; `written` is omitted where it is written.
    private static let usualVariants: [String: (number: Int, written: String?)] = [
        "arm64": (8, "v8"), "amd64": (1, "v1"), "arm": (7, nil),
    ]

    /// The number of the variant; nil for one that is not a number.
    private var variantNumber: Int? {
        guard let variant else { return Self.usualVariants[architecture]?.number }
        return Int(variant.drop { $0 == "v" })
    }

    /// Those of the wanted platforms on which no image of the available ones runs. Texts that are not platforms are left out.
    package static func missing(_ wanted: [String], among available: [ImagePlatform]) -> [String] {
        wanted.filter { text in
            guard let platform = ImagePlatform(text) else { return false }
            return !available.contains { $0.runs(on: platform) }
        }
    }

    /// Whether an image of this platform runs on another one: the same, or a later variant of the same architecture. If the
    /// variants cannot be compared, it does.
    package func runs(on other: ImagePlatform) -> Bool {
        guard system == other.system, architecture == other.architecture else { return false }
        // Images for early variants of arm often do not name them.
        if architecture == "arm", variant == nil { return true }
        guard let number = variantNumber, let otherNumber = other.variantNumber else { return true }
        return number <= otherNumber
    }

    var json: ImageSpec.JSONValue {
        var object: ImageSpec.OrderedDictionary<ImageSpec.JSONValue> = [
            "architecture": .string(architecture), "os": .string(system),
        ]
        object["variant"] = variant.map { .string($0) }
        return .object(object)
    }

    /// Whether an image with a platform of an index or a configuration runs on this one.
    func accepts(_ platform: ImageSpec.JSONValue) -> Bool {
        ImagePlatform(json: platform)?.runs(on: self) ?? false
    }

    /// The platform in an index or a configuration. If `nil`, there is none.
    init?(json: ImageSpec.JSONValue) {
        guard let system = json["os"]?.string, let architecture = json["architecture"]?.string else {
            return nil
        }
        self.init(system: system, architecture: architecture, variant: json["variant"]?.string)
    }
}
