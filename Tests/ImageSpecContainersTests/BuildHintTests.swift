// SPDX-License-Identifier: Apache-2.0

import ImageSpec
import Testing

@testable import ContentTree
@testable import ImageSpecContainers

/// Failures that their output explains; the lines are those that the tools print.
@Suite struct BuildHintTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let line: String
        /// What the hint names.
        let word: String
        var testDescription: String { line }

        init(_ line: String, _ word: String) {
            self.line = line
            self.word = word
        }
    }

    static let cases = [
        // uv 0.13.9
        Case(
            "  cause: Git executable not found. Ensure that Git is installed and available.",
            "apt_packages: [git]"),
        Case("  cause: invalid peer certificate: UnknownIssuer", "[ca-certificates]"),
        Case("  cause: invalid peer certificate: Other(OtherError(CaUsedAsEndEntity))", "[ca-certificates]"),
        Case(
            "warning: Invalid `SSL_CERT_FILE`. Path is not a file: /dev/null. No default certificates will be trusted.",
            "[ca-certificates]"),
        Case(
            "error: The lockfile at `uv.lock` needs to be updated, but `--locked` was provided.",
            "run: uv lock"),
        Case(
            "error: The lockfile at `uv.lock` uses an unsupported schema version (v2, but only v1 is supported). Downgrade to a compatible uv version, or remove the `uv.lock` prior to running `uv lock` or `uv sync`.",
            "builder_config: {uv_image"),
        Case("error: Failed to parse `uv.lock`", "builder_config: {uv_image"),
        Case(
            "error: Required uv version `>=99` does not match the running version `0.13.9`. Update `uv` by running `uv self update`.",
            "builder_config: {uv_image"),
        // git 2.39, pip 23.2
        Case(
            "fatal: unable to access 'https://127.0.0.1/x/': server certificate verification failed. CAfile: none CRLfile: none",
            "[ca-certificates]"),
        Case(
            "fatal: unable to access 'https://127.0.0.1/x/': Problem with the SSL CA cert (path? access rights?)",
            "[ca-certificates]"),
        Case(
            "(Caused by SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: self-signed certificate (_ssl.c:1006)')))",
            "[ca-certificates]"),
        Case(
            "ERROR: Error [Errno 2] No such file or directory: 'git' while executing command git version",
            "apt_packages: [git]"),
        Case(
            "ERROR: Cannot find command 'git' - do you have 'git' installed and in your PATH?",
            "apt_packages: [git]"),
        Case("/bin/sh: 1: git: not found", "apt_packages: [git]"),
        // poetry 2.5.1
        Case("This project requires Poetry >=9, but you are using Poetry 2.5.1", "builder_config: {poetry"),
        Case(
            "The lock file is not compatible with the current version of Poetry.", "builder_config: {poetry"),
        Case(
            "pyproject.toml changed significantly since poetry.lock was last generated. Run `poetry lock` to fix the lock file.",
            "run: poetry lock"),
    ]

    @Test(arguments: cases) func aKnownFailureNamesWhatToWrite(_ example: Case) throws {
        let printed = [
            "STEP 4/9: RUN uv pip install x", "Using Python 3.12", example.line, "after",
            "Error: exit status 1",
        ]
        let failure = BuildFailure(
            step: .build, printed: printed,
            outcome: CommandOutcome(status: .exited(1), output: [], messages: []))
        let hint = try #require(failure.hint)
        #expect(hint.contains(example.word))
        let message = ImageSpecError.buildFailed("a:1", engine: "buildah", failure).message
        #expect(message.split(separator: "\n").last == "hint: \(hint)")
        #expect(message.contains(example.line.split(separator: "`").first ?? ""))
    }

    @Test(arguments: [
        "error: No solution found when resolving dependencies", "git version 2.39.5", "certificate", "",
    ])
    func anUnknownFailureHasNoHint(_ line: String) {
        #expect(BuildHint.advice(for: [line]) == nil)
    }
}
