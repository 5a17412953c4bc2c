// SPDX-License-Identifier: Apache-2.0

internal import ContentTree

/// The last lines of a stream, as many as fit into a fixed size: a build may print without end.
struct OutputTail: Sendable {
    /// Bytes of text, about.
    static let maximumSize = 4 << 20
    /// What a line takes besides its text.
    private static let lineSize = 48
    /// Of lines that are kept for what they begin with.
    private static let maximumTitleCount = 1000
    private static let maximumTitleLength = 1000

    private let isTitle: @Sendable (String) -> Bool
    private var titles: [String] = []
    private var kept: [String] = []
    /// Where the ring begins; before it there are empty texts.
    private var start = 0
    private var size = 0

    /// - Parameter isTitle: lines that are kept, cut short, even where what follows them is long.
    init(isTitle: @escaping @Sendable (String) -> Bool = { _ in false }) { self.isTitle = isTitle }

    /// Titles that the ring has passed, and the last lines.
    var lines: [String] { titles + kept[start...] }

    mutating func append(_ line: String) {
        kept.append(line)
        size += line.utf8.count + Self.lineSize
        while size > Self.maximumSize, start < kept.count - 1 { dropFirst() }
        if start > 1000, start > kept.count / 2 {
            kept.removeFirst(start)
            start = 0
        }
    }

    private mutating func dropFirst() {
        let line = kept[start]
        kept[start] = ""
        start += 1
        size -= line.utf8.count + Self.lineSize
        guard isTitle(line) else { return }
        titles.append(String(line.prefix(Self.maximumTitleLength)))
        if titles.count > Self.maximumTitleCount { titles.removeFirst() }
    }
}
