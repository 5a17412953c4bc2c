// SPDX-License-Identifier: Apache-2.0

internal import ContentTree

/// The warnings of BuildKit about a Dockerfile, which it prints after a build.
///
/// ` 1 warning found (use docker --debug to expand):`, then ` - InvalidBaseImagePlatform: Base image … was pulled with platform
/// "linux/amd64", expected "linux/arm64" for current build (line 1)`.
enum BuildWarnings {
    static func read(_ printed: [String]) -> [String] {
        let lines = printed.suffix(lineCount).map(withoutColors)
        guard let title = lines.lastIndex(where: isTitle) else { return [] }
        return lines[(title + 1)...].prefix { $0.hasPrefix(" - ") }.map { String($0.dropFirst(" - ".count)) }
            .filter { !isExpected($0) }
    }

    /// The warnings are at the end of the output.
    private static let lineCount = 200

    /// buildx colors the title even if its output is not a terminal.
    private static func withoutColors(_ line: String) -> String {
        line.contains("\u{1B}") ? line.replacing(#/\u{1B}\[[0-9;]*m/#, with: "") : line
    }

    private static func isTitle(_ line: String) -> Bool {
        let words = line.split(separator: " ")
        return words.count > 2 && Int(words[0]) != nil && words[1].hasPrefix("warning")
            && words[2].hasPrefix("found")
    }

    /// The Dockerfile appends the base image's value of the variable if there is one.
    private static func isExpected(_ warning: String) -> Bool {
        warning.hasPrefix("UndefinedVar: ") && warning.contains("LD_LIBRARY_PATH")
    }
}
