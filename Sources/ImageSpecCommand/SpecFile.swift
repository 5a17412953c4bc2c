// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
internal import ContentTree
import ImageSpec
import ImageSpecBuilding
import ImageSpecYAML

/// A spec, or a snapshot, on the command line: the path of a file, or `-` for standard input.
struct SpecFile: ExpressibleByArgument {
    let path: String

    init(argument: String) { path = argument }

    static let completion = CompletionKind.file(extensions: ["json", "yaml", "yml"])

    var isStandardInput: Bool { path == "-" }

    /// The name in messages.
    var name: String { isStandardInput ? "standard input" : path }

    /// The bytes of a spec; with another limit, also of a snapshot.
    func contents(limit: Int = FileSystem.maximumSpecSize) throws(ImageSpecError) -> [UInt8] {
        try isStandardInput
            ? FileSystem.contentsOfStandardInput(limit: limit)
            : FileSystem.contents(ofSpecFile: path, limit: limit)
    }

    /// The spec of a command without an argument.
    static let usual = SpecFile(argument: "image.yaml")

    var isUsual: Bool { path == Self.usual.path }

    /// The argument for another command, after a space; empty if none is needed.
    var argumentText: String { isUsual ? "" : " " + path.shellQuoted }

    /// An error with the file, the line and the column, if it is about the content of the file.
    ///
    /// Fields in `overridden` have their value from the command line.
    func located(_ error: ImageSpecError, overridden: Set<String> = []) -> ImageSpecError {
        switch ExitStatus(error.code) {
        case .wrongSpec, .missingInput:
            isStandardInput
                ? error.inFile(name) : error.placed(inSpecFile: path) { !overridden.contains($0) }
        default: error
        }
    }
}

extension ImageSpecError {
    /// The error of a spec file that does not exist, with more that can be done. Other errors are unchanged.
    func suggesting(_ fix: Fix) -> ImageSpecError {
        problems[0].fix == .passSpec ? ImageSpecError(Problem(problems[0], fix: fix)) : self
    }
}
