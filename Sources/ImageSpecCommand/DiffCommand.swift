// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
internal import ContentTree
import ImageSpec
import ImageSpecDiff

struct DiffCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "diff",
        abstract: "Say why two specs, or a record and a spec, have different tags or ids.",
        discussion: """
            Each of both is a spec file or a record that imagespec tag --record wrote; which of them, its content says. A line \
            is + for what is new, - for what is gone, ~ for what changed; what does not change the tag stands by itself.

              imagespec diff old.yaml trainer.yaml
              git show HEAD:trainer.yaml | imagespec diff --base-dir . - trainer.yaml
              imagespec diff trainer.record.json trainer.yaml
              tag: 1d2e… → 77a0…
              id: 9c01…
              Changes the tag:
                ~ requirements.txt: numpy 2.1 → 2.2
                + src/model.py
                ~ src/train.sh: mode 644 → 755

            The exit status is 0 where id and tag are the same (what does not count is listed all the same), 1 where they \
            differ. The options that replace fields do so in both specs.

            With --json: {"changes":[{"aspect":…,"changes_content":…,"changes_id":…,"changes_tag":…,"field":…,"from":…,\
            "keys":…,"kind":…,"path":…,"to":…}],"from":{…},"same_content":…,"same_id":…,"same_tag":…,"to":{…}}.
            """)

    @Argument(
        help: ArgumentHelp(
            "What was: a spec, a record, or - for standard input.", valueName: "from"),
        completion: .file(extensions: ["json", "yaml", "yml"]))
    var from: String

    @Argument(
        help: ArgumentHelp("What is: a spec, a record, or - for standard input.", valueName: "to"),
        completion: .file(extensions: ["json", "yaml", "yml"]))
    var to: String

    @OptionGroup var options: SpecOptions

    @Option(help: ArgumentHelp("Show so many changes under each heading, not all.", valueName: "count"))
    var limit: Int?

    @Flag(help: "Print the result as one JSON object in one line.")
    var json = false

    func validate() throws {
        if SpecOptions.isStandardInput(from) && SpecOptions.isStandardInput(to) {
            throw ValidationError("standard input can be one of the two, not both.")
        }
        if let limit, limit < 1 { throw ValidationError("--limit must be 1 or more.") }
    }

    func run() async throws {
        // A record is read while the files of the spec are looked at.
        let old = try options.recordOnItsWay(of: from)
        let new = Result { () throws(ImageSpecError) in try options.recordOnItsWay(of: to) }
        let oldRecord = try await old.record(options, from)
        let comparison = ImageSpec.Diff(
            from: oldRecord, to: try await new.get().record(options, to))
        if json {
            try StandardOutput.write(comparison.document.canonicalForm + [UInt8(ascii: "\n")])
        } else {
            try StandardOutput.write(
                Array(Style.standardOutput.comparison(comparison.text(limit: limit)).utf8))
        }
        if !comparison.isSame { throw Difference() }
    }
}

/// What was asked for is there, and two things differ.
struct Difference: Error {
    var messages: [String] = []
}

/// A record that is read by another thread, or that is there.
struct RecordOnItsWay {
    fileprivate let task: Task<Result<ImageSpec.Snapshot, ImageSpecError>, Never>

    /// Waits for it. The options and the file are those that it was asked for with.
    func record(_ options: SpecOptions, _ file: String) async throws(ImageSpecError) -> ImageSpec.Snapshot {
        do throws(ImageSpecError) {
            return try await task.value.get()
        } catch {
            throw options.located(error, in: file)
        }
    }
}

extension SpecOptions {
    /// A record from a file, which may not be read yet, or that of the spec in it.
    func recordOnItsWay(of file: String) throws(ImageSpecError) -> RecordOnItsWay {
        let isStandardInput = Self.isStandardInput(file)
        let bytes =
            try isStandardInput
            ? FileSystem.contentsOfStandardInput() : FileSystem.contents(ofSpecFile: file)
        if ImageSpec.Snapshot.isRecord(bytes) {
            return RecordOnItsWay(
                task: Task.detached {
                    Result { () throws(ImageSpecError) in try ImageSpec.Snapshot(json: bytes) }
                })
        }
        let spec = try isStandardInput ? spec(fromStandardInput: bytes) : load(file)
        do throws(ImageSpecError) {
            let record = try spec.snapshot(in: context(of: file))
            return RecordOnItsWay(task: Task { .success(record) })
        } catch {
            throw located(error, in: file)
        }
    }
}
