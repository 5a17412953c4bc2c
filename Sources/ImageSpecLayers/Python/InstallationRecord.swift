// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
internal import ImageSpec

/// The `RECORD` of an installed distribution: its files, with their digests and sizes.
///
/// Source: Python packaging, "Recording installed projects"; PEP 376.
struct InstallationRecord: Hashable, Sendable {
    private struct Line: Hashable {
        /// Relative to the directory with the modules.
        var path: [UInt8]
        /// The line as it is written.
        var text: [UInt8]
    }

    private var lines: [Line]

    init(_ bytes: [UInt8]) {
        lines = bytes.split(separator: UInt8(ascii: "\n")).map { text in
            let text = text.last == UInt8(ascii: "\r") ? Array(text.dropLast()) : Array(text)
            return Line(path: Self.firstField(text), text: text)
        }.filter { !$0.path.isEmpty }
    }

    var bytes: [UInt8] { lines.flatMap { $0.text + [UInt8(ascii: "\n")] } }

    /// The paths as they are written.
    var paths: [[UInt8]] { lines.map(\.path) }

    /// The paths relative to another directory, of which the modules are in `folder`.
    func paths(below folder: [UInt8]) -> [[UInt8]] { lines.map { Self.joined(folder, $0.path) } }

    /// Replaces the line of a file that was changed after its installation.
    mutating func replace(_ path: [UInt8], by newPath: [UInt8], content: [UInt8]) {
        guard let index = lines.firstIndex(where: { $0.path == path }) else { return }
        let encoded = SHA256Digest(of: content).withBytes { Base64.urlText(Array($0)) }
        lines[index] = Line(
            path: newPath, text: Self.quoted(newPath) + Array(",sha256=\(encoded),\(content.count)".utf8))
        // Installers sort the lines.
        if newPath != path { lines.sort { $0.path.lexicographicallyPrecedes($1.path) } }
    }

    // MARK: fields

    private static func firstField(_ line: [UInt8]) -> [UInt8] {
        let quote = UInt8(ascii: "\"")
        guard line.first == quote else { return Array(line.prefix { $0 != UInt8(ascii: ",") }) }
        var field: [UInt8] = []
        var index = 1
        while index < line.count {
            if line[index] == quote {
                // A doubled quote stands for one.
                guard index + 1 < line.count, line[index + 1] == quote else { break }
                index += 1
            }
            field.append(line[index])
            index += 1
        }
        return field
    }

    private static func quoted(_ field: [UInt8]) -> [UInt8] {
        let quote = UInt8(ascii: "\"")
        guard field.contains(where: { $0 == quote || $0 == UInt8(ascii: ",") }) else { return field }
        return [quote] + field.flatMap { $0 == quote ? [quote, quote] : [$0] } + [quote]
    }

    /// A path without `..`; an absolute one without its first slash.
    private static func joined(_ folder: [UInt8], _ path: [UInt8]) -> [UInt8] {
        var parts = path.first == UInt8(ascii: "/") ? [] : folder.pathComponents
        for part in path.pathComponents {
            if part.elementsEqual("..".utf8) {
                _ = parts.popLast()
            } else if !part.elementsEqual(".".utf8) {
                parts.append(part)
            }
        }
        return Array(parts.joined(separator: [UInt8(ascii: "/")]))
    }
}
