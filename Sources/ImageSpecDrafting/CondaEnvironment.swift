// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
import ImageSpec
import ImageSpecYAML

/// The contents of an `environment.yml`. Source: conda's documentation of environment files.
struct CondaEnvironment {
    var name: String?
    var channels: [String] = []
    /// Without Python itself.
    var packages: [String] = []
    /// The version of Python, if exactly one is given.
    var python: PythonVersion?
    /// The packages for pip.
    var pip: [String] = []
    /// The requirements files for pip.
    var requirements: [String] = []
    var remarks: [String] = []

    init(_ text: String) throws(ImageSpecError) {
        guard case .object(let document) = try ImageSpec.JSONValue(yaml: text) else {
            remarks.append("it is not a mapping")
            return
        }
        for (key, value) in document {
            switch (key, value) {
            case ("name", .string(let text)): name = text
            case ("channels", .array(let list)): channels = strings(list, "channels")
            case ("dependencies", .array(let list)): readDependencies(list)
            case ("variables", _): remarks.append("variables are ignored; write them in env")
            case ("prefix", _): break
            default: remarks.append("the key \"\(key)\" is not understood")
            }
        }
        // Only excludes conda's default channels, which are never used.
        channels.removeAll { $0 == "nodefaults" }
    }

    private mutating func strings(_ list: [ImageSpec.JSONValue], _ field: String) -> [String] {
        let texts = list.compactMap { if case .string(let text) = $0 { text } else { nil } }
        if texts.count < list.count { remarks.append("\(field) has entries that are not strings") }
        return texts
    }

    private mutating func readDependencies(_ list: [ImageSpec.JSONValue]) {
        for entry in list {
            switch entry {
            case .string(let text): readPackage(text)
            case .object(let object):
                for (key, value) in object {
                    if key == "pip", case .array(let list) = value {
                        for text in strings(list, "pip") { readPip(text) }
                    } else {
                        remarks.append("\"\(key)\" in dependencies is not understood")
                    }
                }
            default: remarks.append("dependencies has entries that are not strings")
            }
        }
    }

    private mutating func readPackage(_ text: String) {
        let plain = text.filter { $0 != " " }
        let name = plain.prefix { !"=<>!~[".contains($0) }
        switch name {
        // Listed only because of the section for pip.
        case "pip": break
        case "python":
            var version = plain.dropFirst(name.count).drop { $0 == "=" }
            if version.hasSuffix(".*") { version = version.dropLast(2) }
            python = PythonVersion(version)
            if python == nil, plain != "python" {
                remarks.append("\"\(text)\" does not name a single Python version")
            }
        default: packages.append(text)
        }
    }

    private mutating func readPip(_ text: String) {
        let words = text.split(separator: " ")
        if words.count == 2, ["-r", "--requirement"].contains(words[0]) {
            requirements.append(String(words[1]))
        } else if text.hasPrefix("-") {
            remarks.append("\"\(text)\" for pip is ignored")
        } else {
            pip.append(text)
        }
    }
}
