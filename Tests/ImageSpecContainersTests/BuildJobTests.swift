// SPDX-License-Identifier: Apache-2.0

import Foundation
import ImageSpec
import ImageSpecBuilding
import Synchronization
import Testing

@testable import ContentTree
@testable import ImageSpecContainers

@Suite struct BuildJobTests {
    private func request(
        _ spec: ImageSpec, in folder: String,
        report: @escaping @Sendable (ImageSpec.BuildEvent) -> Void = { _ in }
    ) throws -> ImageSpec.BuildRequest {
        let context = ImageSpec.Context(workingDirectory: folder, hostArchitecture: "x86_64")
        return ImageSpec.BuildRequest(
            spec: spec, imageName: try spec.imageName(in: context), context: context, policy: .init(),
            report: report)
    }

    // MARK: the index of several platforms

    private struct Seen {
        var result: Result<ImageSpec.BuildResult, any Error>
        var words: [String]
        var warnings: [String]
    }

    /// Builds and pushes an index with buildah, some of whose commands do something else than succeed.
    private func pushIndex(
        _ answers: [String: @Sendable () throws -> CommandOutcome]
    ) async throws -> Seen {
        try await withTemporaryFolder { folder in
            try write("", to: folder + "/bin/buildah", mode: 0o755)
            let fake = FakeRunner { command in
                let words = command.arguments.prefix(2).joined(separator: " ")
                if let answer = answers[words] { return try answer() }
                return .output(words == "--version" ? "buildah version 1.28.2" : "")
            }
            let warnings = Mutex<[String]>([])
            let spec = ImageSpec(
                name: "a", registry: "r.io", baseImage: "debian:1", platform: "linux/amd64,linux/arm64")
            let request = try request(spec, in: folder) { event in
                if case .warning(let text) = event { warnings.withLock { $0.append(text) } }
            }
            let scratch = try TemporaryDirectory()
            defer { scratch.remove() }
            let job = try await BuildJob(
                request, wanted: nil, finder: EngineFinder(runner: fake.runner, folders: [folder + "/bin"]),
                cache: EngineCache(), scratch: scratch)
            let result: Result<ImageSpec.BuildResult, any Error>
            do {
                result = .success(try await job.build())
            } catch {
                result = .failure(error)
            }
            return Seen(
                result: result, words: fake.commands.map { $0.arguments.prefix(2).joined(separator: " ") },
                warnings: warnings.withLock { $0 })
        }
    }

    @Test func theIndexIsRemovedAfterAFailedPushToo() async throws {
        let seen = try await pushIndex(["manifest push": { .failure("denied") }])
        #expect((seen.words.last ?? "") == "manifest rm")
        let error = #expect(throws: ImageSpecError.self) { try seen.result.get() }
        #expect(error?.message.contains("\"pushing\": denied") == true)
        #expect(seen.warnings.isEmpty)
    }

    @Test func theIndexIsRemovedAfterACancelledPushToo() async throws {
        let seen = try await pushIndex([
            "manifest push": {
                withUnsafeCurrentTask { $0?.cancel() }
                throw CancellationError()
            },
            "manifest rm": {
                try Task.checkCancellation()
                return .failure("busy")
            },
        ])
        #expect((seen.words.last ?? "") == "manifest rm")
        #expect(throws: CancellationError.self) { try seen.result.get() }
        #expect(seen.warnings.count == 1)
        #expect(seen.warnings.first?.contains("busy") == true)
    }

    @Test func anIndexThatCannotBeRemovedIsAWarning() async throws {
        let seen = try await pushIndex(["manifest rm": { .failure("busy") }])
        #expect(try seen.result.get().outcome == .built)
        #expect(seen.warnings.count == 1)
        #expect(seen.warnings.first?.contains("busy") == true)
    }

    // MARK: times

    /// A layer must not depend on what a daemon has built before: BuildKit keeps the context, and a directory in which it
    /// replaces a file gets the time of the build, which becomes that of the option.
    @Test(arguments: [nil, 0, 1_700_000_000] as [Int?])
    func theContextHasTheTimeOfTheOption(_ time: Int?) async throws {
        try await withTemporaryFolder { folder in
            try write("print()", to: folder + "/src/main.py")
            var options: ImageSpec.OrderedDictionary<ImageSpec.JSONValue> = [:]
            if let time { options["source_date_epoch"] = .number(try .init(time)) }
            let spec = ImageSpec(
                name: "a", sourceRoot: "src", baseImage: "debian:1", sourceCopyMode: .all,
                builderOptions: options)
            let scratch = try TemporaryDirectory()
            defer { scratch.remove() }
            let files = try await BuildFiles.write(
                for: try request(spec, in: folder), try ContainerOptions(spec), to: scratch,
                contextDirectory: scratch.path)
            for path in ["", "/Dockerfile", "/source", "/source/main.py"] {
                let values = try FileManager.default.attributesOfItem(atPath: files.context + path)
                let seconds = (values[.modificationDate] as? Date)?.timeIntervalSince1970.rounded(.down)
                #expect(seconds == Double(time ?? 315_532_800), "\(path)")
            }
        }
    }

    // MARK: credentials and folders

    private func configuration(
        _ spec: ImageSpec, _ variables: [String: String], in folder: String,
        _ check: (RegistryConfiguration, TemporaryDirectory) throws -> Void
    ) throws {
        let scratch = try TemporaryDirectory()
        defer { scratch.remove() }
        let found = try RegistryConfiguration(
            request(spec, in: folder), scratch, processEnvironment: { variables[$0] })
        try check(found, scratch)
    }

    @Test func theVariableOfPodmanComesBeforeThatOfDocker() async throws {
        try await withTemporaryFolder { folder in
            try write("{}", to: folder + "/my config/config.json")
            let docker = ["DOCKER_CONFIG": folder + "/my config"]
            let spec = ImageSpec(name: "a", baseImage: "debian:1")
            try configuration(spec, docker, in: folder) { found, scratch in
                #expect(found.file == scratch.path + "/auth.json")
            }
            let both = docker.merging(["REGISTRY_AUTH_FILE": "/auth.json"]) { $1 }
            try configuration(spec, both, in: folder) { found, _ in #expect(found.file == nil) }
            var own = ImageSpec(name: "a", baseImage: "debian:1", registryConfig: "my config")
            try configuration(own, both, in: folder) { found, _ in #expect(found.file != nil) }
            own = ImageSpec(name: "a", baseImage: "debian:1", registryConfig: "my config/config.json")
            try configuration(own, both, in: folder) { found, _ in #expect(found.file != nil) }
        }
    }

    @Test func noPathOfTheUserIsAnArgument() async throws {
        try await withTemporaryFolder { folder in
            try write("{}", to: folder + "/my config/config.json")
            let spec = ImageSpec(name: "a", baseImage: "debian:1", registryConfig: "./my config")
            for variables in [[:], ["DOCKER_CONFIG": folder + "/my config"]] {
                try configuration(spec, variables, in: folder) { found, scratch in
                    let file = try #require(found.file)
                    #expect(file.hasPrefix(scratch.path))
                    #expect(try String(contentsOfFile: file, encoding: .utf8) == "{}")
                }
            }
        }
    }

    /// As somebody would write it, since messages show it.
    @Test(arguments: ["./auth.json", "auth/", ".//auth", "auth/./config.json"])
    func aPathOfCredentialsIsShownAsItWouldBeWritten(_ path: String) async throws {
        try await withTemporaryFolder { folder in
            for file in ["auth.json", "auth/config.json"] { try write("{}", to: folder + "/" + file) }
            let context = ImageSpec.Context(workingDirectory: folder + "/.", hostArchitecture: "x86_64")
            let file = try RegistryConfiguration.file(of: ImageSpec(registryConfig: path), in: context)
            let name = path.hasSuffix("auth.json") ? "auth.json" : "auth/config.json"
            #expect(file == folder + "/" + name)
        }
    }

    // Source: the secrets of docker, podman and buildah are lists in the format of CSV.
    @Test(arguments: ["a,b", "a\"b", "a\nb", "a'b", "a\\b"])
    func aFolderThatAnArgumentCannotHoldIsNotUsed(_ name: String) async throws {
        try await withTemporaryFolder { folder in
            let odd = folder + "/" + name
            try FileManager.default.createDirectory(atPath: odd, withIntermediateDirectories: false)
            let scratch = try TemporaryDirectory { $0 == "TMPDIR" ? odd : nil }
            defer { scratch.remove() }
            #expect(scratch.path.hasPrefix("/tmp/imagespec-"))
            let plain = try TemporaryDirectory { $0 == "TMPDIR" ? folder : nil }
            defer { plain.remove() }
            #expect(plain.path.hasPrefix(folder + "/imagespec-"))
        }
    }

    @Test func aRelativeFolderBecomesAbsolute() throws {
        let scratch = try TemporaryDirectory { $0 == "TMPDIR" ? "." : nil }
        defer { scratch.remove() }
        #expect(scratch.path.hasPrefix("/"))
    }
}
