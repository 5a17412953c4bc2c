// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
internal import ImageSpec
internal import ImageSpecBuilding

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// Runs uv for the environment of an image, in a directory of this machine.
struct EnvironmentInstaller: Sendable {
    let setup: ImageSetup
    let environment: TargetEnvironment
    /// The files of the base image.
    let tree: BaseTree
    /// Nil if no packages are installed.
    let platform: TargetPlatform?
    let uv: UvProgram
    let secrets: [String: String]
    /// The largest number of layers.
    let layerLimit: Int
    let report: @Sendable (String) -> Void

    /// What the base image has in the environment.
    private var baseFiles: [(path: [UInt8], entry: BaseEntry)] { tree.below(environment.directory) }

    /// A digest of everything that determines the installed files, except what indexes have.
    var key: CacheKey {
        var parts: [[UInt8]] = [
            "packages.v1", uv.version, platform?.name ?? "", environment.version, "\(environment.origin)",
            "\(layerLimit)",
        ].map { Array($0.utf8) }
        parts.append(environment.directory)
        for (path, entry) in baseFiles {
            guard case .file(let bytes?) = entry.kind else { continue }
            parts += [path, bytes]
        }
        parts.append(Array("requirements".utf8))
        if let requirements = setup.inputs.requirements {
            for (path, file) in zip(requirements.paths, requirements.files.files) {
                parts += [Array(path.utf8), file.bytes]
            }
        }
        parts.append(Array("arguments".utf8))
        let arguments =
            setup.indexOptions.flatMap { [$0.name, $0.value] } + setup.extraArguments + (setup.packages ?? [])
        return CacheKey(parts + arguments.map { Array($0.utf8) })
    }

    /// Makes the environment, installs the packages, and returns what has to be written for each layer.
    func install(in directory: String) async throws -> [LayerRecipe] {
        guard mkdir(directory, 0o700) == 0 else {
            throw ImageSpecError.layerNotWritten("\(directory): \(FileSystem.Failure.last.reason)")
        }
        let path = directory + "/environment"
        try await run(
            ["venv", "--quiet", "--no-project", "--no-config", "--system-site-packages", path],
            ImageSpecError.noEnvironment)
        let host = try HostEnvironment(path, for: environment)
        var recipes: [LayerRecipe] = []
        if case .new(let interpreter, let replacesOld) = environment.origin {
            var entries = try host.entries(over: interpreter)
            if replacesOld {
                // Hides what the base image has in the directory, but not what this layer has.
                let marker = environment.directory + Array("/\(Whiteout.opaque)".utf8)
                entries.append(LayerEntry(marker, .bytes([]), mode: 0o644))
            }
            recipes.append(LayerRecipe(title: "Python environment", entries, over: tree))
        }
        guard let platform else { return recipes }
        let before = try provideMetadata(to: host)
        try await installPackages(for: platform, in: host, directory)
        let changes = try EnvironmentChanges(of: host, after: before, environment: environment)
        return recipes + (changes.recipes(limit: layerLimit - recipes.count, over: tree))
    }

    /// Gives uv the metadata of the distributions that the base image has, which it then keeps, or replaces.
    private func provideMetadata(to host: HostEnvironment) throws -> [[UInt8]: [UInt8]] {
        if case .new = environment.origin { return [:] }
        var provided: [[UInt8]: [UInt8]] = [:]
        for (path, entry) in baseFiles where path.isBelow(environment.sitePackages) {
            guard case .file(let bytes?) = entry.kind else { continue }
            let relative = host.sitePackages + path.dropFirst(environment.sitePackages.count)
            try HostFiles.write(bytes, to: relative, below: host.path)
            provided[relative] = bytes
        }
        return provided
    }

    private func installPackages(
        for platform: TargetPlatform, in host: HostEnvironment, _ directory: String
    ) async throws {
        var arguments = [
            "pip", "install", "--python", host.python, "--python-version", environment.version,
            "--python-platform",
            platform.name, "--only-binary", ":all:",
        ]
        let indexes = setup.indexOptions.flatMap { [$0.name, $0.value] }
        guard let requirements = setup.inputs.requirements else {
            arguments += configuration + indexes + setup.extraArguments + (setup.packages ?? [])
            return try await run(arguments) { .uvFailed("install the packages", $0) }
        }
        let folder = directory + "/requirements"
        mkdir(folder, 0o700)
        for (path, file) in zip(requirements.paths, requirements.files.files) {
            try HostFiles.write(file.bytes, to: Array(path.utf8), below: folder)
        }
        if requirements.files.kind == .uvLock {
            let lock = directory + "/pylock.toml"
            let (selection, others) = setup.projectArguments
            try await run(
                [
                    "export", "--quiet", "--locked", "--no-build", "--no-dev", "--no-emit-project",
                    "--format", "pylock.toml",
                    "--output-file", lock, "--project", folder, "--python", host.python,
                ] + indexes + selection + others
            ) { .uvFailed("read the lock file", $0) }
            arguments +=
                configuration + ["--preview-features", "pylock"] + indexes + others + ["--requirement", lock]
        } else {
            let fromFiles = requirements.installerArguments(beside: setup.extraArguments)
            arguments += configuration + indexes + ["--requirement", folder + "/" + requirements.main]
            arguments += fromFiles + setup.extraArguments + (setup.packages ?? [])
        }
        try await run(arguments) { .uvFailed("install the packages", $0) }
    }

    /// Only the spec configures uv.
    private var configuration: [String] {
        let file = Self.configurationPlaces.lazy.compactMap { secrets[$0] }.first
        return file.map { ["--config-file", $0] } ?? ["--no-config"]
    }

    /// The places of secret mounts that uv reads in a container.
    static let configurationPlaces = ["/etc/uv/uv.toml", "/root/.config/uv/uv.toml"]
    static let netrcPlace = "/root/.netrc"

    /// Runs uv. If it fails, its last lines are part of the error.
    private func run(_ arguments: [String], _ error: ([String]) -> ImageSpecError) async throws {
        var variables: [String: String] = [:]
        // Without a mounted file, that of this machine's user is not read either.
        variables["NETRC"] = secrets[Self.netrcPlace] ?? "/dev/null"
        variables["PYC_INVALIDATION_MODE"] = "CHECKED_HASH"
        let outcome = try await uv.run(arguments + ["--no-progress"], environment: variables, onLine: report)
        if !outcome.isSuccess { throw error(outcome.messages + outcome.output) }
    }
}
