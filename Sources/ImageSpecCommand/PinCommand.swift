// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
internal import ContentTree
import ImageSpec
import ImageSpecContainers
import ImageSpecYAML

struct PinCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pin",
        abstract:
            "Write the digests of the base and tool images into a spec file, so that no tag can move below it.",
        discussion: """
            Each image that the build uses and that has no digest gets one, as its registry says: base_image, and of \
            builder_config uv_image and micromamba_image, as far as the Dockerfile needs them; those of a base_image that is \
            a spec too. The tag stays for people: debian:12 becomes debian:12@sha256:…, the digest of the index where there \
            are several platforms. A base that is another file is pinned by \
            itself. All else in the file stays as it is, comments too; the file is replaced at once, or not \
            at all. With - the new text goes to standard output.

              imagespec pin --dry-run trainer.yaml
              -base_image: debian:bookworm-slim  # small
              +base_image: debian:bookworm-slim@sha256:5f70…  # small
              imagespec pin trainer.yaml
              base_image debian:bookworm-slim@sha256:5f70…
              imagespec pin --update trainer.yaml     (takes what the tags stand for today)

            A line a reference that was written; none where all are pinned. With --json: \
            {"pins":[{"field":…,"pinned":…,"reference":…}],"written":true}. A new digest is a new tag of the image.
            """)

    @Argument(
        help: "A .json, .yaml or .yml file, or - for standard input.",
        completion: .file(extensions: ["json", "yaml", "yml"]))
    var spec: String

    @Option(
        name: .customLong("base-dir"),
        help: ArgumentHelp("The folder that relative paths in the spec count from.", valueName: "folder"),
        completion: .directory)
    var baseFolder: String?

    @Flag(name: .customLong("dry-run"), help: "Print the change as a unified diff, and write nothing.")
    var isDryRun = false

    @Flag(name: .customLong("update"), help: "Ask anew for the tags of references that have a digest.")
    var updating = false

    @Flag(help: "Print the result as one JSON object in one line.")
    var json = false

    private var isStandardInput: Bool { spec == "-" }
    private var name: String { isStandardInput ? "standard input" : spec }

    func validate() throws {
        if json && isStandardInput && !isDryRun {
            throw ValidationError(
                "--json and the new text both go to standard output; use --dry-run, or a file.")
        }
    }

    func run() async throws {
        let text =
            isStandardInput
            ? SpecText(contents: try FileSystem.contentsOfStandardInput(), name: name)
            : try SpecText(contentsOf: spec)
        let imageSpec = try text.spec()
        var context = isStandardInput ? ImageSpec.Context.current : ImageSpec.Context(specFile: spec)
        if let baseFolder { context.workingDirectory = baseFolder }

        let found = try await pins(of: imageSpec, in: context)
        for image in found.implicit {
            StandardError.write(
                "imagespec: \(name): \(image.field) is not given, and \(image.reference), which is taken, is not pinned; "
                    + "write it as base_image to pin it\n")
        }
        var pins: [ImageSpec.Pin] = []
        for pin in found.pins {
            if let file = try text.otherFile(pin.path) {
                StandardError.write(
                    "imagespec: \(name): \(pin.field) is in \(file), and stays; pin that file by itself\n")
            } else {
                pins.append(pin)
            }
        }
        let pinned = try text.replacing(pins.map { ($0.path, $0.pinned) })
        // What the library says that the spec is must be what stands in the file.
        guard try pinned.spec().document.canonicalForm == imageSpec.withPins(pins).document.canonicalForm
        else {
            throw ImageSpecError.pinsDiffer(name)
        }

        if isDryRun {
            let diff = UnifiedDiff(
                String(decoding: text.bytes, as: UTF8.self), String(decoding: pinned.bytes, as: UTF8.self),
                name: name)
            return try StandardOutput.write(
                json ? self.object(pins, isWritten: false) : Array(diff.text.utf8))
        }
        if isStandardInput { return try StandardOutput.write(pinned.bytes) }
        if !pins.isEmpty {
            try FileSystem.replaceContents(ofSpecFile: spec, with: pinned.bytes, expected: text.bytes)
        }
        let lines = pins.map { "\($0.field) \($0.pinned)\n" }.joined()
        try StandardOutput.write(json ? object(pins, isWritten: !pins.isEmpty) : Array(lines.utf8))
    }

    private func pins(of spec: ImageSpec, in context: ImageSpec.Context) async throws -> ImageSpec.Pins {
        let updating = updating
        do {
            return try await SignalCancellation.watch {
                let registries = try SpecRegistries(of: spec, in: context)
                return try await spec.pins(in: context, updating: updating) {
                    try await registries.digest(of: $0)
                }
            }
        } catch let error as ImageSpecError {
            throw error.inFile(name)
        }
    }

    private func object(_ pins: [ImageSpec.Pin], isWritten: Bool) -> [UInt8] {
        let list = pins.map { pin -> ImageSpec.JSONValue in
            ["field": .string(pin.field), "pinned": .string(pin.pinned), "reference": .string(pin.reference)]
        }
        let object: ImageSpec.JSONValue = ["pins": .array(list), "written": .bool(isWritten)]
        return object.canonicalForm + [UInt8(ascii: "\n")]
    }
}

extension ImageSpecError {
    fileprivate static func pinsDiffer(_ name: String) -> ImageSpecError {
        ImageSpecError(
            .sourceChanged,
            "\(name): it or a file that is its base changed meanwhile, and with the digests written in it would differ in more "
                + "than these; nothing was written; try again when nothing writes to them")
    }
}
