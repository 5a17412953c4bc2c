// SPDX-License-Identifier: Apache-2.0

/// A set of byte values.
struct ByteSet: Hashable, Sendable {
    private var words = SIMD4<UInt64>()

    static let slash = UInt8(ascii: "/")
    /// What `*` and `?` of gitignore stand for: every byte that a name can have.
    static let exceptSlash: ByteSet = {
        var set = ByteSet(0...255)
        set.remove(slash)
        return set
    }()

    init() {}

    init(_ range: ClosedRange<UInt8>) {
        for byte in range { insert(byte) }
    }

    var isEmpty: Bool { words == SIMD4() }
    var complement: ByteSet {
        var set = self
        set.words = ~words
        return set
    }

    func contains(_ byte: UInt8) -> Bool { words[Int(byte >> 6)] >> UInt64(byte & 63) & 1 == 1 }
    mutating func insert(_ byte: UInt8) { words[Int(byte >> 6)] |= 1 << UInt64(byte & 63) }
    mutating func remove(_ byte: UInt8) { words[Int(byte >> 6)] &= ~(1 << UInt64(byte & 63)) }
    mutating func formUnion(_ other: ByteSet) { words |= other.words }
}

/// One step of a pattern, read from left to right.
enum IgnoreItem: Equatable {
    /// Exactly this byte.
    case byte(UInt8)
    /// One of several sequences, each a list of byte sets; one byte of a class, or one character's UTF-8.
    case oneOf([[ByteSet]])
    /// Any run without a slash.
    case star
    /// Any run that ends with a slash; or, where it may be absent, nothing.
    case folders(mayBeAbsent: Bool)
}

/// How a pattern ends.
enum IgnoreEnding {
    /// With its last item.
    case exact
    /// With any run without a slash.
    case star
    /// With anything at all.
    case anything
}

/// All patterns of one ignore file as one nondeterministic automaton over the bytes of a path.
///
/// A *position* is a node that waits for the next byte. Where a path stands in an ignore file is a
/// sorted list of positions; nodes are numbered so that those of a later rule come later.
struct IgnoreProgram: Sendable {
    struct Node: Sendable {
        enum Kind: UInt8, Sendable {
            /// Waits for one byte.
            case byte
            /// Waits for one byte of a set, which never holds the slash.
            case set
            /// Waits for a slash, past any bytes and any number of slashes.
            case folders
            /// Has matched, and still matches whatever the rest of this name is.
            case tail
            /// Has matched, and still matches whatever follows.
            case rest
            /// Has matched if the name ends here.
            case end
        }

        let kind: Kind
        let byte: UInt8
        let set: Int32
        let rule: Int32
        /// Where the positions after this one are in `targets`.
        let targets: Range<Int32>
    }

    struct Rule: Sendable {
        let isNegated: Bool
        let isForFoldersOnly: Bool
    }

    private(set) var nodes: [Node] = []
    private(set) var rules: [Rule] = []
    private var targets: [Int32] = []
    private var sets: [ByteSet] = []
    private var setNumbers: [ByteSet: Int32] = [:]
    /// The positions at the start of a path.
    private(set) var start: [Int32] = []
    /// Positions that every name of a path starts with: the rules that look at the last name alone.
    private var nameStart: [Int32] = []

    /// Adds a rule, which wins over all rules before it.
    ///
    /// One that starts at every name is tried on each name, not on the path. What a rule that matches below
    /// matches, it also matches with anything below that.
    mutating func add(
        _ items: [IgnoreItem], _ ending: IgnoreEnding, _ rule: Rule,
        startsAtEveryName: Bool = false, matchesBelow: Bool = false
    ) {
        let number = Int32(rules.count)
        rules.append(rule)
        // Nodes are made from the last to the first, so that each knows what follows it.
        var next: [Int32]
        if ending == .anything {
            next = [add(.rest, rule: number, [])]
        } else {
            let below = matchesBelow ? [add(.rest, rule: number, [])] : []
            next = [add(ending == .star ? .tail : .end, rule: number, below)]
        }
        for item in items.reversed() {
            switch item {
            case .byte(let byte):
                next = [add(.byte, byte: byte, rule: number, next)]
            case .star:
                next = [add(.set, set: .exceptSlash, rule: number, next, loops: true)] + next
            case .folders(let mayBeAbsent):
                let node = add(.folders, rule: number, next, loops: true)
                next = mayBeAbsent ? [node] + next : [node]
            case .oneOf(let sequences):
                next = sequences.map { sequence in
                    sequence.reversed().reduce(next) { [add(.set, set: $1, rule: number, $0)] }[0]
                }
            }
        }
        start += next
        if startsAtEveryName { nameStart += next }
    }

    private mutating func add(
        _ kind: Node.Kind, byte: UInt8 = 0, set: ByteSet? = nil, rule: Int32,
        _ next: [Int32], loops: Bool = false
    ) -> Int32 {
        let number = Int32(nodes.count)
        let first = Int32(targets.count)
        if loops { targets.append(number) }
        targets += next
        nodes.append(
            Node(
                kind: kind, byte: byte, set: set.map { setNumber($0) } ?? 0, rule: rule,
                targets: first..<Int32(targets.count)))
        return number
    }

    private mutating func setNumber(_ set: ByteSet) -> Int32 {
        if let number = setNumbers[set] { return number }
        let number = Int32(sets.count)
        sets.append(set)
        setNumbers[set] = number
        return number
    }

    /// The class of each byte value; bytes of one class are treated alike by every rule.
    func byteClasses() -> (map: [UInt8], count: Int) {
        var isAlone = [Bool](repeating: false, count: 256)
        isAlone[Int(ByteSet.slash)] = true
        for node in nodes where node.kind == .byte { isAlone[Int(node.byte)] = true }
        // Classes are split set by set: those inside from those outside.
        var classes = [Int](repeating: 0, count: 256)
        for set in sets {
            var numbers: [Int: Int] = [:]
            for byte in 0..<256 where !isAlone[byte] {
                let half = classes[byte] * 2 + (set.contains(UInt8(byte)) ? 1 : 0)
                classes[byte] = numbers[half, default: numbers.count]
                numbers[half] = classes[byte]
            }
        }
        var count = 0
        var numbers: [Int: Int] = [:]
        var map = [UInt8](repeating: 0, count: 256)
        for byte in 0..<256 {
            let key = isAlone[byte] ? 256 + byte : classes[byte]
            if numbers[key] == nil {
                numbers[key] = count
                count += 1
            }
            map[byte] = UInt8(numbers[key] ?? 0)
        }
        return (map, count)
    }

    /// Where a path stands after one more byte.
    func positions(after positions: [Int32], _ byte: UInt8, _ seen: inout SeenPositions) -> [Int32] {
        var result: [Int32] = []
        seen.clear(upTo: nodes.count)
        for position in positions {
            let node = nodes[Int(position)]
            let moves: Bool
            switch node.kind {
            case .byte: moves = node.byte == byte
            case .set: moves = sets[Int(node.set)].contains(byte)
            case .folders, .tail, .end: moves = byte == ByteSet.slash
            case .rest: moves = false
            }
            if moves {
                for target in targets[Int(node.targets.lowerBound)..<Int(node.targets.upperBound)]
                where seen.insert(target) {
                    result.append(target)
                }
            } else if node.kind == .rest
                || (byte != ByteSet.slash && (node.kind == .folders || node.kind == .tail))
            {
                if seen.insert(position) { result.append(position) }
            }
        }
        if byte == ByteSet.slash {
            for position in nameStart where seen.insert(position) { result.append(position) }
        }
        return simplified(result)
    }

    /// The same positions, sorted, without those that can never decide again.
    func simplified(_ positions: [Int32]) -> [Int32] {
        let sorted = positions.sorted()
        let winner = sorted.lastIndex {
            let node = nodes[Int($0)]
            return node.kind == .rest && !rules[Int(node.rule)].isForFoldersOnly
        }
        guard let winner else { return sorted }
        // A rule that matches everything from here on wins over all earlier ones and over its own other positions.
        let rule = nodes[Int(sorted[winner])].rule
        return [sorted[winner]] + sorted.filter { nodes[Int($0)].rule > rule }
    }

    /// The last rule that matches a path ending here: for a file, and for a directory.
    func winners(_ positions: [Int32]) -> (file: Int32?, folder: Int32?) {
        var file: Int32?
        var folder: Int32?
        for position in positions {
            let node = nodes[Int(position)]
            switch node.kind {
            case .tail, .rest, .end:
                folder = max(folder ?? node.rule, node.rule)
                if !rules[Int(node.rule)].isForFoldersOnly { file = max(file ?? node.rule, node.rule) }
            case .byte, .set, .folders: break
            }
        }
        return (file, folder)
    }

    /// Whether a negated rule could still match something from here on.
    func mayIncludeSomething(_ positions: [Int32]) -> Bool {
        positions.contains { rules[Int(nodes[Int($0)].rule)].isNegated }
    }
}

/// A set of node numbers that is cleared without being written.
struct SeenPositions {
    private var rounds: [UInt32] = []
    private var round: UInt32 = 0

    mutating func clear(upTo count: Int) {
        if round == .max || rounds.count < count {
            rounds = [UInt32](repeating: 0, count: count)
            round = 0
        }
        round += 1
    }

    /// Whether the number was not in the set yet.
    mutating func insert(_ number: Int32) -> Bool {
        if rounds[Int(number)] == round { return false }
        rounds[Int(number)] = round
        return true
    }
}
