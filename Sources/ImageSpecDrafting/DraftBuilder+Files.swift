// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
import ImageSpec

// The project's own files.
extension DraftBuilder {
    mutating func addFiles() {
        if project.hasSourceFolder { return addSourceRoot() }
        let modules = project.modules
        if modules.isEmpty {
            add(
                "copy", nil,
                because: [
                    "Files and directories to copy to /root; source_root copies the contents of a directory."
                ] + notCopied(besides: []),
                example: "[conf]")
        } else {
            add(
                "copy", .list(modules),
                because: [
                    "The packages and modules of this directory are copied to /root, where Python finds them. Ignore files do not apply."
                ] + notCopied(besides: modules))
        }
    }

    private mutating func addSourceRoot() {
        var comments = [
            "The files in src are copied to /root, where Python finds them, except those excluded by .gitignore files."
        ]
        if project.listing.has(".dockerignore") {
            comments.append(
                "The .dockerignore of this directory does not apply to src; src/.dockerignore does.")
        }
        add("source_root", .text("src"), because: comments + notCopied(besides: ["src"]))
        add(
            "source_copy_mode", .text("all"),
            because: ["Copies all files; loaded_modules copies only files that end in .py."])
    }

    /// A comment on the files and directories that are not in the image. Files that the draft was made from do not count.
    private func notCopied(besides copied: [String]) -> [String] {
        let others = project.otherFiles.filter { !copied.contains($0.name) }
            .map { $0.kind == .folder ? $0.name + "/" : $0.name }
        return others.isEmpty ? [] : ["Not copied: \(others.joined(separator: ", "))."]
    }
}
