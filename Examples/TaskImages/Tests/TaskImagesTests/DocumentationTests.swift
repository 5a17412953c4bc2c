// SPDX-License-Identifier: Apache-2.0

import Foundation
import ImageSpec
import ImageSpecContainers
import ImageSpecDiff
import ImageSpecFlytekit
import TaskImages
import Testing

/// The code blocks of the documentation's articles, verbatim.
@Suite struct DocumentationTests {
    @Test func `A spec has a name and a Dockerfile`() throws {
        let spec = ImageSpec(
            name: "trainer", pythonVersion: "3.12", registry: "ghcr.io/acme",
            packages: ["numpy==2.1.3"], aptPackages: ["git"]
        )
        let name = try spec.imageName()
        let dockerfile = try ImageSpec.Dockerfile(spec).text

        #expect(name == "ghcr.io/acme/trainer:" + (try spec.tag))
        #expect(dockerfile.contains("numpy==2.1.3"))
    }

    @Test func `Images share a base`() throws {
        let base = ImageSpec(
            name: "base", pythonVersion: "3.12", registry: "ghcr.io/acme", packages: ["numpy==2.1.3"])
        let trainer = ImageSpec(
            name: "trainer", registry: "ghcr.io/acme", packages: ["six"], baseImage: .spec(base))

        #expect(try ImageSpec.Dockerfile(trainer).text.contains(base.imageName()))
    }

    @Test func `Paths are relative to the directory of the context`() throws {
        let project = TrainerImageTests().context.workingDirectory

        let context = ImageSpec.Context(workingDirectory: project, hostArchitecture: "x86_64")
        let tag = try TrainerImage.spec.tag(in: context)

        #expect(tag == "ef5e500b0010e664")
    }

    @Test func `The image of a Flyte task has flytekit and code that every directory finds`() throws {
        let context = TrainerImageTests().context

        let task = ImageSpec(
            name: "trainer", pythonVersion: "3.12", sourceRoot: "src",
            env: ["FLYTE_SDK_RICH_TRACEBACKS": "0"], registry: "ghcr.io/acme",
            packages: ["flytekit==1.16.31", "numpy==2.1.3"], sourceCopyMode: .all
        )
        let image = try task.imageName(in: context)

        #expect(image == "ghcr.io/acme/trainer:" + (try task.tag(in: context)))
        let dockerfile = try ImageSpec.Dockerfile(task, in: context).text
        for line in ["flytekit==1.16.31", "ENV PYTHONPATH=/root", "COPY --chown=flytekit source/ /root/"] {
            #expect(dockerfile.contains(line))
        }
    }

    /// Compiled only: these need a container engine or a registry.
    func build(_ spec: ImageSpec) async throws {
        let context = ImageSpec.Context(besideFile: #filePath)

        let engine = ImageSpec.BuildEngine.containers(report: { $0.printToStandardError() })
        let name = try await engine.build(spec, in: context)
        print(name)

        let client = ImageSpec.RegistryClient(.init(credentialsFile: "/run/secrets/registry.json"))
        switch await spec.existence(in: context, using: client) {
        case .present(let digest): print("exists: \(digest ?? "")")
        case .absent: print("must be built")
        case .unknown(let reason): print("cannot determine whether it exists: \(reason)")
        }
    }

    func check(_ spec: ImageSpec) -> Bool {
        do {
            try spec.validateBuild()
            return true
        } catch {
            for problem in error.problems { print(problem.field ?? "", problem.reason) }
            return false
        }
    }

    @Test func `The problems of a spec are known before it is built`() {
        #expect(check(ImageSpec(name: "a", packages: ["six==1.16.0"])))
        #expect(!check(ImageSpec(name: "a", builderOptions: ["engin": "docker"])))
    }

    @Test func `A graph has a result for each spec`() async throws {
        let context = TrainerImageTests().context
        let engine = ImageSpec.BuildEngine(report: { $0.printToStandardError() })
        engine.register("remote", ServiceBuilder { _, _ in })

        let graph = try ImageSpec.BuildGraph([TrainerImage.spec, TrainerImage.debugging], in: context)
        let results = try await engine.results(of: graph)
        for result in results where result.failure == nil { print(result.imageName) }
        guard results.allSatisfy({ $0.failure == nil }) else { exit(1) }

        #expect(graph.requested == [0, 1])
    }

    @Test func `A manifest has the name of an image`() async throws {
        let context = TrainerImageTests().context
        let spec = TrainerImage.spec
        let engine = ImageSpec.BuildEngine(report: { _ in })
        engine.register("remote", ServiceBuilder { _, _ in })

        let name = try await engine.build(spec, in: context)
        print(
            """
            apiVersion: apps/v1
            kind: Deployment
            metadata: {name: trainer}
            spec:
              selector: {matchLabels: {app: trainer}}
              template:
                metadata: {labels: {app: trainer}}
                spec: {containers: [{name: trainer, image: "\(name)"}]}
            """)

        #expect(name == (try spec.imageName(in: context)))
    }

    struct Deployment: Codable {
        var replicas: Int
        var image: ImageSpec
    }

    @Test func `A configuration contains a spec`() throws {
        let data = Data(
            #"{"replicas": 2, "image": {"python_version": "3.12", "env": {"MODE": "fast"}}}"#.utf8)

        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        let deployment = try decoder.decode(Deployment.self, from: data)

        #expect(deployment.image == ImageSpec(pythonVersion: "3.12", env: ["MODE": "fast"]))
    }

    /// Requests images from a build service.
    struct ServiceBuilder: ImageSpec.Builder {
        let submit: @Sendable (_ imageName: String, _ dockerfile: String) async throws -> Void

        func build(_ request: ImageSpec.BuildRequest) async throws -> ImageSpec.BuildResult {
            try await submit(request.imageName, request.buildContext().dockerfile.text)
            return ImageSpec.BuildResult(imageName: request.imageName, outcome: .built)
        }
    }

    /// Uploads build contexts to a build service, which also knows the images that it has built.
    struct ContextBuilder: ImageSpec.Builder {
        let directory: String
        let hasImage: @Sendable (_ imageName: String) async throws -> Bool
        let submit: @Sendable (_ imageName: String, _ context: String) async throws -> Void

        func build(_ request: ImageSpec.BuildRequest) async throws -> ImageSpec.BuildResult {
            try await request.ensureImage(
                inspect: {
                    .init(try await hasImage(request.imageName) ? .present(digest: nil) : .absent)
                },
                build: {
                    let context = try request.buildContext()
                    let path = directory + "/" + context.identity.tag
                    try context.write(to: path)
                    request.report(.started(imageName: request.imageName, engine: "build service"))
                    try await submit(request.imageName, path)
                    return .init(imageName: request.imageName, outcome: .built, engine: "build service")
                })
        }
    }

    @Test func `An engine gives a builder the context, and the name of the base`() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString).path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let context = TrainerImageTests().context
        let spec = TrainerImage.spec
        let hasImage: @Sendable (String) async throws -> Bool = { _ in false }
        let builder = ContextBuilder(directory: folder, hasImage: hasImage) { name, directory in
            #expect(name == "ghcr.io/acme/trainer:ef5e500b0010e664")
            let dockerfile = try String(contentsOfFile: directory + "/Dockerfile", encoding: .utf8)
            #expect(try dockerfile == ImageSpec.Dockerfile(spec, in: context).text)
        }

        let engine = ImageSpec.BuildEngine()
        engine.register("remote", builder, priority: 10)

        #expect(try await engine.build(spec, in: context) == "ghcr.io/acme/trainer:ef5e500b0010e664")
    }

    @Test func `An engine builds with the builder of the highest priority`() async throws {
        let builder = ServiceBuilder { _, _ in }
        let spec = ImageSpec(packages: ["six"])

        let engine = ImageSpec.BuildEngine()
        engine.register("remote", builder, priority: 10)
        let name = try await engine.build(spec)

        #expect(try name == spec.imageName())
    }

    @Test func `A context is one archive`() throws {
        let archive = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString).path
        defer { try? FileManager.default.removeItem(atPath: archive) }
        let buildContext = try ImageSpec.BuildContext(TrainerImage.spec, in: TrainerImageTests().context)

        try buildContext.writeTar(toFile: archive)

        #expect(FileManager.default.fileExists(atPath: archive))
    }

    @Test func `A spec is rendered for envd`() throws {
        let context = TrainerImageTests().context
        let spec = ImageSpec(name: "trainer", packages: ["numpy==2.1.3"], baseImage: "ubuntu:22.04")

        let file = try ImageSpec.EnvdFile(spec, in: context)
        print(file.text)

        #expect(file.text.contains("numpy==2.1.3"))
    }

    @Test func `A cache elsewhere gives the same tag`() throws {
        let spec = TrainerImage.spec
        var context = TrainerImageTests().context

        context.digestCache = .directory("/var/cache/ci/imagespec")
        let tag = try spec.tag(in: context)

        #expect(tag == "ef5e500b0010e664")
    }

    @Test func `The reading of files can be followed`() throws {
        let spec = TrainerImage.spec
        var context = TrainerImageTests().context

        context.progress = ImageSpec.HashingProgress { print("\($0.files) files, \($0.bytes) bytes") }
        let tag = try spec.tag(in: context)

        #expect(tag == "ef5e500b0010e664")
    }

    @Test func `Values arrive as they are`() throws {
        let spec = ImageSpec(env: ["GREETING": "it's \"only\" $5\\"])
        #expect(try ImageSpec.Dockerfile(spec).text.contains(#"ENV GREETING="it's \"only\" \$5\\""#))
    }

    @Test func `A spec is rendered and its context written`() throws {
        let directory = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString).path
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let context = TrainerImageTests().context
        let spec = TrainerImage.spec

        let dockerfile = try ImageSpec.Dockerfile(spec, in: context)
        print(dockerfile.text)

        let buildContext = try ImageSpec.BuildContext(spec, in: context)
        try buildContext.write(to: directory)

        #expect(FileManager.default.fileExists(atPath: directory + "/source/trainer/model.py"))
    }

    @Test func `A builder of one's own builds`() async throws {
        let spec = ImageSpec(packages: ["six"])
        let expected = try spec.imageName()
        let builder = ServiceBuilder { name, dockerfile in
            #expect(name == expected)
            #expect(dockerfile.hasPrefix("FROM "))
        }

        let result = try await builder.build(spec)

        #expect(result.imageName == expected)
        #expect(result.outcome == .built)
    }

    @Test func `A spec has the names that flytekit gives it`() throws {
        let spec = ImageSpec(name: "trainer", registry: "ghcr.io/acme", packages: ["numpy==2.1.3"])
        let name = try spec.imageName(scheme: .flytekit)
        let id = try spec.id(scheme: .flytekit)

        #expect(name == "ghcr.io/acme/trainer:qdSa0yn77g_eamO5yKwAmg")
        #expect(id == "qdSa0yn77g-eamO5yKwAmg")
    }

    @Test func `A spec is completed from the settings of a registration`() throws {
        let spec = ImageSpec(name: "trainer", packages: ["numpy==2.1.3"])
        let settings = ImageSpec.SerializationSettings(sourceRoot: "src", isFastRegistration: false)
        let registered = spec.withSourceCopy(for: settings).withPackages("pandas==2.2.3").forcePush()

        #expect(registered.sourceRoot == "src")
        #expect(registered.sourceCopyMode == .loadedModules)
        #expect(registered.isForcePush)
        #expect(spec.sourceRoot == nil)
    }

    @Test func `Two records say why their tags differ`() throws {
        let spec = TrainerImage.spec
        let context = TrainerImageTests().context

        let before = try spec.snapshot(in: context)
        let after = try spec.withPackages("numpy==2.1.3").snapshot(in: context)
        let comparison = ImageSpec.Diff(from: before, to: after)
        print(comparison)

        #expect(comparison.changes.map(\.description) == ["+ packages: numpy==2.1.3"])
        #expect(comparison.changes.map(\.effects) == [[.id, .content]])
        #expect(!comparison.isSame)
    }
}
