// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
internal import ImageSpec

/// The Dockerfile instructions of a valid spec. Each property has those of one step, none if the spec does not need it.
struct Instructions {
    let setup: ImageSetup

    var spec: ImageSpec { setup.spec }
    var inputs: RenderingInputs { setup.inputs }
    var python: PythonEnvironment { setup.python }

    init(spec: ImageSpec, inputs: RenderingInputs) { setup = ImageSetup(spec: spec, inputs: inputs) }

    /// Steps that change least come first. Only the last ones, which are cheap, contain the id: a spec that differs only in its
    /// id is built from the layers of the other.
    var lines: [String] {
        [
            from, userCreation, aptInstallation, pythonCreation, searchPaths, environment,
            packageInstallation, loginShells, workingDirectory, importPath, copies, commands, userSwitch,
            entrypoint, identity,
        ].flatMap { $0 }
    }

    /// The steps that use the images of tools. Unlike ``lines``, they do not contain the id, whose cost grows with the number
    /// of bases.
    var linesWithTools: [String] { pythonCreation + packageInstallation }

    // MARK: the system

    private var from: [String] {
        // The following steps need root, whatever the user of the base image is.
        ["FROM \(setup.baseImage)", "USER root"]
    }

    /// The user is created before the files that it owns are copied. If the base image has a user of that name, it is kept.
    /// The programs are in directories that the PATH of a base image may lack.
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
        guard let packages = setup.aptPackages else { return [] }
        return [
            Self.run([
                "apt-get update",
                Self.command(
                    "DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends", [],
                    packages),
                Self.aptCleaning,
            ])
        ]
    }

    /// Removes caches, which not every base image tells apt to do, and logs, which contain the time of the installation.
    private static let aptCleaning =
        "rm -rf /var/lib/apt/lists/* /var/cache/apt/*.bin /var/cache/apt/archives/*.deb \\\n"
        + "    /var/cache/ldconfig/aux-cache /var/log/apt/* /var/log/dpkg.log /var/log/alternatives.log"

    /// Before packages are installed, because their builds may read it.
    private var environment: [String] {
        setup.variables.map { "ENV \($0.name)=\($0.value.instructionQuoted)" }
    }

    // MARK: files and commands

    private var workingDirectory: [String] { ["WORKDIR \(RenderingConstants.workingDirectory)"] }

    /// A single file is copied with its directory, because buildah 1.28 cannot give a file a new name that is not ASCII.
    private var copies: [String] {
        setup.copiedDirectories.map { directory in
            Self.copy(
                directory.source + "/", to: directory.destination == "." ? "" : directory.destination + "/")
        }
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
        setup.commands.map { "RUN " + ShellCommand.arguments($0) }
    }

    // MARK: start and identity

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

    /// A shell command with quoted words, each on its own line, and options with their values.
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
