// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
internal import ContentTree
import ImageSpec

struct FilesCommand: SpecCommand {
    static let configuration = CommandConfiguration(
        commandName: "files",
        abstract: "List the files that the tag is computed from, or with --ignored the excluded files.",
        discussion: """
            Prints one line per file: mode, digest and path, separated by spaces. With --ignored, prints the path, a tab, and \
            the ignore rule with its file and line, or another reason. A directory's path ends in / and includes everything \
            below it. Lines that begin with "base: " belong to a base_image that is a spec, "base: base: " to its base, and \
            so on.

              imagespec files trainer.yaml
              100644 sha256:5891… requirements.txt
              100755 sha256:0aa7… src/train.py
              imagespec files --ignored trainer.yaml
              src/data/       .gitignore:3: data/

            Paths with control characters, quotes, backslashes or invalid UTF-8 are double-quoted with C escapes, as in git: \
            "src/a\\nb.py". With -z, paths are not quoted, and each line ends in NUL. Paths that begin with "base: " are \
            prefixed with ./.

            The path of a file outside the project (see --within) is followed by a tab and its real path. With --json, the \
            real path is the member "outside"; with -z, it is omitted.

            With --json, prints {"files":[{"digest":…,"mode":…,"path":…,"role":…}],"base":{…}}, or \
            {"excluded":[{"path":…,"reason":…,"role":…}],"base":{…}}. The role is requirements, copy or source_root. \
            path_base64 is included if the path is not valid UTF-8. Ignore files of docker and podman that have no effect here, \
            such as .containerignore, are reported on standard error, and with --json as "warnings".
            """)

    @OptionGroup var input: SpecInput

    @Flag(help: "List excluded files with the reason.")
    var ignored = false

    @Flag(
        name: [.customShort("z"), .customLong("null")],
        help: "End each line with NUL, and do not quote paths.")
    var null = false

    func validate() throws {
        if null && input.json {
            throw ValidationError("--null cannot be combined with --json; remove one of them.")
        }
    }

    func result() throws(ImageSpecError) -> [UInt8] {
        let (inputs, warnings) = try input.inspect { spec, context throws(ImageSpecError) in
            (try spec.inputs(in: context, includingExcluded: ignored), spec.warnings(in: context))
        }
        if input.json {
            var object = json(inputs)
            if !warnings.isEmpty { object["warnings"] = warnings.json }
            return ImageSpec.JSONValue.object(object).line
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
                lines += path.reason.escapingControlCharacters.utf8
                lines.append(end)
            }
        } else {
            for file in inputs.files {
                lines += prefix
                lines += "\(file.mode) \(file.digest) ".utf8
                lines += shown(file.pathBytes)
                if let outside = file.outside, !null {
                    lines += "\toutside the project: \(outside.escapingControlCharacters)".utf8
                }
                lines.append(end)
            }
        }
        if let base = inputs.base { append(base, prefix: prefix + Self.basePrefix, to: &lines) }
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
                object["path_base64"] = .string(Base64.text(path))
            }
            return object
        }
        var result: ImageSpec.OrderedDictionary<ImageSpec.JSONValue> = [:]
        if ignored {
            result["excluded"] = .array(
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
                    entry["outside"] = file.outside.map(ImageSpec.JSONValue.string)
                    return .object(entry)
                })
        }
        if let base = inputs.base { result["base"] = .object(json(base)) }
        return result
    }
}
