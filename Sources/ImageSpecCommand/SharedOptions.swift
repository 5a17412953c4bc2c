// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
internal import ContentTree
import ImageSpec

/// The argument of the subcommands for one spec.
struct SpecArgument: ParsableArguments {
    @Argument(
        help: ArgumentHelp(
            "Spec file (.json, .yaml, .yml), or - for standard input. (default: image.yaml)",
            discussion: """
                Standard input is parsed as JSON if it begins with {, else as YAML. Relative paths in a spec are resolved \
                against the directory of its file, or against the working directory for standard input.
                """),
        completion: SpecFile.completion)
    var spec: SpecFile?
}

/// The arguments of the subcommands for several specs.
struct SpecsInput: ParsableArguments {
    @Argument(
        help: ArgumentHelp(
            "Spec files (.json, .yaml, .yml), or - for standard input. (default: image.yaml)",
            valueName: "spec"),
        completion: SpecFile.completion)
    var specs: [SpecFile] = []

    @OptionGroup private var overrides: SpecOptions

    /// The specs, at least one.
    var files: [SpecFile] { specs.isEmpty ? [.usual] : specs }
    var options: SpecOverrides { overrides.values }

    func validate() throws {
        if specs.count(where: \.isStandardInput) > 1 {
            throw ValidationError("standard input can be used only once; save the specs to files.")
        }
    }
}

struct BaseDirectory: ParsableArguments {
    @Option(
        name: .customLong("base-dir"),
        help: ArgumentHelp(
            "Resolve relative paths in the spec against this directory.",
            discussion:
                "The path of a base_image that is a file is relative to the spec file, except for standard input.",
            valueName: "directory"),
        completion: .directory)
    var baseFolder: String?

    @Option(
        help: ArgumentHelp(
            "Allow files in this directory outside the project. Can be repeated.",
            discussion: """
                By default, after links are followed, all files of a spec must be in the git work tree that contains the spec file or, without one, in its directory. Use --within / to allow all files.
                """,
            valueName: "directory"),
        completion: .directory)
    var within: [String] = []

    func validate() throws {
        if let baseFolder, (try? FileSystem.kind(baseFolder)) != .folder {
            throw ValidationError("--base-dir \(baseFolder): not a directory.")
        }
        for directory in within where (try? FileSystem.kind(directory)) != .folder {
            throw ValidationError("--within \(directory): not a directory.")
        }
    }

    var values: SpecOverrides { SpecOverrides(baseDirectory: baseFolder, within: within) }
}

struct JSONOutput: ParsableArguments {
    @Flag(help: "Print the result as a JSON object on one line.")
    var json = false
}

extension ImageSpec.JSONValue {
    /// The value on a line of its own.
    var line: [UInt8] { canonicalForm + [UInt8(ascii: "\n")] }
}
