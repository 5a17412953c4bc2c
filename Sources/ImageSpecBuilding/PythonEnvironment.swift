// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
package import ImageSpec

/// The Python of an image, and the environment of its packages.
///
/// Unless conda creates it, the environment is a virtual environment of an interpreter that includes the packages of that
/// interpreter: packages of the base image stay usable, and packages that its own pip installs are found.
package struct PythonEnvironment: Sendable {
    package enum Interpreter: Equatable, Sendable {
        /// The spec requires no Python and installs nothing.
        case none
        /// An interpreter of the base image, by its path.
        case path(String)
        /// The Python of conda.
        case conda(version: String?)
        /// The Python of the official image of this version, which is the base image.
        case official(version: String)
        /// This version, found in the base image or installed by uv.
        case version(String)
        /// The Python of the base image.
        case ofBase
    }

    package let interpreter: Interpreter
    /// The base image, unless it is a spec.
    package let baseReference: String

    /// The directory of the environment; nil if there is none.
    package var folder: String? {
        switch interpreter {
        case .none: nil
        case .conda: RenderingConstants.condaEnvironment
        case .path, .official, .version, .ofBase: RenderingConstants.virtualEnvironment
        }
    }

    /// The interpreter of the environment.
    var executable: String { (folder ?? "") + "/bin/python" }

    /// The precedence is conda, an interpreter by path, a version, the base image's Python.
    package init(of spec: ImageSpec) {
        let version = spec.pythonVersion.nonEmpty
        let installs = spec.hasPythonPackages
        var reference: String?
        if case .reference(let text) = spec.baseImage, !text.isEmpty { reference = text }
        if spec.hasCondaFields {
            interpreter = .conda(version: version)
        } else if let path = spec.pythonExec.nonEmpty {
            interpreter = .path(path)
        } else if spec.hasBaseImage {
            interpreter = version.map(Interpreter.version) ?? (installs ? .ofBase : .none)
        } else if let version = version ?? (installs ? RenderingConstants.defaultPython : nil) {
            if PythonSource(ofVersion: version) == .officialImage {
                reference = RenderingConstants.pythonImage(version)
                interpreter = installs ? .official(version: version) : .none
            } else {
                interpreter = .version(version)
            }
        } else {
            interpreter = .none
        }
        baseReference = reference ?? RenderingConstants.defaultBase
    }
}

extension ImageSpec {
    /// Whether Python packages are installed.
    package var hasPythonPackages: Bool { !(packages ?? []).isEmpty || requirements.nonEmpty != nil }

    /// Whether the environment is conda's.
    package var hasCondaFields: Bool { !(condaPackages ?? []).isEmpty || !(condaChannels ?? []).isEmpty }
}

// MARK: instructions

extension Instructions {
    /// Creates the environment.
    var pythonCreation: [String] {
        guard let folder = python.folder else { return [] }
        switch python.interpreter {
        case .none: return []
        case .conda(let version): return [condaCreation(version), "ENV CONDA_PREFIX=\(folder)"]
        case .path(let interpreter):
            return virtualEnvironment(at: folder, creation(over: interpreter, folder))
        case .official(let version):
            let interpreter = "/usr/local/bin/python3"
            return virtualEnvironment(
                at: folder, [Self.makeEnvironment(interpreter, folder)],
                Self.compile(
                    RenderingConstants.standardLibrary(ofOfficial: version), with: interpreter,
                    excluding: "/site-packages/"))
        case .version(let version):
            return virtualEnvironment(at: folder, creation(of: version, folder))
        case .ofBase: return virtualEnvironment(at: folder, creationOverBase(folder))
        }
    }

    private func virtualEnvironment(
        at folder: String, _ commands: [String], _ compilation: String? = nil
    ) -> [String] {
        let variable = "ENV VIRTUAL_ENV=\(folder)"
        if commands.isEmpty { return [variable] }
        let compilation = compilation ?? Self.compileStandardLibrary(of: python.executable)
        let steps = [Self.ignoreSettings(of: "UV")] + commands + [compilation]
        return [Self.run(mounts: [uvMount], steps), variable]
    }

    private static func makeEnvironment(_ interpreter: String, _ folder: String) -> String {
        "\(RenderingConstants.uv) venv --no-cache --system-site-packages --python \(interpreter) \(folder)"
    }

    /// If the interpreter is in the environment of a base image, that environment is used.
    private func creation(over interpreter: String, _ folder: String) -> [String] {
        if Path.lexicallyNormalized(interpreter).utf8.starts(with: (folder + "/").utf8) { return [] }
        return ["rm -rf \(folder)", Self.makeEnvironment(interpreter.shellQuoted, folder)]
    }

    /// The environment of a base image is kept if it has the version. The default base has no environment.
    private func creation(of version: String, _ folder: String) -> [String] {
        let make =
            "UV_PYTHON_INSTALL_DIR=\(RenderingConstants.managedPythons) \\\n    "
            + Self.makeEnvironment(version, folder)
        if !spec.hasBaseImage { return [make] }
        return [
            "case \"$(\(folder)/bin/python --version 2>&1)\" in \"Python \(version)\"|\"Python \(version).\"*) ;; \\\n"
                + "    *) rm -rf \(folder) && \(make) ;; esac"
        ]
    }

    /// An environment of the base image is kept: one of this package, or the active one. Otherwise, one is created for the first
    /// Python on its PATH.
    private func creationOverBase(_ folder: String) -> [String] {
        [
            "{ [ -x \(folder)/bin/python ] || \\\n"
                + "    if [ -n \"${VIRTUAL_ENV:-}\" ]; then ln -s \"$VIRTUAL_ENV\" \(folder); else \\\n"
                + "    python=\"$(command -v python3)\" \\\n"
                + "    || { echo 'the base image has no python3; set python_version' >&2; exit 1; }; \\\n"
                + "    \(Self.makeEnvironment("\"$python\"", folder)); fi; }"
        ]
    }

    /// Packages are added to the environment that a base image has.
    private func condaCreation(_ version: String?) -> String {
        let image = spec.builderText("micromamba_image") ?? RenderingConstants.micromambaImage
        let start =
            "\(RenderingConstants.micromamba) \"$action\" --yes --root-prefix \(RenderingConstants.condaRoot)"
            + " --prefix \(RenderingConstants.condaEnvironment)"
        return Self.run(
            mounts: [
                "type=bind,from=\(image),source=/usr/bin/micromamba,target=\(RenderingConstants.micromamba)",
                "type=bind,from=\(image),source=/etc/ssl/certs/ca-certificates.crt,"
                    + "target=\(RenderingConstants.certificates)",
            ],
            [
                // `CONDA_OVERRIDE_…` describes the image, so it is kept.
                Self.ignoreSettings(of: "MAMBA", "CONDA", keeping: "CONDA_OVERRIDE_"),
                // If the base image has no certificates, those of micromamba are used.
                "{ [ -e /etc/ssl/certs/ca-certificates.crt ] || "
                    + "export MAMBA_SSL_VERIFY=\(RenderingConstants.certificates); }",
                "{ action=create; [ ! -d \(RenderingConstants.condaEnvironment)/conda-meta ] || action=install; }",
                Self.command(
                    start, setup.condaChannels.map { Option(name: "--channel", value: $0) },
                    [version.map { "python=\($0)" } ?? "python"] + (setup.condaPackages ?? [])),
                "rm -rf \(RenderingConstants.condaRoot)/pkgs",
            ])
    }

    /// uv is mounted and is in no layer.
    var uvMount: String {
        let image = spec.builderText("uv_image") ?? RenderingConstants.uvImage
        return "type=bind,from=\(image),source=/uv,target=\(RenderingConstants.uv)"
    }
}

extension ImageSpec {
    /// An image or a version in `builder_config`.
    func builderText(_ key: String) -> String? {
        guard case .string(let text) = builderConfig?[key] else { return nil }
        return text
    }
}
