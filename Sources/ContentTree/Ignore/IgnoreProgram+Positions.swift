// SPDX-License-Identifier: Apache-2.0

/// The state of a path in one ignore file: a sorted list of positions, whose hash is computed once.
struct IgnorePositions: Hashable, Sendable {
    let list: [Int32]
    private let listHash: Int

    init(_ list: [Int32]) {
        self.list = list
        listHash = list.hashValue
    }

    func hash(into hasher: inout Hasher) { hasher.combine(listHash) }
}

extension IgnoreProgram {
    /// The positions after one more byte.
    func positions(after positions: [Int32], _ byte: UInt8) -> [Int32] {
        let isSlash = byte == ByteSet.slash
        var result: [Int32] = []
        for position in positions {
            switch kind(of: position) {
            case .byte:
                if self.byte(of: position) == byte { forEachNext(after: position) { result.append($0) } }
            case .set:
                if set(of: position).contains(byte) { forEachNext(after: position) { result.append($0) } }
            case .star:
                if isSlash { continue }
                result.append(position)
                forEachNext(after: position) { result.append($0) }
            case .directories:
                result.append(position)
                if isSlash { forEachNext(after: position) { result.append($0) } }
            case .tail:
                if !isSlash {
                    result.append(position)
                } else if matchesBelow(position) {
                    result.append(position - 1)
                }
            case .end: if isSlash && matchesBelow(position) { result.append(position - 1) }
            case .rest: result.append(position)
            }
        }
        if isSlash { forEachNameStart { result.append($0) } }
        return simplified(result)
    }

    /// The same positions, sorted, without duplicates and those that can never decide again.
    private func simplified(_ positions: [Int32]) -> [Int32] {
        var sorted: [Int32] = []
        sorted.reserveCapacity(positions.count)
        for position in positions.sorted() where position != sorted.last { sorted.append(position) }
        let winner = sorted.lastIndex {
            kind(of: $0) == .rest && !rules[Int(self.rule(of: $0))].isForDirectoriesOnly
        }
        guard let winner else { return sorted }
        // A rule that matches everything from here on wins over all earlier ones, and over its own other positions.
        let rule = self.rule(of: sorted[winner])
        return [sorted[winner]] + sorted.filter { self.rule(of: $0) > rule }
    }

    /// The last rules that match a path that ends here, as a file and as a directory.
    func winners(_ positions: [Int32]) -> (file: Int32?, directory: Int32?) {
        var file: Int32?
        var directory: Int32?
        for position in positions {
            switch kind(of: position) {
            case .tail, .rest, .end:
                let rule = self.rule(of: position)
                directory = max(directory ?? rule, rule)
                if !rules[Int(rule)].isForDirectoriesOnly { file = max(file ?? rule, rule) }
            case .byte, .set, .star, .directories: break
            }
        }
        return (file, directory)
    }

    /// Whether a negated rule could still match something from here on.
    func mayIncludeSomething(_ positions: [Int32]) -> Bool {
        positions.contains { rules[Int(rule(of: $0))].isNegated }
    }
}
