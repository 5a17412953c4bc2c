// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
internal import ContentTree
import ImageSpec
import ImageSpecBuilding
import ImageSpecYAML

/// A spec on the command line, with overridden fields and its context.
protocol SpecSource {
    var spec: SpecFile { get }
    var options: SpecOverrides { get }
    /// Whether the result is printed as JSON.
    var json: Bool { get }
}

extension SpecSource {
    /// The spec with overridden fields.
    func load() throws(ImageSpecError) -> ImageSpec { try options.load(spec) }

    var context: ImageSpec.Context { options.context(of: spec) }

    func identity() throws(ImageSpecError) -> ImageSpec.Identity {
        try inspect { spec, context throws(ImageSpecError) in try spec.identity(in: context) }
    }

    /// The error with the place in the spec file.
    func located(_ error: ImageSpecError) -> ImageSpecError {
        spec.located(error, overridden: options.fields)
    }

    /// Runs `body` on the spec. Errors name the spec file, and `check` if there are more problems.
    func inspect<Result>(
        _ body: (ImageSpec, ImageSpec.Context) throws(ImageSpecError) -> Result
    ) throws(ImageSpecError) -> Result {
        let loaded = try load()
        do throws(ImageSpecError) {
            return try body(loaded, context)
        } catch {
            guard [.wrongSpec, .missingInput].contains(ExitStatus(error.code)),
                hasMoreProblems(loaded, than: error)
            else {
                throw located(error)
            }
            throw ImageSpecError(
                problems: located(error).problems + ImageSpecError.moreProblems(error.code, spec).problems)
                ?? error
        }
    }

    private func hasMoreProblems(_ spec: ImageSpec, than error: ImageSpecError) -> Bool {
        spec.problems(in: context).count > error.problems.count
    }
}

/// The arguments of a subcommand for one spec: the spec, overridden fields and the context.
struct SpecInput: ParsableArguments, SpecSource {
    @OptionGroup private var argument: SpecArgument
    @OptionGroup private var overrides: SpecOptions
    @OptionGroup private var output: JSONOutput

    var spec: SpecFile { argument.spec ?? .usual }
    var options: SpecOverrides { overrides.values }
    var json: Bool { output.json }
}

/// The arguments of a subcommand that has one result for each of several specs.
struct SpecInputs: ParsableArguments {
    @OptionGroup private var arguments: SpecsInput
    @OptionGroup private var output: JSONOutput

    var json: Bool { output.json }
    var count: Int { arguments.files.count }

    /// One of several specs.
    struct Source: SpecSource {
        let spec: SpecFile
        let options: SpecOverrides
        let json: Bool
    }

    var all: [Source] {
        arguments.files.map { Source(spec: $0, options: arguments.options, json: json) }
    }

    /// Runs `body` on each spec, in order. All are read, and their problems are one error.
    func results<Result>(
        _ body: (Source) async throws -> Result
    ) async throws -> [Result] {
        var results: [Result] = []
        var problems: [ImageSpecError] = []
        for source in all {
            do {
                results.append(try await body(source))
            } catch let error as ImageSpecError {
                problems.append(error)
            }
        }
        if let error = ImageSpecError(problems: problems) { throw error }
        return results
    }
}

/// Options that override fields of specs or their context.
struct SpecOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Override the image name.", valueName: "name"))
    var name: String?

    @Option(
        help: ArgumentHelp(
            "Override the registry, such as ghcr.io/acme; use '' for none.", valueName: "registry"))
    var registry: String?

    @Option(
        name: .customLong("tag-format"),
        help: ArgumentHelp("Override the tag format, such as '{spec_hash:.12}-dev'.", valueName: "format"))
    var tagFormat: String?

    @Option(
        help: ArgumentHelp("Override the platforms, such as linux/amd64,linux/arm64.", valueName: "platform")
    )
    var platform: String?

    @OptionGroup private var base: BaseDirectory

    @Option(
        help: ArgumentHelp(
            "Override the host's architecture, as printed by uname -m.",
            discussion:
                "Used as the platform of a spec that sets no platform and whose registry is localhost:PORT.",
            valueName: "architecture"))
    var architecture: String?

    @Option(
        name: .customLong("loaded-module"),
        help: ArgumentHelp(
            "Copy this module file if source_copy_mode is loaded_modules. Can be repeated.",
            discussion: """
                Relative paths are resolved against the base directory. If the option is omitted, all .py files that are not ignored are \
                copied.
                """,
            valueName: "file"),
        completion: .file(extensions: ["py"]))
    var loadedModules: [String] = []

    func validate() throws {
        if let architecture, !Self.architectures.contains(architecture) {
            throw ValidationError(
                "unknown architecture '\(architecture)'; use the output of uname -m, such as x86_64 or arm64."
            )
        }
    }

    /// What `uname -m` prints where containers are run.
    private static let architectures: Set = [
        "x86_64", "amd64", "arm64", "aarch64", "armv6l", "armv7l", "armv8l", "i386", "i686", "ppc64le",
        "ppc64",
        "riscv64", "s390x", "loongarch64", "mips64",
    ]

    var values: SpecOverrides {
        var values = base.values
        values.name = name
        values.registry = registry
        values.tagFormat = tagFormat
        values.platform = platform
        values.architecture = architecture
        values.loadedModules = loadedModules
        return values
    }
}

extension ImageSpecError {
    fileprivate static func moreProblems(_ code: Code, _ spec: SpecFile) -> ImageSpecError {
        ImageSpecError(
            code, "there are more problems", fix: Fix("to list all, run: imagespec check\(spec.argumentText)")
        )
    }
}
