// SPDX-License-Identifier: Apache-2.0

import Foundation
import ImageSpec
import ImageSpecYAML
import Testing

@testable import ContentTree
@testable import ImageSpecContainers
@testable import ImageSpecFlytekit

/// One way to an error: the factory that has its sentence, and an input that causes it through the public API.
///
/// A new row needs nothing but its place in one of the lists: `RECORD_SNAPSHOTS=1 swift test --filter ErrorMessageTests`
/// writes what it says to `Fixtures`, to be read.
struct ErrorCase: Sendable, CustomTestStringConvertible {
    /// The name of the static factory in `ImageSpecError`.
    let factory: String
    /// The input, as a reader of the recorded file sees it.
    let input: String
    let cause: @Sendable (Scene) async throws -> Void

    init(_ factory: String, _ input: String, _ cause: @escaping @Sendable (Scene) async throws -> Void) {
        self.factory = factory
        self.input = input
        self.cause = cause
    }

    var testDescription: String { "\(factory): \(input)" }

    /// A JSON document that is not a valid spec.
    static func json(_ factory: String, _ text: String) -> ErrorCase {
        ErrorCase(factory, "JSON " + text.debugDescription) { _ in _ = try ImageSpec(json: text) }
    }

    /// A YAML document that is not a valid spec.
    static func yaml(_ factory: String, _ text: String) -> ErrorCase {
        ErrorCase(factory, "YAML " + text.debugDescription) { _ in _ = try ImageSpec(yaml: text) }
    }

    /// A spec, in YAML, that cannot be rendered.
    static func spec(_ factory: String, _ text: String, files: [String: String] = [:]) -> ErrorCase {
        ErrorCase(factory, text + shown(files)) { scene in
            try scene.write(files)
            try ImageSpec(yaml: text).validate(in: scene.context)
        }
    }

    /// A spec, in YAML, that has no name.
    static func name(_ factory: String, _ text: String, files: [String: String] = [:]) -> ErrorCase {
        ErrorCase(factory, "the name of " + text + shown(files)) { scene in
            try scene.write(files)
            _ = try ImageSpec(yaml: text).imageName(in: scene.context)
        }
    }

    /// A spec, in YAML, for which flytekit has no tag.
    static func flytekit(_ factory: String, _ text: String, files: [String: String] = [:]) -> ErrorCase {
        ErrorCase(factory, "flytekit's tag of " + text + shown(files)) { scene in
            try scene.write(files)
            _ = try ImageSpec(yaml: text.replacing("$FOLDER", with: scene.folder)).tag(
                scheme: .flytekit, in: scene.context)
        }
    }

    private static func shown(_ files: [String: String]) -> String {
        files.sorted { $0.key < $1.key }.map { "; \($0.key): \($0.value.debugDescription)" }.joined()
    }
}

/// Cases about one part of the package; the name is that of the recorded file.
struct ErrorArea: Sendable, CustomTestStringConvertible {
    let name: String
    let cases: [ErrorCase]

    var testDescription: String { name }

    static let all: [ErrorArea] = alone + onRegistries

    static let alone: [ErrorArea] = [
        documents, yaml, fields, names, files, ignoreFiles, contexts, engines, containers, flytekit, drafts,
        records, pins, requirements, layers,
    ]

    /// Those that ask a registry on this machine, which takes libcurl, and for one Linux' /dev/full.
    static let onRegistries: [ErrorArea] = [registry, commands]

    /// Why those cannot be tried.
    static let registryProblem: String? = {
        if let problem = HTTPTransport.problem { return "libcurl cannot be used: \(problem.detail)" }
        return FileManager.default.fileExists(atPath: "/dev/full") ? nil : "there is no /dev/full"
    }()

    static var tried: [ErrorArea] { registryProblem == nil ? all : alone }
}

/// Where a case happens: a folder of its own.
struct Scene: Sendable {
    let folder: String

    var context: ImageSpec.Context {
        ImageSpec.Context(workingDirectory: folder, hostArchitecture: "x86_64")
    }

    func path(_ name: String) -> String { folder + "/" + name }

    func write(_ files: [String: String]) throws {
        for (name, text) in files { try write(name, Array(text.utf8)) }
    }

    func write(_ name: String, _ bytes: [UInt8], mode: Int = 0o644) throws {
        let place = URL(fileURLWithPath: path(name))
        try FileManager.default.createDirectory(
            at: place.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(bytes).write(to: place)
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: place.path)
    }

    /// A file that takes no room, however large it is.
    func writeHole(_ name: String, size: UInt64) throws {
        try write(name, [])
        let file = try FileHandle(forWritingTo: URL(fileURLWithPath: path(name)))
        try file.truncate(atOffset: size)
        try file.close()
    }

    func program(_ name: String, _ script: String) throws {
        try write(name, Array("#!/bin/sh\n\(script)\n".utf8), mode: 0o755)
    }
}

/// What the tool said on its standard error before it ended.
struct ToolFailure: Error {
    var status: String
    var message: String
}

extension Scene {
    /// Runs the tool by a line of a shell, in the case's folder, which is its home too.
    func tool(_ line: String) async throws(ToolFailure) {
        #if os(macOS)
        let bundle = Bundle.allBundles.first { $0.bundlePath.hasSuffix(".xctest") } ?? .main
        let tool = bundle.bundleURL.deletingLastPathComponent().appendingPathComponent("imagespec").path
        #else
        let tool = Bundle.main.bundleURL.appendingPathComponent("imagespec").path
        #endif
        var command = Command(
            executable: "/bin/sh",
            arguments: ["-c", "cd \"$1\" && imagespec() { \"$0\" \"$@\"; } && \(line)", tool, folder])
        command.environment = ["HOME": folder, "IMAGESPEC_CACHE": folder + "/cache"]
        for name in ["DOCKER_AUTH_CONFIG", "DOCKER_CONFIG", "REGISTRY_AUTH_FILE", "XDG_RUNTIME_DIR"] {
            command.environment[name] = .some(nil)
        }
        let outcome: CommandOutcome
        do {
            outcome = try await CommandRunner.system(command)
        } catch {
            throw ToolFailure(status: "not run", message: "\(error)")
        }
        if outcome.isSuccess { return }
        let prefix = "imagespec: "
        let lines = outcome.messages.filter { !$0.isEmpty }
            .map { $0.hasPrefix(prefix) ? String($0.dropFirst(prefix.count)) : "?" + $0 }
        throw ToolFailure(
            status: "\(outcome.status)".replacing("exited(", with: "exit status ").replacing(")", with: ""),
            message: lines.joined(separator: "\n"))
    }
}
