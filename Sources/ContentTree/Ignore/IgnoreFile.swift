// SPDX-License-Identifier: Apache-2.0

/// One ignore file, compiled. Immutable, shared by all threads.
final class IgnoreFile: Sendable {
    /// Which of the three sets of rules a file belongs to.
    enum Kind: Sendable {
        case git, docker, standard
    }

    /// As shown to users, such as `src/.gitignore`.
    let path: String
    let kind: Kind
    let program: IgnoreProgram
    let classOfByte: [UInt8]
    let classCount: Int
    /// Whether a rule counts characters, so that bytes of a name that are not UTF-8 need care.
    let countsCharacters: Bool
    private let text: [UInt8]
    private let lines: [IgnoreLine]

    /// If `nil`, no rule can match.
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

    /// Rules are shown up to this length.
    private static let shownLength = 1_000

    /// The text and line number (from 1) of a rule, for explanations.
    func rule(_ index: Int) -> (line: Int, text: String) {
        let line = lines[index]
        let shown = text[line.range].prefix(Self.shownLength)
        return (
            line.number, String(decoding: shown, as: UTF8.self) + (shown.count < line.range.count ? "…" : "")
        )
    }
}

/// A line of an ignore file, and where its rule is in the text.
struct IgnoreLine: Sendable {
    private let shortNumber: Int32
    private let start: Int32
    private let end: Int32

    /// The text is smaller than 2 GiB.
    init(number: Int, range: Range<Int>) {
        shortNumber = Int32(number)
        start = Int32(range.lowerBound)
        end = Int32(range.upperBound)
    }

    var number: Int { Int(shortNumber) }
    var range: Range<Int> { Int(start)..<Int(end) }
}

/// The rules of a file while it is read.
struct IgnoreRules {
    var program = IgnoreProgram()
    var lines: [IgnoreLine] = []
    var countsCharacters = false
}

extension IgnoreFile {
    /// What no image needs, whatever the project's own ignore files contain.
    static let standard: IgnoreFile = {
        let text = Array("__pycache__/\n*.pyc\n/.cache\n.DS_Store\n".utf8)
        guard let file = IgnoreFile(gitRules(text), text: text, path: "standard rules", kind: .standard)
        else {
            preconditionFailure("the standard rules are not empty")
        }
        return file
    }()

    /// Calls `body` with the lines of a text, without their LF and without a byte order mark.
    static func forEachLine<E: Error>(of text: [UInt8], _ body: (IgnoreLine) throws(E) -> Void) throws(E) {
        var number = 0
        var start = text.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
        for index in start...text.count where index == text.count || text[index] == UInt8(ascii: "\n") {
            number += 1
            try body(IgnoreLine(number: number, range: start..<index))
            start = index + 1
        }
    }
}
