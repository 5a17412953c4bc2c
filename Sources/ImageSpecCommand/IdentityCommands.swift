// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
internal import ContentTree
import ImageSpec
import ImageSpecDiff
import ImageSpecFlytekit

struct NameCommand: SpecsCommand {
    static let configuration = CommandConfiguration(
        commandName: "name",
        abstract: "Print image names: [registry/]name:tag.",
        discussion: """
            Reads every file that the specs name. Prints one name per line in the order of the specs, or nothing if one of them \
            cannot be named.

              imagespec name trainer.yaml
              docker pull "$(imagespec name --registry ghcr.io/acme trainer.yaml)"
              imagespec name --json trainer.yaml
              {"content_digest":"1d2e…","id":"9c01…",
               "image_name":"ghcr.io/acme/trainer:1d2e…","platform":"linux/amd64",
               "repository":"ghcr.io/acme/trainer","spec":"trainer.yaml","tag":"1d2e…"}
              imagespec name --scheme flytekit --json trainer.yaml
              {"id":"fv8a…","image_name":"ghcr.io/acme/trainer:Kq0x…",
               "spec":"trainer.yaml","tag":"Kq0x…"}
            """)

    @OptionGroup var input: SpecInputs
    @OptionGroup var scheme: SchemeInput

    func row(of spec: SpecInputs.Source) async throws -> SpecRow {
        if scheme.isFlytekit {
            let names = try await ImageSpec.FlytekitNames(spec)
            return SpecRow(text: names.imageName, members: names.members(withImageName: true))
        }
        let (identity, name) = try spec.inspect { spec, context throws(ImageSpecError) in
            let identity = try spec.identity(in: context)
            return (identity, try identity.imageName())
        }
        return SpecRow(
            text: name,
            members: [
                "content_digest": .string(identity.contentDigest), "id": .string(identity.id),
                "image_name": .string(name),
                "platform": .string(identity.platform), "repository": .string(identity.repository),
                "tag": .string(identity.tag),
            ])
    }
}

struct TagCommand: SpecsCommand {
    static let configuration = CommandConfiguration(
        commandName: "tag",
        abstract: "Print tags, which identify the content of images.",
        discussion: """
            The tag is the content digest (SHA-256, 64 hexadecimal digits), formatted with the spec's tag_format if set. It \
            does not depend on the name or the registry. Reads every file that the specs name. Prints one tag per line in the \
            order of the specs.

              imagespec tag trainer.yaml
              imagespec tag --tag-format '{spec_hash:.12}-dev' trainer.yaml
              imagespec tag --json trainer.yaml
              {"content_digest":"1d2e…","id":"9c01…","platform":"linux/amd64",
               "spec":"trainer.yaml",
               "tag":"1d2e…"}

            --snapshot also writes the inputs of the tag to a file: fields, lines of requirements, and each file's mode and \
            digest. If the tag changes later, compare the spec with that file:

              imagespec tag --snapshot trainer.snapshot.json trainer.yaml
              imagespec diff trainer.snapshot.json trainer.yaml
            """)

    @OptionGroup var input: SpecInputs
    @OptionGroup var scheme: SchemeInput

    @Option(
        name: .customLong("snapshot"),
        help: ArgumentHelp("Write the inputs of the tag to this file, for diff.", valueName: "file"),
        completion: .file(extensions: ["json"]))
    var snapshotFile: String?

    func validate() throws {
        if snapshotFile == nil { return }
        if input.count > 1 { throw ValidationError("--snapshot takes a single spec.") }
        if scheme.isFlytekit {
            throw ValidationError("--snapshot cannot be combined with --scheme flytekit; remove one of them.")
        }
        if snapshotFile == "-" {
            throw ValidationError("--snapshot requires a file path; the tag is printed to standard output.")
        }
    }

    func row(of spec: SpecInputs.Source) async throws -> SpecRow {
        if let snapshotFile {
            let recording = try spec.inspect { spec, context throws(ImageSpecError) in
                try SnapshotRecording(of: spec, in: context)
            }
            try recording.write(to: snapshotFile)
            return row(recording.identity)
        }
        if scheme.isFlytekit {
            let names = try await ImageSpec.FlytekitNames(spec)
            return SpecRow(text: names.tag, members: names.members(withImageName: false))
        }
        return row(try spec.identity())
    }

    private func row(_ identity: ImageSpec.Identity) -> SpecRow {
        SpecRow(
            text: identity.tag,
            members: [
                "content_digest": .string(identity.contentDigest), "id": .string(identity.id),
                "platform": .string(identity.platform), "tag": .string(identity.tag),
            ])
    }
}

struct IDCommand: SpecsCommand {
    static let configuration = CommandConfiguration(
        commandName: "id",
        abstract: "Print ids, which identify what specs declare.",
        discussion: """
            Reads only the spec files, and prints one id per line in their order. An id does not depend on this machine: --base-dir, --architecture and \
            --loaded-module have no effect. With --scheme flytekit, --architecture has an effect if the registry is localhost:PORT.

              imagespec id trainer.yaml
              echo '{"name": "trainer"}' | imagespec id -
              imagespec id --json trainer.yaml
              {"id":"9c01…","spec":"trainer.yaml"}
            """)

    @OptionGroup var input: SpecInputs
    @OptionGroup var scheme: SchemeInput

    func row(of spec: SpecInputs.Source) throws(ImageSpecError) -> SpecRow {
        let id = try spec.load().id(scheme: scheme.isFlytekit ? .flytekit : .sha256, in: spec.context)
        return SpecRow(text: id, members: ["id": .string(id)])
    }
}

struct DocumentCommand: SpecCommand {
    enum Kind: EnumerableFlag {
        case id, tag

        static func help(for value: Kind) -> ArgumentHelp? {
            switch value {
            case .id: "Print the document that the id is computed from. Reads only the spec file."
            case .tag:
                "Print the document that the content digest is computed from. Reads every file that the spec names."
            }
        }
    }

    static let configuration = CommandConfiguration(
        commandName: "document",
        abstract: "Print the canonical JSON document whose SHA-256 digest is the id or the content digest.",
        usage: "imagespec document (--id | --tag) <spec> [<options>]",
        discussion: """
            Prints exactly the hashed bytes, without a trailing line feed:

              imagespec document --tag trainer.yaml | sha256sum
              diff <(imagespec document --tag old.yaml | jq .) <(imagespec document --tag new.yaml | jq .)

            With --json, prints the document as a string with its digest: {"id":"9c01…","id_document":"…"} or \
            {"content_digest":"1d2e…","tag_document":"…"}.
            """)

    @Flag var kind: Kind
    @OptionGroup var input: SpecInput

    func result() throws(ImageSpecError) -> [UInt8] {
        switch kind {
        case .id:
            let spec = try input.load()
            let document = spec.idDocument
            guard input.json else { return Array(document.utf8) }
            return line(document, json: ["id": .string(spec.id), "id_document": .string(document)])
        case .tag:
            let identity = try input.identity()
            guard input.json else { return Array(identity.tagDocument.utf8) }
            return line(
                identity.tagDocument,
                json: [
                    "content_digest": .string(identity.contentDigest),
                    "tag_document": .string(identity.tagDocument),
                ])
        }
    }
}
