// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
internal import ContentTree
import ImageSpec
import ImageSpecYAML

/// The arguments that all subcommands share: which spec, what replaces its fields, and what it is seen in.
struct SpecInput: ParsableArguments {
    @Argument(
        help: ArgumentHelp(
            "A .json, .yaml or .yml file, or - for standard input.",
            discussion: """
                Standard input is read as JSON where it begins with {, else as YAML. Relative paths in a spec count from \
                the folder of its file, with - from the working directory.
                """),
        completion: .file(extensions: ["json", "yaml", "yml"]))
    var spec: String

    @OptionGroup var options: SpecOptions

    @Flag(help: "Print the result as one JSON object in one line.")
    var json = false

    /// The spec with its replaced fields.
    func load() throws(ImageSpecError) -> ImageSpec { try options.load(spec) }

    var context: ImageSpec.Context { options.context(of: spec) }

    func identity() throws(ImageSpecError) -> ImageSpec.Identity {
        try inspect { spec, context throws(ImageSpecError) in try spec.identity(in: context) }
    }

    /// What `body` finds out about the spec; its errors name the spec file, and `check` where that has more to say.
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
                "this is not all; 'imagespec check' with the same arguments lists every problem")
        }
    }

    /// The error with the name of the spec file, where it is about what stands in that.
    func located(_ error: ImageSpecError) -> ImageSpecError { options.located(error, in: spec) }

    private func hasMoreProblems(_ spec: ImageSpec, than error: ImageSpecError) -> Bool {
        spec.problems(in: context).count > error.message.split(separator: "\n").count
    }
}

/// What replaces fields of specs, and what they are seen in.
struct SpecOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Name the image so, in place of the spec's name.", valueName: "name"))
    var name: String?

    @Option(
        help: ArgumentHelp(
            "Use this registry, as in localhost:5000 or ghcr.io/acme; '' for none.", valueName: "registry"))
    var registry: String?

    @Option(
        name: .customLong("tag-format"),
        help: ArgumentHelp("Write the tag so, as in '{spec_hash:.12}-dev'.", valueName: "format"))
    var tagFormat: String?

    @Option(
        help: ArgumentHelp("The platform or platforms, as in linux/amd64,linux/arm64.", valueName: "platform")
    )
    var platform: String?

    @Option(
        name: .customLong("base-dir"),
        help: ArgumentHelp("The folder that relative paths in the spec count from.", valueName: "folder"),
        completion: .directory)
    var baseFolder: String?

    @Option(
        help: ArgumentHelp(
            "The host's architecture as uname -m prints it.",
            discussion: "It decides the platform of a spec for a registry on localhost: that declares none.",
            valueName: "architecture"))
    var architecture: String?

    @Option(
        name: .customLong("loaded-module"),
        help: ArgumentHelp(
            "A module file that source_copy_mode loaded_modules copies; repeat for each.",
            discussion: """
                Relative ones count from the base folder. Without this option, every file whose name ends in .py \
                and that the ignore rules leave.
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

    /// An error with the name of the spec file, where it is about what stands in that.
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
