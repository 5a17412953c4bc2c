// SPDX-License-Identifier: Apache-2.0

/// One pattern in the notation of gitignore(5).
struct GitPattern {
    private(set) var pattern = IgnorePattern()
    /// Whether the pattern is matched against the path, and not only against the last name.
    let isPath: Bool
    let rule: IgnoreProgram.Rule

    private let text: ArraySlice<UInt8>
    private var index: Int

    /// Reads the pattern of a line. If `nil`, it matches nothing.
    init?(_ line: ArraySlice<UInt8>) {
        var text = line
        let isNegated = text.first == UInt8(ascii: "!")
        if isNegated { text.removeFirst() }
        let isForDirectoriesOnly = text.last == ByteSet.slash
        if isForDirectoriesOnly { text.removeLast() }
        isPath = text.contains(ByteSet.slash)
        if text.first == ByteSet.slash { text.removeFirst() }
        self.text = text
        index = text.startIndex
        rule = IgnoreProgram.Rule(isNegated: isNegated, isForDirectoriesOnly: isForDirectoriesOnly)
        if text.isEmpty || !read() || pattern.isTooLong { return nil }
    }

    private static let specialBytes: [UInt8] = Array("*?[\\".utf8)

    /// Returns false for a malformed pattern, which matches nothing.
    private mutating func read() -> Bool {
        // git compares what precedes the first special byte literally and matches only the rest as a pattern. Two stars there
        // count as stars at the start of a pattern.
        let firstSpecial = text.firstIndex { Self.specialBytes.contains($0) }
        while index < text.endIndex, !pattern.isTooLong {
            let byte = text[index]
            switch byte {
            case UInt8(ascii: "*"):
                let isAfterSlash = index > text.startIndex && text[index - 1] == ByteSet.slash
                readStars(areAtStart: index == firstSpecial || isAfterSlash)
            case UInt8(ascii: "?"):
                pattern.append(.oneOf([[.exceptSlash]]))
                index += 1
            case UInt8(ascii: "["):
                guard let set = readClass(), !set.isEmpty else { return false }
                pattern.append(.oneOf([[set]]))
            case UInt8(ascii: "\\"):
                if index + 1 == text.endIndex { return false }
                pattern.append(.byte(text[index + 1]))
                index += 2
            default:
                pattern.append(.byte(byte))
                index += 1
            }
        }
        return true
    }

    private mutating func readStars(areAtStart: Bool) {
        let first = index
        while index < text.endIndex, text[index] == UInt8(ascii: "*") { index += 1 }
        let rest = text[index...]
        let crossesSlashes =
            isPath && index - first > 1 && areAtStart
            && (rest.isEmpty || rest.first == ByteSet.slash
                || rest.starts(with: [UInt8(ascii: "\\"), ByteSet.slash]))
        if rest.isEmpty {
            pattern.ending = crossesSlashes ? .anything : .star
        } else if crossesSlashes {
            let isPlain = rest.first == ByteSet.slash
            pattern.append(.directories(mayBeAbsent: isPlain))
            index += isPlain ? 1 : 2
        } else {
            pattern.append(.star)
        }
    }

    /// Reads `[…]`. If `nil`, it is not closed or names a class that does not exist.
    private mutating func readClass() -> ByteSet? {
        var reader = GitClass(text[index...])
        defer { index = reader.index }
        return reader.read()
    }
}
