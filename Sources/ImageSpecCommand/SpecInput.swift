// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
internal import ContentTree
import ImageSpec
import ImageSpecYAML

/// The arguments that all subcommands share: the spec, overridden fields and the context.
struct SpecInput: ParsableArguments {
    @Argument(
        help: ArgumentHelp(
            "Spec file (.json, .yaml, .yml), or - for standard input.",
            discussion: """
                Standard input is parsed as JSON if it begins with {, else as YAML. Relative paths in a spec are resolved \
                against the directory of its file, or against the working directory for standard input.
                """),
        completion: .file(extensions: ["json", "yaml", "yml"]))
    var spec: String

    @OptionGroup var options: SpecOptions

    @Flag(help: "Print the result as a JSON object on one line.")
    var json = false

    /// The spec with its replaced fields.
    func load() throws(ImageSpecError) -> ImageSpec { try options.load(spec) }

    var context: ImageSpec.Context { options.context(of: spec) }

    func identity() throws(ImageSpecError) -> ImageSpec.Identity {
        try inspect { spec, context throws(ImageSpecError) in try spec.identity(in: context) }
    }

    /// What `body` finds out about the spec; its errors name the spec file, and `check` if there are more problems.
    func inspect<Result>(
        _ body: (ImageSpec, ImageSpec.Context) throws(ImageSpecError) -> Result
    ) throws(ImageSpecError) -> Result {
        let spec = try load()
        do throws(ImageSpecError) {
            return try body(spec, context)
        } catch {
            guard ExitStatus(error.code) == .wrongSpec, hasMoreProblems(spec, than: error) else {
                throw located(error)
            }
            throw located(error).adding(
                "there are more problems; to list all, run 'imagespec check' with the same arguments")
        }
    }

    /// The error with the name of the spec file, if it is about the content of that file.
    func located(_ error: ImageSpecError) -> ImageSpecError { options.located(error, in: spec) }

    private func hasMoreProblems(_ spec: ImageSpec, than error: ImageSpecError) -> Bool {
        spec.problems(in: context).count > error.message.split(separator: "\n").count
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

    @Option(
        name: .customLong("base-dir"),
        help: ArgumentHelp(
            "Resolve relative paths in the spec against this directory.", valueName: "directory"),
        completion: .directory)
    var baseFolder: String?

    @Option(
        help: ArgumentHelp(
            "Override the host's architecture, as printed by uname -m.",
            discussion:
                "Determines the platform of a spec that declares none and has a registry on localhost:.",
            valueName: "architecture"))
    var architecture: String?

    @Option(
        name: .customLong("loaded-module"),
        help: ArgumentHelp(
            "Module file to copy with source_copy_mode loaded_modules. Can be repeated.",
            discussion: """
                Relative paths are resolved against the base directory. If not used, all .py files that are not ignored are \
                copied.
                """,
            valueName: "file"),
        completion: .file(extensions: ["py"]))
    var loadedModules: [String] = []

    /// A spec with its replaced fields.
    func load(_ file: String) throws(ImageSpecError) -> ImageSpec {
        if Self.isStandardInput(file) {
            return try spec(fromStandardInput: FileSystem.contentsOfStandardInput())
        }
        return replacingFields(of: try ImageSpec(contentsOf: file))
    }

    /// The same of what was read already.
    func spec(fromStandardInput bytes: [UInt8]) throws(ImageSpecError) -> ImageSpec {
        replacingFields(of: try ImageSpec(contents: bytes, name: "standard input"))
    }

    private func replacingFields(of spec: ImageSpec) -> ImageSpec {
        var spec = spec
        if let name { spec = spec.withName(name) }
        if let registry { spec = spec.withRegistry(registry) }
        if let tagFormat { spec = spec.withTagFormat(tagFormat) }
        if let platform { spec = spec.withPlatform(platform) }
        return spec
    }

    func context(of file: String) -> ImageSpec.Context {
        var context = Self.isStandardInput(file) ? .current : ImageSpec.Context(specFile: file)
        if let baseFolder { context.workingDirectory = baseFolder }
        if let architecture { context.hostArchitecture = architecture }
        if !loadedModules.isEmpty { context.loadedModules = loadedModules }
        context.progress = HashingDisplay.progress()
        return context
    }

    /// An error with the name of the spec file, if it is about the content of that file.
    func located(_ error: ImageSpecError, in file: String) -> ImageSpecError {
        switch ExitStatus(error.code) {
        case .wrongSpec, .missingInput:
            error.inFile(Self.isStandardInput(file) ? "standard input" : file)
        default: error
        }
    }

    static func isStandardInput(_ file: String) -> Bool { file == "-" }
}

extension ImageSpecError {
    /// The error with one more line.
    fileprivate func adding(_ line: String) -> ImageSpecError { ImageSpecError(code, message + "\n" + line) }
}
