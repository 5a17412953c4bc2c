// SPDX-License-Identifier: Apache-2.0

/// One ignore file, compiled. Immutable, shared by all threads.
final class IgnoreFile: Sendable {
    /// Which of the three sets of rules a file belongs to.
    enum Kind: Sendable {
        case git, docker, standard
    }

    /// As shown to people, such as `src/.gitignore`.
    let path: String
    let kind: Kind
    let program: IgnoreProgram
    let classOfByte: [UInt8]
    let classCount: Int
    /// Whether a rule counts characters, so that bytes of a name that are no UTF-8 need care.
    let countsCharacters: Bool
    private let text: [UInt8]
    private let lines: [IgnoreLine]

    /// Nil where no rule can ever match.
    init?(_ rules: IgnoreRules, text: [UInt8], path: String, kind: Kind) {
        if rules.lines.isEmpty { return nil }
        self.path = path
        self.kind = kind
        self.text = text
        program = rules.program
        lines = rules.lines
        countsCharacters = rules.countsCharacters
        (classOfByte, classCount) = rules.program.byteClasses()
    }

    /// Text and line number (from 1) of a rule, for explanations.
    func rule(_ index: Int) -> (line: Int, text: String) {
        let line = lines[index]
        return (line.number, String(decoding: text[line.range], as: UTF8.self))
    }
}

/// A line of an ignore file, and where its rule is in the text.
struct IgnoreLine: Sendable {
    let number: Int
    let range: Range<Int>
}

/// The rules of a file while it is read.
struct IgnoreRules {
    var program = IgnoreProgram()
    var lines: [IgnoreLine] = []
    var countsCharacters = false
}

extension IgnoreFile {
    /// What no image needs, whatever the project's own ignore files say.
    static let standard: IgnoreFile = {
        let text = Array("__pycache__/\n*.pyc\n/.cache\n.DS_Store\n".utf8)
        guard let file = IgnoreFile(gitRules(text), text: text, path: "standard rules", kind: .standard)
        else {
            preconditionFailure("the standard rules are not empty")
        }
        return file
    }()

    /// The lines of a text, without their LF and without a byte order mark; each with its number from 1.
    static func lines(of text: [UInt8]) -> [IgnoreLine] {
        var lines: [IgnoreLine] = []
        var start = text.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
        for index in start...text.count where index == text.count || text[index] == UInt8(ascii: "\n") {
            lines.append(IgnoreLine(number: lines.count + 1, range: start..<index))
            start = index + 1
        }
        return lines
    }
}
