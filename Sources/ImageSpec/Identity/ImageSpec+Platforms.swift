// SPDX-License-Identifier: Apache-2.0

internal import ContentTree

extension ImageSpec {
    /// `platform` in the form of the identity documents: each member once, sorted by bytes, joined by commas; `nil` if there are
    /// none.
    ///
    /// Source: identity version 1, section 2, "Platforms".
    package var declaredPlatform: String? {
        guard let platform = platform.nonEmpty else { return nil }
        let comma = UInt8(ascii: ",")
        // Most specs declare a single platform.
        if !platform.utf8.contains(where: { $0 == comma || $0.isASCIIWhiteSpace }) {
            return platform
        }
        let members = platform.utf8.split(separator: comma)
            .map { String(decoding: $0.withoutSurroundingWhiteSpace, as: UTF8.self) }.filter { !$0.isEmpty }
        return members.isEmpty ? nil : CanonicalWriter.canonicalSet(members).joined(separator: ",")
    }

    /// The platforms of the image, joined by commas: as declared, as those of the spec above, or by the architecture of the host if
    /// the registry is on `localhost:`.
    package func platform(in context: Context, inherited: String? = nil) -> String {
        if let platform = declaredPlatform ?? inherited { return platform }
        guard isRegistryLocal else { return "linux/amd64" }
        let isARM = ["arm64", "aarch64"].contains(context.hostArchitecture.asciiLowercased)
        return isARM ? "linux/arm64" : "linux/amd64"
    }

    /// The platforms of the image: never empty, each once, sorted by bytes.
    package func platforms(in context: Context) -> [String] {
        platform(in: context).split(separator: ",").map(String.init)
    }

    /// The members of `platform`, each once, sorted by bytes; empty if there are none.
    package var declaredPlatforms: [String] { declaredPlatform?.split(separator: ",").map(String.init) ?? [] }

    /// The error of a declared platform that no image can have, such as `amd64`; nil if there is none.
    package var platformMistake: ImageSpecError? {
        guard let platform = declaredPlatform, let mistake = KnownPlatforms.mistake(inList: platform) else {
            return nil
        }
        return .invalidText("platform", platform, mistake)
    }

    /// Whether the default platform depends on the host.
    var isRegistryLocal: Bool {
        registry.map { $0.asciiLowercased.utf8.starts(with: "localhost:".utf8) } ?? false
    }
}
