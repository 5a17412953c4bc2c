// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
internal import ContentTree
import ImageSpec
import ImageSpecContainers

struct ExistCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "exist",
        abstract: "Check whether images exist. The exit status is 0 if all exist, 1 if any is absent.",
        discussion: """
            Queries the registry of each spec, without docker or any other program. If a spec has no registry, queries the \
            local container engine. Prints one line per spec, in order: "present", the name and the digest; "absent" and the \
            name; or "unknown" and the name, with the reason on standard error. The exit status is 69 if the existence of \
            any image cannot be determined.

              imagespec exist trainer.yaml || imagespec build trainer.yaml
              imagespec exist *.yaml | sed -n 's/^absent //p'
              imagespec exist --json trainer.yaml
              {"digest":"sha256:…","existence":"present",
               "image_name":"ghcr.io/acme/trainer:1d2e…"}

            With --json, unknown images have a "reason". Credentials are read from the configuration of docker and podman, or \
            from registry_config.
            """)

    @OptionGroup var input: SpecsInput

    @Flag(help: "Print one JSON object per line.")
    var json = false

    func run() async throws {
        // All specs are read and named before the first request.
        let named = try input.specs.map { try NamedSpec($0, input.options) }
        let answers = try await SignalCancellation.watch { await Self.answers(named) }
        try StandardOutput.write(
            zip(named, answers).flatMap { named, answer in
                json ? answer.json(of: named.imageName) : Array(answer.line(of: named.imageName).utf8)
            })
        let unknown = zip(named, answers).compactMap { named, answer -> ImageSpecError? in
            guard case .unknown(let reason) = answer else { return nil }
            return .unknownExistence(reason, of: named.imageName)
        }
        if let error = ImageSpecError(problems: unknown) { throw error }
        if answers.contains(.absent) { throw ImageAbsent() }
    }

    /// Several at once, and not all: each may ask a program.
    private static func answers(_ specs: [NamedSpec]) async -> [ImageSpec.Existence] {
        let builder = ImageSpec.ContainerBuilder()
        return await withTaskGroup(of: (Int, ImageSpec.Existence).self) { group in
            var answers = specs.map { _ in ImageSpec.Existence.absent }
            var next = 0
            func start() {
                guard next < specs.count else { return }
                let (index, named) = (next, specs[next])
                next += 1
                group.addTask { (index, await named.existence(builder)) }
            }
            for _ in 0..<16 { start() }
            while let (index, answer) = await group.next() {
                answers[index] = answer
                start()
            }
            return answers
        }
    }
}

struct DigestCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "digest",
        abstract: "Print the manifest digest of an image in its registry.",
        discussion: """
            Queries the registry. For a multi-platform image, prints the digest of the index. If the image does not exist, the \
            exit status is 1.

              imagespec digest trainer.yaml
              sha256:5f70…
              imagespec digest --json trainer.yaml
              {"digest":"sha256:5f70…","image_name":"ghcr.io/acme/trainer:1d2e…"}
            """)

    @OptionGroup var input: SpecInput

    func run() async throws {
        let named = try NamedSpec(input.spec, input.options)
        guard let registry = named.spec.registry, !registry.isEmpty else {
            throw input.spec.located(.registryRequired)
        }
        let name = named.imageName
        let registries = try SpecRegistries(of: named.spec, in: named.context)
        let existence = try await SignalCancellation.watch { await registries.existence(of: name) }
        switch existence {
        case .present(let digest?):
            let object: ImageSpec.JSONValue = ["digest": .string(digest), "image_name": .string(name)]
            try StandardOutput.write(input.json ? object.line : Array((digest + "\n").utf8))
        case .present(nil):
            throw ImageSpecError.unknownExistence(
                "the image exists, but the registry does not report its digest; contact the registry operator",
                of: name)
        case .absent: throw ImageAbsent(message: "\(name) does not exist; to build it, run: imagespec build")
        case .unknown(let reason): throw ImageSpecError.unknownExistence(reason, of: name)
        }
    }
}

/// A spec on the command line, and the name of its image.
struct NamedSpec: Sendable {
    let spec: ImageSpec
    let context: ImageSpec.Context
    let imageName: String

    init(_ file: SpecFile, _ options: SpecOptions) throws(ImageSpecError) {
        spec = try options.load(file)
        context = options.context(of: file)
        do throws(ImageSpecError) {
            imageName = try spec.imageName(in: context)
            try SpecRegistries.check(spec, in: context)
        } catch {
            throw file.located(error)
        }
    }
}

extension NamedSpec {
    fileprivate func existence(_ builder: ImageSpec.ContainerBuilder) async -> ImageSpec.Existence {
        do {
            return try await builder.existence(
                for: .init(spec: spec, imageName: imageName, context: context, policy: .current))
        } catch {
            return .unknown(reason: "\(error)")
        }
    }
}

extension ImageSpecError {
    fileprivate static let registryRequired = ImageSpecError(
        .invalidField, field: "registry", "missing: only an image in a registry has a digest",
        fix: "set registry, or use --registry")

    /// `reason` names the registry or engine, and the fix.
    fileprivate static func unknownExistence(
        _ reason: String, of imageName: String?
    ) -> ImageSpecError {
        ImageSpecError(.existenceUnknown, about: imageName, reason)
    }
}

/// The answer is no. Scripts see it by the exit status.
struct ImageAbsent: Error {
    var message: String?
}

extension ImageSpec.Existence {
    fileprivate func line(of name: String) -> String {
        switch self {
        case .present(let digest): "present \(name)" + (digest.map { " " + $0 } ?? "") + "\n"
        case .absent: "absent \(name)\n"
        case .unknown: "unknown \(name)\n"
        }
    }

    fileprivate func json(of name: String) -> [UInt8] {
        var object: ImageSpec.OrderedDictionary<ImageSpec.JSONValue> = ["image_name": .string(name)]
        switch self {
        case .present(let digest):
            object["existence"] = "present"
            object["digest"] = digest.map(ImageSpec.JSONValue.string)
        case .absent: object["existence"] = "absent"
        case .unknown(let reason):
            object["existence"] = "unknown"
            // As an error it would be without passwords in URLs.
            object["reason"] = .string(ImageSpecError.unknownExistence(reason, of: nil).message)
        }
        return ImageSpec.JSONValue.object(object).line
    }
}
