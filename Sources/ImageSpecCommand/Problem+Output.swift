// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
import ImageSpec
import ImageSpecBuilding

extension ImageSpecError.Problem {
    /// The same problem with the options of this tool that fix it.
    var forCommandLine: ImageSpecError.Problem {
        let text: String? =
            switch fix?.action {
            case .assumeExists?:
                "to assume that it exists, use --assume-present; to build it anyway, use --force"
            case let action? where action.directory != nil:
                "if you trust the spec, use --within \((action.directory ?? "").shellQuoted)"
            case .writeSnapshot?: "write it again with 'imagespec tag --snapshot'"
            case .chooseOutput?:
                "move it, write to another file with --output FILE, or print to standard output with --output -"
            case .writeImage?: "set registry, or write the image to a file with --output FILE.tar"
            case .chooseEngine?: "remove builder, and use --engine"
            case .chooseDirectory?,
                nil where fix == nil && code == .missingInput && field != nil && file != nil:
                "paths are relative to the spec file (see --base-dir)"
            default: nil
            }
        return text.map { ImageSpecError.Problem(self, fix: ImageSpecError.Fix($0, action: fix?.action)) }
            ?? self
    }

    /// The data of the problem as `--json` prints it. Members that are not known are absent.
    var json: ImageSpec.JSONValue {
        let problem = forCommandLine
        var object: ImageSpec.OrderedDictionary<ImageSpec.JSONValue> = [
            "code": .string(code.description), "message": .string(problem.message), "reason": .string(reason),
        ]
        object["file"] = file.map(ImageSpec.JSONValue.string)
        object["line"] = line.flatMap(ImageSpec.JSONValue.init(integer:))
        object["column"] = column.flatMap(ImageSpec.JSONValue.init(integer:))
        object["field"] = field.map(ImageSpec.JSONValue.string)
        object["found"] = found.map(ImageSpec.JSONValue.string)
        object["allow_directory"] = (fix?.action?.directory).map(ImageSpec.JSONValue.string)
        object["fix"] = (problem.fix?.text).map(ImageSpec.JSONValue.string)
        if !output.isEmpty { object["output"] = .array(output.map(ImageSpec.JSONValue.string)) }
        return .object(object)
    }
}

extension ImageSpec.JSONValue {
    /// nil if JSON readers could not represent the number.
    fileprivate init?(integer: Int) {
        guard let value = try? ImageSpec.JSONValue(integer) else { return nil }
        self = value
    }
}

extension ImageSpecError {
    /// The lines of all problems as they are printed to standard error.
    var lines: [String] {
        problems.flatMap { $0.forCommandLine.message.split(separator: "\n").map(String.init) }
    }

    /// The problems as an array.
    var json: ImageSpec.JSONValue { .array(problems.map(\.json)) }
}
