// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
internal import ImageSpec

// The environment that tasks expect in the image, whichever way they are started.

extension Instructions {
    /// The search paths for programs and libraries: first the environment, last the directories in which clusters mount GPU
    /// drivers.
    ///
    /// A variable that `env` sets has exactly that value.
    var searchPaths: [String] {
        var lines: [String] = []
        let first = python.folder.map { $0 + "/bin:" } ?? ""
        let last = setup.hasDriverPaths ? "" : ":" + RenderingConstants.driverPrograms
        if setup.hasDefault("PATH") && !(first + last).isEmpty {
            lines.append("ENV PATH=\"\(first)$PATH\(last)\"")
        }
        if setup.hasDefault("LD_LIBRARY_PATH") && !setup.hasDriverPaths {
            // No empty entry at the end, which would mean the working directory.
            let rest = "${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
            lines.append("ENV LD_LIBRARY_PATH=\"\(RenderingConstants.driverLibraries)\(rest)\"")
        }
        return lines
    }

    /// `/etc/profile` sets the PATH of login shells (`bash -l`). This file, the last one that the profile reads, restores that of
    /// the image.
    var loginShells: [String] {
        let file = RenderingConstants.loginProfile
        return [
            Self.run([
                "mkdir -p \(Path.folder(of: file))", #"printf "export PATH='%s'\n" "$PATH" > "# + file,
            ])
        ]
    }

    /// After packages are installed, because installers would import modules that a base image has in that directory.
    var importPath: [String] {
        setup.hasDefault("PYTHONPATH") ? ["ENV PYTHONPATH=\(RenderingConstants.workingDirectory)"] : []
    }
}

extension Instructions {
    /// A command that unsets variables of the base image and of `env` that would configure the tools of a step: the installed
    /// packages depend only on the other fields of the spec. Proxy variables and `SSL_CERT_FILE` are not affected.
    static func ignoreSettings(of prefixes: String..., keeping kept: String? = nil) -> String {
        let start = prefixes.count == 1 ? prefixes[0] : "(\(prefixes.joined(separator: "|")))"
        let names = "grep -oE '^\(start)_[A-Za-z0-9_]+'"
        let exceptions = kept.map { " | grep -v '^\($0)'" } ?? ""
        return "unset PYTHONPATH $(env | \(names)\(exceptions))"
    }

    /// A command that compiles modules to byte code, so that programs start faster. Modules that do not compile are skipped.
    ///
    /// Byte code is validated by the digest of its source instead of its time: layers do not depend on when they are built, and a
    /// module that a command changes later takes effect.
    static func compile(_ directory: String, with python: String, excluding pattern: String? = nil) -> String
    {
        let exclusion = pattern.map { "-x \($0.shellQuoted) " } ?? ""
        return "{ \(python) -m compileall -qq -j 0 --invalidation-mode checked-hash \\\n    "
            + "\(exclusion)\(directory) || true; }"
    }

    /// A command that compiles the standard library of an interpreter. Images of Python often lack its byte code, and the user
    /// of a task cannot write it.
    static func compileStandardLibrary(of python: String) -> String {
        compile(
            "\"$(\(python) -c 'import os; print(os.path.dirname(os.__file__))')\"", with: python,
            excluding: "/(site-packages|dist-packages|tests?)/")
    }
}

extension ImageSetup {
    /// Whether the base image is rendered too, and so already has the directories of GPU drivers. If the base spec is not built
    /// (builder `noop`), its image is its own base image.
    fileprivate var hasDriverPaths: Bool {
        guard case .spec(let base) = spec.baseImage else { return false }
        if case .reference(let reference) = base.baseImage, reference.hasSameBytes(as: inputs.baseName ?? "")
        {
            return false
        }
        return true
    }

    /// The variables that the image has besides those of its base image, in the order in which they are set: those that the
    /// instructions of the Dockerfile set.
    ///
    /// `base` has the values of variables of the base image.
    package func environment(over base: (String) -> String?) -> [(name: String, value: String)] {
        var variables: [(name: String, value: String)] = []
        if let folder = python.folder { variables.append(("VIRTUAL_ENV", folder)) }
        let first = python.folder.map { $0 + "/bin:" } ?? ""
        let last = hasDriverPaths ? "" : ":" + RenderingConstants.driverPrograms
        if hasDefault("PATH"), !(first + last).isEmpty {
            variables.append(("PATH", first + (base("PATH") ?? RenderingConstants.systemPath) + last))
        }
        if hasDefault("LD_LIBRARY_PATH"), !hasDriverPaths {
            let rest = base("LD_LIBRARY_PATH").map { $0.isEmpty ? "" : ":" + $0 } ?? ""
            variables.append(("LD_LIBRARY_PATH", RenderingConstants.driverLibraries + rest))
        }
        variables += self.variables
        if hasDefault("PYTHONPATH") { variables.append(("PYTHONPATH", RenderingConstants.workingDirectory)) }
        variables.append((RenderingConstants.idVariable, spec.id))
        return variables
    }
}
