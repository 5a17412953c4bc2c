// SPDX-License-Identifier: Apache-2.0

/// Matches the entries of one directory after the other. Not shared between threads.
final class IgnoreMatcher {
    /// One ignore file of the current directory.
    struct Place {
        let core: UnsafeMutablePointer<LazyDFA.Core>
        let kind: IgnoreFile.Kind
        let countsCharacters: Bool
        /// The state at the end of the last name.
        var state: LazyDFA.State = 0
    }

    /// How many bytes the states of one automaton may use before they are discarded.
    private let budget: Int
    /// How many bytes all automata may use before those of other directories are discarded.
    private let totalBudget: Int
    private var automata: [ObjectIdentifier: LazyDFA] = [:]
    /// How many bytes all automata and the current ones used when these became current.
    private var size = (all: 0, current: 0)
    /// The automata of the current directory, in the order of its scope.
    private var current: [LazyDFA] = []
    /// The same automata, with their states.
    var places: [Place] = []
    private(set) var someCountCharacters = false
    /// A name with 0xFF in place of each byte that is not UTF-8.
    var transcoded: [UInt8] = []

    init(budget: Int = 2 << 20, totalBudget: Int = 32 << 20) {
        self.budget = budget
        self.totalBudget = totalBudget
    }

    /// The automata that exist.
    var automataInUse: [LazyDFA] { Array(automata.values) }

    /// From now on, entries of the directory with this scope are matched.
    func begin(_ scope: IgnoreScope) {
        let places = scope.places
        // Most directories have the same ignore files as the one before.
        if places.count != current.count || !zip(places, current).allSatisfy({ $0.file === $1.file }) {
            prepare(places)
        }
        for (place, automaton) in zip(places, current) { automaton.begin(place.positions) }
    }

    private func prepare(_ scope: [IgnoreScope.Place]) {
        size.all += current.reduce(0) { $0 + $1.size } - size.current
        current.removeAll(keepingCapacity: true)
        // An automaton uses some thousand bytes even without a state.
        if size.all + automata.count * 8192 > totalBudget {
            automata.removeAll()
            size.all = 0
        }
        current = scope.map { automaton(of: $0.file) }
        places = zip(scope, current).map { place, automaton in
            Place(
                core: automaton.core, kind: place.file.kind, countsCharacters: place.file.countsCharacters)
        }
        size.current = current.reduce(0) { $0 + $1.size }
        someCountCharacters = scope.contains { $0.file.countsCharacters }
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
        var isDecidedByGit = false
        var entering: (file: IgnoreFile, rule: Int)?
        for (index, place) in places.enumerated() {
            let outcome = LazyDFA.outcome(place.core, place.state, isFolder: isFolder)
            if outcome == LazyDFA.noRule || (isDecidedByGit && place.kind == .git) { continue }
            if place.kind == .git { isDecidedByGit = true }
            // Negated rules have odd outcomes.
            if outcome & 1 == 1 { continue }
            let automaton = current[index]
            let rule = Int(outcome >> 1)
            if isFolder && place.kind == .docker && automaton.mayIncludeSomething(below: place.state) {
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
        var below: [IgnoreScope.Place] = []
        below.reserveCapacity(places.count + 1)
        for (place, automaton) in zip(places, current) {
            let positions = automaton.positions(below: place.state)
            if !positions.list.isEmpty {
                below.append(IgnoreScope.Place(file: automaton.file, positions: positions))
            }
        }
        return IgnoreScope(places: below)
    }
}
