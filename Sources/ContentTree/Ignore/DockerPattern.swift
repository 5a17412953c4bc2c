// SPDX-License-Identifier: Apache-2.0

/// One pattern in the notation of `.dockerignore`.
struct DockerPattern {
    let pattern: IgnorePattern
    let isNegated: Bool
    let countsCharacters: Bool

    /// A pattern that Docker rejects as well.
    struct Malformed: Error {
        let pattern: String
        let reason: String
        let fix: String
    }

    typealias Text = Substring.UnicodeScalarView

    /// Reads the pattern of a line. If `nil`, there is none, or it matches nothing.
    init?(_ line: String) throws(Malformed) {
        var text = line.unicodeScalars[...]
        if text.first == "#" { return nil }
        text = Self.trimmed(text)
        if text.isEmpty { return nil }
        isNegated = text.first == "!"
        if isNegated {
            text = Self.trimmed(text.dropFirst())
            if text.isEmpty {
                throw Malformed(
                    pattern: "!", reason: "nothing follows the \"!\"",
                    fix: "write the path to include after it, or remove the line")
            }
        }
        // From the last component to the first: then no component is stored that a `..` removes.
        var parts: [IgnorePattern] = []
        var length = 0
        var flaw: DockerComponent.Flaw?
        var isLast = true
        var countsCharacters = false
        let isAboveRoot = Self.forEachComponent(of: text) { text in
            do throws(DockerComponent.Flaw) {
                let component = try DockerComponent(text, isLast: isLast)
                countsCharacters = countsCharacters || component.countsCharacters
                length += component.pattern.minimumLength
                // `**/**/` matches no more than `**/`.
                let isRepeated = component.isAnyDirectories && parts.last == component.pattern
                if !isRepeated { parts.append(component.pattern) }
                if length > IgnorePattern.longestPath { parts = [] }
            } catch {
                flaw = error
            }
            isLast = false
        }
        if let flaw { throw Malformed(pattern: String(text), reason: flaw.reason, fix: flaw.fix) }
        guard !isAboveRoot, length <= IgnorePattern.longestPath, let last = parts.first else { return nil }
        var pattern = IgnorePattern()
        for part in parts.reversed() {
            for item in part.items { pattern.append(item) }
        }
        pattern.ending = last.ending
        self.pattern = pattern
        self.countsCharacters = countsCharacters
    }

    private static func trimmed(_ text: Text) -> Text {
        func isSpace(_ character: Unicode.Scalar) -> Bool {
            character == " " || (0x09...0x0D).contains(character.value)
        }
        guard let first = text.firstIndex(where: { !isSpace($0) }),
            let last = text.lastIndex(where: { !isSpace($0) })
        else { return text.suffix(0) }
        return text[first...last]
    }

    /// Calls `body` with the components of a path, without empty ones and `.`, and with `..` resolved, from the last to the
    /// first. Returns whether the path leads above its beginning.
    private static func forEachComponent(of text: Text, _ body: (Text) -> Void) -> Bool {
        var rest = text
        var ups = 0
        while true {
            let slash = rest.lastIndex(of: "/")
            let component = slash.map { rest[rest.index(after: $0)...] } ?? rest
            if component.elementsEqual("..".unicodeScalars) {
                ups += 1
            } else if !component.isEmpty && !component.elementsEqual(".".unicodeScalars) {
                if ups > 0 { ups -= 1 } else { body(component) }
            }
            guard let slash else { return ups > 0 && text.first != "/" }
            rest = rest[..<slash]
        }
    }
}
