// SPDX-License-Identifier: Apache-2.0

// The notation of gitignore(5), as git reads it, byte by byte.
extension IgnoreFile {
    /// Reads a `.gitignore`. If `nil`, no rule in it can match.
    static func git(_ text: [UInt8], path: String) -> IgnoreFile? {
        IgnoreFile(gitRules(text), text: text, path: path, kind: .git)
    }

    static func gitRules(_ text: [UInt8]) -> IgnoreRules {
        var rules = IgnoreRules()
        forEachLine(of: text) { line in
            let range = gitPattern(text, line.range)
            guard let pattern = GitPattern(text[range]) else { return }
            rules.lines.append(IgnoreLine(number: line.number, range: range))
            rules.program.add(pattern.pattern, pattern.rule, startsAtEveryName: !pattern.isPath)
        }
        return rules
    }

    /// The pattern in a line: without a comment, CR, what follows a NUL, and white space at the end.
    private static func gitPattern(_ text: [UInt8], _ line: Range<Int>) -> Range<Int> {
        var end = line.upperBound
        if line.isEmpty || text[line.lowerBound] == UInt8(ascii: "#") { return end..<end }
        if text[end - 1] == UInt8(ascii: "\r") { end -= 1 }
        end = text[line.lowerBound..<end].firstIndex(of: 0) ?? end
        var spaces: Int?
        var index = line.lowerBound
        while index < end {
            if text[index] == UInt8(ascii: " ") {
                spaces = spaces ?? index
            } else {
                spaces = nil
                if text[index] == UInt8(ascii: "\\") { index += 1 }
            }
            index += 1
        }
        // Nothing is trimmed after a backslash at the very end, which is not a space.
        return line.lowerBound..<(spaces ?? end)
    }
}
