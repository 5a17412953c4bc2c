// SPDX-License-Identifier: Apache-2.0

internal import ContentTree

/// The last lines of a stream, as many as fit into a fixed size: a build may print without end.
struct OutputTail: Sendable {
    /// Approximate bytes of text.
    static let maximumSize = 4 << 20
    /// What a line takes besides its text.
    private static let lineSize = 48
    private static let maximumTitleCount = 1000
    private static let maximumTitleLength = 1000

    /// Recognizes lines that are kept, truncated, however long the output after them is. If `nil`, there are none.
    private var titleRecognition: StepTitles?
    private var titles: [String] = []
    private var kept: [String] = []
    /// The start of the lines that are kept; the texts before it are empty.
    private var start = 0
    private var size = 0

    init(keepingTitles titles: StepTitles? = nil) { titleRecognition = titles }

    /// The titles that were dropped from the last lines, and the last lines.
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
        guard titleRecognition?.isTitle(line) == true else { return }
        titles.append(String(line.prefix(Self.maximumTitleLength)))
        if titles.count > Self.maximumTitleCount { titles.removeFirst() }
    }
}
