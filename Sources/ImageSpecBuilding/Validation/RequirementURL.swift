// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
internal import ImageSpec

/// Where a package is downloaded from: an archive, or a repository of git.
///
/// Source: pip, "VCS Support"; PEP 508, "URL"; uv for the archives and systems that it takes.
struct RequirementURL: Equatable, Sendable {
    enum Kind: Equatable, Sendable {
        case archive
        /// A repository that is reached by `https`, `ssh`, `http` or `file`.
        case git(transport: String)
    }

    var kind: Kind
    var text: String
    var fragment: [(name: String, value: String)] {
        guard let mark = text.firstIndex(of: "#") else { return [] }
        return text[text.index(after: mark)...].split(separator: "&").map { part in
            let sides = part.split(separator: "=", maxSplits: 1)
            return (String(sides.first ?? ""), sides.count > 1 ? String(sides[1]) : "")
        }
    }

    private static let extensions = [
        ".whl", ".tar.gz", ".zip", ".tar.bz2", ".tar.lz", ".tar.lzma", ".tar.xz", ".tar.zst", ".tar", ".tbz",
        ".tgz",
        ".tlz", ".txz",
    ]

    init(_ text: String, name: String?, for installer: PackageInstaller) throws(RequirementProblem) {
        self.text = text
        guard let colon = text.firstIndex(of: ":"), text[colon...].hasPrefix("://") else {
            throw RequirementProblem(
                "has \"\(text.shortened(to: 60))\" instead of a URL",
                fix: "write one with its scheme, as in \"https://…\"")
        }
        let scheme = text[..<colon].lowercased()
        switch scheme {
        case "http", "https":
            kind = .archive
            try checkArchive(name: name, for: installer)
        case "git+https", "git+ssh", "git+http", "git+file":
            kind = .git(transport: String(scheme.dropFirst(4)))
        case "git", "git+git", "ssh":
            if installer == .pip, scheme == "git+git" {
                kind = .git(transport: "git")
                return
            }
            throw RequirementProblem(
                "uses the unsupported scheme \"\(scheme)\"", fix: "write \"git+https://…\" or \"git+ssh://…\""
            )
        case "hg+https", "hg+http", "hg+ssh", "svn+https", "svn+http", "svn+ssh", "svn", "bzr+https",
            "bzr+ssh", "bzr+http",
            "bzr+lp":
            if installer == .pip {
                kind = .archive
                return
            }
            throw RequirementProblem(
                "is in a repository of \(scheme.prefix { $0 != "+" }), which uv does not support",
                fix: "use an archive, a git repository or a package index")
        default:
            throw RequirementProblem(
                "uses the unsupported scheme \"\(scheme.shortened(to: 20))\"",
                fix: "use https://, git+https:// or git+ssh://")
        }
    }

    /// The last component of the path, without a query and a fragment.
    private var file: Substring {
        let path = text.prefix { $0 != "?" && $0 != "#" }
        return path.split(separator: "/", omittingEmptySubsequences: false).last ?? ""
    }

    private func checkArchive(name: String?, for installer: PackageInstaller) throws(RequirementProblem) {
        for (algorithm, value) in fragment {
            guard let length = RequirementHash.lengths[algorithm] else { continue }
            try RequirementHash.check(algorithm, value, length)
        }
        // What a variable stands for is not known.
        if text.contains("${") || installer == .pip { return }
        guard let suffix = Self.extensions.first(where: file.lowercased().hasSuffix) else {
            throw RequirementProblem(
                "does not end in the extension of an archive",
                fix:
                    "use the URL of a wheel (.whl), .tar.gz or .zip; for a repository write \"git+https://…\""
            )
        }
        if suffix == ".whl" { try checkWheel(name: name) }
    }

    /// `name-version(-build)-python-abi-platform.whl`
    private func checkWheel(name: String?) throws(RequirementProblem) {
        let parts = file.dropLast(4).split(separator: "-", omittingEmptySubsequences: false)
        guard (5...6).contains(parts.count), !parts.contains("") else {
            throw RequirementProblem(
                "has a file name that is not a valid wheel name",
                fix: "keep the name that it was built with, as in \"name-1.0-py3-none-any.whl\"")
        }
        guard let name, !parts[0].contains("%") else { return }
        if String(parts[0]).normalizedPackageName != name.normalizedPackageName {
            throw RequirementProblem(
                "has the name \"\(name)\", but the wheel contains \"\(parts[0])\"",
                fix: "write \"\(parts[0]) @ …\"")
        }
    }

    static func == (left: RequirementURL, right: RequirementURL) -> Bool {
        left.kind == right.kind && left.text == right.text
    }
}

/// A digest that a downloaded archive must have: `sha256:…`.
enum RequirementHash {
    /// The number of hexadecimal digits of each algorithm that uv knows.
    static let lengths = ["md5": 32, "sha256": 64, "sha384": 96, "sha512": 128, "blake2b": 64]

    static func check(_ algorithm: String, _ digits: String, _ length: Int) throws(RequirementProblem) {
        let isHexadecimal = digits.utf8.allSatisfy {
            $0.isASCIIDigit || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains($0 | 0x20)
        }
        guard isHexadecimal, digits.utf8.count == length else {
            throw RequirementProblem(
                "has an invalid \(algorithm) hash", fix: "write its \(length) hexadecimal digits")
        }
    }

    /// Checks `algorithm:digits`.
    static func check(_ text: String) throws(RequirementProblem) {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2 else {
            throw RequirementProblem(
                "has an invalid hash", fix: "write \"--hash=sha256:\" and 64 hexadecimal digits")
        }
        guard let length = lengths[String(parts[0])] else {
            throw RequirementProblem(
                "contains a hash with the unknown algorithm \"\(parts[0].shortened(to: 20))\"",
                fix: "use one of \(lengths.keys.sorted().joined(separator: ", "))")
        }
        try check(String(parts[0]), String(parts[1]), length)
    }
}
