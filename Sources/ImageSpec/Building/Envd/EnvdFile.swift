// SPDX-License-Identifier: Apache-2.0

internal import ContentTree

extension ImageSpec {
    /// The `build.envd` of a spec, from which envd builds an image.
    ///
    /// Equivalent to the ``Dockerfile`` of the spec as far as envd allows, and deterministic: specs with equal `id`, `tag` and
    /// base image name have the same text on every host. All values are escaped literals. Packages and commands, which envd
    /// passes to a shell, are quoted for the shell as well.
    ///
    /// Features that envd does not support are rejected: `python_exec`, `pip_secret_mounts`, `pip_extra_args`, lock files,
    /// `builder_config`, several platforms, an empty `entrypoint`. `cuda` and `cudnn`, which Dockerfiles of this package do not
    /// support, select the NVIDIA image that envd uses.
    ///
    /// Images built by envd differ from those of the builder `default`: they end as `root`, start in `/` with
    /// `PYTHONPATH=/root`, keep pip's index in `/etc/pip.conf`, carry no label with the id, have the paths for
    /// programs that envd sets and those of GPU drivers, no profile for login shells, and no byte code. pip also reads its
    /// variables (`PIP_…`) from `env` and the base image. Their base needs `bash`, and with packages `python` and pip; `python_version` with a base
    /// image, `cuda` and conda need Debian's `update-alternatives` in it.
    ///
    /// Source: envd 1.3, build.envd in syntax v1; flytekit's plugin flytekitplugins-envd.
    public struct EnvdFile: Hashable, Sendable, CustomStringConvertible {
        /// The text. Ends in a line feed.
        public let text: String

        /// The text.
        public var description: String { text }

        /// Renders a spec, whatever its builder.
        ///
        /// Reads what ``Dockerfile/init(_:in:)`` reads.
        /// - Throws: ``ImageSpecError/Code/unsupportedField`` for fields that envd does not support; otherwise the errors of
        ///   ``Dockerfile/init(_:in:)``.
        public init(_ spec: ImageSpec, in context: Context = .current) throws(ImageSpecError) {
            try spec.validate(as: .envd, in: context)
            try self.init(spec, RenderingInputs(of: spec, in: context))
        }

        /// Renders a valid spec.
        init(_ spec: ImageSpec, _ inputs: RenderingInputs) {
            let calls = EnvdCalls(spec: spec, inputs: inputs).calls
            text = "# syntax=v1\n\ndef build():\n" + calls.map { "    \($0.text)\n" }.joined()
        }
    }

    /// A `build.envd` and the files that it copies, ready to be written to a directory.
    package struct EnvdContext: Sendable {
        package let file: EnvdFile
        /// The names of the spec, of the bytes that will be written.
        package let identity: Identity

        private let requirements: RequirementsLayout?
        private let contents: ResolvedInputs

        /// Reads the files of a spec and renders it.
        package init(
            _ spec: ImageSpec, in context: Context, baseImageName: String? = nil
        ) throws(ImageSpecError) {
            try spec.validate(as: .envd, in: context)
            try self.init(
                spec, ResolvedInputs.read(of: spec, in: context, records: [.entries]), in: context,
                baseImageName: baseImageName)
        }

        init(
            _ spec: ImageSpec, _ contents: ResolvedInputs, in context: Context, baseImageName: String?
        ) throws(ImageSpecError) {
            self.contents = contents
            let inputs = try RenderingInputs(of: spec, contents, in: context, baseImageName: baseImageName)
            requirements = inputs.requirements
            file = EnvdFile(spec, inputs)
            identity = try Identity(spec: spec, ContentIdentity(spec: spec, contents: contents))
        }

        /// Writes the context to a directory; see ``BuildContext/write(to:)``.
        package func write(to directory: String) throws(ImageSpecError) {
            let writer = try DirectoryContextSink(directory)
            do throws(ImageSpecError) {
                try contents.items(requirements, .envd).write(to: writer)
                try writer.add(Array(file.text.utf8), at: Array("build.envd".utf8))
                try writer.finish()
            } catch {
                writer.removeAll()
                throw error
            }
        }
    }
}

extension ImageSpec.BuildRequest {
    /// What ``buildContext()`` is for docker, for envd.
    package func envdContext() throws(ImageSpecError) -> ImageSpec.EnvdContext {
        guard let contents else {
            return try ImageSpec.EnvdContext(spec, in: context, baseImageName: baseImageName)
        }
        try spec.validate(as: .envd, in: context)
        return try ImageSpec.EnvdContext(spec, contents, in: context, baseImageName: baseImageName)
    }
}

/// The calls of a valid spec. Each property gives those of one step, none where a spec does not need it.
///
/// envd has an order of its own: system packages, Python, its packages, files, commands.
private struct EnvdCalls {
    let spec: ImageSpec
    let inputs: RenderingInputs
    let python: PythonEnvironment

    init(spec: ImageSpec, inputs: RenderingInputs) {
        self.spec = spec
        self.inputs = inputs
        python = PythonEnvironment(of: spec)
    }

    var calls: [StarlarkCall] {
        [base, owner, environment, apt, interpreter, index, packages, copies, commands, entrypoint].flatMap {
            $0
        }
    }

    // MARK: the system

    private var base: [StarlarkCall] {
        let image =
            spec.cuda.nonEmpty == nil
            ? inputs.baseName ?? python.baseReference : RenderingConstants.cudaSystem
        return [StarlarkCall("base", ("image", image.starlarkLiteral), ("dev", "False"))]
    }

    /// Otherwise files belong to whoever runs envd.
    private var owner: [StarlarkCall] { [StarlarkCall("config.owner", ("uid", "0"), ("gid", "0"))] }

    private var environment: [StarlarkCall] {
        var variables: [(name: String, value: String)] = (spec.env ?? [:]).map { ($0.key, $0.value) }
        variables.append((RenderingConstants.idVariable, spec.id))
        // The code is there, and envd uses only its own working directory.
        if spec.env?["PYTHONPATH"] == nil {
            variables.append(("PYTHONPATH", RenderingConstants.workingDirectory))
        }
        if spec.env?["LD_LIBRARY_PATH"] == nil {
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
        spec.aptPackages.nonEmptySet.map {
            [StarlarkCall("install.apt_packages", ("name", $0.starlarkLiteral))]
        } ?? []
    }

    // MARK: Python

    /// The Python of a base image, and of the official images, is there.
    private var interpreter: [StarlarkCall] {
        let cuda = spec.cuda.nonEmpty.map { version in
            let cudnn = spec.cudnn.nonEmpty.map { [("cudnn", $0.starlarkLiteral)] } ?? []
            return [StarlarkCall("install.cuda", [("version", version.starlarkLiteral)] + cudnn)]
        }
        let python: [StarlarkCall] =
            switch self.python.interpreter {
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
        let extra = spec.pipExtraIndexURLs ?? []
        guard spec.pipIndex.nonEmpty != nil || !extra.isEmpty else { return [] }
        let url = spec.pipIndex.nonEmpty ?? RenderingConstants.packageIndex
        // pip splits the line that envd writes for it.
        let extraURL = extra.isEmpty ? [] : [("extra_url", extra.joined(separator: " ").starlarkLiteral)]
        return [StarlarkCall("config.pip_index", [("url", url.starlarkLiteral)] + extraURL)]
    }

    private var packages: [StarlarkCall] {
        var calls: [StarlarkCall] = []
        if let packages = spec.packages.nonEmptySet {
            calls.append(
                StarlarkCall("install.python_packages", ("name", packages.map(\.shellQuoted).starlarkLiteral))
            )
        }
        if let requirements = inputs.requirements {
            // In quotes in any case: envd finds no file of that name then, and leaves the lines to pip. Those that it
            // finds it puts into a command as they are, where a marker such as "; python_version > '3'" falls apart.
            let path = ImageSpec.BuildContext.requirementsFolder + "/" + requirements.main
            calls.append(
                StarlarkCall(
                    "install.python_packages",
                    ("requirements", ("'" + path.withinSingleQuotes + "'").starlarkLiteral)))
        }
        if let packages = spec.condaPackages.nonEmptySet {
            let channels =
                ["conda-forge"] + (spec.condaChannels ?? []).filter { !$0.hasSameBytes(as: "conda-forge") }
            calls.append(
                StarlarkCall(
                    "install.conda_packages", ("name", packages.map(\.shellQuoted).starlarkLiteral),
                    ("channel", channels.map(\.shellQuoted).starlarkLiteral)))
        }
        return calls
    }

    // MARK: files and commands

    /// The source tree first, so that `copy` replaces files of it. A directory is copied with its name, which is that of the
    /// working directory.
    private var copies: [StarlarkCall] {
        let folders =
            (inputs.hasSource ? [ImageSpec.BuildContext.sourceFolder] : [])
            + inputs.copied.indices.map { "\(ImageSpec.BuildContext.copyFolder)/\($0)" }
        return folders.map { folder in
            StarlarkCall(
                "io.copy", ("source", (folder + RenderingConstants.workingDirectory).starlarkLiteral),
                ("target", "/".starlarkLiteral))
        }
    }

    /// envd puts the text between single quotes, splits it as a shell does, and has bash run it in a directory of its own;
    /// the command is for `/bin/sh` in the working directory.
    private var commands: [StarlarkCall] {
        (spec.commands ?? []).map { command in
            let text = "cd \(RenderingConstants.workingDirectory) && exec /bin/sh -c \(command.shellQuoted)"
            return StarlarkCall("run", ("commands", [text.withinSingleQuotes].starlarkLiteral))
        }
    }

    private var entrypoint: [StarlarkCall] {
        spec.entrypoint.map { [StarlarkCall("config.entrypoint", ("args", $0.starlarkLiteral))] } ?? []
    }
}
