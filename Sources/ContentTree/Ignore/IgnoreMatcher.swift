// SPDX-License-Identifier: Apache-2.0

/// Matches the entries of one directory after the other. Not shared between threads.
final class IgnoreMatcher {
    /// One ignore file of the current directory.
    struct Lane {
        let core: UnsafeMutablePointer<LazyDFA.Core>
        let kind: IgnoreFile.Kind
        let countsCharacters: Bool
        /// The state at the end of the last name.
        var state: LazyDFA.State = 0
    }

    /// How many lanes read a name at the same time: each next state is a look-up in memory, and those of several files can
    /// wait together.
    static let width = 4

    /// How many bytes the states of one automaton may use before they are discarded.
    private let budget: Int
    /// How many bytes all automata may use before those of other directories are discarded.
    private let totalBudget: Int
    private var automata: [ObjectIdentifier: LazyDFA] = [:]
    /// How many bytes all automata and the current ones used when these became current.
    private var size = (all: 0, current: 0)
    /// The automata of the current directory, in the order of its scope.
    private var current: [LazyDFA] = []
    /// The same as lanes, with idle ones added to a multiple of `width`.
    private(set) var lanes: UnsafeMutablePointer<Lane>
    private var laneCapacity: Int
    private(set) var laneCount = 0
    private(set) var someCountCharacters = false
    /// Has no rule and one state, so that several lanes of a group can share it.
    private let idle: LazyDFA
    /// A name with 0xFF in place of each byte that is not UTF-8.
    var transcoded: [UInt8] = []

    init(budget: Int = 2 << 20, totalBudget: Int = 32 << 20) {
        self.budget = budget
        self.totalBudget = totalBudget
        laneCapacity = Self.width
        lanes = .allocate(capacity: laneCapacity)
        idle = LazyDFA(.standard, budget: .max)
        idle.begin(IgnorePositions([]))
    }

    deinit { lanes.deallocate() }

    /// The automata that exist.
    var automataInUse: [LazyDFA] { Array(automata.values) }

    /// From now on, entries of the directory with this scope are matched.
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
        // An automaton uses some thousand bytes even without a state.
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

    /// What the rules decide on an entry of the current directory.
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

    /// The scope of a directory in the current one, before its own `.gitignore` is added.
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
}
