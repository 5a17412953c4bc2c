// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
internal import ImageSpec

/// The options of the commands that `pip_extra_args` is passed to.
struct InstallerOptions: Sendable {
    /// The command, for messages.
    let command: String
    let flags: Set<String>
    /// Those that take a value, as a word of their own or after "=".
    let valued: Set<String>
    /// One letter: an option of two names.
    let short: [Character: String]
    /// Options that the Dockerfile gives already, and that the command takes once.
    let given: Set<String>
    /// Options with which nothing is installed, or the command fails.
    let impossible: [String: String]

    /// The options of pip and uv whose values are URLs of indexes.
    static let indexes: Set = [
        "-i", "--index-url", "--pypi-url", "--extra-index-url", "-f", "--find-links", "--default-index",
        "--index",
    ]

    private static func set(_ text: String) -> Set<String> {
        Set(text.split(separator: " ").map { "--" + $0 })
    }

    /// Source: uv 0.13, `uv pip install`, with the options that its help does not show.
    static let uvPipInstall = InstallerOptions(
        command: "uv pip install",
        flags: set(
            """
            all-extras allow-python-downloads break-system-packages build build-isolation check compile compile-bytecode deps \
            disable-pip-version-check dry-run exact force-reinstall help inexact isolated managed-python native-tls \
            no-all-extras no-break-system-packages no-build no-build-isolation no-cache no-cache-dir no-color no-compile \
            no-compile-bytecode no-config no-deps no-editable no-exact no-index no-installer-metadata no-managed-python \
            no-native-tls no-offline no-preview no-progress no-python-downloads no-refresh no-reinstall \
            no-require-build-hashes no-require-hashes no-sources no-strict no-system no-system-certs no-upgrade \
            no-verify-hashes offline pre preview quiet refresh reinstall require-build-hashes require-hashes show-settings \
            strict system system-certs upgrade user verbose verify-hashes
            """),
        valued: set(
            """
            allow-insecure-host build-constraint build-constraints cache-dir cert color config-file config-setting \
            config-settings config-settings-package constraint constraints default-index directory editable exclude \
            exclude-newer exclude-newer-package excludes extra extra-index-url find-links fork-strategy group index \
            index-strategy index-url keyring-provider link-mode no-binary no-build-isolation-package no-editable-package \
            no-sources-package only-binary output-format override overrides prefix prerelease prerelease-package \
            preview-features project python python-fetch python-platform python-preference python-version refresh-package \
            reinstall-package requirement requirements resolution target torch-backend trusted-host upgrade-group \
            upgrade-package
            """),
        short: [
            "r": "--requirements", "e": "--editable", "c": "--constraints", "b": "--build-constraints",
            "t": "--target",
            "i": "--index-url", "f": "--find-links", "U": "--upgrade", "P": "--upgrade-package",
            "C": "--config-setting",
            "n": "--no-cache", "p": "--python", "q": "--quiet", "v": "--verbose", "h": "--help",
        ],
        given: set("python cache-dir link-mode compile compile-bytecode"),
        impossible: [
            "--dry-run": "nothing is installed with it", "--check": "nothing is installed with it",
            "--help": "nothing is installed with it",
            "--user": "packages are installed in a virtual environment",
            "--group": "the image has no pyproject.toml when packages are installed",
        ])

    /// Source: uv 0.13, `uv sync`, with the options that its help does not show.
    static let uvSync = InstallerOptions(
        command: "uv sync",
        flags: set(
            """
            active all-extras all-groups all-packages allow-python-downloads binary build build-isolation check compile \
            compile-bytecode dev dry-run editable exact force-reinstall frozen help inexact isolated locked managed-python \
            native-tls no-active no-all-extras no-binary no-build no-build-isolation no-cache no-cache-dir no-check no-color \
            no-compile no-compile-bytecode no-config no-default-groups no-dev no-editable no-exact no-frozen no-index \
            no-install-local no-install-project no-install-workspace no-installer-metadata no-locked no-managed-python \
            no-native-tls no-offline no-preview no-progress no-python-downloads no-refresh no-reinstall \
            no-require-build-hashes no-sources no-system-certs no-upgrade offline only-dev only-install-local \
            only-install-project only-install-workspace pre preview quiet refresh reinstall require-build-hashes \
            show-settings system-certs upgrade verbose
            """),
        valued: set(
            """
            allow-insecure-host cache-dir color config-file config-setting config-settings config-settings-package \
            default-index directory exclude-newer exclude-newer-package extra extra-index-url find-links fork-strategy group \
            index index-strategy index-url keyring-provider link-mode no-binary-package no-build-isolation-package \
            no-build-package no-editable-package no-extra no-group no-install-package no-sources-package only-group \
            only-install-package output-format package prerelease prerelease-package preview-features project python \
            python-fetch python-platform python-preference refresh-package reinstall-package resolution script trusted-host \
            upgrade-group upgrade-package
            """),
        short: [
            "i": "--index-url", "f": "--find-links", "U": "--upgrade", "P": "--upgrade-package",
            "C": "--config-setting",
            "n": "--no-cache", "p": "--python", "q": "--quiet", "v": "--verbose", "h": "--help",
        ],
        given: set(
            "python cache-dir link-mode project locked no-install-project inexact no-dev compile compile-bytecode"
        ),
        impossible: [
            "--dry-run": "nothing is installed with it", "--check": "nothing is installed with it",
            "--help": "nothing is installed with it", "--frozen": "the lock file is installed with --locked",
            "--upgrade": "the lock file is installed with --locked", "--script": "a project is installed",
            "--only-dev": "it cannot be combined with --no-dev; write \"--only-group dev\"",
        ])

    /// Source: poetry 2.5, `poetry install`.
    static let poetryInstall = InstallerOptions(
        command: "poetry install",
        flags: set(
            """
            sync no-root no-directory dry-run all-extras all-groups only-root compile help quiet version ansi no-ansi \
            no-interaction no-plugins no-cache verbose
            """),
        valued: set("without with only extras project directory"),
        short: [
            "E": "--extras", "h": "--help", "q": "--quiet", "V": "--version", "n": "--no-interaction",
            "P": "--project",
            "C": "--directory", "v": "--verbose",
        ],
        given: set("directory"),
        impossible: [
            "--dry-run": "nothing is installed with it", "--help": "nothing is installed with it",
            "--version": "nothing is installed with it", "--only-root": "the project itself is not installed",
            "--project": "the project is the one of the lock file",
        ])
}

/// An argument of `pip_extra_args`.
struct InstallerArgument: Equatable, Sendable {
    /// In its long form; `nil` for a word that is not an option.
    var name: String?
    var value: String?
    /// As it is written.
    var word: String

    /// Takes words apart. Unknown options are returned as they are written, without a value.
    static func read(_ words: [String], by options: InstallerOptions) -> [InstallerArgument] {
        var found: [InstallerArgument] = []
        var rest = words[...]
        while let word = rest.popFirst() {
            guard word.hasPrefix("-"), word != "-" else {
                found.append(InstallerArgument(word: word))
                continue
            }
            let sides = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(
                String.init)
            var value = sides.count > 1 ? sides[1] : nil
            if word.hasPrefix("--") {
                if value == nil, options.valued.contains(sides[0]) { value = rest.popFirst() }
                found.append(InstallerArgument(name: sides[0], value: value, word: sides[0]))
                continue
            }
            // -qv, -Pname, -P=name, -P name
            var letters = word.dropFirst()
            while let letter = letters.popFirst() {
                guard let name = options.short[letter] else {
                    found.append(InstallerArgument(name: word, word: word))
                    break
                }
                let isValued = options.valued.contains(name)
                if isValued {
                    value =
                        letters.isEmpty
                        ? rest.popFirst() : String(letters.first == "=" ? letters.dropFirst() : letters)
                    letters = ""
                }
                found.append(InstallerArgument(name: name, value: isValued ? value : nil, word: "-\(letter)"))
            }
        }
        return found
    }
}
