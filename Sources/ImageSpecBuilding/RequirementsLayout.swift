// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
package import ImageSpec

/// The paths of requirements files in a build context, which keep the relative paths of their includes valid.
package struct RequirementsLayout: Sendable {
    package let files: RequirementFiles
    /// The paths of `files`, in their order, below one directory.
    package let paths: [String]
    /// The path of the main file below that directory.
    package let main: String

    init(_ files: RequirementFiles) throws(ImageSpecError) {
        self.files = files
        // The directory of the main file is as deep as the includes lead up. The names of these directories depend on the machine,
        // so they are replaced by a name that no file has.
        func components(_ name: String) -> [ByteString] {
            name.utf8.split(separator: UInt8(ascii: "/")).map {
                ByteString(String(decoding: $0, as: UTF8.self))
            }
        }
        let levels = files.files.map { components($0.name).prefix { $0.text == ".." }.count }.max() ?? 0
        var folder = "project"
        while files.files.contains(where: { components($0.name).contains(ByteString(folder)) }) {
            folder += "_"
        }
        let place = String(repeating: folder + "/", count: levels)
        paths = files.files.map { Path.lexicallyNormalized(place + $0.name) }
        main = place + files.name
        if files.kind == .pip { try checkLines() }
    }

    /// Rejects lines whose meaning would change in the written files.
    private func checkLines() throws(ImageSpecError) {
        let known = Set(paths.map(ByteString.init))
        for (file, path) in zip(files.files, paths) {
            // A logical line that ends in a backslash would be joined with the next one.
            for (index, line) in file.bytes.split(separator: UInt8(ascii: "\n")).enumerated() {
                if line.last == UInt8(ascii: "\\") {
                    throw .requirementEndsInBackslash(file.name, Array(line))
                }
                let text = PipRequirements([], path: file.name)
                guard let included = try text.included(by: .init(text: Array(line), number: index + 1)) else {
                    continue
                }
                let target = Path.lexicallyNormalized(Path.join(Path.folder(of: path), included))
                if !known.contains(ByteString(target)) { throw .includeThroughOwnFolder(file.name, included) }
            }
        }
    }

    /// Arguments of `uv pip install` for the options that uv does not apply, or not in every version, when it reads them in
    /// a requirements file. An option that `arguments` of the spec has already is not repeated.
    package func installerArguments(beside arguments: [String]) -> [String] {
        guard files.kind == .pip else { return [] }
        var found: [[String]] = []
        for file in files.files {
            for line in file.bytes.split(separator: UInt8(ascii: "\n")) where line.first == UInt8(ascii: "-")
            {
                let text = String(decoding: line, as: UTF8.self)
                guard case .option(let option)? = try? RequirementLine(text, for: .uv),
                    case .arguments(let words) = option.effect, !found.contains(words),
                    !Self.isGiven(words, in: arguments)
                else { continue }
                found.append(words)
            }
        }
        return found.flatMap { $0 }
    }

    /// uv rejects a repeated option, except those with a list of values.
    private static func isGiven(_ words: [String], in arguments: [String]) -> Bool {
        switch words.first {
        case "--require-hashes":
            arguments.contains { $0 == "--require-hashes" || $0 == "--no-require-hashes" }
        case "--prerelease":
            arguments.contains { $0 == "--pre" || $0 == "--prerelease" || $0.hasPrefix("--prerelease=") }
        default: false
        }
    }
}
