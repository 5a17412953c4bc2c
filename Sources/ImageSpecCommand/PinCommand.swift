// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
internal import ContentTree
import ImageSpec
import ImageSpecBuilding
import ImageSpecContainers
import ImageSpecYAML

struct PinCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pin",
        abstract:
            "Pin the base and tool images of a spec file to their digests.",
        discussion: """
            Adds the digest that the registry reports to each image reference that has none: base_image, and the uv_image and \
            micromamba_image of builder_config if the Dockerfile uses them. Also pins the images of a base_image that is an inline \
            spec; a base spec in another file must be pinned separately. The tag of the reference is kept: debian:12 becomes \
            debian:12@sha256:…, the digest of the index for a multi-platform image. Everything else in the file is \
            preserved, including comments, and the file is replaced atomically. With -, the new text is written to standard \
            output.

              imagespec pin --dry-run trainer.yaml
              trainer.yaml: base_image: debian:12 → debian:12@sha256:5f70…
              imagespec pin trainer.yaml
              base_image debian:12@sha256:5f70…
              imagespec pin --update trainer.yaml     (updates pinned digests)
              imagespec pin --field base_image trainer.yaml

            Prints one line per changed reference, or nothing if all are pinned. With --json, prints \
            {"pins":[{"field":…,"pinned":…,"reference":…}],"written":true}. Pinning changes the tag of the image that the spec describes.
            """)

    @OptionGroup var argument: SpecArgument
    @OptionGroup private var base: BaseDirectory

    @Flag(name: .customLong("dry-run"), help: "Print the changes without writing them.")
    var isDryRun = false

    @Flag(name: .customLong("update"), help: "Also update references that already have a digest.")
    var updating = false

    @Option(
        name: .customLong("field"),
        help: ArgumentHelp(
            "Pin only this field, such as base_image. Can be repeated.", valueName: "field"))
    var fields: [String] = []

    @OptionGroup var output: JSONOutput

    private var file: SpecFile { argument.spec ?? .usual }
    private var name: String { file.name }
    /// Keeps a name with line breaks on one line.
    private var shownName: String { name.escapingControlCharacters }

    func validate() throws {
        if output.json && file.isStandardInput && !isDryRun {
            throw ValidationError(
                "--json cannot be combined with -; use --dry-run, or a file.")
        }
    }

    func run() async throws {
        let text =
            file.isStandardInput
            ? SpecText(contents: try file.contents(), name: name) : try SpecText(contentsOf: file.path)
        let imageSpec = try text.spec(within: base.within)
        for field in fields {
            var path = field.split(separator: ".").map(String.init)
            // The images of a base that is a spec are below it.
            if path == ["base_image"], case .spec = imageSpec.baseImage { path.append("base_image") }
            if let file = try text.otherFile(path) { throw ImageSpecError.pinnedElsewhere(name, field, file) }
        }
        let found = try await pins(of: imageSpec, in: base.values.context(of: file))
        for image in found.implicit {
            StandardError.write(
                "imagespec: \(name): \(image.field) is not set, so the default \(image.reference) is not pinned; "
                    + "to pin it, set base_image\n")
        }
        var pins: [ImageSpec.Pin] = []
        for pin in found.pins {
            if let file = try text.otherFile(pin.path) {
                StandardError.write(
                    "imagespec: \(name): \(pin.field) is in \(file), which was not changed; pin that file separately\n"
                )
            } else {
                pins.append(pin)
            }
        }
        let pinned = try text.replacing(pins.map { ($0.path, $0.pinned) })
        // The text must say what the library names.
        guard
            try pinned.spec(within: base.within).document.canonicalForm
                == imageSpec.withPins(pins).document.canonicalForm
        else {
            throw ImageSpecError.pinsDiffer(name)
        }

        if isDryRun {
            let changes = pins.map { "\(shownName): \($0.field): \($0.reference) → \($0.pinned)\n" }.joined()
            return try StandardOutput.write(
                output.json ? object(pins, isWritten: false) : Array(changes.utf8))
        }
        if file.isStandardInput { return try StandardOutput.write(pinned.bytes) }
        if !pins.isEmpty {
            try FileSystem.replaceContents(ofSpecFile: file.path, with: pinned.bytes, expected: text.bytes)
        }
        let lines = pins.map { "\($0.field) \($0.pinned)\n" }.joined()
        try StandardOutput.write(output.json ? object(pins, isWritten: !pins.isEmpty) : Array(lines.utf8))
    }

    private func pins(of spec: ImageSpec, in context: ImageSpec.Context) async throws -> ImageSpec.Pins {
        let (updating, fields) = (updating, fields.isEmpty ? nil : Set(fields))
        do {
            return try await SignalCancellation.watch {
                let registries = try SpecRegistries(of: spec, in: context)
                return try await spec.pins(in: context, fields: fields, updating: updating) {
                    try await registries.digest(of: $0)
                }
            }
        } catch let error as ImageSpecError {
            throw error.inFile(name).suggestingFields(fields == nil)
        }
    }

    private func object(_ pins: [ImageSpec.Pin], isWritten: Bool) -> [UInt8] {
        let list = pins.map { pin -> ImageSpec.JSONValue in
            ["field": .string(pin.field), "pinned": .string(pin.pinned), "reference": .string(pin.reference)]
        }
        let object: ImageSpec.JSONValue = ["pins": .array(list), "written": .bool(isWritten)]
        return object.line
    }
}

extension ImageSpecError {
    /// An error about the digest of one of several images: the others can be pinned without it.
    fileprivate func suggestingFields(_ areMissing: Bool) -> ImageSpecError {
        guard areMissing, [.existenceUnknown, .missingInput].contains(code) else { return self }
        let hint = ImageSpecError(
            code, "nothing was pinned", fix: "to pin individual images, use --field, as in --field base_image"
        )
        return ImageSpecError(problems: problems + hint.problems) ?? self
    }

    fileprivate static func pinnedElsewhere(_ name: String, _ field: String, _ file: String) -> ImageSpecError
    {
        let inner = field.split(separator: ".").drop { $0 == "base_image" }
        let last = (inner.isEmpty ? ["base_image"] : inner.map(String.init)).joined(separator: ".")
        return ImageSpecError(
            .invalidField, at: [Location(file: name)],
            "the field \"\(field.shortened)\" is set in \"\(file.shortened)\"",
            fix: Fix("pin it there, as in: imagespec pin --field \(last) \(file.shellQuoted)"))
    }

    fileprivate static func pinsDiffer(_ name: String) -> ImageSpecError {
        ImageSpecError(
            .sourceChanged, at: [Location(file: name)],
            "the spec or one of its base specs changed while it was being pinned; nothing was written",
            fix: "try again when no program is writing to them")
    }
}
