// SPDX-License-Identifier: Apache-2.0

internal import ContentTree

/// Advice on a failure that the output of the build explains.
///
/// Such failures depend on the base image or the network, so that no check finds them before the build.
struct BuildHint: Sendable {
    /// Texts of which a line of the output contains one, ignoring case.
    private let signs: [String]
    private let advice: String

    /// Causes precede their consequences.
    private static let all = [
        BuildHint(
            signs: [
                "git executable not found", "git: not found", "git: command not found",
                "cannot find command 'git'",
                "no such file or directory: 'git'",
            ],
            advice: "the image has no git; add \"apt_packages: [git]\""),
        BuildHint(
            signs: [
                "invalid peer certificate", "unknownissuer", "certificate_verify_failed",
                "certificate verify failed",
                "server certificate verification failed", "problem with the ssl ca cert",
                "unable to get local issuer certificate", "no default certificates will be trusted",
            ],
            advice:
                "a server's TLS certificate is not trusted in the image; add \"apt_packages: [ca-certificates]\", or mount the "
                + "network's CA bundle with pip_secret_mounts and set SSL_CERT_FILE in env"),
        BuildHint(
            signs: ["the lockfile at `uv.lock` needs to be updated"],
            advice: "uv.lock does not match pyproject.toml; run: uv lock"),
        BuildHint(
            signs: [
                "uses an unsupported schema version", "failed to parse `uv.lock`", "failed to parse lockfile",
                "required uv version `",
            ],
            advice:
                "another version of uv may read the project; choose it with \"builder_config: {uv_image: …}\""
        ),
        BuildHint(
            signs: [
                "this project requires poetry ",
                "the lock file is not compatible with the current version of poetry",
            ],
            advice:
                "the project needs another version of poetry; choose it with \"builder_config: {poetry: …}\""),
        BuildHint(
            signs: ["pyproject.toml changed significantly since poetry.lock"],
            advice: "poetry.lock does not match pyproject.toml; run: poetry lock"),
    ]

    /// The advice for a failure; `nil` if it is unknown.
    static func advice(for lines: [String]) -> String? {
        let lines = lines.map { $0.lowercased() }
        return all.first { hint in lines.contains { line in hint.signs.contains(where: line.contains) } }?
            .advice
    }
}

extension BuildFailure {
    /// The advice, if the output explains the failure.
    var hint: String? { BuildHint.advice(for: lines + [reason]) }
}
