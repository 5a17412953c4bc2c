// SPDX-License-Identifier: Apache-2.0

internal import ContentTree

/// The platforms that images are made for: Linux, and the architectures by the names that registries use.
///
/// An architecture that is not known is allowed, since new ones appear. What differs from a known one by a slip of the pen, or is
/// the name of another program for it, is refused.
///
/// Source: OCI image specification 1.1, "Image Index", which has the values of Go's GOOS and GOARCH.
package enum KnownPlatforms {
    private static let architectures = [
        "amd64", "arm64", "arm", "386", "ppc64le", "s390x", "riscv64", "loong64", "mips64le", "mips64",
        "mipsle", "mips", "ppc64", "ppc", "riscv", "s390", "sparc64", "sparc", "wasm", "armbe", "arm64be",
    ]

    /// Other names of architectures, from `uname -m` and Debian, and the names in images.
    private static let otherNames = [
        "x86_64": "amd64", "x86-64": "amd64", "x64": "amd64", "aarch64": "arm64", "armv8": "arm64",
        "i386": "386", "i686": "386", "x86": "386", "armhf": "arm/v7", "armv7l": "arm/v7",
        "armel": "arm/v6", "armv6l": "arm/v6", "loongarch64": "loong64",
    ]

    /// What is wrong with a list of platforms that is separated by commas; nil if all are platforms.
    package static func problem(_ list: String) -> TextProblem? {
        mistake(inList: list) ?? spellingProblem(list)
    }

    /// Returns the first mistake that has a right value, such as `amd64` for `linux/amd64`, or a single word; nil if there is none.
    ///
    /// Other text has a tag in identity version 1. This has none, since the tag would name an image that cannot be built.
    static func mistake(inList list: String) -> TextProblem? {
        for platform in members(of: list) { if let problem = mistake(platform) { return problem } }
        return nil
    }

    private static func spellingProblem(_ list: String) -> TextProblem? {
        for platform in members(of: list) {
            let parts = platform.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
            if (2...3).contains(parts.count), parts.allSatisfy(isPart) { continue }
            return TextProblem(
                reason: "is not a valid platform",
                fix: "write \"linux/amd64\", or several separated by commas")
        }
        return nil
    }

    private static func members(of list: String) -> [String] {
        list.utf8.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false).map {
            String(Substring($0))
        }
    }

    private static func mistake(_ platform: String) -> TextProblem? {
        if platform.hasSameBytes(as: "linux/amd64") || platform.hasSameBytes(as: "linux/arm64") { return nil }
        let parts = platform.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        if parts.count == 1, let architecture = architecture(platform) {
            return TextProblem(
                reason: "is not a valid platform", fix: "write \"linux/\(architecture)\"")
        }
        if parts.count == 1, !platform.isEmpty, !platform.utf8.contains(where: \.isASCIIWhiteSpace) {
            return TextProblem(reason: "is not a valid platform", fix: "write \"linux/amd64\"")
        }
        guard (2...3).contains(parts.count), parts.allSatisfy(isPart) else { return nil }
        let (system, architecture) = (parts[0], parts[1])
        if system != "linux" {
            let platform = (["linux", Self.architecture(architecture) ?? architecture] + parts.dropFirst(2))
                .joined(separator: "/")
            if Suggestion.nearest(to: system, among: ["linux"]) != nil {
                return TextProblem(
                    reason: "contains the unknown operating system \"\(system.shortened)\"",
                    fix: "did you mean \"\(platform.shortened)\"?")
            }
            return TextProblem(
                reason: "is not an image platform; images are built for Linux",
                fix: "write \"\(platform.shortened)\"")
        }
        if let name = otherNames[architecture] {
            return TextProblem(
                reason:
                    "names the architecture \"\(architecture)\", which is called \"\(name)\" in image platforms",
                fix: "write \"linux/\(name)\"")
        }
        guard !architectures.contains(architecture), architecture.utf8.count > 2,
            let nearest = Suggestion.nearest(to: architecture, among: architectures)
        else { return nil }
        return TextProblem(
            reason: "contains the unknown architecture \"\(architecture.shortened)\"",
            fix: "did you mean \"\(nearest)\"?")
    }

    /// The name of an architecture in images; `nil` if it is not known.
    private static func architecture(_ name: String) -> String? {
        architectures.contains(name) ? name : otherNames[name]
    }

    private static func isPart(_ part: String) -> Bool {
        !part.isEmpty
            && part.utf8.allSatisfy {
                $0.isASCIILowercaseLetter || $0.isASCIIDigit || "._-".utf8.contains($0)
            }
    }
}
