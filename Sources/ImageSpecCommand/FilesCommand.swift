// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
internal import ContentTree
import ImageSpec

struct FilesCommand: SpecCommand {
    static let configuration = CommandConfiguration(
        commandName: "files",
        abstract: "List the files that enter the tag, or with --ignored those that do not.",
        discussion: """
            One line a file: mode, digest and path, separated by one space. With --ignored: path, tab, and the rule with its \
            file and line, or another reason. A folder's path ends in / and stands for everything below it. \
            Lines that begin with "base: " are of the base_image that is a spec, "base: base: " of its base, and so on.

              imagespec files trainer.yaml
              100644 sha256:5891… requirements.txt
              100755 sha256:0aa7… src/train.py
              imagespec files --ignored trainer.yaml
              src/data/       .gitignore:3: data/

            A path with control characters, quotes, backslashes or bytes that are no UTF-8 is written in double quotes \
            with C escapes, as git does: "src/a\\nb.py". With -z paths are written as they are, and each line \
            ends in NUL. In a path that itself begins with "base: ", ./ comes before it.

            With --json: {"files":[{"digest":…,"mode":…,"path":…,"role":…}],"base":{…}}, or \
            {"left_out":[{"path":…,"reason":…,"role":…}],"base":{…}}; role is requirements, copy or source_root; \
            path_base64 is there where the path is no UTF-8. Ignore files of docker and podman that play no part, such as \
            .containerignore, are named on standard error, and with --json as "warnings".
            """)

    @OptionGroup var input: SpecInput

    @Flag(help: "List what was left out, and why.")
    var ignored = false

    @Flag(
        name: [.customShort("z"), .customLong("null")],
        help: "End each line with NUL, and write paths as they are.")
    var null = false

    func validate() throws {
        if null && input.json {
            throw ValidationError("--null is about lines; --json has none. Leave one of them out.")
        }
    }

    func result() throws(ImageSpecError) -> [UInt8] {
        let (inputs, warnings) = try input.inspect { spec, context throws(ImageSpecError) in
            (try spec.inputs(in: context, includingExcluded: ignored), spec.warnings(in: context))
        }
        if input.json {
            var object = json(inputs)
            if !warnings.isEmpty { object["warnings"] = warnings.json }
            return ImageSpec.JSONValue.object(object).canonicalForm + [UInt8(ascii: "\n")]
        }
        warnings.show(in: input)
        var lines: [UInt8] = []
        append(inputs, prefix: [], to: &lines)
        return lines
    }

    private func append(_ inputs: ImageSpec.Inputs, prefix: [UInt8], to lines: inout [UInt8]) {
        let end: UInt8 = null ? 0 : UInt8(ascii: "\n")
        if ignored {
            for path in inputs.leftOut {
                lines += prefix
                lines += shown(path.pathBytes)
                lines.append(UInt8(ascii: "\t"))
                lines += Text.withoutControlCharacters(path.reason).utf8
                lines.append(end)
            }
        } else {
            for file in inputs.files {
                lines += prefix
                lines += "\(file.mode) \(file.digest) ".utf8
                lines += shown(file.pathBytes)
                lines.append(end)
            }
        }
        for base in inputs.base { append(base, prefix: prefix + Self.basePrefix, to: &lines) }
    }

    private static let basePrefix = Array("base: ".utf8)

    private func shown(_ path: [UInt8]) -> [UInt8] {
        let path = path.starts(with: Self.basePrefix) ? Array("./".utf8) + path : path
        return null ? path : DisplayText.quotedPath(path)
    }

    private func json(_ inputs: ImageSpec.Inputs) -> ImageSpec.OrderedDictionary<ImageSpec.JSONValue> {
        func object(_ path: [UInt8], _ role: ImageSpec.Inputs.Role)
            -> ImageSpec.OrderedDictionary<ImageSpec.JSONValue>
        {
            var object: ImageSpec.OrderedDictionary<ImageSpec.JSONValue> = [
                "path": .string(String(decoding: path, as: UTF8.self)), "role": .string(role.rawValue),
            ]
            if String(validating: path, as: UTF8.self) == nil {
                object["path_base64"] = .string(Text.base64(path))
            }
            return object
        }
        var result: ImageSpec.OrderedDictionary<ImageSpec.JSONValue> = [:]
        if ignored {
            result["left_out"] = .array(
                inputs.leftOut.map { path in
                    var left = object(path.pathBytes, path.role)
                    left["reason"] = .string(path.reason)
                    return .object(left)
                })
        } else {
            result["files"] = .array(
                inputs.files.map { file in
                    var entry = object(file.pathBytes, file.role)
                    entry["mode"] = .string(file.mode)
                    entry["digest"] = .string(file.digest)
                    return .object(entry)
                })
        }
        if let base = inputs.base.first { result["base"] = .object(json(base)) }
        return result
    }
}
