// SPDX-License-Identifier: Apache-2.0

// The notation of gitignore(5), as git itself reads it, byte by byte.
extension IgnoreFile {
    /// Reads a `.gitignore`; nil if no rule in it can ever match.
    static func git(_ text: [UInt8], path: String) -> IgnoreFile? {
        IgnoreFile(gitRules(text), text: text, path: path, kind: .git)
    }

    static func gitRules(_ text: [UInt8]) -> IgnoreRules {
        var rules = IgnoreRules()
        for line in lines(of: text) {
            let range = gitPattern(text, line.range)
            guard let pattern = GitPattern(text[range]) else { continue }
            rules.lines.append(IgnoreLine(number: line.number, range: range))
            rules.program.add(
                pattern.items, pattern.ending, pattern.rule, startsAtEveryName: !pattern.isPath)
        }
        return rules
    }

    /// Where the pattern of a line is: without a comment, CR, what follows a NUL, and white space at the end.
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
        // A backslash at the very end leaves nothing to trim: it is not a space.
        return line.lowerBound..<(spaces ?? end)
    }
}

/// One pattern in the notation of gitignore(5).
struct GitPattern {
    private(set) var items: [IgnoreItem] = []
    private(set) var ending = IgnoreEnding.exact
    /// Whether the pattern is matched against the path, not against the last name alone.
    let isPath: Bool
    let rule: IgnoreProgram.Rule

    private let pattern: [UInt8]
    private var index = 0

    /// Nil where the pattern matches nothing.
    init?(_ text: ArraySlice<UInt8>) {
        var text = text
        let isNegated = text.first == UInt8(ascii: "!")
        if isNegated { text.removeFirst() }
        let isForFoldersOnly = text.last == ByteSet.slash
        if isForFoldersOnly { text.removeLast() }
        isPath = text.contains(ByteSet.slash)
        if text.first == ByteSet.slash { text.removeFirst() }
        pattern = Array(text)
        rule = IgnoreProgram.Rule(isNegated: isNegated, isForFoldersOnly: isForFoldersOnly)
        if pattern.isEmpty || !read() { return nil }
    }

    private mutating func read() -> Bool {
        // git compares what stands before the first special byte by itself and matches only the rest as a
        // pattern, so two stars there count as standing at the start of a pattern.
        let firstSpecial = pattern.firstIndex { Array("*?[\\".utf8).contains($0) }
        while index < pattern.count {
            let byte = pattern[index]
            switch byte {
            case UInt8(ascii: "*"):
                readStars(
                    areAtStart: index == firstSpecial || (index > 0 && pattern[index - 1] == ByteSet.slash))
            case UInt8(ascii: "?"):
                items.append(.oneOf([[.exceptSlash]]))
                index += 1
            case UInt8(ascii: "["):
                guard let set = readClass(), !set.isEmpty else { return false }
                items.append(.oneOf([[set]]))
            case UInt8(ascii: "\\"):
                if index + 1 == pattern.count { return false }
                items.append(.byte(pattern[index + 1]))
                index += 2
            default:
                items.append(.byte(byte))
                index += 1
            }
        }
        return true
    }

    private mutating func readStars(areAtStart: Bool) {
        let first = index
        while index < pattern.count, pattern[index] == UInt8(ascii: "*") { index += 1 }
        let rest = pattern[index...]
        let crossSlashes =
            isPath && index - first > 1 && areAtStart
            && (rest.isEmpty || rest.first == ByteSet.slash
                || rest.starts(with: [UInt8(ascii: "\\"), ByteSet.slash]))
        if rest.isEmpty {
            ending = crossSlashes ? .anything : .star
        } else if crossSlashes {
            let isPlain = rest.first == ByteSet.slash
            let item = IgnoreItem.folders(mayBeAbsent: isPlain)
            // Twice the same in a row says no more than once.
            if !isPlain || items.last != item { items.append(item) }
            index += isPlain ? 1 : 2
        } else {
            items.append(.star)
        }
    }

    /// Reads `[…]`; nil if it has no end or names a class that does not exist.
    private mutating func readClass() -> ByteSet? {
        var set = ByteSet()
        index += 1
        let isNegated =
            index < pattern.count
            && (pattern[index] == UInt8(ascii: "!") || pattern[index] == UInt8(ascii: "^"))
        if isNegated { index += 1 }
        // The byte before, where a `-` can make a range of it.
        var low: UInt8?
        var isFirst = true
        while true {
            guard var byte = next() else { return nil }
            if byte == UInt8(ascii: "]") && !isFirst { break }
            isFirst = false
            if byte == UInt8(ascii: "\\") {
                guard let escaped = next() else { return nil }
                set.insert(escaped)
                low = escaped
            } else if byte == UInt8(ascii: "-"), let bound = low, index < pattern.count,
                pattern[index] != UInt8(ascii: "]")
            {
                byte = pattern[index]
                index += 1
                if byte == UInt8(ascii: "\\") {
                    guard let escaped = next() else { return nil }
                    byte = escaped
                }
                if bound <= byte { set.formUnion(ByteSet(bound...byte)) }
                low = nil
            } else if byte == UInt8(ascii: "["), index < pattern.count, pattern[index] == UInt8(ascii: ":") {
                guard let close = pattern[(index + 1)...].firstIndex(of: UInt8(ascii: "]")) else {
                    return nil
                }
                if close == index + 1 || pattern[close - 1] != UInt8(ascii: ":") {
                    set.insert(byte)
                    low = byte
                } else {
                    guard let named = Self.named(pattern[(index + 1)..<(close - 1)]) else { return nil }
                    set.formUnion(named)
                    low = nil
                    index = close + 1
                }
            } else {
                set.insert(byte)
                low = byte
            }
        }
        if isNegated { set = set.complement }
        set.remove(ByteSet.slash)
        return set
    }

    private mutating func next() -> UInt8? {
        if index == pattern.count { return nil }
        index += 1
        return pattern[index - 1]
    }

    /// The classes of POSIX as git has them: ASCII alone, and VT and FF are no white space.
    private static func named(_ name: ArraySlice<UInt8>) -> ByteSet? {
        let ranges: [ClosedRange<UInt8>]
        switch String(decoding: name, as: UTF8.self) {
        case "alnum": ranges = [0x30...0x39, 0x41...0x5A, 0x61...0x7A]
        case "alpha": ranges = [0x41...0x5A, 0x61...0x7A]
        case "blank": ranges = [0x09...0x09, 0x20...0x20]
        case "cntrl": ranges = [0x00...0x1F, 0x7F...0x7F]
        case "digit": ranges = [0x30...0x39]
        case "graph": ranges = [0x21...0x7E]
        case "lower": ranges = [0x61...0x7A]
        case "print": ranges = [0x20...0x7E]
        case "punct": ranges = [0x21...0x2F, 0x3A...0x40, 0x5B...0x60, 0x7B...0x7E]
        case "space": ranges = [0x09...0x0A, 0x0D...0x0D, 0x20...0x20]
        case "upper": ranges = [0x41...0x5A]
        case "xdigit": ranges = [0x30...0x39, 0x41...0x46, 0x61...0x66]
        default: return nil
        }
        return ranges.reduce(into: ByteSet()) { $0.formUnion(ByteSet($1)) }
    }
}
