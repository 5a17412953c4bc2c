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
        completion: SpecFile.completion)
    var from: SpecFile

    @Argument(
        help: ArgumentHelp("New state: a spec, a snapshot, or - for standard input.", valueName: "to"),
        completion: SpecFile.completion)
    var to: SpecFile

    @OptionGroup private var overrides: SpecOptions

    @Option(
        help: ArgumentHelp("Maximum number of changes under each heading. (default: all)", valueName: "count")
    )
    var limit: Int?

    @OptionGroup var output: JSONOutput

    func validate() throws {
        if from.isStandardInput && to.isStandardInput {
            throw ValidationError("standard input can be used only once; save one of the specs to a file.")
        }
        if let limit, limit < 1 { throw ValidationError("--limit must be 1 or more.") }
    }

    func run() async throws {
        // A snapshot is read while the files of the spec are hashed.
        let options = overrides.values
        let old = try options.pendingSnapshot(of: from)
        let new = Result { () throws(ImageSpecError) in try options.pendingSnapshot(of: to) }
        let oldSnapshot = try await old.snapshot()
        let comparison = ImageSpec.Diff(
            from: oldSnapshot, to: try await new.get().snapshot())
        if output.json {
            try StandardOutput.write(comparison.document.line)
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
    fileprivate let file: SpecFile
    fileprivate let task: Task<Result<ImageSpec.Snapshot, ImageSpecError>, Never>

    /// Waits for the snapshot.
    func snapshot() async throws(ImageSpecError) -> ImageSpec.Snapshot {
        do throws(ImageSpecError) {
            return try await task.value.get()
        } catch {
            throw file.located(error)
        }
    }
}

extension SpecOverrides {
    /// The snapshot in a file, which is read in the background, or the snapshot of the spec in the file.
    func pendingSnapshot(of file: SpecFile) throws(ImageSpecError) -> PendingSnapshot {
        let bytes: [UInt8]
        do throws(ImageSpecError) {
            bytes = try file.contents(limit: FileSystem.maximumTextSize)
        } catch {
            throw error.suggesting("pass the path of a spec file or a snapshot")
        }
        if ImageSpec.Snapshot.isSnapshot(bytes) {
            return PendingSnapshot(
                file: file,
                task: Task.detached {
                    Result { () throws(ImageSpecError) in try ImageSpec.Snapshot(json: bytes) }
                })
        }
        let spec = try file.isStandardInput ? spec(fromStandardInput: bytes) : load(file)
        do throws(ImageSpecError) {
            let snapshot = try spec.snapshot(in: context(of: file))
            return PendingSnapshot(file: file, task: Task { .success(snapshot) })
        } catch {
            throw file.located(error, overridden: fields)
        }
    }
}
