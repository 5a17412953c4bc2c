// SPDX-License-Identifier: Apache-2.0

// The notation of `.dockerignore`, in characters rather than bytes.
extension IgnoreFile {
    /// Reads a `.dockerignore`; nil if no rule in it can ever match.
    static func docker(_ text: [UInt8], path: String) throws(ContentTreeError) -> IgnoreFile? {
        var rules = IgnoreRules()
        for line in lines(of: text) {
            guard let characters = String(validating: text[line.range], as: UTF8.self) else {
                throw ContentTreeError(path, .ignoreFileIsNotUTF8(line: line.number))
            }
            guard let pattern = try DockerPattern(characters, place: (path, line.number)) else { continue }
            rules.lines.append(IgnoreLine(number: line.number, range: trimmed(text, line.range)))
            rules.countsCharacters = rules.countsCharacters || pattern.countsCharacters
            rules.program.add(
                pattern.items, pattern.ending,
                IgnoreProgram.Rule(isNegated: pattern.isNegated, isForFoldersOnly: false), matchesBelow: true)
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

/// One pattern in the notation of `.dockerignore`.
struct DockerPattern {
    private(set) var items: [IgnoreItem] = []
    private(set) var ending = IgnoreEnding.exact
    let isNegated: Bool
    private(set) var countsCharacters = false

    /// Nil for a line that holds no pattern, or one that matches nothing.
    init?(_ line: String, place: (path: String, line: Int)) throws(ContentTreeError) {
        var text = line.unicodeScalars[...]
        if text.first == "#" { return nil }
        text = Self.trimmed(text)
        if text.isEmpty { return nil }
        isNegated = text.first == "!"
        if isNegated {
            text = Self.trimmed(text.dropFirst())
            if text.isEmpty {
                throw ContentTreeError(
                    place.path,
                    .malformedPattern(
                        line: place.line, pattern: "!", reason: "nothing follows the \"!\"",
                        fix: "write the path to include after it, or remove the line"))
            }
        }
        let components = Self.cleaned(text)
        for (index, component) in components.enumerated() {
            do throws(Flaw) {
                try read(Array(component), isLast: index == components.count - 1)
            } catch {
                throw ContentTreeError(
                    place.path,
                    .malformedPattern(
                        line: place.line, pattern: String(text), reason: error.reason, fix: error.advice))
            }
        }
        if components.isEmpty || components[0].elementsEqual("..".unicodeScalars) { return nil }
    }

    private static func trimmed(_ text: Substring.UnicodeScalarView) -> Substring.UnicodeScalarView {
        func isSpace(_ character: Unicode.Scalar) -> Bool {
            character == " " || (0x09...0x0D).contains(character.value)
        }
        guard let first = text.firstIndex(where: { !isSpace($0) }),
            let last = text.lastIndex(where: { !isSpace($0) })
        else { return text.suffix(0) }
        return text[first...last]
    }

    /// The components of a path without empty ones and `.`, and without `..` except at the start.
    private static func cleaned(_ text: Substring.UnicodeScalarView) -> [Substring.UnicodeScalarView] {
        let dots = "..".unicodeScalars
        var components: [Substring.UnicodeScalarView] = []
        for component in text.split(separator: "/") where !component.elementsEqual(".".unicodeScalars) {
            if !component.elementsEqual(dots) {
                components.append(component)
            } else if let last = components.last, !last.elementsEqual(dots) {
                components.removeLast()
            } else if text.first != "/" {
                components.append(component)
            }
        }
        return components
    }

    private struct Flaw: Error {
        let reason: String
        let advice: String

        static let openClass = Flaw(
            reason: "unclosed \"[\" in a path component",
            advice: "close it, or write \"\\[\" for the literal character")
        static let item = Flaw(
            reason: "\"[…]\" is empty, or contains an unescaped \"-\" or \"]\"",
            advice: "write \"\\-\" or \"\\]\" for the literal character")
        static let range = Flaw(
            reason: "invalid range in \"[…]\"", advice: "write the lower character first")
        static let escape = Flaw(
            reason: "a path component ends in \"\\\"", advice: "write \"\\\\\" for the literal character")
    }

    private mutating func read(_ component: [Unicode.Scalar], isLast: Bool) throws(Flaw) {
        if component == ["*", "*"] {
            if isLast {
                ending = .anything
            } else if items.last != .folders(mayBeAbsent: true) {
                // Twice the same in a row says no more than once.
                items.append(.folders(mayBeAbsent: true))
            }
            return
        }
        var index = 0
        while index < component.count {
            let character = component[index]
            index += 1
            switch character {
            case "*":
                if index < component.count, component[index] == "*" { continue }
                if isLast && index == component.count { ending = .star } else { items.append(.star) }
            case "?":
                countsCharacters = true
                items.append(.oneOf(CharacterSequences.any))
            case "[":
                items.append(.oneOf(try readClass(component, &index)))
            case "\\":
                if index == component.count { throw .escape }
                append(component[index])
                index += 1
            default:
                append(character)
            }
        }
        if !isLast { items.append(.byte(ByteSet.slash)) }
    }

    private mutating func append(_ character: Unicode.Scalar) {
        items += UTF8.encode(character).map { $0.map(IgnoreItem.byte) } ?? []
    }

    private mutating func readClass(
        _ component: [Unicode.Scalar], _ index: inout Int
    ) throws(Flaw) -> [[ByteSet]] {
        var ranges: [ClosedRange<UInt32>] = []
        let isNegated = index < component.count && component[index] == "^"
        if isNegated { index += 1 }
        func readOne() throws(Flaw) -> UInt32 {
            if index == component.count { throw .openClass }
            if component[index] == "-" || component[index] == "]" { throw .item }
            if component[index] == "\\" {
                index += 1
                if index == component.count { throw .escape }
            }
            index += 1
            return component[index - 1].value
        }
        repeat {
            let low = try readOne()
            var high = low
            if index < component.count, component[index] == "-" {
                index += 1
                high = try readOne()
                if high < low { throw .range }
            }
            ranges.append(low...high)
            if index == component.count { throw .openClass }
        } while component[index] != "]"
        index += 1
        if isNegated { countsCharacters = true }
        return isNegated ? CharacterSequences.any(except: ranges) : CharacterSequences.any(of: ranges)
    }
}

/// UTF-8 sequences of characters, as lists of byte sets.
///
/// In a name, each byte that is no UTF-8 is judged as one byte 0xFF, which UTF-8 never holds.
enum CharacterSequences {
    static let any = any(except: [])

    static func any(except ranges: [ClosedRange<UInt32>]) -> [[ByteSet]] {
        var next: UInt32 = 0
        var others: [ClosedRange<UInt32>] = []
        for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            if next < range.lowerBound { others.append(next...(range.lowerBound - 1)) }
            next = max(next, range.upperBound + 1)
        }
        if next <= 0x10FFFF { others.append(next...0x10FFFF) }
        return any(of: others) + [[ByteSet(0xFF...0xFF)]]
    }

    /// Any character of the ranges but the slash.
    static func any(of ranges: [ClosedRange<UInt32>]) -> [[ByteSet]] {
        var single = ByteSet()
        var sequences: [[ByteSet]] = []
        for range in ranges {
            for part: ClosedRange<UInt32> in [
                0...0x7F, 0x80...0x7FF, 0x800...0xD7FF, 0xE000...0xFFFF, 0x10000...0x10FFFF,
            ]
            where part.overlaps(range) {
                let range = range.clamped(to: part)
                if part.upperBound == 0x7F {
                    single.formUnion(ByteSet(UInt8(range.lowerBound)...UInt8(range.upperBound)))
                } else {
                    let lead: UInt32 =
                        part.upperBound == 0x7FF ? 0xC0 : part.upperBound == 0x10FFFF ? 0xF0 : 0xE0
                    append(
                        range, lead: lead, length: lead == 0xC0 ? 1 : lead == 0xE0 ? 2 : 3, after: [],
                        to: &sequences)
                }
            }
        }
        single.remove(ByteSet.slash)
        return single.isEmpty ? sequences : [[single]] + sequences
    }

    /// Adds the sequences for a range whose encodings have `length` further bytes after this one.
    private static func append(
        _ range: ClosedRange<UInt32>, lead: UInt32, length: Int, after: [ByteSet],
        to sequences: inout [[ByteSet]]
    ) {
        func set(_ low: UInt32, _ high: UInt32) -> ByteSet {
            ByteSet(UInt8(lead + low)...UInt8(lead + high))
        }
        if length == 0 {
            sequences.append(after + [set(range.lowerBound, range.upperBound)])
            return
        }
        let span: UInt32 = 1 << (6 * UInt32(length))
        var low = range.lowerBound
        // First the part before the next whole span, then all whole ones together, then what is left.
        while low <= range.upperBound {
            let wholeEnd = (range.upperBound + 1) / span * span
            let isWhole = low % span == 0 && wholeEnd > low
            let high = isWhole ? wholeEnd - 1 : min(range.upperBound, low / span * span + span - 1)
            let head = after + [set(low / span, high / span)]
            if isWhole {
                sequences.append(head + [ByteSet](repeating: ByteSet(0x80...0xBF), count: length))
            } else {
                append(
                    (low % span)...(high % span), lead: 0x80, length: length - 1, after: head, to: &sequences)
            }
            low = high + 1
        }
    }
}
