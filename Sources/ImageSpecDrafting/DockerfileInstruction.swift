// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
import ImageSpec

/// An instruction of a Dockerfile, with its continuation lines.
///
/// Source: Dockerfile reference, "Format".
struct DockerfileInstruction {
    /// The line of its name, from 1.
    var line: Int
    /// In upper case.
    var name: String
    var arguments: String

    /// Why a file is not read.
    struct Unsupported: Error {
        var reason: String
    }

    static func read(_ text: String) throws(Unsupported) -> [DockerfileInstruction] {
        var instructions: [DockerfileInstruction] = []
        var open: (line: Int, text: String)?
        let lines = text.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false)
        for (index, line) in lines.enumerated() {
            let content = Substring(line).drop { $0 == " " || $0 == "\t" }
            if content.hasPrefix("#") {
                let directive = content.lowercased().filter { !$0.isWhitespace }
                if instructions.isEmpty, open == nil, directive.hasPrefix("#escape=`") {
                    throw Unsupported(reason: "its escape character is not \\")
                }
                continue
            }
            if content.isEmpty { continue }
            let trimmed = content.trimmingEnd()
            let start = open ?? (line: index + 1, text: "")
            if trimmed.hasSuffix("\\") {
                open = (start.line, start.text + trimmed.dropLast() + " ")
            } else {
                instructions.append(try DockerfileInstruction(start.text + trimmed, line: start.line))
                open = nil
            }
        }
        if let open { instructions.append(try DockerfileInstruction(open.text, line: open.line)) }
        return instructions
    }

    private init(_ text: String, line: Int) throws(Unsupported) {
        let text = Substring(text).trimmingEnd()
        let word = text.prefix { !$0.isWhitespace }
        self.line = line
        name = word.uppercased()
        arguments = String(text.dropFirst(word.count).drop { $0.isWhitespace })
        if ["RUN", "COPY", "ADD"].contains(name), text.contains("<<") {
            throw Unsupported(reason: "line \(line) has a here-document")
        }
    }
}

extension Substring {
    fileprivate func trimmingEnd() -> Substring {
        var rest = self
        while let last = rest.last, last.isWhitespace { rest.removeLast() }
        return rest
    }
}
