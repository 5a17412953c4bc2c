// SPDX-License-Identifier: Apache-2.0

/// All patterns of one ignore file as one nondeterministic automaton over the bytes of a path.
///
/// A *position* is a node that waits for the next byte. The state of a path in an ignore file is a sorted list of positions.
/// Nodes of a later rule have higher numbers. Nearly all nodes wait for one byte and are followed by the node before them,
/// which takes two bytes of memory.
struct IgnoreProgram: Sendable {
    enum NodeKind: UInt8, Sendable {
        /// Waits for one byte.
        case byte
        /// Waits for one byte of a set, which never contains the slash.
        case set
        /// Waits for what follows, after any bytes but a slash.
        case star
        /// Waits for a slash, after any bytes and any number of slashes.
        case directories
        /// Has matched, and still matches whatever the rest of this name is.
        case tail
        /// Has matched, and still matches whatever follows.
        case rest
        /// Has matched if the name ends here.
        case end
    }

    struct Rule: Sendable {
        let isNegated: Bool
        let isForDirectoriesOnly: Bool
        /// Whether the rule also matches everything below what it matches.
        var matchesBelow = false
    }

    private struct Node: Sendable {
        let kind: NodeKind
        let byte: UInt8
    }

    private(set) var rules: [Rule] = []
    private var nodes: [Node] = []
    /// The number of each rule's first node.
    private var firstNodes: [Int32] = []
    /// The nodes after a node, if they are not just the one before it.
    private var branches: [Int32: [Int32]] = [:]
    private var sets: [ByteSet] = []
    private var setNumbers: [ByteSet: Int32] = [:]
    private var setOfNode: [Int32: Int32] = [:]
    /// The positions at the start of a path.
    private(set) var start: [Int32] = []
    /// Positions that every name of a path starts with: the rules that are matched against the last name only.
    private var nameStart: [Int32] = []

    /// Adds a rule, which wins over all rules before it. With `startsAtEveryName`, it is matched against each name, and not
    /// against the path.
    mutating func add(_ pattern: IgnorePattern, _ rule: Rule, startsAtEveryName: Bool = false) {
        rules.append(rule)
        firstNodes.append(Int32(nodes.count))
        // From the last item to the first, so that the next nodes are known.
        var next: [Int32] = []
        if pattern.ending == .anything || rule.matchesBelow { next = [add(.rest)] }
        if pattern.ending != .anything { next = [add(pattern.ending == .star ? .tail : .end)] }
        for item in pattern.items.reversed() {
            switch item {
            case .byte(let byte): next = [add(.byte, byte: byte, next)]
            case .star: next = [add(.star, next)] + next
            case .directories(let mayBeAbsent):
                let node = add(.directories, next)
                next = mayBeAbsent ? [node] + next : [node]
            case .oneOf(let sequences):
                next = sequences.map { sequence in
                    sequence.reversed().reduce(next) { [add(.set, set: $1, $0)] }[0]
                }
            }
        }
        start += next
        if startsAtEveryName { nameStart += next }
    }

    private mutating func add(
        _ kind: NodeKind, byte: UInt8 = 0, set: ByteSet? = nil, _ next: [Int32] = []
    ) -> Int32 {
        let number = Int32(nodes.count)
        nodes.append(Node(kind: kind, byte: byte))
        if !next.isEmpty && next != [number - 1] { branches[number] = next }
        if let set { setOfNode[number] = setNumber(set) }
        return number
    }

    private mutating func setNumber(_ set: ByteSet) -> Int32 {
        if let number = setNumbers[set] { return number }
        let number = Int32(sets.count)
        sets.append(set)
        setNumbers[set] = number
        return number
    }

    // MARK: nodes

    func kind(of node: Int32) -> NodeKind { nodes[Int(node)].kind }

    func byte(of node: Int32) -> UInt8 { nodes[Int(node)].byte }

    func set(of node: Int32) -> ByteSet { setOfNode[node].map { sets[Int($0)] } ?? ByteSet() }

    /// The number of the rule that a node belongs to.
    func rule(of node: Int32) -> Int32 {
        var (low, high) = (0, firstNodes.count)
        while high - low > 1 {
            let middle = (low + high) / 2
            if firstNodes[middle] <= node { low = middle } else { high = middle }
        }
        return Int32(low)
    }

    /// Calls `body` with each node that follows a node.
    func forEachNext(after node: Int32, _ body: (Int32) -> Void) {
        if let branch = branches[node] { return branch.forEach(body) }
        body(node - 1)
    }

    /// Whether a rule matches below what it matches; its node for that precedes the one that has matched.
    func matchesBelow(_ node: Int32) -> Bool { rules[Int(rule(of: node))].matchesBelow }

    func forEachNameStart(_ body: (Int32) -> Void) { nameStart.forEach(body) }

    /// The class of each byte value. All rules treat the bytes of a class alike.
    func byteClasses() -> (map: [UInt8], count: Int) {
        var isAlone = [Bool](repeating: false, count: 256)
        isAlone[Int(ByteSet.slash)] = true
        for node in nodes where node.kind == .byte { isAlone[Int(node.byte)] = true }
        // Each set splits the classes into the bytes inside and outside of it.
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
}
