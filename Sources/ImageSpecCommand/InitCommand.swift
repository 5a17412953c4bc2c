// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ImageSpec
import ImageSpecBuilding
import ImageSpecDrafting

struct InitCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "init",
        abstract: "Write a spec file for a project directory.",
        discussion: """
            Reads pyproject.toml, uv.lock, poetry.lock, requirements.txt, environment.yml, .python-version, apt.txt and the \
            Dockerfile. Settings that are certain become fields, with a comment that explains them; all others become \
            comments. Runs no programs and overwrites no files. Findings are written to standard error, the path of the file \
            to standard output.

              imagespec init
              imagespec init trainer
              imagespec init --output -
              imagespec init --output gpu.yaml

            The file passes imagespec check without changes.
            """)

    @Argument(
        help: ArgumentHelp("Project directory.", valueName: "directory"), completion: .directory)
    var folder = "."

    @Option(
        help: ArgumentHelp(
            "Write to this file in the directory, or to standard output if -. (default: image.yaml)",
            valueName: "file"),
        completion: .file(extensions: ["yaml", "yml"]))
    var output: String?

    func run() throws {
        let draft = try SpecDraft(folder: folder)
        for note in draft.notes { StandardError.write("imagespec: \(note)\n") }
        if draft.notes.isEmpty {
            StandardError.write("imagespec: no project files found\n")
        }
        if output == "-" { return try StandardOutput.write(Array(draft.text.utf8)) }
        let path = output ?? Self.path(in: folder)
        try draft.write(to: path, ofFolder: folder)
        StandardError.write("imagespec: review the file, then run: imagespec name \(path.shellQuoted)\n")
        try StandardOutput.write(Array((path + "\n").utf8))
    }

    private static func path(in folder: String) -> String {
        if folder == "." { return SpecDraft.fileName }
        return folder + (folder.hasSuffix("/") ? "" : "/") + SpecDraft.fileName
    }
}
