// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
import ImageSpec

/// A shell script of simple commands: words, quotes, `&&` and `;`.
enum SimpleScript {
    /// The words of each command; `nil` if the script contains anything that only a shell understands.
    static func commands(_ script: String) -> [[String]]? {
        var commands: [[String]] = [[]]
        var word: String?
        var quote: Unicode.Scalar?
        // By scalars: a character with an accent is two characters to a shell.
        var rest = Substring(script).unicodeScalars
        func endWord() {
            if let word { commands[commands.count - 1].append(word) }
            word = nil
        }
        func append(_ scalar: Unicode.Scalar) {
            word = word ?? ""
            word?.unicodeScalars.append(scalar)
        }
        while let scalar = rest.popFirst() {
            if ["$", "`", "\\"].contains(scalar), quote != "'" { return nil }
            if let open = quote {
                if scalar == open { quote = nil } else { append(scalar) }
            } else if scalar == "'" || scalar == "\"" {
                quote = scalar
                word = word ?? ""
            } else if scalar.properties.isWhitespace {
                endWord()
            } else if scalar == ";" || scalar == "&" && rest.first == "&" {
                if scalar == "&" { rest.removeFirst() }
                endWord()
                commands.append([])
            } else if special.contains(scalar), !isLiteral(scalar, in: word) {
                return nil
            } else {
                append(scalar)
            }
        }
        guard quote == nil else { return nil }
        endWord()
        return commands.filter { !$0.isEmpty }
    }

    private static let special: Set<Unicode.Scalar> = [
        "|", "&", "<", ">", "(", ")", "{", "}", "*", "?", "[", "]", "#", "!", "~",
    ]

    /// Whether a special character is meant literally, although it could be a pattern: the extras in `uvicorn[standard]`,
    /// and the lists of apt, which are only removed.
    private static func isLiteral(_ scalar: Unicode.Scalar, in word: String?) -> Bool {
        guard let word, !word.isEmpty else { return false }
        switch scalar {
        case "[", "]": return !word.contains("/")
        case "*": return word.hasPrefix("/var/lib/apt/lists/") || word.hasPrefix("/var/cache/apt/")
        case "!", "~", "#": return true
        default: return false
        }
    }
}
