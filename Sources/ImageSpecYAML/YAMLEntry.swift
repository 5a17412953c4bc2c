// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
import ImageSpec

/// A new entry of a mapping: a text under keys, each but the last with a mapping of its own as value.
///
/// Keys and text need no escapes.
struct YAMLEntry {
    let path: ArraySlice<String>
    let text: String

    /// The entry in braces, as part of a mapping in flow style.
    var flow: String { Self.flow(path, text) }

    /// The entry on lines of its own.
    func block(indentation: String, _ lineBreak: String) -> String {
        var lines = ""
        var indentation = indentation
        for key in path.dropLast() {
            lines += "\(indentation)\(key):\(lineBreak)"
            indentation += "  "
        }
        return lines + "\(indentation)\(path.last ?? ""): \(Self.scalar(text))\(lineBreak)"
    }

    private static func flow(_ path: ArraySlice<String>, _ text: String) -> String {
        guard let key = path.first else { return "\"\(text)\"" }
        let value = flow(path.dropFirst(), text)
        return path.count == 1 ? "\(key): \(value)" : "\(key): {\(value)}"
    }

    /// A text that begins with a letter needs no quotes.
    static func scalar(_ text: String) -> String {
        text.utf8.first?.isASCIILowercaseLetter ?? false ? text : "\"\(text)\""
    }
}
