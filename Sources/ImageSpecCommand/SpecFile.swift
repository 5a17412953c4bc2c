// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
internal import ContentTree
import ImageSpec

/// A spec, or a snapshot, on the command line: the path of a file, or `-` for standard input.
struct SpecFile: ExpressibleByArgument {
    let path: String

    init(argument: String) { path = argument }

    static let completion = CompletionKind.file(extensions: ["json", "yaml", "yml"])

    var isStandardInput: Bool { path == "-" }

    /// The name in messages.
    var name: String { isStandardInput ? "standard input" : path }

    func contents() throws(ImageSpecError) -> [UInt8] {
        try isStandardInput
            ? FileSystem.contentsOfStandardInput() : FileSystem.contents(ofSpecFile: path)
    }

    /// An error with the name of the file, if it is about the content of the file.
    func located(_ error: ImageSpecError) -> ImageSpecError {
        switch ExitStatus(error.code) {
        case .wrongSpec, .missingInput: error.inFile(name)
        default: error
        }
    }
}
