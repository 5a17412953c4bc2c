// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
internal import ImageSpec

/// The patterns of a `.dockerignore`, matched like docker-py's `PatternMatcher`.
///
/// Unlike Docker, it ignores case, has no escapes, and does not negate with `[^a]`. Entries below a matched directory are excluded
/// only if the pattern has as many components as the path of the directory.
struct DockerPyPatterns {
    private struct Pattern {
        var isException: Bool
        var partCount: Int
        /// An invalid set of characters is an error only when a path is matched.
        var program: Result<[Token], ImageSpecError>
    }

    private enum Token {
        case literal(PythonText.CodePoint)
        /// Any text without line feeds.
        case anything
        /// Nothing, or any text without line feeds that ends in a slash.
        case anyFolders
        case anyInFolder
        case oneInFolder
        case oneOf([ClosedRange<PythonText.CodePoint>], isNegated: Bool)
    }

    private var patterns: [Pattern] = []

    /// - Parameter text: the contents of the file.
    init(_ text: String) {
        for line in Self.lines(text) where line.first != "#" {
            var pattern = PythonText(line).stripped.codePoints[...]
            let isException = pattern.first == "!"
            if isException { pattern.removeFirst() }
            add(PythonText(pattern).stripped.codePoints, isException: isException)
        }
        add(PythonText(".dockerignore").codePoints, isException: true)
    }

    /// Universal newlines: `\n`, `\r` and both together end a line.
    private static func lines(_ text: String) -> [ArraySlice<PythonText.CodePoint>] {
        var codePoints = PythonText(text).codePoints
        for index in codePoints.indices where codePoints[index] == "\r" { codePoints[index] = "\n" }
        // The empty line between `\r` and `\n` has no effect.
        return codePoints.split(separator: "\n")
    }

    private mutating func add(_ pattern: [PythonText.CodePoint], isException: Bool) {
        var parts: [ArraySlice<PythonText.CodePoint>] = []
        for part in Self.parts(of: pattern[...]) {
            if part.elementsEqual([".", "."]) { _ = parts.popLast() } else { parts.append(part) }
        }
        if parts.isEmpty { return }
        let cleaned = PythonText(parts.joined(separator: ["/"])).lowercased
        let program = Result { () throws(ImageSpecError) in try Self.translate(cleaned.codePoints) }
        patterns.append(Pattern(isException: isException, partCount: parts.count, program: program))
    }

    private static func parts(of path: ArraySlice<PythonText.CodePoint>) -> [ArraySlice<PythonText.CodePoint>]
    {
        path.split(separator: "/").filter { !$0.elementsEqual(["."]) }
    }

    private static func translate(_ pattern: [PythonText.CodePoint]) throws(ImageSpecError) -> [Token] {
        var tokens: [Token] = []
        var rest = pattern[...]
        while let character = rest.popFirst() {
            switch character {
            case "*":
                guard rest.first == "*" else {
                    tokens.append(.anyInFolder)
                    continue
                }
                rest.removeFirst()
                if rest.first == "/" { rest.removeFirst() }
                tokens.append(rest.isEmpty ? .anything : .anyFolders)
            case "?": tokens.append(.oneInFolder)
            case "[": tokens.append(try set(&rest) ?? .literal("["))
            default: tokens.append(.literal(character))
            }
        }
        return tokens
    }

    /// The set of characters behind a bracket; `nil` if it is not closed.
    private static func set(_ rest: inout ArraySlice<PythonText.CodePoint>) throws(ImageSpecError) -> Token? {
        var content = rest
        let isNegated = content.first == "!"
        if isNegated { content.removeFirst() }
        // A closing bracket in first position is one of the characters.
        guard let end = content.dropFirst().firstIndex(of: "]") else { return nil }
        rest = rest[(end + 1)...]
        content = content[..<end]
        var ranges: [ClosedRange<PythonText.CodePoint>] = []
        while let first = content.popFirst() {
            guard content.first == "-", content.count >= 2 else {
                ranges.append(first...first)
                continue
            }
            content.removeFirst()
            let last = content.removeFirst()
            guard first <= last else {
                let range = PythonText([first, "-", last]).string ?? ""
                throw .flytekit(
                    .invalidIgnoreFile, ".dockerignore", raises: "re.error", "bad character range \(range)")
            }
            ranges.append(first...last)
        }
        return .oneOf(ranges, isNegated: isNegated)
    }

    /// Whether the last pattern that matches the path or one of its parents is not an exception.
    func leavesOut(_ path: PythonText) throws(ImageSpecError) -> Bool {
        let name = path.lowercased.codePoints
        let folder = path.codePoints.lastIndex(of: "/").map { path.codePoints[..<$0] } ?? []
        let parts = Self.parts(of: folder)
        var leavesOut = false
        for pattern in patterns {
            let program = try pattern.program.get()
            var isMatch = Self.matches(program, name)
            if !isMatch, !folder.isEmpty, pattern.partCount <= parts.count {
                let above = PythonText(parts.prefix(pattern.partCount).joined(separator: ["/"])).lowercased
                isMatch = Self.matches(program, above.codePoints)
            }
            if isMatch { leavesOut = !pattern.isException }
        }
        return leavesOut
    }

    /// Whether a program matches a text. Tracks all positions that it can be at, so that no pattern takes exponential time.
    private static func matches(_ program: [Token], _ text: [PythonText.CodePoint]) -> Bool {
        var reached = [Bool](repeating: false, count: text.count + 1)
        reached[0] = true
        for token in program {
            var next = [Bool](repeating: false, count: text.count + 1)
            var isOpen = false
            for position in 0...text.count {
                let previous = position > 0 ? text[position - 1] : nil
                let wasReached = position > 0 && reached[position - 1]
                switch token {
                case .literal(let character): next[position] = wasReached && previous == character
                case .oneInFolder: next[position] = wasReached && previous != "/"
                case .oneOf(let ranges, let isNegated):
                    guard wasReached, let previous else { continue }
                    next[position] = ranges.contains { $0.contains(previous) } != isNegated
                case .anyInFolder:
                    isOpen = reached[position] || (isOpen && previous != "/")
                    next[position] = isOpen
                case .anything:
                    isOpen = reached[position] || (isOpen && previous != "\n")
                    next[position] = isOpen
                case .anyFolders:
                    next[position] = reached[position] || (isOpen && previous == "/")
                    isOpen = reached[position] || (isOpen && previous != "\n")
                }
            }
            reached = next
        }
        // `$` also matches before a line feed at the end of the text.
        return reached[text.count] || (text.last == "\n" && reached[text.count - 1])
    }
}
