// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
import ImageSpec
import ImageSpecYAML

/// `imagespec name FILE`, and so with `tag`, `id`, `exist` and `build`: what scripts run, without the parser of arguments.
///
/// Making that parser's description of all subcommands takes longer than everything else that the tool does for a small
/// spec: half of the time from start to end. It has the last word: whatever is not as plain as this, and whatever fails,
/// is left to it, so that there is one place for options and for messages.
enum FastPath {
    /// The result for standard output; nil if the parser has to see the arguments.
    static func result(of arguments: some Collection<String>) -> [UInt8]? {
        guard let (command, path) = commandAndFile(arguments), let text = try? text(of: command, path) else {
            return nil
        }
        return Array(text.utf8) + [UInt8(ascii: "\n")]
    }

    /// A command that waits for registries; nil if the parser has to see the arguments.
    static func waiting(_ arguments: some Collection<String>) -> (() async throws -> Void)? {
        guard let (command, path) = commandAndFile(arguments) else { return nil }
        let files = [SpecFile(argument: path)]
        return switch command {
        case "build": { try await Build(files: files).run() }
        case "exist": { try await ExistCommand.run(files, SpecOverrides(), json: false) }
        default: nil
        }
    }

    private static func commandAndFile(_ arguments: some Collection<String>) -> (String, String)? {
        guard arguments.count == 2, let command = arguments.first, let path = arguments.dropFirst().first,
            !path.isEmpty, path.utf8.first != UInt8(ascii: "-"),
            // A pipe can be read only once, and the parser would read again what is wrong.
            FileSystem.isRegularFile(path)
        else { return nil }
        return (command, path)
    }

    private static func text(of command: String, _ path: String) throws(ImageSpecError) -> String? {
        let spec: ImageSpec
        switch command {
        case "id", "name", "tag": spec = try ImageSpec(contentsOf: path)
        default: return nil
        }
        var context = ImageSpec.Context(specFile: path)
        context.progress = HashingDisplay.progress()
        return switch command {
        case "id": spec.id
        case "name": try spec.imageName(in: context)
        default: try spec.tag(in: context)
        }
    }
}
