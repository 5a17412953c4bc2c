// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
internal import ImageSpec

/// The differences between two lists of texts.
struct ListDifference {
    /// A text without an equal in the other list, or a pair of such texts that are versions of one thing.
    enum Edit {
        case removed(index: Int)
        case added(index: Int)
        case changed(from: Int, to: Int)
    }

    /// In the order of the new list. Removed texts come first.
    private(set) var edits: [Edit] = []
    /// Whether the common elements are in a different order.
    private(set) var isReordered = false

    /// - Parameters:
    ///   - old: the old list.
    ///   - new: the new list.
    ///   - pairsPlaces: whether two different texts at the same index are versions of one thing.
    ///   - key: two texts with the same key are versions of one thing. Returns `nil` for a text without a key.
    init(
        from old: [String], to new: [String], pairsPlaces: Bool = false,
        key: (String) -> String? = { _ in nil }
    ) {
        var partners = [Int?](repeating: nil, count: new.count)
        var isMatched = [Bool](repeating: false, count: old.count)

        /// Pairs each new text without a partner with the first free old one of the same key.
        func pair(_ key: (Int, String) -> String?) {
            var waiting: [ByteString: [Int]] = [:]
            for index in old.indices.reversed() where !isMatched[index] {
                if let key = key(index, old[index]) { waiting[ByteString(key), default: []].append(index) }
            }
            for index in new.indices where partners[index] == nil {
                guard let key = key(index, new[index]),
                    let partner = waiting[ByteString(key)]?.popLast()
                else { continue }
                partners[index] = partner
                isMatched[partner] = true
            }
        }
        pair { $1 }
        let equals = partners
        pair { key($1) }
        if pairsPlaces { pair { index, _ in String(index) } }

        edits = old.indices.filter { !isMatched[$0] }.map(Edit.removed)
        var last = -1
        for index in new.indices {
            guard let partner = partners[index] else {
                edits.append(.added(index: index))
                continue
            }
            if equals[index] == nil { edits.append(.changed(from: partner, to: index)) }
            if partner < last { isReordered = true }
            last = max(last, partner)
        }
    }
}
