// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ImageSpec
import ImageSpecDrafting

struct InitCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "init",
        abstract: "Look at a folder, and write a spec file for it.",
        discussion: """
            What pyproject.toml, uv.lock, poetry.lock, requirements.txt, environment.yml, .python-version, apt.txt and a \
            Dockerfile say for certain becomes a field, with a comment that says why; what they leave open becomes a comment. \
            Nothing is run, and no file is overwritten. What was recognised goes to standard error, the path of the file to \
            standard output.

              imagespec init
              imagespec init trainer
              imagespec init --output -
              imagespec init --output gpu.yaml

            The file passes imagespec check as it is.
            """)

    @Argument(help: "The folder to look at.", completion: .directory)
    var folder = "."

    @Option(
        help: ArgumentHelp(
            "Write to this file of the folder, or with - to standard output. (default: image.yaml)",
            valueName: "file"),
        completion: .file(extensions: ["yaml", "yml"]))
    var output: String?

    func run() throws {
        let draft = try SpecDraft(folder: folder)
        for note in draft.notes { StandardError.write("imagespec: \(note)\n") }
        if draft.notes.isEmpty {
            StandardError.write("imagespec: nothing here that says what an image needs\n")
        }
        if output == "-" { return try StandardOutput.write(Array(draft.text.utf8)) }
        let path = output ?? Self.path(in: folder)
        try draft.write(to: path, ofFolder: folder)
        StandardError.write("imagespec: look at the file, then: imagespec name \(Self.shellWord(path))\n")
        try StandardOutput.write(Array((path + "\n").utf8))
    }

    private static func path(in folder: String) -> String {
        if folder == "." { return SpecDraft.fileName }
        return folder + (folder.hasSuffix("/") ? "" : "/") + SpecDraft.fileName
    }

    /// A path as one types it into a shell.
    private static func shellWord(_ path: String) -> String {
        let isPlain = path.utf8.allSatisfy { byte in
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
                || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || "._-/".utf8.contains(byte)
        }
        if isPlain { return path }
        return "'" + path.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''")
            + "'"
    }
}
