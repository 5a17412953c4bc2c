// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
internal import ImageSpec

/// The patterns of a `.dockerignore` as docker-py's `PatternMatcher` takes them, which is not as Docker does: case does
/// not count, a backslash escapes nothing, `[^a]` is not a negation, and entries below a matched directory are excluded only
/// where the pattern has as many parts as the directory's path.
struct DockerPyPatterns {
    private struct Pattern {
        var isException: Bool
        var partCount: Int
        /// A wrong set of characters is an error only once a path is compared with it.
        var program: Result<[Token], ImageSpecError>
    }

    private enum Token {
        case literal(PythonText.CodePoint)
        /// Any text in one line.
        case anything
        /// Nothing, or any text in one line that ends in a slash.
        case anyFolders
        case anyInFolder
        case oneInFolder
        case oneOf([ClosedRange<PythonText.CodePoint>], isNegated: Bool)
    }

    private var patterns: [Pattern] = []

    /// - Parameter text: the file, in UTF-8.
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
        // The empty line between `\r` and `\n` is a pattern of nothing, which plays no part.
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

    /// The set that follows a bracket; nil if none closes it.
    private static func set(_ rest: inout ArraySlice<PythonText.CodePoint>) throws(ImageSpecError) -> Token? {
        var content = rest
        let isNegated = content.first == "!"
        if isNegated { content.removeFirst() }
        // A closing bracket that stands first is one of the characters.
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

    /// Follows all ways through the text at once.
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
        // `$` also stands before a line feed that ends the text.
        return reached[text.count] || (text.last == "\n" && reached[text.count - 1])
    }
}
