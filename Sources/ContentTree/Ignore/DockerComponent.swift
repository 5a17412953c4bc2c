// SPDX-License-Identifier: Apache-2.0

/// One component of a pattern in the notation of `.dockerignore`, with the slash after it unless it is the last.
struct DockerComponent {
    private(set) var pattern = IgnorePattern()
    /// Whether the component stands for any number of directories.
    private(set) var isAnyDirectories = false
    private(set) var countsCharacters = false

    struct Flaw: Error {
        let reason: String
        let fix: String

        static let openClass = Flaw(
            reason: "unclosed \"[\" in a path component",
            fix: "close it, or write \"\\[\" for the literal character")
        static let item = Flaw(
            reason: "\"[…]\" is empty, or contains an unescaped \"-\" or \"]\"",
            fix: "write \"\\-\" or \"\\]\" for the literal character")
        static let range = Flaw(
            reason: "invalid range in \"[…]\"", fix: "write the lower character first")
        static let escape = Flaw(
            reason: "a path component ends in \"\\\"", fix: "write \"\\\\\" for the literal character")
    }

    private var rest: DockerPattern.Text

    init(_ text: DockerPattern.Text, isLast: Bool) throws(Flaw) {
        rest = text
        if text.elementsEqual("**".unicodeScalars) {
            if isLast {
                pattern.ending = .anything
            } else {
                isAnyDirectories = true
                pattern.append(.directories(mayBeAbsent: true))
            }
            return
        }
        while let character = rest.popFirst() {
            switch character {
            case "*":
                if rest.first == "*" { continue }
                if isLast && rest.isEmpty { pattern.ending = .star } else { pattern.append(.star) }
            case "?":
                countsCharacters = true
                pattern.append(.oneOf(CharacterSequences.any))
            case "[":
                pattern.append(.oneOf(try readClass()))
            case "\\":
                guard let escaped = rest.popFirst() else { throw .escape }
                append(escaped)
            default:
                append(character)
            }
        }
        if !isLast { pattern.append(.byte(ByteSet.slash)) }
    }

    private mutating func append(_ character: Unicode.Scalar) {
        for byte in UTF8.encode(character).map(Array.init) ?? [] { pattern.append(.byte(byte)) }
    }

    private mutating func readClass() throws(Flaw) -> [[ByteSet]] {
        var ranges = ScalarRanges()
        let isNegated = rest.first == "^"
        if isNegated { rest.removeFirst() }
        repeat {
            let low = try readScalar()
            var high = low
            if rest.first == "-" {
                rest.removeFirst()
                high = try readScalar()
                if high < low { throw .range }
            }
            ranges.insert(low...high)
            if rest.isEmpty { throw .openClass }
        } while rest.first != "]"
        rest.removeFirst()
        if isNegated { countsCharacters = true }
        return isNegated
            ? CharacterSequences.any(except: ranges.list) : CharacterSequences.any(of: ranges.list)
    }

    private mutating func readScalar() throws(Flaw) -> UInt32 {
        guard var character = rest.popFirst() else { throw .openClass }
        if character == "-" || character == "]" { throw .item }
        if character == "\\" {
            guard let escaped = rest.popFirst() else { throw .escape }
            character = escaped
        }
        return character.value
    }

    /// Ranges of characters. A class of megabytes contains few different ones.
    private struct ScalarRanges {
        private(set) var list: [ClosedRange<UInt32>] = []
        private var limit = 1_024

        mutating func insert(_ range: ClosedRange<UInt32>) {
            list.append(range)
            if list.count <= limit { return }
            list.sort { ($0.lowerBound, $0.upperBound) < ($1.lowerBound, $1.upperBound) }
            var merged: [ClosedRange<UInt32>] = []
            for range in list {
                if let last = merged.last, range.lowerBound <= last.upperBound + 1 {
                    merged[merged.count - 1] = last.lowerBound...max(last.upperBound, range.upperBound)
                } else {
                    merged.append(range)
                }
            }
            list = merged
            limit = 2 * merged.count + 1_024
        }
    }
}
