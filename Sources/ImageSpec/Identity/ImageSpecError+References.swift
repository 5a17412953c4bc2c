// SPDX-License-Identifier: Apache-2.0

internal import ContentTree

// The errors of image names and references.

extension ImageSpecError {
    static func invalidImage(_ text: String, _ problem: ImageSpec.ImageReference.Problem) -> ImageSpecError {
        ImageSpecError(
            .invalidReference, found: withoutUserInfo(text),
            "\"\(withoutUserInfo(text).shortened(to: 300))\": \(problem.reason)",
            fix: problem.urlScheme.map { "remove \"\($0)\"" } ?? "expected [host[:port]/]name[:tag][@digest]")
    }

    static func invalidImageName(
        _ name: String, _ problem: ImageSpec.ImageReference.Problem, field: String
    ) -> ImageSpecError {
        ImageSpecError(
            .invalidReference, field: field, found: withoutUserInfo(name),
            "invalid image name \"\(withoutUserInfo(name).shortened(to: 300))\": \(problem.reason)",
            fix: problem.urlScheme.map { "remove \"\($0)\"" }
                ?? (field == "registry" ? "write it as host[:port][/path]" : "change the name"))
    }

    static func slashAfterRegistry(_ registry: String, _ bare: String) -> ImageSpecError {
        ImageSpecError(
            .invalidReference, field: "registry", found: registry,
            "\"\(registry.shortened)\" must not end in \"/\"", fix: "write \"\(bare.shortened)\"")
    }

    static func schemeInRegistry(_ registry: String, _ scheme: String) -> ImageSpecError {
        ImageSpecError(
            .invalidReference, field: "registry", found: registry,
            "\"\(registry.shortened)\" must not be a URL", fix: Fix("remove \"\(scheme.shortened)\""))
    }

    static let credentialsInRegistry = ImageSpecError(
        .invalidReference, field: "registry", "the text before the @ could be a password",
        fix: "remove it, and use docker login")

    static func portOutOfRange(_ port: String) -> ImageSpecError {
        ImageSpecError(
            .invalidReference, field: "registry", found: port, "the port \(port.shortened) is out of range",
            fix: "use a port from 1 to 65535")
    }

    static func spaceInName(_ name: String, _ bare: String) -> ImageSpecError {
        ImageSpecError(
            .invalidReference, field: "name", found: name, "\"\(name.shortened)\" contains a space",
            fix: Fix("write \"\(bare.shortened)\""))
    }

    static func tagInName(_ name: String, tag: String) -> ImageSpecError {
        ImageSpecError(
            .invalidReference, field: "name", found: name, "\"\(name.shortened)\" must not contain a tag",
            fix:
                "remove \"\(tag.shortened)\"; the tag is computed from the content of the image, and formatted with tag_format"
        )
    }

    /// The text before an `@` may be a password, unless a digest follows.
    fileprivate static func withoutUserInfo(_ text: String) -> String {
        guard let at = text.utf8.lastIndex(of: UInt8(ascii: "@")) else { return text }
        let algorithms = ImageSpec.ImageReference.Digest.Algorithm.allCases.map { "@" + $0.rawValue + ":" }
        return algorithms.contains(where: text[at...].hasPrefix) ? text : "…" + text[at...]
    }
}

extension ImageSpec.ImageReference.Problem {
    /// The scheme to remove; nil if there is none.
    fileprivate var urlScheme: String? {
        guard case .urlScheme(let scheme) = self else { return nil }
        return scheme.shortened
    }

    /// The reason as a clause, to follow the text.
    fileprivate var reason: String {
        switch self {
        case .empty: "it is empty"
        case .urlScheme(let scheme): "it must not contain the URL scheme \"\(scheme.shortened)\""
        case .emptyPart: "it contains an empty path component (\"//\")"
        case .part(let text):
            "\"\(ImageSpecError.withoutUserInfo(text).shortened(to: 300))\" must consist of lower-case letters and "
                + "digits; a single dot, one or two underscores, or hyphens may appear only between them"
        case .pathTooLong: "its path is longer than 255 characters"
        case .tag(let tag): "\"\(tag.shortened(to: 300))\" is not a valid tag"
        case .digest:
            "the text after @ must be a digest, such as sha256: followed by 64 lower-case hexadecimal digits"
        case .registry(let text): "\"\(text.shortened(to: 300))\" is not a valid host and port"
        }
    }
}
