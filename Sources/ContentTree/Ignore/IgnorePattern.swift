// SPDX-License-Identifier: Apache-2.0

/// One step of a pattern, read from left to right.
enum IgnoreItem: Equatable {
    /// Exactly this byte.
    case byte(UInt8)
    /// One of several sequences, each a list of byte sets: one byte of a class, or the UTF-8 of one character.
    case oneOf([[ByteSet]])
    /// Any run without a slash.
    case star
    /// Any run that ends with a slash, or nothing if it may be absent.
    case directories(mayBeAbsent: Bool)

    /// How many bytes it matches at least.
    var minimumLength: Int {
        switch self {
        case .byte: 1
        case .oneOf(let sequences): sequences.map(\.count).min() ?? 1
        case .star: 0
        case .directories(let mayBeAbsent): mayBeAbsent ? 0 : 1
        }
    }
}

/// How a pattern ends.
enum IgnoreEnding {
    /// With its last item.
    case exact
    /// With any run without a slash.
    case star
    /// With anything.
    case anything
}

/// The steps of one pattern.
struct IgnorePattern: Equatable {
    /// No path that is matched is longer: that of a root below an ignore file, and one in the tree. A pattern that matches only
    /// longer ones, such as a line of megabytes, is never stored.
    static let longestPath = 4_096 + SourceTree.maximumPathLength

    private(set) var items: [IgnoreItem] = []
    var ending = IgnoreEnding.exact
    /// How many bytes the pattern matches at least.
    private(set) var minimumLength = 0

    /// Whether no path is long enough for the pattern.
    var isTooLong: Bool { minimumLength > Self.longestPath }

    mutating func append(_ item: IgnoreItem) {
        // The same twice in a row matches no more than once.
        if case .directories(mayBeAbsent: true) = item, items.last == item { return }
        minimumLength += item.minimumLength
        if isTooLong { items = [] } else { items.append(item) }
    }
}
