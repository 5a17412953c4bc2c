// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
internal import ImageSpec

/// What of a project poetry digests for the `content-hash` of its lock file.
///
/// Source: poetry 2.5, `poetry/packages/locker.py`; it writes this as Python's `json.dumps` with sorted keys.
struct PoetryContent {
    /// `nil` if it contains a date or a fraction.
    let json: String?

    init(_ project: TOMLValue, withGroups: Bool) {
        var standard: [String: TOMLValue] = [:]
        for key in ["requires-python", "dependencies", "optional-dependencies"] {
            standard[key] = project["project", key]
        }
        var groups = withGroups ? project["dependency-groups"] : nil
        if groups?.table?.isEmpty == true { groups = nil }
        let hasStandard = !standard.isEmpty || groups != nil
        var own: [String: TOMLValue] = [:]
        for key in ["dependencies", "source", "extras", "dev-dependencies", "group"] {
            let value = project["tool", "poetry", key]
            // Older keys are there as null if nothing newer is.
            if value != nil || (key != "group" && !hasStandard) { own[key] = value ?? .other("null") }
        }
        guard hasStandard else {
            json = Self.text(.table(own))
            return
        }
        var content: [String: TOMLValue] = ["tool": .table(["poetry": .table(own)])]
        if !standard.isEmpty { content["project"] = .table(standard) }
        content["dependency-groups"] = groups
        json = Self.text(.table(content))
    }

    private static func text(_ value: TOMLValue) -> String? {
        switch value {
        case .string(let text): return quoted(text)
        case .other(let text):
            if ["true", "false", "null"].contains(text) { return text }
            return Int(text).map(String.init)
        case .array(let values):
            let texts = values.map(text)
            return texts.contains(nil) ? nil : "[" + texts.compactMap(\.self).joined(separator: ", ") + "]"
        case .table(let table):
            var pairs: [String] = []
            for (key, value) in table.sorted(by: { $0.key.precedesInUTF8($1.key) }) {
                guard let text = text(value) else { return nil }
                pairs.append(quoted(key) + ": " + text)
            }
            return "{" + pairs.joined(separator: ", ") + "}"
        }
    }

    /// In ASCII, as Python writes it.
    private static func quoted(_ text: String) -> String {
        var result = "\""
        for unit in text.utf16 {
            switch unit {
            case 0x22: result += "\\\""
            case 0x5C: result += "\\\\"
            case 0x0A: result += "\\n"
            case 0x0D: result += "\\r"
            case 0x09: result += "\\t"
            case 0x08: result += "\\b"
            case 0x0C: result += "\\f"
            case 0x20...0x7F: result.unicodeScalars.append(Unicode.Scalar(UInt8(unit)))
            default: result += "\\u" + Hexadecimal.text(unit, width: 4)
            }
        }
        return result + "\""
    }
}
