// SPDX-License-Identifier: Apache-2.0

import Foundation
import ImageSpec
import ImageSpecYAML
import Testing

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

    /// A JSON document that is no spec.
    static func json(_ factory: String, _ text: String) -> ErrorCase {
        ErrorCase(factory, "JSON " + text.debugDescription) { _ in _ = try ImageSpec(json: text) }
    }

    /// A YAML document that is no spec.
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

    /// A spec, in YAML, that flytekit gives no tag.
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

    static let all = [
        documents, yaml, fields, names, files, ignoreFiles, contexts, engines, containers, flytekit, drafts,
    ]
}

/// Where a case happens: a folder of its own.
struct Scene: Sendable {
    let folder: String

    var context: ImageSpec.HashContext {
        ImageSpec.HashContext(workingDirectory: folder, hostArchitecture: "x86_64")
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
