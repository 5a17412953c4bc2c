// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
internal import ImageSpec

/// What installing a requirement needs of the image, as far as it is known what the image has: without a base image.
struct SystemNeeds {
    private let hasBase: Bool
    private let hasGit: Bool
    private let hasSSH: Bool
    private let hasCertificates: Bool
    private let variables: Set<String>

    /// Set in the official Python images and by the Dockerfile.
    private static let knownVariables: Set<String> = [
        "PATH", "HOME", "LANG", "GPG_KEY", "PYTHON_VERSION", "PYTHON_SHA256", "VIRTUAL_ENV", "CONDA_PREFIX",
        "PWD",
        "HOSTNAME",
    ]

    init(of spec: ImageSpec) {
        if let base = spec.baseImage, base != .reference("") { hasBase = true } else { hasBase = false }
        let apt = (spec.aptPackages ?? []).map { $0.prefix { $0 != ":" && $0 != "=" && $0 != "/" } }
        let conda = (spec.condaPackages ?? []).map { text in
            text.split(separator: ":").last?.prefix { !"=<>!~ [".contains($0) } ?? ""
        }
        // Packages such as git-lfs depend on git.
        hasGit = apt.contains { $0 == "git" || $0.hasPrefix("git-") } || conda.contains("git")
        hasSSH =
            apt.contains { ["openssh-client", "ssh", "openssh-server"].contains($0) }
            || conda.contains("openssh")
        // The image of Python has them; that of Debian, below conda, has not.
        hasCertificates = !spec.hasCondaFields || apt.contains("ca-certificates")
        variables = Set((spec.env ?? [:]).map(\.key))
    }

    /// Refuses a requirement that a known image cannot install. Variables are expanded in URLs and paths only.
    func check(_ requirement: Requirement, text: String) throws(RequirementProblem) {
        switch requirement.source {
        case .index: break
        case .local, .variable: try check(variablesOf: text)
        case .url(let url):
            try check(variablesOf: url.text)
            try check(url)
        }
    }

    func check(_ url: RequirementURL) throws(RequirementProblem) {
        guard !hasBase, case .git(let transport) = url.kind, transport != "file" else { return }
        var missing: [String] = []
        if !hasGit { missing.append("git") }
        if transport == "ssh", !hasSSH { missing.append("openssh-client") }
        if transport == "https", !hasCertificates { missing.append("ca-certificates") }
        guard !missing.isEmpty else { return }
        throw RequirementProblem(
            "is installed from a git repository, but the image has no \(missing.joined(separator: " and no "))",
            fix: "add \(missing.map { "\"\($0)\"" }.joined(separator: " and ")) to apt_packages")
    }

    /// `${NAME}` stays as it is written if the variable is not set.
    func check(variablesOf text: String) throws(RequirementProblem) {
        if hasBase { return }
        for part in text.split(separator: "$").dropFirst(text.hasPrefix("$") ? 0 : 1)
        where part.hasPrefix("{") {
            let name = part.dropFirst().prefix { $0 != "}" }
            guard part.contains("}"), !name.isEmpty,
                name.utf8.allSatisfy({ $0.isASCIILetterOrDigit || $0 == UInt8(ascii: "_") }),
                !variables.contains(String(name)), !Self.knownVariables.contains(String(name))
            else { continue }
            throw RequirementProblem(
                "uses the variable \(name), which is not set when packages are installed",
                fix: "set it in env")
        }
    }
}
