// SPDX-License-Identifier: Apache-2.0

import Foundation
import ImageSpec
import ImageSpecBuilding
import Synchronization

@testable import ContentTree
@testable import ImageSpecContainers

/// Answers commands from a table, and remembers them.
final class FakeRunner: Sendable {
    typealias Answer = @Sendable (Command) async throws -> CommandOutcome?

    private let received = Mutex<[Command]>([])
    private let answer: Answer

    /// - Parameter answer: nil means that the command ends with status 1.
    init(_ answer: @escaping Answer) { self.answer = answer }

    var commands: [Command] { received.withLock { $0 } }
    /// The commands as one text each, without the folder of the program.
    var lines: [String] {
        commands.map { command in
            ([URL(fileURLWithPath: command.executable).lastPathComponent] + command.arguments).joined(
                separator: " ")
        }
    }

    var runner: CommandRunner {
        CommandRunner { [self] command, onLine in
            received.withLock { $0.append(command) }
            let outcome = try await answer(command) ?? CommandOutcome(status: .exited(1), messages: ["no"])
            (outcome.output + outcome.messages).forEach(onLine)
            return outcome
        }
    }
}

extension CommandOutcome {
    static func output(_ lines: String...) -> CommandOutcome {
        CommandOutcome(status: .exited(0), output: lines)
    }

    static func failure(_ lines: String...) -> CommandOutcome {
        CommandOutcome(status: .exited(1), messages: lines)
    }
}

/// A folder that is there for one test, and its real path.
func withTemporaryFolder<Result>(_ body: (String) async throws -> Result) async throws -> Result {
    let folder = FileManager.default.temporaryDirectory.resolvingSymlinksInPath()
        .appendingPathComponent("imagespec-test-" + UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
    defer { try? FileManager.default.removeItem(at: folder) }
    return try await body(folder.path)
}

/// Writes a file, with the folders that it lies in.
func write(_ text: String, to path: String, mode: Int = 0o644) throws {
    let url = URL(fileURLWithPath: path)
    try FileManager.default.createDirectory(
        at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(text.utf8).write(to: url)
    try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
}

extension RegistryImages {
    /// Answers of registries that know no platforms.
    init(
        existence: @escaping @Sendable (_ image: String, _ file: String?) async -> ImageSpec.Existence,
        specID: @escaping @Sendable (_ image: String, _ platform: String, _ file: String?) async -> String?
    ) {
        self.init(
            existence: existence,
            inspect: { image, platform, file in
                var inspection = ImageSpec.Inspection(await existence(image, file))
                if case .present = inspection.existence {
                    inspection.specID = await specID(image, platform, file)
                }
                return inspection
            }, platforms: { _, _ in nil })
    }
}
