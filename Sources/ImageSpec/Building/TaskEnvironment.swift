// SPDX-License-Identifier: Apache-2.0

internal import ContentTree

// What a task that starts in the image expects of its environment, whoever starts it.

extension Instructions {
    /// Where programs and libraries are looked for: first the environment's, last what a cluster mounts for its GPUs.
    ///
    /// A variable that `env` sets is the spec's: its value is rendered with the others, and nothing is added to it.
    var searchPaths: [String] {
        var lines: [String] = []
        let first = python.folder.map { $0 + "/bin:" } ?? ""
        let last = hasDriverPaths ? "" : ":" + RenderingConstants.driverPrograms
        if !sets("PATH") && !(first + last).isEmpty {
            lines.append("ENV PATH=\"\(first)$PATH\(last)\"")
        }
        if !sets("LD_LIBRARY_PATH") && !hasDriverPaths {
            // No empty entry at the end, which would mean the working directory.
            let rest = "${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
            lines.append("ENV LD_LIBRARY_PATH=\"\(RenderingConstants.driverLibraries)\(rest)\"")
        }
        return lines
    }

    /// `/etc/profile` gives login shells (`bash -l`) a PATH of its own; this file gives them the image's again. It is
    /// the last one that the profile reads.
    var loginShells: [String] {
        let file = RenderingConstants.loginProfile
        return [
            Self.run([
                "mkdir -p \(Path.folder(of: file))", #"printf "export PATH='%s'\n" "$PATH" > "# + file,
            ])
        ]
    }

    /// Not before packages are installed: installers would import what a base image has in that directory.
    var importPath: [String] {
        sets("PYTHONPATH") ? [] : ["ENV PYTHONPATH=\(RenderingConstants.workingDirectory)"]
    }

    /// Whether the base image is rendered too, and so names the directories of GPU drivers already. The image of a spec
    /// that is not built is that spec's base image.
    private var hasDriverPaths: Bool {
        guard case .spec(let base) = spec.baseImage else { return false }
        if case .reference(let reference) = base.baseImage, reference.hasSameBytes(as: inputs.baseName ?? "")
        {
            return false
        }
        return true
    }

    private func sets(_ variable: String) -> Bool { spec.env?[variable] != nil }
}

extension Instructions {
    /// A command that keeps variables of the base image and of `env` from configuring the tools of a step: what is
    /// installed follows from the spec's other fields. Proxies and `SSL_CERT_FILE` have other names and stay.
    static func ignoreSettings(of prefixes: String..., keeping kept: String? = nil) -> String {
        let start = prefixes.count == 1 ? prefixes[0] : "(\(prefixes.joined(separator: "|")))"
        let names = "grep -oE '^\(start)_[A-Za-z0-9_]+'"
        let exceptions = kept.map { " | grep -v '^\($0)'" } ?? ""
        return "unset PYTHONPATH $(env | \(names)\(exceptions))"
    }

    /// A command that compiles modules to byte code where there is none, so that no start has to. A module that does
    /// not compile stays as it is.
    ///
    /// With digests of the sources in place of their times: layers are the same whenever they are made, and a source
    /// that a command changes later counts.
    static func compile(_ directory: String, with python: String, excluding pattern: String? = nil) -> String
    {
        let exclusion = pattern.map { "-x \($0.shellQuoted) " } ?? ""
        return "{ \(python) -m compileall -qq -j 0 --invalidation-mode checked-hash \\\n    "
            + "\(exclusion)\(directory) || true; }"
    }

    /// The same for the standard library of an interpreter. Images of Python often come without its byte code, and a
    /// task's user cannot write it.
    static func compileStandardLibrary(of python: String) -> String {
        compile(
            "\"$(\(python) -c 'import os; print(os.path.dirname(os.__file__))')\"", with: python,
            excluding: "/(site-packages|dist-packages|tests?)/")
    }
}
