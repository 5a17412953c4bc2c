// SPDX-License-Identifier: Apache-2.0

/// Where a directory stands in all ignore files that concern it.
///
/// A value without state of its own: any thread's matcher can go on from it.
struct IgnoreScope: Sendable {
    struct Place: Sendable {
        let file: IgnoreFile
        let positions: IgnorePositions
    }

    /// The deepest `.gitignore` first, then `.dockerignore`, then the standard rules.
    fileprivate(set) var places: [Place] = []

    fileprivate init(places: [Place]) {
        self.places = places
    }

    /// At the root of the walk, which is the directory of each of these files.
    init(_ files: [IgnoreFile]) {
        for file in files { add(file, at: []) }
    }

    /// Adds an ignore file: one found in this directory, or in a directory further up, from where `path` leads here.
    ///
    /// Of several `.gitignore` files, the ones further up are added first.
    mutating func add(_ file: IgnoreFile, at path: [UInt8]) {
        precondition(!places.contains { $0.file === file }, "an ignore file has one place in a scope")
        var positions = file.program.start
        if !path.isEmpty {
            var seen = SeenPositions()
            for byte in path + [ByteSet.slash] {
                positions = file.program.positions(after: positions, byte, &seen)
            }
        }
        if positions.isEmpty { return }
        let place = Place(file: file, positions: IgnorePositions(positions))
        switch file.kind {
        case .git: places.insert(place, at: 0)
        case .docker:
            places.insert(place, at: places.firstIndex { $0.file.kind == .standard } ?? places.count)
        case .standard: places.append(place)
        }
    }
}

/// What the ignore rules say of an entry, and the rule that decides.
enum IgnoreVerdict {
    case include
    case exclude(file: IgnoreFile, rule: Int)
    /// A directory that is left out, but below it a later rule could still keep something.
    case excludeButDescend(file: IgnoreFile, rule: Int)
}

/// Judges the entries of one directory after the other. One thread's own.
final class IgnoreMatcher {
    /// One ignore file of the current directory.
    private struct Lane {
        let core: UnsafeMutablePointer<LazyDFA.Core>
        let kind: IgnoreFile.Kind
        let countsCharacters: Bool
        /// Of the name that was read last.
        var state: LazyDFA.State = 0
    }

    /// How many lanes read a name at the same time.
    ///
    /// Each next state waits for a look-up in memory; those of several files can wait together.
    private static let width = 4

    /// Bytes that one automaton's table may take before it is forgotten.
    private let budget: Int
    /// Bytes that all automata may take before those of other directories are forgotten.
    private let totalBudget: Int
    private var automata: [ObjectIdentifier: LazyDFA] = [:]
    /// What the automata took when the current ones became current, all of them and the current ones alone.
    private var size = (all: 0, current: 0)
    /// The automata of the current directory, in the order of its scope.
    private var current: [LazyDFA] = []
    /// The same as lanes, filled up with idle ones to a multiple of `width`.
    private var lanes: UnsafeMutablePointer<Lane>
    private var laneCapacity: Int
    private var laneCount = 0
    private var someCountCharacters = false
    /// Knows no rule and has one state, so that several lanes of a group can share it.
    private let idle: LazyDFA
    private var transcoded: [UInt8] = []

    init(budget: Int = 2 << 20, totalBudget: Int = 32 << 20) {
        self.budget = budget
        self.totalBudget = totalBudget
        laneCapacity = Self.width
        lanes = .allocate(capacity: laneCapacity)
        idle = LazyDFA(.standard, budget: .max)
        idle.begin(IgnorePositions([]))
    }

    deinit { lanes.deallocate() }

    /// The automata made so far.
    var automataInUse: [LazyDFA] { Array(automata.values) }

    /// From now on entries of the directory with this scope are judged.
    func begin(_ scope: IgnoreScope) {
        let places = scope.places
        // Most directories have the same ignore files as the one before.
        if places.count != current.count || !zip(places, current).allSatisfy({ $0.file === $1.file }) {
            prepareLanes(places)
        }
        for (place, automaton) in zip(places, current) { automaton.begin(place.positions) }
    }

    private func prepareLanes(_ places: [IgnoreScope.Place]) {
        size.all += current.reduce(0) { $0 + $1.size } - size.current
        current.removeAll(keepingCapacity: true)
        // An automaton takes some thousand bytes even without a state.
        if size.all + automata.count * 8192 > totalBudget {
            automata.removeAll()
            size.all = 0
        }
        laneCount = places.count
        let filled = (laneCount + Self.width - 1) / Self.width * Self.width
        if filled > laneCapacity {
            lanes.deallocate()
            lanes = .allocate(capacity: filled)
            laneCapacity = filled
        }
        for (index, place) in places.enumerated() {
            let automaton = automaton(of: place.file)
            current.append(automaton)
            (lanes + index).initialize(
                to: Lane(
                    core: automaton.core, kind: place.file.kind, countsCharacters: place.file.countsCharacters
                ))
        }
        for index in laneCount..<filled {
            (lanes + index).initialize(to: Lane(core: idle.core, kind: .standard, countsCharacters: false))
        }
        size.current = current.reduce(0) { $0 + $1.size }
        someCountCharacters = places.contains { $0.file.countsCharacters }
    }

    private func automaton(of file: IgnoreFile) -> LazyDFA {
        if let known = automata[ObjectIdentifier(file)] { return known }
        let automaton = LazyDFA(file, budget: budget)
        automata[ObjectIdentifier(file)] = automaton
        return automaton
    }

    /// What the rules say of an entry of the current directory.
    func verdict(_ name: UnsafeRawBufferPointer, isFolder: Bool) -> IgnoreVerdict {
        read(name)
        let lanes = lanes
        var isDecidedByGit = false
        var entering: (file: IgnoreFile, rule: Int)?
        for index in 0..<laneCount {
            let lane = lanes + index
            let outcome = LazyDFA.outcome(lane.pointee.core, lane.pointee.state, isFolder: isFolder)
            if outcome == LazyDFA.noRule || (isDecidedByGit && lane.pointee.kind == .git) { continue }
            if lane.pointee.kind == .git { isDecidedByGit = true }
            // Negated rules have odd outcomes.
            if outcome & 1 == 1 { continue }
            let automaton = current[index]
            let rule = Int(outcome >> 1)
            if isFolder && lane.pointee.kind == .docker
                && automaton.mayIncludeSomething(below: lane.pointee.state)
            {
                entering = (automaton.file, rule)
            } else {
                return .exclude(file: automaton.file, rule: rule)
            }
        }
        guard let entering else { return .include }
        return .excludeButDescend(file: entering.file, rule: entering.rule)
    }

    /// Where a directory in the current one stands, before its own `.gitignore` is added.
    func scope(entering name: UnsafeRawBufferPointer) -> IgnoreScope {
        read(name)
        var places: [IgnoreScope.Place] = []
        places.reserveCapacity(laneCount + 1)
        for index in 0..<laneCount {
            let automaton = current[index]
            let positions = automaton.positions(below: lanes[index].state)
            if !positions.list.isEmpty {
                places.append(IgnoreScope.Place(file: automaton.file, positions: positions))
            }
        }
        return IgnoreScope(places: places)
    }

    // MARK: Reading names

    /// Leaves each lane in the state at the end of a name.
    @inline(__always)
    private func read(_ name: UnsafeRawBufferPointer) {
        let lanes = lanes
        var bits: UInt8 = 0
        for first in stride(from: 0, to: laneCount, by: Self.width) { bits |= Self.read(name, lanes + first) }
        if bits >= 0x80 && someCountCharacters { readByCharacters(name) }
    }

    /// Runs one group of lanes; the result has all bits that any byte of the name has.
    @inline(__always)
    private static func read(_ name: UnsafeRawBufferPointer, _ lanes: UnsafeMutablePointer<Lane>) -> UInt8 {
        typealias Core = LazyDFA.Core
        let (core0, core1) = (lanes[0].core, lanes[1].core)
        let (core2, core3) = (lanes[2].core, lanes[3].core)
        let (classes0, classes1) = (core0.pointee.classOfByte, core1.pointee.classOfByte)
        let (classes2, classes3) = (core2.pointee.classOfByte, core3.pointee.classOfByte)
        var (table0, table1) = (core0.pointee.table, core1.pointee.table)
        var (table2, table3) = (core2.pointee.table, core3.pointee.table)
        var (state0, state1) = (core0.pointee.start, core1.pointee.start)
        var (state2, state3) = (core2.pointee.start, core3.pointee.start)
        var bits: UInt8 = 0
        for byte in name {
            bits |= byte
            var next0 = Core.next(table0, state0, classes0[Int(byte)])
            var next1 = Core.next(table1, state1, classes1[Int(byte)])
            var next2 = Core.next(table2, state2, classes2[Int(byte)])
            var next3 = Core.next(table3, state3, classes3[Int(byte)])
            // Unknown states alone have the topmost bit.
            if (next0 | next1) | (next2 | next3) > LazyDFA.unknown >> 1 {
                if next0 == LazyDFA.unknown {
                    next0 = core0.pointee.computeTransition(state0, byte)
                    table0 = core0.pointee.table
                }
                if next1 == LazyDFA.unknown {
                    next1 = core1.pointee.computeTransition(state1, byte)
                    table1 = core1.pointee.table
                }
                if next2 == LazyDFA.unknown {
                    next2 = core2.pointee.computeTransition(state2, byte)
                    table2 = core2.pointee.table
                }
                if next3 == LazyDFA.unknown {
                    next3 = core3.pointee.computeTransition(state3, byte)
                    table3 = core3.pointee.table
                }
            }
            (state0, state1, state2, state3) = (next0, next1, next2, next3)
        }
        lanes[0].state = state0
        lanes[1].state = state1
        lanes[2].state = state2
        lanes[3].state = state3
        return bits
    }

    /// Runs the lanes that count characters once more, with 0xFF in place of each byte that is no UTF-8.
    private func readByCharacters(_ name: UnsafeRawBufferPointer) {
        transcoded.removeAll(keepingCapacity: true)
        var index = 0
        while index < name.count {
            let length = Self.characterLength(UnsafeRawBufferPointer(rebasing: name[index...]))
            if let length {
                transcoded += name[index..<(index + length)]
            } else {
                transcoded.append(0xFF)
            }
            index += length ?? 1
        }
        for index in 0..<laneCount where lanes[index].countsCharacters {
            let core = lanes[index].core
            var state = core.pointee.start
            for byte in transcoded {
                let next = LazyDFA.Core.next(
                    core.pointee.table, state, core.pointee.classOfByte[Int(byte)])
                state = next == LazyDFA.unknown ? core.pointee.computeTransition(state, byte) : next
            }
            lanes[index].state = state
        }
    }

    /// How many bytes the character at the start has; nil if there is none. (The Unicode Standard, table 3-7.)
    private static func characterLength(_ bytes: UnsafeRawBufferPointer) -> Int? {
        let second: ClosedRange<UInt8>
        let length: Int
        switch bytes[0] {
        case 0x00...0x7F: return 1
        case 0xC2...0xDF: (length, second) = (2, 0x80...0xBF)
        case 0xE0: (length, second) = (3, 0xA0...0xBF)
        case 0xED: (length, second) = (3, 0x80...0x9F)
        case 0xE1...0xEF: (length, second) = (3, 0x80...0xBF)
        case 0xF0: (length, second) = (4, 0x90...0xBF)
        case 0xF1...0xF3: (length, second) = (4, 0x80...0xBF)
        case 0xF4: (length, second) = (4, 0x80...0x8F)
        default: return nil
        }
        guard bytes.count >= length, second.contains(bytes[1]) else { return nil }
        return bytes[2..<length].allSatisfy { (0x80...0xBF).contains($0) } ? length : nil
    }
}
