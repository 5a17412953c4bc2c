// SPDX-License-Identifier: Apache-2.0

internal import ContentTree

extension ImageSpec {
    /// `platform` as documents hold it: its members once each, by their bytes, joined by commas; nil if there are none.
    ///
    /// Source: identity version 1, section 2, "Platforms".
    var declaredPlatform: String? {
        guard let platform = platform.nonEmpty else { return nil }
        let comma = UInt8(ascii: ",")
        // Nearly all specs name one platform.
        if !platform.utf8.contains(where: { $0 == comma || PipRequirements.isWhiteSpace($0) }) {
            return platform
        }
        let members = platform.utf8.split(separator: comma).compactMap { part -> String? in
            let start = part.drop(while: PipRequirements.isWhiteSpace)
            guard let last = start.lastIndex(where: { !PipRequirements.isWhiteSpace($0) }) else { return nil }
            return String(decoding: start[...last], as: UTF8.self)
        }
        return members.isEmpty ? nil : CanonicalWriter.canonicalSet(members).joined(separator: ",")
    }

    /// The platform that the image is built for, as declared, as that of the spec above, or by the host's
    /// architecture if the registry is on `localhost:`. Several are joined by commas.
    package func platform(in context: Context, inherited: String? = nil) -> String {
        if let platform = declaredPlatform ?? inherited { return platform }
        guard isRegistryLocal else { return "linux/amd64" }
        let isARM = ["arm64", "aarch64"].contains(context.hostArchitecture.asciiLowercased)
        return isARM ? "linux/arm64" : "linux/amd64"
    }

    /// The platforms that the image is built for: never empty, each once, by their bytes.
    package func platforms(in context: Context) -> [String] {
        platform(in: context).split(separator: ",").map(String.init)
    }

    /// Whether the host's architecture plays a part.
    var isRegistryLocal: Bool {
        registry.map { $0.asciiLowercased.utf8.starts(with: "localhost:".utf8) } ?? false
    }
}
