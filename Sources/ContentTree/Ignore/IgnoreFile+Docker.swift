// SPDX-License-Identifier: Apache-2.0

// The notation of `.dockerignore`, in characters and not in bytes.
extension IgnoreFile {
    /// Reads a `.dockerignore`. If `nil`, no rule in it can match.
    static func docker(_ text: [UInt8], path: String) throws(ContentTreeError) -> IgnoreFile? {
        var rules = IgnoreRules()
        try forEachLine(of: text) { line throws(ContentTreeError) in
            guard let characters = String(validating: text[line.range], as: UTF8.self) else {
                throw ContentTreeError(path, .ignoreFileIsNotUTF8(line: line.number))
            }
            let pattern: DockerPattern?
            do throws(DockerPattern.Malformed) {
                pattern = try DockerPattern(characters)
            } catch {
                throw ContentTreeError(
                    path,
                    .malformedPattern(
                        line: line.number, pattern: error.pattern, reason: error.reason, fix: error.fix))
            }
            guard let pattern else { return }
            rules.lines.append(IgnoreLine(number: line.number, range: trimmed(text, line.range)))
            rules.countsCharacters = rules.countsCharacters || pattern.countsCharacters
            rules.program.add(
                pattern.pattern,
                IgnoreProgram.Rule(
                    isNegated: pattern.isNegated, isForDirectoriesOnly: false, matchesBelow: true))
        }
        return IgnoreFile(rules, text: text, path: path, kind: .docker)
    }

    /// A line that is not empty, without the white space at its ends.
    private static func trimmed(_ text: [UInt8], _ line: Range<Int>) -> Range<Int> {
        let isSpace = { (byte: UInt8) in byte == UInt8(ascii: " ") || (0x09...0x0D).contains(byte) }
        let first = text[line].firstIndex { !isSpace($0) } ?? line.lowerBound
        let last = text[line].lastIndex { !isSpace($0) } ?? first
        return first..<(last + 1)
    }
}
