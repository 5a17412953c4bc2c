// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
import ImageSpec

/// The effect of one command on an image.
enum InstallCommand: Equatable {
    case apt([String])
    case pip([String], requirements: [String])
    /// Nothing that a spec declares, such as removing apt's lists.
    case nothing
    case unknown

    init(_ words: [String]) {
        var words = words[...]
        while let first = words.first, first.contains("="), first.prefix(while: \.isVariableName).count > 0,
            first.drop(while: \.isVariableName).hasPrefix("=")
        {
            // Variables for one command, such as DEBIAN_FRONTEND.
            words = words.dropFirst()
        }
        switch words.first {
        case nil, "true"?, "set"?: self = .nothing
        case "apt-get"?, "apt"?: self = Self.apt(words.dropFirst())
        case "rm"?:
            let paths = words.dropFirst().filter { !$0.hasPrefix("-") }
            let caches = ["/var/lib/apt/lists", "/var/cache/apt", "/root/.cache"]
            let removesCaches = paths.allSatisfy { path in caches.contains { path.hasPrefix($0) } }
            self = removesCaches ? .nothing : .unknown
        case "pip"?, "pip3"?: self = Self.pip(words.dropFirst())
        case "uv"? where words.dropFirst().first == "pip": self = Self.pip(words.dropFirst(2))
        case "python"? where words.dropFirst().starts(with: ["-m", "pip"]),
            "python3"? where words.dropFirst().starts(with: ["-m", "pip"]):
            self = Self.pip(words.dropFirst(3))
        default: self = .unknown
        }
    }

    private static func apt(_ words: ArraySlice<String>) -> InstallCommand {
        let flags: Set = [
            "-y", "-yq", "-qy", "-yqq", "-qqy", "-q", "-qq", "--yes", "--assume-yes", "--quiet",
        ]
        let options = words.filter { $0.hasPrefix("-") }
        guard options.allSatisfy({ flags.contains($0) || $0.hasPrefix("--no-install-") }) else {
            return .unknown
        }
        let rest = words.filter { !$0.hasPrefix("-") }
        switch rest.first {
        case "update", "upgrade", "clean", "autoremove", "autoclean", "dist-upgrade": return .nothing
        case "install":
            let packages = Array(rest.dropFirst())
            return packages.allSatisfy({ $0.utf8.allSatisfy(\.isPackageByte) }) ? .apt(packages) : .unknown
        default: return .unknown
        }
    }

    private static func pip(_ words: ArraySlice<String>) -> InstallCommand {
        guard words.first == "install" else { return .unknown }
        let flags: Set = [
            "--no-cache-dir", "--no-cache", "-U", "--upgrade", "-q", "--quiet", "--system", "--user",
            "--disable-pip-version-check", "--no-input", "--break-system-packages", "--compile",
        ]
        var packages: [String] = []
        var files: [String] = []
        var rest = words.dropFirst()
        while let word = rest.popFirst() {
            if flags.contains(word) { continue }
            if ["-r", "--requirement"].contains(word), let file = rest.popFirst() {
                files.append(file)
            } else if word.hasPrefix("-") || word.hasPrefix(".") || word.contains("/") {
                return .unknown
            } else if !["pip", "setuptools", "wheel", "uv"].contains(word) {
                packages.append(word)
            }
        }
        return packages.isEmpty && files.isEmpty ? .nothing : .pip(packages, requirements: files)
    }
}

extension Character {
    fileprivate var isVariableName: Bool { isASCII && (isLetter || isNumber) || self == "_" }
}

extension UInt8 {
    /// Whether the byte can be part of the name or version of a Debian package.
    fileprivate var isPackageByte: Bool { isASCIILetterOrDigit || "+-.:=~".utf8.contains(self) }
}
