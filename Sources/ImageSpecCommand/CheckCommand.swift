// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
internal import ContentTree
import ImageSpec
import ImageSpecContainers
import ImageSpecDiff

struct CheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Check that a spec can be named, rendered and built, and report all problems.",
        discussion: """
            Prints nothing if there are no problems. Each problem is one line on standard error, and the exit status is that of \
            the first one: 65 for the spec, 66 for its files. Reads every file that the spec names. Also checks what only \
            builds use: the builder, its options, registry_config, and the files of pip_secret_mounts. Contacts no engine \
            and no registry. Warnings do not change the exit status: among others, each file outside the project that --within allows.

              imagespec check trainer.yaml && echo fine
              imagespec check --json trainer.yaml
              {"problems":[{"code":"invalidField","field":"packages[0]","file":"trainer.yaml",
               "message":"trainer.yaml: packages[0]: …","reason":"…"}],"valid":false}

            With --tag, the exit status is 1 if the tag of the spec differs. Add --snapshot FILE, written by imagespec tag \
            --snapshot, to print what changed since then, as in imagespec diff:

              imagespec check --tag "$(cat trainer.tag)" --snapshot trainer.snapshot.json trainer.yaml

            With --json, the object includes "warnings" if there are any; with --tag also "same_tag" and "tag"; and with \
            --snapshot "comparison" (the output of diff) if the tags differ.
            """)

    @OptionGroup var input: SpecInput

    @Option(help: ArgumentHelp("Exit with status 1 if the tag differs from this one.", valueName: "tag"))
    var tag: String?

    @Option(
        name: .customLong("snapshot"),
        help: ArgumentHelp("Print what changed since this snapshot. Requires --tag.", valueName: "file"),
        completion: .file(extensions: ["json"]))
    var snapshotFile: String?

    /// The maximum number of changes under a heading, for logs; diff prints all.
    private static let limit = 100

    func validate() throws {
        if let tag, tag.isEmpty {
            throw ValidationError("--tag must not be empty; pass the output of 'imagespec tag'.")
        }
        if let tag, tag.contains(where: { ":/@".contains($0) }) {
            throw ValidationError(
                "--tag requires a tag, not an image name: \"\(tag)\"; pass the output of 'imagespec tag'."
            )
        }
        if snapshotFile != nil && tag == nil {
            throw ValidationError("--snapshot requires --tag; pass the expected tag.")
        }
    }

    func run() throws {
        let findings = findings()
        let (problems, checked, warnings) = (findings.problems, findings.checked, findings.warnings)
        var object: ImageSpec.OrderedDictionary<ImageSpec.JSONValue> = [
            "problems": .array(problems.map(\.json)),
            "valid": .bool(problems.isEmpty),
        ]
        if !warnings.isEmpty { object["warnings"] = warnings.json }
        if !input.json { warnings.show(in: input) }
        var difference: Difference?
        if let tag, let (spec, found) = checked {
            let isSame = found == tag
            object["same_tag"] = .bool(isSame)
            object["tag"] = .string(found)
            if !isSame {
                let comparison = try comparison(with: spec)
                difference = self.difference(from: tag, to: found, comparison)
                object["comparison"] = comparison?.document
                if !input.json, let comparison {
                    let text = comparison.text(limit: Self.limit)
                    try StandardOutput.write(Array(Style.standardOutput.comparison(text).utf8))
                }
            }
        }
        if input.json {
            try StandardOutput.write(ImageSpec.JSONValue.object(object).line)
        }
        if let error = ImageSpecError(problems: problems) { throw error }
        if let difference { throw difference }
    }

    /// The changes since the snapshot; `nil` without one.
    private func comparison(with spec: ImageSpec) throws(ImageSpecError) -> ImageSpec.Diff? {
        guard let snapshotFile else { return nil }
        let snapshot = try ImageSpec.Snapshot(contentsOf: snapshotFile)
        do throws(ImageSpecError) {
            return ImageSpec.Diff(from: snapshot, to: try spec.snapshot(in: input.context))
        } catch {
            throw input.spec.located(error)
        }
    }

    private func difference(
        from tag: String, to found: String, _ comparison: ImageSpec.Diff?
    ) -> Difference {
        var messages = ["\(input.spec.name): the tag is \(found), not \(tag)"]
        if let comparison, let snapshotFile {
            if comparison.from.tag != tag {
                messages.append(
                    "\(snapshotFile): this snapshot has the tag \(comparison.from.tag), not \(tag)")
            }
        } else {
            messages.append(
                "to see what changed, save a snapshot with 'imagespec tag --snapshot FILE' and pass it with --snapshot"
            )
        }
        return Difference(messages: messages)
    }

    private struct Findings {
        var problems: [ImageSpecError.Problem]
        /// The spec and its tag, if it has one.
        var checked: (spec: ImageSpec, tag: String)?
        var warnings: [ImageSpec.Warning] = []
    }

    private func findings() -> Findings {
        let spec: ImageSpec
        do throws(ImageSpecError) {
            spec = try input.load()
        } catch {
            return Findings(problems: error.problems)
        }
        let context = input.context
        var findings = Findings(
            problems: spec.renderingProblems(in: context).flatMap(\.problems),
            warnings: spec.warnings(in: context))
        if findings.problems.isEmpty {
            do throws(ImageSpecError) {
                // Reads every file, which reveals further problems.
                let identity =
                    try spec.isForEnvd
                    ? ImageSpec.EnvdContext(spec, in: context).identity
                    : ImageSpec.BuildContext(spec, in: context).identity
                _ = try identity.imageName()
                findings.checked = (spec, identity.tag)
                if !context.within.isEmpty { findings.warnings += try spec.inputs(in: context).warnings }
            } catch {
                findings.problems = error.problems
            }
        }
        findings.problems += (spec.secretProblems(in: context) + spec.buildProblems(in: context)).flatMap(
            \.problems)
        findings.problems = findings.problems.flatMap { input.spec.located(ImageSpecError($0)).problems }
        return findings
    }
}
