// SPDX-License-Identifier: Apache-2.0

internal import ContentTree

/// The change of one text file, as `diff -u` and `patch` have it.
struct UnifiedDiff {
    /// Empty where nothing changed.
    let text: String

    private enum Line {
        case same(Substring), removed(Substring), added(Substring)

        var isSame: Bool { if case .same = self { true } else { false } }
    }

    /// The change with some lines around it.
    init(_ old: String, _ new: String, name: String, context: Int = 3) {
        let lines = Self.lines(old, new)
        var parts: [String] = []
        var index = 0
        var oldLine = 1
        var newLine = 1
        while index < lines.count {
            guard let change = lines[index...].firstIndex(where: { !$0.isSame }) else { break }
            let start = max(index, change - context)
            oldLine += start - index
            newLine += start - index
            // A hunk ends where more lines stay than two of them would show.
            var end = change
            while let next = lines[end...].firstIndex(where: { !$0.isSame }), next - end <= 2 * context {
                end = next + 1
            }
            end = min(lines.count, end + context)
            let hunk = lines[start..<end]
            let oldCount = hunk.count { if case .added = $0 { false } else { true } }
            let newCount = hunk.count { if case .removed = $0 { false } else { true } }
            parts.append("@@ -\(Self.range(oldLine, oldCount)) +\(Self.range(newLine, newCount)) @@\n")
            parts += hunk.map(Self.shown)
            oldLine += oldCount
            newLine += newCount
            index = end
        }
        text = parts.isEmpty ? "" : "--- \(name)\n+++ \(name)\n" + parts.joined()
    }

    private static func range(_ line: Int, _ count: Int) -> String {
        count == 1 ? "\(line)" : "\(count == 0 ? line - 1 : line),\(count)"
    }

    private static func shown(_ line: Line) -> String {
        let (sign, text) =
            switch line {
            case .same(let text): (" ", text)
            case .removed(let text): ("-", text)
            case .added(let text): ("+", text)
            }
        let isOpen = text.utf8.last != UInt8(ascii: "\n")
        return sign + text + (isOpen ? "\n\\ No newline at end of file\n" : "")
    }

    /// All lines of both texts, removed ones before those that take their place.
    private static func lines(_ old: String, _ new: String) -> [Line] {
        let old = split(old)
        let new = split(new)
        let difference = new.difference(from: old) { $0.utf8.elementsEqual($1.utf8) }
        var removed = Set<Int>()
        var added = Set<Int>()
        for change in difference {
            switch change {
            case .remove(let offset, _, _): removed.insert(offset)
            case .insert(let offset, _, _): added.insert(offset)
            }
        }
        var lines: [Line] = []
        var oldIndex = 0
        var newIndex = 0
        while oldIndex < old.count || newIndex < new.count {
            if removed.contains(oldIndex) {
                lines.append(.removed(old[oldIndex]))
                oldIndex += 1
            } else if added.contains(newIndex) {
                lines.append(.added(new[newIndex]))
                newIndex += 1
            } else {
                lines.append(.same(old[oldIndex]))
                oldIndex += 1
                newIndex += 1
            }
        }
        return lines
    }

    /// The lines with their line feeds.
    private static func split(_ text: String) -> [Substring] {
        var lines: [Substring] = []
        var rest = text[...]
        while let end = rest.utf8.firstIndex(of: UInt8(ascii: "\n")) {
            let next = rest.utf8.index(after: end)
            lines.append(rest[..<next])
            rest = rest[next...]
        }
        if !rest.isEmpty { lines.append(rest) }
        return lines
    }
}
