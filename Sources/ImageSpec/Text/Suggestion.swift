// SPDX-License-Identifier: Apache-2.0

internal import ContentTree

/// Suggests known names for an unknown one.
package enum Suggestion {
    /// The candidate with the fewest edits to `name`, if they are few enough for a typo.
    package static func nearest(to name: String, among candidates: [String]) -> String? {
        // camelCase, hyphens and plurals are the most frequent mistakes; they cost little or nothing.
        let folded = letters(of: name).map { $0 | 0x20 }
        guard folded.count <= 40 else { return nil }
        let distances = candidates.map { (name: $0, distance: editDistance(folded, letters(of: $0))) }
        guard let best = distances.min(by: { $0.distance < $1.distance }),
            best.distance <= max(1, folded.count / 3)
        else { return nil }
        return best.name
    }

    private static func letters(of name: String) -> [UInt8] {
        name.utf8.filter { $0 != UInt8(ascii: "_") && $0 != UInt8(ascii: "-") }
    }

    /// Insertions, deletions, substitutions and swaps of neighbours (optimal string alignment).
    private static func editDistance(_ left: [UInt8], _ right: [UInt8]) -> Int {
        var previous: [Int] = []
        var row = Array(0...right.count)
        for i in left.indices {
            var next = [i + 1]
            for j in right.indices {
                var best = min(row[j] + (left[i] == right[j] ? 0 : 1), row[j + 1] + 1, next[j] + 1)
                if i > 0, j > 0, left[i] == right[j - 1], left[i - 1] == right[j] {
                    best = min(best, previous[j - 1] + 1)
                }
                next.append(best)
            }
            previous = row
            row = next
        }
        return row[right.count]
    }
}
