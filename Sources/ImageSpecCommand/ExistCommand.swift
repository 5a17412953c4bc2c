// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
internal import ContentTree
import ImageSpec
import ImageSpecBuilding
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
               "image_name":"ghcr.io/acme/trainer:1d2e…",
               "reference":"ghcr.io/acme/trainer@sha256:…","spec":"trainer.yaml"}

            With --json, unknown images have a "reason". Credentials are read from the configuration of docker and podman, or \
            from registry_config.
            """)

    @OptionGroup var input: SpecsInput

    @Flag(help: "Print one JSON object per line.")
    var json = false

    func run() async throws { try await Self.run(input.files, input.options, json: json) }

    static func run(_ files: [SpecFile], _ options: SpecOverrides, json: Bool) async throws {
        // All specs are read and named before the first request.
        let named = try NamedSpec.all(files, options)
        let answers = try await SignalCancellation.watch { await self.answers(named) }
        try StandardOutput.write(
            zip(named, answers).flatMap { named, answer in
                json ? answer.json(of: named) : Array(answer.line(of: named.imageName).utf8)
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
        abstract: "Print the manifest digests of images in their registries.",
        discussion: """
            Queries the registries. For a multi-platform image, prints the digest of the index. Prints one digest per line in \
            the order of the specs. If any image does not exist, prints no digests, and the exit status is 1.

              imagespec digest trainer.yaml
              sha256:5f70…
              imagespec digest --json trainer.yaml
              {"digest":"sha256:5f70…","image_name":"ghcr.io/acme/trainer:1d2e…",
               "reference":"ghcr.io/acme/trainer@sha256:5f70…","spec":"trainer.yaml"}
            """)

    @OptionGroup var input: SpecsInput
    @OptionGroup private var output: JSONOutput

    func run() async throws {
        let named = try NamedSpec.all(input.files, input.options)
        let missing = named.filter { $0.spec.registry?.isEmpty ?? true }.map {
            $0.file.located(.registryRequired)
        }
        if let error = ImageSpecError(problems: missing) { throw error }
        let answers = try await SignalCancellation.watch {
            var answers: [ImageSpec.Existence] = []
            for named in named {
                let registries = try SpecRegistries(of: named.spec, in: named.context)
                answers.append(await registries.existence(of: named.imageName))
            }
            return answers
        }
        var lines: [UInt8] = []
        var problems: [ImageSpecError] = []
        var absent: [String] = []
        for (named, answer) in zip(named, answers) {
            switch answer {
            case .present(let digest?):
                lines +=
                    output.json ? answer.json(of: named, withExistence: false) : Array((digest + "\n").utf8)
            case .present(nil):
                problems.append(
                    .unknownExistence(
                        "the image exists, but the registry does not report its digest; contact the registry operator",
                        of: named.imageName))
            case .absent: absent.append(named.imageName)
            case .unknown(let reason): problems.append(.unknownExistence(reason, of: named.imageName))
            }
        }
        if let error = ImageSpecError(problems: problems) { throw error }
        if !absent.isEmpty {
            let images = absent.joined(separator: ", ") + (absent.count > 1 ? " do" : " does")
            let specs = named.count == 1 ? named[0].file.argumentText : " SPEC…"
            throw ImageAbsent(message: "\(images) not exist; to build, run: imagespec build\(specs)")
        }
        try StandardOutput.write(lines)
    }
}

/// A spec on the command line, and the name of its image.
struct NamedSpec: Sendable {
    let file: SpecFile
    let spec: ImageSpec
    let context: ImageSpec.Context
    let imageName: String

    /// Reads and names all specs. Their problems are one error.
    static func all(_ files: [SpecFile], _ options: SpecOverrides) throws(ImageSpecError) -> [NamedSpec] {
        var specs: [NamedSpec] = []
        var problems: [ImageSpecError] = []
        for file in files {
            do throws(ImageSpecError) {
                specs.append(try NamedSpec(file, options))
            } catch {
                problems.append(error)
            }
        }
        if let error = ImageSpecError(problems: problems) { throw error }
        return specs
    }

    private init(_ file: SpecFile, _ options: SpecOverrides) throws(ImageSpecError) {
        self.file = file
        spec = try options.load(file)
        context = options.context(of: file)
        do throws(ImageSpecError) {
            imageName = try spec.imageName(in: context)
            try SpecRegistries.check(spec, in: context)
        } catch {
            throw file.located(error, overridden: options.fields)
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
    private var word: String {
        switch self {
        case .present: "present"
        case .absent: "absent"
        case .unknown: "unknown"
        }
    }

    fileprivate func line(of name: String) -> String {
        let digest = if case .present(let digest?) = self { " " + digest } else { "" }
        return "\(word) \(name)\(digest)\n"
    }

    fileprivate func json(of named: NamedSpec, withExistence: Bool = true) -> [UInt8] {
        var object: ImageSpec.OrderedDictionary<ImageSpec.JSONValue> = [
            "image_name": .string(named.imageName), "spec": .string(named.file.path),
        ]
        if withExistence { object["existence"] = .string(word) }
        switch self {
        case .present(let digest):
            object["digest"] = digest.map(ImageSpec.JSONValue.string)
            object["reference"] = digest.map { .string(named.imageName.withDigest($0)) }
        case .absent: break
        case .unknown(let reason):
            // As an error it would be without passwords in URLs.
            object["reason"] = .string(ImageSpecError.unknownExistence(reason, of: nil).message)
        }
        return ImageSpec.JSONValue.object(object).line
    }
}

extension String {
    /// An image name by its digest: `registry/name@sha256:…`, which always means the same image.
    func withDigest(_ digest: String) -> String {
        (lastIndex(of: ":").map { String(self[..<$0]) } ?? self) + "@" + digest
    }
}
