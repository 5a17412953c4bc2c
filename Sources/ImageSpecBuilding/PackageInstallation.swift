// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
package import ImageSpec

// Python packages are installed in one step.

extension Instructions {
    /// Whether packages are installed, for which secrets are mounted.
    var isInstalling: Bool { spec.hasPythonPackages }

    var packageInstallation: [String] {
        guard isInstalling else { return [] }
        let commands =
            switch inputs.requirements?.files.kind {
            case nil, .pip: [Self.ignoreSettings(of: "UV", "PIP"), pipInstallation]
            case .uvLock: [Self.ignoreSettings(of: "UV", "PIP"), uvLockInstallation]
            case .poetryLock:
                [
                    Self.ignoreSettings(of: "UV", "PIP", "POETRY"), poetryLockInstallation,
                    Self.compile("\(python.folder ?? "")/lib", with: python.executable),
                ]
            }
        return [Self.run(mounts: [uvMount] + requirementMounts + secretMounts + [cacheMount], commands)]
    }

    // MARK: mounts

    /// The name of the directory contains the digest of the files, because some engines decide only by the text of a step
    /// whether to use a cached layer.
    private var requirementsFolder: String? {
        inputs.requirements.map { "/tmp/requirements-" + $0.files.digest.hex.prefix(12) }
    }

    private var requirementMounts: [String] {
        requirementsFolder.map {
            ["type=bind,source=\(ImageSpec.BuildContext.requirementsFolder),target=\($0)"]
        } ?? []
    }

    private var secretMounts: [String] {
        (spec.pipSecretMounts ?? []).enumerated().map { index, mount in
            "type=secret,id=secret_\(index),target=\(mount.targetPath),required=true"
        }
    }

    private var cacheMount: String { "type=cache,target=\(RenderingConstants.cache)" }

    // MARK: commands

    private var pipInstallation: String {
        var options = indexOptions
        if let folder = requirementsFolder, let requirements = inputs.requirements {
            options.append(Option(name: "--requirement", value: folder + "/" + requirements.main))
        }
        let fromFiles = inputs.requirements?.installerArguments(beside: extraArguments) ?? []
        return Self.command(
            "\(Self.uvInstalling) pip install --python \(python.executable) \\\n    \(Self.installOptions)",
            options,
            fromFiles + extraArguments + (setup.packages ?? []))
    }

    /// Inexact, which keeps the packages of a base image.
    private var uvLockInstallation: String {
        Self.command(
            "UV_PROJECT_ENVIRONMENT=\(python.folder ?? "") \\\n    "
                + "\(Self.uvInstalling) sync --locked --no-dev --no-install-project --inexact \\\n    "
                + "--python \(python.executable) --project \(projectFolder) \\\n    \(Self.installOptions)",
            indexOptions, extraArguments)
    }

    /// poetry runs in its own environment in the cache of uv, and installs into the active one. Indexes are those of poetry
    /// itself; the indexes of packages are in `pyproject.toml`.
    private var poetryLockInstallation: String {
        let version = spec.builderText("poetry").map { "poetry==" + $0 } ?? RenderingConstants.poetry
        let installation = Self.command(
            "poetry install --no-interaction --no-root --directory \(projectFolder)", [], extraArguments)
        return Self.command(
            "VIRTUAL_ENV=\(python.folder ?? "") POETRY_CACHE_DIR=\(RenderingConstants.cache)/poetry \\\n    "
                + "\(RenderingConstants.uv) tool run --python \(python.executable) \(Self.cacheOptions)",
            indexOptions + [Option(name: "--from", value: version)])
            + " \\\n    " + installation
    }

    private var projectFolder: String { requirementsFolder ?? "" }

    /// uv with the kind of byte code that ``compile(_:with:excluding:)`` describes.
    private static let uvInstalling = "PYC_INVALIDATION_MODE=CHECKED_HASH \\\n    \(RenderingConstants.uv)"

    private static let installOptions = "--compile-bytecode \(cacheOptions)"

    /// The cache is a mount, so it is on another file system than the environment.
    private static let cacheOptions = "--link-mode copy --cache-dir \(RenderingConstants.cache)/uv"

    private var indexOptions: [Option] {
        setup.indexOptions.map { Option(name: $0.name, value: $0.value) }
    }

    private var extraArguments: [String] { setup.extraArguments }
}

extension ImageSetup {
    /// The options of uv for the indexes of packages.
    package var indexOptions: [(name: String, value: String)] {
        (packageIndex.map { [("--index-url", $0)] } ?? [])
            + extraPackageIndexes.map { ("--extra-index-url", $0) }
    }

    /// The words of `pip_extra_args`.
    package var extraArguments: [String] { spec.pipExtraArgs.nonEmpty.flatMap(ArgumentText.words) ?? [] }

    /// Arguments of `uv sync` in two parts: those that select groups and extras of a project, and the others.
    package var projectArguments: (selection: [String], others: [String]) {
        let selecting: Set = [
            "--all-extras", "--all-groups", "--dev", "--extra", "--group", "--no-all-extras",
            "--no-default-groups", "--no-dev", "--no-extra", "--no-group", "--only-group", "--package",
            "--all-packages",
        ]
        var selection: [String] = []
        var others: [String] = []
        for argument in InstallerArgument.read(extraArguments, by: .uvSync) {
            let words = [argument.name ?? argument.word] + (argument.value.map { [$0] } ?? [])
            if argument.name.map(selecting.contains) ?? false { selection += words } else { others += words }
        }
        return (selection, others)
    }
}

extension ImageSpec.SecretMount {
    /// The absolute path in the container.
    ///
    /// Source: flytekit, whose installation runs in that directory.
    package var targetPath: String { Path.join(RenderingConstants.workingDirectory, target) }
}
