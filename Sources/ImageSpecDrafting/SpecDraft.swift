// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
package import ImageSpec
internal import ImageSpecBuilding
import ImageSpecYAML

/// A spec file for a directory that has none: what the files say for certain, with comments on the reasons and alternatives.
///
/// Equal directories result in equal drafts, regardless of their location. A draft passes every check: a field that does not
/// becomes a comment.
package struct SpecDraft: Sendable {
    /// The spec as YAML.
    package let text: String
    /// What was recognised, one line each.
    package let notes: [String]

    /// Drafts a spec for a directory. Reads the project files that concern an image and, to check the draft, every file that it
    /// names.
    /// - Throws: `missingInput` and `unreadableInput` for the directory itself.
    package init(folder: String) throws(ImageSpecError) {
        let project = try ProjectScan(folder)
        var fields = DraftBuilder(project).fields
        var notes = project.notes
        let context = ImageSpec.Context(workingDirectory: folder, hostArchitecture: "x86_64")
        let start = Self.start(project)
        while true {
            let text = start + fields.map { "\n" + $0.text }.joined()
            guard let problem = try Self.problem(text, in: context) else {
                self.text = text
                let copies = fields.contains { $0.value != nil && ["source_root", "copy"].contains($0.name) }
                if !copies, project.hasOtherFiles {
                    notes.append("no code is copied into the image; to copy files, set source_root or copy")
                }
                self.notes = notes.map { $0.onOneLine(limit: 300) }
                return
            }
            let place = Self.place(of: problem)
            let index =
                fields.firstIndex {
                    $0.value != nil && $0.name == place.field && $0.name != "name"
                }
                ?? fields.lastIndex { $0.value != nil && ["source_root", "copy"].contains($0.name) }
                ?? fields.lastIndex { $0.value != nil && $0.name != "name" }
            // A draft with only a name is valid.
            guard let index else { throw ImageSpecError(problem) }
            notes.append("\(fields[index].name) is not used: \(problem.message)")
            if let member = place.index, fields[index].name == place.field,
                fields[index].refuse(member: member, because: problem.reason)
            {
                continue
            }
            let isSource = fields[index].name == "source_root"
            fields[index].refuse()
            if isSource { fields.removeAll { $0.name == "source_copy_mode" } }
        }
    }

    /// The first problem that a check finds.
    private static func problem(
        _ text: String, in context: ImageSpec.Context
    ) throws(ImageSpecError) -> ImageSpecError.Problem? {
        let spec = try ImageSpec(yaml: text)
        if let error = spec.problems(in: context).first { return error.problems.first }
        do throws(ImageSpecError) {
            _ = try ImageSpec.BuildContext(spec, in: context).identity.imageName()
            return nil
        } catch {
            return error.problems.first
        }
    }

    /// The field of the draft that a problem is in, and the index of its member, as in `packages[2]`.
    private static func place(of problem: ImageSpecError.Problem) -> (field: String?, index: Int?) {
        let parts = (problem.field ?? "").split(whereSeparator: { "[].".contains($0) })
        return (parts.first.map(String.init), parts.dropFirst().first.flatMap { Int($0) })
    }

    private static func start(_ project: ProjectScan) -> String {
        var text =
            "# The container image of this project. Paths are relative to this file's directory; comments do not change the image name.\n"
            + "# Check it with `imagespec check`; show the Dockerfile with `imagespec render`.\n"
        if !project.remarks.isEmpty {
            text += "#\n# Not understood; please check:\n"
            text += project.remarks.map { "#   " + $0.onOneLine(limit: 200) + "\n" }.joined()
        }
        if let rest = project.dockerfile?.rest, !rest.isEmpty {
            text +=
                "#\n# Convert these instructions of the Dockerfile yourself (base_image, commands, copy, source_root, entrypoint):\n"
            text += rest.map { "#   line \($0.line): \($0.text.onOneLine())\n" }.joined()
        }
        for stage in project.dockerfile?.skippedStages ?? [] {
            text +=
                "#\n# Stage \"\(stage.onOneLine())\" was not read: the image is the last stage of the Dockerfile.\n"
        }
        if let replaced = project.dockerfile?.replaced, !replaced.isEmpty {
            text +=
                "#\n# \(replaced.joined(separator: ", ")) of the Dockerfile: ignored. The image runs in /root as the user flytekit.\n"
        }
        return text
    }
}

extension SpecDraft {
    /// The default file name of a draft.
    package static let fileName = "image.yaml"

    /// Writes the draft to a new file in the directory that it was made for.
    /// - Throws: `unwritableOutput`.
    package func write(to path: String, ofFolder folder: String) throws(ImageSpecError) {
        guard [".yaml", ".yml"].contains(where: path.lowercased().hasSuffix) else {
            throw .wrongOutput(
                path, "must end in .yaml or .yml", fix: ImageSpecError.Fix("rename it", action: .chooseOutput)
            )
        }
        let slash = path.utf8.lastIndex(of: UInt8(ascii: "/"))
        let place = slash.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        let isThere: Bool
        do throws(ImageSpecError) {
            isThere = try FileSystem.realPath(ofProject: place) == FileSystem.realPath(ofProject: folder)
        } catch {
            isThere = false
        }
        guard isThere else {
            throw .wrongOutput(
                path,
                "must be in the directory \"\(folder.onOneLine())\", because the paths in the draft are relative to it",
                fix: "write it there")
        }
        try FileSystem.create(path, holding: Array(text.utf8))
    }
}
