// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
internal import ImageSpec

/// The calls of the envd file of a valid spec. Each property has those of one step, none if the spec does not need it.
///
/// envd determines the order of the steps: system packages, Python, its packages, files, commands.
struct EnvdCalls {
    let setup: ImageSetup

    private var spec: ImageSpec { setup.spec }

    init(spec: ImageSpec, inputs: RenderingInputs) { setup = ImageSetup(spec: spec, inputs: inputs) }

    var calls: [StarlarkCall] {
        [base, owner, environment, apt, interpreter, index, packages, copies, commands, entrypoint].flatMap {
            $0
        }
    }

    // MARK: the system

    private var base: [StarlarkCall] {
        let image = spec.cuda.nonEmpty == nil ? setup.baseImage : RenderingConstants.cudaSystem
        return [StarlarkCall("base", ("image", image.starlarkLiteral), ("dev", "False"))]
    }

    /// Otherwise files would belong to the user that runs envd.
    private var owner: [StarlarkCall] { [StarlarkCall("config.owner", ("uid", "0"), ("gid", "0"))] }

    private var environment: [StarlarkCall] {
        var variables = setup.variables
        variables.append((RenderingConstants.idVariable, spec.id))
        // The code is in this directory, and envd supports only its own working directory.
        if setup.hasDefault("PYTHONPATH") {
            variables.append(("PYTHONPATH", RenderingConstants.workingDirectory))
        }
        if setup.hasDefault("LD_LIBRARY_PATH") {
            variables.append(("LD_LIBRARY_PATH", RenderingConstants.driverLibraries))
        }
        let pairs = variables.sorted { $0.name.precedesInUTF8($1.name) }.map {
            $0.name.starlarkLiteral + ": " + $0.value.starlarkLiteral
        }
        let programs = RenderingConstants.driverPrograms.utf8.split(separator: UInt8(ascii: ":")).map {
            String(decoding: $0, as: UTF8.self)
        }
        return [
            StarlarkCall(
                "runtime.environ", ("env", "{" + pairs.joined(separator: ", ") + "}"),
                ("extra_path", programs.starlarkLiteral))
        ]
    }

    private var apt: [StarlarkCall] {
        setup.aptPackages.map {
            [StarlarkCall("install.apt_packages", ("name", $0.starlarkLiteral))]
        } ?? []
    }

    // MARK: Python

    /// A base image and the official images contain Python.
    private var interpreter: [StarlarkCall] {
        let cuda = spec.cuda.nonEmpty.map { version in
            let cudnn = spec.cudnn.nonEmpty.map { [("cudnn", $0.starlarkLiteral)] } ?? []
            return [StarlarkCall("install.cuda", [("version", version.starlarkLiteral)] + cudnn)]
        }
        let python: [StarlarkCall] =
            switch setup.python.interpreter {
            case .conda(let version):
                [
                    StarlarkCall("install.conda", ("use_mamba", "True")),
                    Self.python(version ?? RenderingConstants.defaultPython),
                ]
            case .version(let version): [Self.python(version)]
            case _ where cuda != nil: spec.pythonVersion.nonEmpty.map { [Self.python($0)] } ?? []
            case .none, .path, .official, .ofBase: []
            }
        return (cuda ?? []) + python
    }

    private static func python(_ version: String) -> StarlarkCall {
        StarlarkCall("install.python", ("version", version.starlarkLiteral))
    }

    private var index: [StarlarkCall] {
        let extra = setup.extraPackageIndexes
        guard setup.packageIndex != nil || !extra.isEmpty else { return [] }
        let url = setup.packageIndex ?? RenderingConstants.packageIndex
        // pip splits the line that envd writes for it.
        let extraURL = extra.isEmpty ? [] : [("extra_url", extra.joined(separator: " ").starlarkLiteral)]
        return [StarlarkCall("config.pip_index", [("url", url.starlarkLiteral)] + extraURL)]
    }

    private var packages: [StarlarkCall] {
        var calls: [StarlarkCall] = []
        if let packages = setup.packages {
            calls.append(
                StarlarkCall("install.python_packages", ("name", packages.map(\.shellQuoted).starlarkLiteral))
            )
        }
        if let requirements = setup.inputs.requirements {
            // Always in quotes, so that envd finds no file of that name and leaves the lines to pip. It would insert the lines
            // of a file that it finds into a shell command, unquoted: markers such as "; python_version > '3'" would break.
            let path = ImageSpec.BuildContext.requirementsFolder + "/" + requirements.main
            calls.append(
                StarlarkCall(
                    "install.python_packages",
                    ("requirements", ("'" + path.withinSingleQuotes + "'").starlarkLiteral)))
        }
        if let packages = setup.condaPackages {
            calls.append(
                StarlarkCall(
                    "install.conda_packages", ("name", packages.map(\.shellQuoted).starlarkLiteral),
                    ("channel", setup.condaChannels.map(\.shellQuoted).starlarkLiteral)))
        }
        return calls
    }

    // MARK: files and commands

    /// envd copies a directory with its name, which is that of the working directory.
    private var copies: [StarlarkCall] {
        setup.copiedDirectories.map { directory in
            let source = directory.source + RenderingConstants.workingDirectory
            return StarlarkCall(
                "io.copy", ("source", source.starlarkLiteral), ("target", "/".starlarkLiteral))
        }
    }

    /// envd puts the text between single quotes, splits it like a shell, and runs it with bash in a directory of its own. The
    /// command is run by `/bin/sh` in the working directory.
    private var commands: [StarlarkCall] {
        setup.commands.map { command in
            let text = "cd \(RenderingConstants.workingDirectory) && exec /bin/sh -c \(command.shellQuoted)"
            return StarlarkCall("run", ("commands", [text.withinSingleQuotes].starlarkLiteral))
        }
    }

    private var entrypoint: [StarlarkCall] {
        spec.entrypoint.map { [StarlarkCall("config.entrypoint", ("args", $0.starlarkLiteral))] } ?? []
    }
}
