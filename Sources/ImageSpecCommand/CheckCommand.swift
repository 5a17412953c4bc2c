// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
internal import ContentTree
import ImageSpec
import ImageSpecBuilding
import ImageSpecContainers
import ImageSpecDiff

struct CheckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Check that specs can be named, rendered and built, and report all problems.",
        discussion: """
            Prints nothing if there are no problems. Each problem is one line on standard error, with the line and column in the \
            spec, and the exit status is that of the first one: 65 for a spec, 66 for its files. Reads every file that the specs name. Also checks what is \
            used only by builds: the builder, its options, registry_config, and the files of pip_secret_mounts. Contacts no engine \
            and no registry. Warnings do not change the exit status; for example, there is one for each file outside the project that --within allows.

              imagespec check trainer.yaml && echo fine
              imagespec check --json trainer.yaml
              {"problems":[{"code":"invalidField","column":5,"field":"packages[0]",
               "file":"trainer.yaml","line":8,"reason":"…",
               "message":"trainer.yaml:8:5: packages[0]: …"}],
               "spec":"trainer.yaml","valid":false}

            With --tag, the exit status is 1 if the tag of the spec differs. Add --snapshot FILE, written by imagespec tag \
            --snapshot, to print what changed since then, as in imagespec diff:

              imagespec check --tag "$(cat trainer.tag)" --snapshot trainer.snapshot.json trainer.yaml

            With --json, prints one object per spec. It includes "warnings" if there are any; with --tag also "same_tag" and "tag"; and with \
            --snapshot "comparison" (the output of diff) if the tags differ.
            """)

    @OptionGroup var input: SpecInputs

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
        if tag != nil, input.count > 1 { throw ValidationError("--tag takes a single spec.") }
        if snapshotFile != nil && tag == nil {
            throw ValidationError("--snapshot requires --tag; pass the expected tag.")
        }
    }

    func run() async throws {
        var problems: [ImageSpecError.Problem] = []
        var difference: Difference?
        var output: [UInt8] = []
        for source in input.all {
            let findings = Findings(of: source)
            problems += findings.problems
            var object: ImageSpec.OrderedDictionary<ImageSpec.JSONValue> = [
                "problems": .array(findings.problems.map(\.json)), "spec": .string(source.spec.path),
                "valid": .bool(findings.problems.isEmpty),
            ]
            if !findings.warnings.isEmpty { object["warnings"] = findings.warnings.json }
            if !input.json { findings.warnings.show(in: source) }
            if let tag, let (spec, found) = findings.checked {
                let isSame = found == tag
                object["same_tag"] = .bool(isSame)
                object["tag"] = .string(found)
                if !isSame {
                    let comparison = try comparison(with: spec, source)
                    difference = self.difference(of: source, from: tag, to: found, comparison)
                    object["comparison"] = comparison?.document
                    if !input.json, let comparison {
                        let text = comparison.text(limit: Self.limit)
                        output += Array(Style.standardOutput.comparison(text).utf8)
                    }
                }
            }
            if input.json { output += ImageSpec.JSONValue.object(object).line }
        }
        try StandardOutput.write(output)
        if let error = ImageSpecError(problems: problems) { throw error }
        if let difference { throw difference }
    }

    /// The changes since the snapshot; `nil` without one.
    private func comparison(
        with spec: ImageSpec, _ source: some SpecSource
    ) throws(ImageSpecError) -> ImageSpec.Diff? {
        guard let snapshotFile else { return nil }
        let snapshot = try ImageSpec.Snapshot(contentsOf: snapshotFile)
        do throws(ImageSpecError) {
            return ImageSpec.Diff(from: snapshot, to: try spec.snapshot(in: source.context))
        } catch {
            throw source.located(error)
        }
    }

    private func difference(
        of source: some SpecSource, from tag: String, to found: String, _ comparison: ImageSpec.Diff?
    ) -> Difference {
        var messages = ["\(source.spec.name): the tag is \(found), not \(tag)"]
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

    /// What is found in one spec.
    private struct Findings {
        var problems: [ImageSpecError.Problem]
        /// The spec and its tag, if it has one.
        var checked: (spec: ImageSpec, tag: String)?
        var warnings: [ImageSpec.Warning] = []

        init(of source: some SpecSource) {
            let read: ImageSpec.SpecFiles.Result
            do throws(ImageSpecError) {
                read = try source.options.read(source.spec)
            } catch {
                problems = error.problems
                return
            }
            let spec = read.spec
            let context = source.context
            problems = spec.renderingProblems(in: context).flatMap(\.problems)
            warnings = spec.warnings(in: context)
            if problems.isEmpty, read.problems.isEmpty {
                do throws(ImageSpecError) {
                    // Reads every file, which reveals further problems.
                    let identity =
                        try spec.isForEnvd
                        ? ImageSpec.EnvdContext(spec, in: context).identity
                        : ImageSpec.BuildContext(spec, in: context).identity
                    _ = try identity.imageName()
                    checked = (spec, identity.tag)
                    if !context.within.isEmpty { warnings += try spec.inputs(in: context).warnings }
                } catch {
                    problems = error.problems
                }
            }
            problems += (spec.secretProblems(in: context) + spec.buildProblems(in: context)).flatMap(
                \.problems)
            // A file that two fields name is found twice.
            var seen: Set<ImageSpecError.Problem> = []
            problems = problems.filter { seen.insert($0).inserted }
                .flatMap { source.located(ImageSpecError($0)).problems }
            problems = (read.problems.flatMap(\.problems) + problems).inOrder(ofLinesIn: source.spec.path)
        }
    }
}

extension [ImageSpecError.Problem] {
    /// The problems in a file first, in the order of their lines and columns; the others as they were found.
    fileprivate func inOrder(ofLinesIn file: String) -> [ImageSpecError.Problem] {
        func place(_ problem: ImageSpecError.Problem) -> (Int, Int) {
            guard problem.file == file, let line = problem.line else { return (.max, .max) }
            return (line, problem.column ?? 0)
        }
        return enumerated().sorted { left, right in
            let (first, second) = (place(left.element), place(right.element))
            return first == second ? left.offset < right.offset : first < second
        }
        .map(\.element)
    }
}
