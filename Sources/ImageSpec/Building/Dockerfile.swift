// SPDX-License-Identifier: Apache-2.0

internal import ContentTree

extension ImageSpec {
    /// The Dockerfile of a spec.
    ///
    /// Deterministic: specs with equal `id`, `tag`, secret mounts and base image name have the same text, byte for byte, on
    /// every host. BuildKit, older Docker daemons and buildah can build it: one `FROM`, no frontend line, no heredoc. The
    /// files that it copies are in a ``BuildContext``.
    public struct Dockerfile: Hashable, Sendable, CustomStringConvertible {
        /// A local file that must be passed to the build: `--secret id=…,src=…`.
        public struct Secret: Hashable, Sendable {
            /// The id in the Dockerfile: `secret_0`, `secret_1`, …
            public let id: String
            /// The local file, relative to the working directory.
            public let source: String
        }

        /// The text. Ends in a line feed.
        public let text: String
        /// The mounted secrets, in the order of ``ImageSpec/pipSecretMounts``. Empty if no packages are installed.
        public let secrets: [Secret]

        /// The text.
        public var description: String { text }

        /// Renders a spec.
        ///
        /// Reads the requirements and the types of copied paths. If the base image is a spec, reads all files that its name
        /// depends on.
        /// - Throws: the errors of ``ImageSpec/validate(in:)``, and those of ``ImageSpec/imageName(in:)`` for the base.
        public init(_ spec: ImageSpec, in context: Context = .current) throws(ImageSpecError) {
            try spec.validate(as: .dockerfile, in: context)
            try self.init(spec, RenderingInputs(of: spec, in: context), in: context)
        }

        /// Renders a valid spec.
        init(
            _ spec: ImageSpec, _ inputs: RenderingInputs, in context: Context
        ) throws(ImageSpecError) {
            let instructions = Instructions(spec: spec, inputs: inputs)
            let lines = instructions.lines
            // The limit of the line scanner in Docker's parser.
            if let long = lines.lazy.flatMap({ $0.utf8.split(separator: UInt8(ascii: "\n")) }).first(where: {
                $0.count > 65_000
            }) {
                throw .instructionTooLong(String(decoding: long.prefix(40), as: UTF8.self))
            }
            text = lines.map { $0 + "\n" }.joined()
            secrets = instructions.isInstalling ? spec.secrets(in: context) : []
        }
    }

    private func secrets(in context: Context) -> [Dockerfile.Secret] {
        (pipSecretMounts ?? []).enumerated().map { index, mount in
            Dockerfile.Secret(
                id: "secret_\(index)", source: Path.join(context.workingDirectory, mount.source))
        }
    }
}

/// The instructions of a valid spec. Each function gives those of one step, none where a spec does not need it; ``lines``
/// puts them in order.
struct Instructions {
    let spec: ImageSpec
    let inputs: RenderingInputs
    let python: PythonEnvironment

    init(spec: ImageSpec, inputs: RenderingInputs) {
        self.spec = spec
        self.inputs = inputs
        python = PythonEnvironment(of: spec)
    }

    /// Steps that change least come first. The id is in the last ones alone, which are cheap: a spec that differs in
    /// nothing else is built from the layers of the other.
    var lines: [String] {
        [
            from, userCreation, aptInstallation, pythonCreation, searchPaths, environment,
            packageInstallation,
            loginShells, workingDirectory, importPath, source, copies, commands, userSwitch, entrypoint,
            identity,
        ].flatMap { $0 }
    }

    /// Those that take files from the images of tools. They cost the same however many bases the spec has, where
    /// ``lines`` hold its id.
    var linesWithTools: [String] { pythonCreation + packageInstallation }

    // MARK: the system

    private var from: [String] {
        // What follows needs root, whoever the base image ends as.
        ["FROM \(inputs.baseName ?? python.baseReference)", "USER root"]
    }

    /// The user is there before files are copied, which become its own. A base image that has that user keeps it. The
    /// programs lie in directories that the PATH of a base image need not name.
    private var userCreation: [String] {
        let user = RenderingConstants.user
        let home = RenderingConstants.workingDirectory
        return [
            Self.run([
                #"PATH="/usr/sbin:/usr/bin:/sbin:/bin:$PATH""#,
                "{ id -u \(user) >/dev/null 2>&1 || useradd --create-home --shell /bin/sh \(user) || adduser -D \(user); }",
                "mkdir -p \(home)", "chown -R \(user) \(home)",
            ])
        ]
    }

    private var aptInstallation: [String] {
        guard let packages = spec.aptPackages.nonEmptySet else { return [] }
        return [
            Self.run([
                "apt-get update",
                Self.command(
                    "DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends", [],
                    packages),
                "rm -rf /var/lib/apt/lists/*",
            ])
        ]
    }

    /// Before packages are installed, because their builds may ask for it.
    private var environment: [String] {
        (spec.env ?? [:]).sorted { $0.key.precedesInUTF8($1.key) }.map { name, value in
            "ENV \(name)=\(value.instructionQuoted)"
        }
    }

    // MARK: files and commands

    private var workingDirectory: [String] { ["WORKDIR \(RenderingConstants.workingDirectory)"] }

    /// Sources are directories of our own that are named by number: no path of the user is ever read as a pattern. A file
    /// comes in such a directory too, because buildah 1.28 cannot give a file a new name that is not ASCII.
    private var copies: [String] {
        inputs.copied.enumerated().map { index, copied in
            let folder = copied.isFolder ? copied.path : Path.folder(of: copied.path)
            let source = "\(ImageSpec.BuildContext.copyFolder)/\(index)/"
            return Self.copy(source, to: folder == "." ? "" : folder + "/")
        }
    }

    /// Before ``copies``, so that these replace files of the source tree.
    private var source: [String] {
        inputs.hasSource ? [Self.copy(ImageSpec.BuildContext.sourceFolder + "/", to: "")] : []
    }

    private static func copy(_ source: String, to path: String) -> String {
        let destination = (RenderingConstants.workingDirectory + "/" + path).copyDestination
        let isPlain = destination.utf8.allSatisfy {
            $0.isASCIILetterOrDigit || "/._-+@%=,:".utf8.contains($0)
        }
        let arguments = isPlain ? "\(source) \(destination)" : [source, destination].jsonForm
        return "COPY --chown=\(RenderingConstants.user) \(arguments)"
    }

    private var commands: [String] {
        (spec.commands ?? []).map { "RUN " + ShellCommand.arguments($0) }
    }

    // MARK: how the image starts, and what it is

    private var userSwitch: [String] { ["USER \(RenderingConstants.user)"] }

    private var entrypoint: [String] {
        spec.entrypoint.map { ["ENTRYPOINT " + $0.jsonForm] } ?? []
    }

    private var identity: [String] {
        let id = spec.id.instructionQuoted
        return ["ENV \(RenderingConstants.idVariable)=\(id)", "LABEL \(RenderingConstants.idLabel)=\(id)"]
    }

    // MARK: writing instructions

    /// One `RUN` of several commands, each of which must succeed.
    static func run(mounts: [String] = [], _ commands: [String]) -> String {
        let flags = mounts.map { "--mount=\($0) \\\n    " }.joined()
        return "RUN " + flags + commands.joined(separator: " && \\\n    ")
    }

    /// A shell command with words that mean themselves, one a line, an option with its value.
    static func command(_ start: String, _ options: [Option] = [], _ words: [String] = []) -> String {
        let lines = options.map { "\($0.name) \($0.value.shellQuoted)" } + words.map(\.shellQuoted)
        return ([start] + lines).joined(separator: " \\\n    ")
    }

    /// An option of a command, with its value as a word of its own.
    struct Option {
        let name: String
        let value: String
    }
}

extension [String]? {
    /// The members of a set in canonical order; nil if there are none.
    var nonEmptySet: [String]? {
        guard let self, !self.isEmpty else { return nil }
        return CanonicalWriter.canonicalSet(self)
    }
}
