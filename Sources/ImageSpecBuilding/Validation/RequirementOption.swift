// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
internal import ImageSpec

/// An option on a line of its own in a requirements file, and what becomes of it.
///
/// Source: pip, "Requirements File Format", and the reader of uv 0.13: it applies some, ignores others with a warning, and
/// refuses the rest.
struct RequirementOption: Equatable, Sendable {
    enum Effect: Equatable, Sendable {
        /// The installer applies it when it reads the file.
        case applied
        /// uv ignores it there, or an older uv may; these arguments of `uv pip install` do the same.
        case arguments([String])
    }

    var name: String
    var value: String
    var effect: Effect

    /// An option as it is written, before its value is looked at.
    struct Line {
        var name: String
        var value: String

        private static let short = ["-r", "-c", "-e", "-i", "-f"]
        private static let valued = [
            "--requirement", "--constraint", "--editable", "--index-url", "--extra-index-url", "--find-links",
            "--no-binary", "--only-binary", "--trusted-host", "--use-feature",
        ]
        private static let flags = ["--no-index", "--require-hashes", "--pre", "--prefer-binary"]
        /// Those that pip has besides. It reads further ones from the same line.
        private static let ofPip = ["--pypi-url", "--hash", "--config-settings", "--global-option", "--src"]

        init(_ text: String, for installer: PackageInstaller) throws(RequirementProblem) {
            let word = text.prefix { !$0.isWhitespace && $0 != "=" }
            name = String(word)
            let rest = text.dropFirst(word.count)
            let isFlag = Self.flags.contains(name)
            let isKnown = isFlag || Self.valued.contains(name) || Self.short.contains(name)
            if installer == .pip {
                value = Self.unquoted(String(rest.drop { $0 == "=" || $0.isWhitespace }))
                let attached = Self.short.first { text.hasPrefix($0) }
                if let attached, !isKnown {
                    name = attached
                    value = Self.unquoted(String(text.dropFirst(attached.count)))
                } else if !isKnown, !Self.ofPip.contains(name) {
                    throw Self.unsupported
                }
                return
            }
            value = ""
            guard isKnown else {
                if let short = Self.short.first(where: text.hasPrefix) {
                    throw RequirementProblem(
                        "has no space after \"\(short)\"",
                        fix: "write \"\(short) \(text.dropFirst(short.count).shortened(to: 60))\"")
                }
                throw Self.unsupported
            }
            if isFlag {
                guard rest.allSatisfy(\.isWhitespace) else { throw Self.several(after: name) }
                return
            }
            let written = String(rest.first == "=" ? rest.dropFirst() : rest[...]).trimmingSpace
            value = Self.unquoted(written)
            // A requirement in editable mode may hold spaces, as in "-e .[a, b]".
            if ["-e", "--editable"].contains(name) { return }
            if written.count > value.count + 2
                || (written.first == value.first && written.count > value.count)
            {
                throw Self.several(after: name)
            }
            if value.isEmpty {
                throw RequirementProblem(
                    "has no value after \"\(name)\"", fix: "write one, or remove the line")
            }
        }

        private static func unquoted(_ text: String) -> String {
            guard let quote = text.first, quote == "\"" || quote == "'" else {
                return String(text.prefix { !$0.isWhitespace })
            }
            return String(text.dropFirst().prefix { $0 != quote })
        }

        /// uv drops what follows silently.
        private static func several(after name: String) -> RequirementProblem {
            RequirementProblem(
                "contains extra text after \"\(name)\"",
                fix: "write each option and each requirement on its own line")
        }

        private static let unsupported = RequirementProblem(
            "is not supported in requirements files",
            fix: "write it in pip_extra_args, or remove the line")
    }

    init(_ line: Line, for installer: PackageInstaller) throws(RequirementProblem) {
        name = line.name
        value = line.value
        effect = .applied
        if installer == .pip { return }
        switch name {
        case "-i", "--index-url", "--extra-index-url": try checkIndex()
        case "-f", "--find-links": try checkLinks()
        case "--no-binary", "--only-binary": try checkPackages()
        case "--require-hashes": effect = .arguments(["--require-hashes"])
        case "--pre": effect = .arguments(["--prerelease", "allow"])
        case "--trusted-host":
            try checkHost()
            effect = .arguments(["--allow-insecure-host", value])
        case "--prefer-binary":
            throw RequirementProblem(
                "is an option that uv does not support",
                fix:
                    "write \"--only-binary NAME\" for packages whose sources must not be built, or remove the line"
            )
        case "--use-feature":
            throw RequirementProblem("is an option that uv does not support", fix: "remove the line")
        default: break
        }
    }

    private func checkIndex() throws(RequirementProblem) {
        if value.hasPrefix("${") { return }
        let scheme = value.prefix { $0 != ":" }.lowercased()
        if scheme == "file" {
            throw RequirementProblem(
                "names a local index, which does not exist in the image when packages are installed",
                fix: "use an index that the build can reach over https://")
        }
        guard ["http", "https"].contains(scheme), value.dropFirst(scheme.count).hasPrefix("://"),
            value.dropFirst(scheme.count + 3).first.map({ !"/?#".contains($0) }) ?? false
        else {
            throw RequirementProblem(
                "has \"\(value.shortened(to: 60))\" instead of a URL",
                fix: "write one, as in \"\(name) https://example.com/simple\"")
        }
    }

    /// Files beside the requirements are not in the build context.
    private func checkLinks() throws(RequirementProblem) {
        if value.hasPrefix("${") || isLocal { return }
        let scheme = value.prefix { $0 != ":" }.lowercased()
        if ["http", "https"].contains(scheme), value.contains(":") { return }
        throw localProblem
    }

    /// Whether it names a directory by an absolute path, which a base image may have.
    var isLocal: Bool {
        ["-f", "--find-links"].contains(name)
            && (value.hasPrefix("/") || value.lowercased().hasPrefix("file:"))
    }

    var localProblem: RequirementProblem {
        RequirementProblem(
            "names a local directory, which does not exist in the image when packages are installed",
            fix:
                "publish the wheels to a package index, or use a base_image that contains them and write their absolute path in that image"
        )
    }

    private func checkPackages() throws(RequirementProblem) {
        if value == ":all:" || value == ":none:" { return }
        if value.contains(",") {
            throw RequirementProblem(
                "names several packages, but uv accepts only one per line",
                fix: "write a line for each, as in \"\(name) numpy\"")
        }
        guard let first = value.utf8.first, let last = value.utf8.last, first.isASCIILetterOrDigit,
            last.isASCIILetterOrDigit,
            value.utf8.allSatisfy({ $0.isASCIILetterOrDigit || "._-".utf8.contains($0) })
        else {
            throw RequirementProblem(
                "has an invalid package name", fix: "write a name, or \":all:\", as in \"\(name) numpy\"")
        }
    }

    /// `host`, `host:port` or either with a scheme.
    private func checkHost() throws(RequirementProblem) {
        var rest = value[...]
        for scheme in ["http://", "https://"] where rest.hasPrefix(scheme) {
            rest = rest.dropFirst(scheme.count)
        }
        let parts = rest.split(separator: ":", omittingEmptySubsequences: false)
        let isHost =
            parts.first?.utf8.allSatisfy { $0.isASCIILetterOrDigit || ".-_".utf8.contains($0) } ?? false
        guard isHost, parts.first?.isEmpty == false, parts.count < 3,
            parts.count < 2 || UInt16(parts[1]) != nil
        else {
            throw RequirementProblem(
                "has an invalid host", fix: "use a host such as \"--trusted-host pypi.example.com:8080\"")
        }
    }
}
