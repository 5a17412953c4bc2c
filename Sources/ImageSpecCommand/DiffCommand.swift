// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
internal import ContentTree
import ImageSpec
import ImageSpecDiff

struct DiffCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "diff",
        abstract: "Show why two specs, or a snapshot and a spec, have different tags or ids.",
        discussion: """
            Each argument is a spec file or a snapshot written by imagespec tag --snapshot; the content determines which. \
            Lines begin with + for additions, - for removals and ~ for changes. Changes that do not affect the tag are \
            listed separately.

              imagespec diff old.yaml trainer.yaml
              git show HEAD:trainer.yaml | imagespec diff --base-dir . - trainer.yaml
              imagespec diff trainer.snapshot.json trainer.yaml
              tag: 1d2e… → 77a0…
              id: 9c01…
              Changes the tag:
                ~ requirements.txt: numpy 2.1 → 2.2
                + src/model.py
                ~ src/train.sh: mode 644 → 755

            The exit status is 0 if id and tag are the same (other changes are still listed), and 1 if they differ. Options \
            that override fields apply to both specs.

            With --json, prints {"changes":[{"aspect":…,"changes_content":…,"changes_id":…,"changes_tag":…,"field":…,"from":…,\
            "keys":…,"kind":…,"path":…,"to":…}],"from":{…},"same_content":…,"same_id":…,"same_tag":…,"to":{…}}.
            """)

    @Argument(
        help: ArgumentHelp(
            "Old state: a spec, a snapshot, or - for standard input.", valueName: "from"),
        completion: .file(extensions: ["json", "yaml", "yml"]))
    var from: String

    @Argument(
        help: ArgumentHelp("New state: a spec, a snapshot, or - for standard input.", valueName: "to"),
        completion: .file(extensions: ["json", "yaml", "yml"]))
    var to: String

    @OptionGroup var options: SpecOptions

    @Option(
        help: ArgumentHelp("Maximum number of changes under each heading. (default: all)", valueName: "count")
    )
    var limit: Int?

    @Flag(help: "Print the result as a JSON object on one line.")
    var json = false

    func validate() throws {
        if SpecOptions.isStandardInput(from) && SpecOptions.isStandardInput(to) {
            throw ValidationError("standard input can be used only once.")
        }
        if let limit, limit < 1 { throw ValidationError("--limit must be 1 or more.") }
    }

    func run() async throws {
        // A snapshot is read while the files of the spec are hashed.
        let old = try options.pendingSnapshot(of: from)
        let new = Result { () throws(ImageSpecError) in try options.pendingSnapshot(of: to) }
        let oldSnapshot = try await old.snapshot(options, from)
        let comparison = ImageSpec.Diff(
            from: oldSnapshot, to: try await new.get().snapshot(options, to))
        if json {
            try StandardOutput.write(comparison.document.canonicalForm + [UInt8(ascii: "\n")])
        } else {
            try StandardOutput.write(
                Array(Style.standardOutput.comparison(comparison.text(limit: limit)).utf8))
        }
        if !comparison.isSame { throw Difference() }
    }
}

/// The command succeeded, and two things differ.
struct Difference: Error {
    var messages: [String] = []
}

/// A snapshot that is being read by another thread, or is available.
struct PendingSnapshot {
    fileprivate let task: Task<Result<ImageSpec.Snapshot, ImageSpecError>, Never>

    /// Waits for it. The options and the file are those that it was asked for with.
    func snapshot(_ options: SpecOptions, _ file: String) async throws(ImageSpecError) -> ImageSpec.Snapshot {
        do throws(ImageSpecError) {
            return try await task.value.get()
        } catch {
            throw options.located(error, in: file)
        }
    }
}

extension SpecOptions {
    /// The snapshot in a file, which may not be read yet, or that of the spec in it.
    func pendingSnapshot(of file: String) throws(ImageSpecError) -> PendingSnapshot {
        let isStandardInput = Self.isStandardInput(file)
        let bytes =
            try isStandardInput
            ? FileSystem.contentsOfStandardInput() : FileSystem.contents(ofSpecFile: file)
        if ImageSpec.Snapshot.isRecord(bytes) {
            return PendingSnapshot(
                task: Task.detached {
                    Result { () throws(ImageSpecError) in try ImageSpec.Snapshot(json: bytes) }
                })
        }
        let spec = try isStandardInput ? spec(fromStandardInput: bytes) : load(file)
        do throws(ImageSpecError) {
            let snapshot = try spec.snapshot(in: context(of: file))
            return PendingSnapshot(task: Task { .success(snapshot) })
        } catch {
            throw located(error, in: file)
        }
    }
}
