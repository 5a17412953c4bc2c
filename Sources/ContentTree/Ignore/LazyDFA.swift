// SPDX-License-Identifier: Apache-2.0

/// One thread's deterministic automaton of one ignore file. States are computed when a name needs them.
///
/// Patterns such as `*a????????????????????` have exponentially many states, so the table has a budget. When it is used up,
/// all states are discarded, and the table grows again from the state of the current name.
final class LazyDFA {
    /// A state: where its row begins in the table.
    typealias State = UInt32

    /// What reading a name needs, in memory without reference counting.
    struct Core {
        /// Rows: the outcome for a file, the outcome for a directory, and the next state for each byte class.
        ///
        /// Only next states can be unknown.
        fileprivate(set) var table: UnsafeMutablePointer<State>
        let classOfByte: UnsafeMutablePointer<UInt8>
        /// The state in which each name of the current directory starts.
        fileprivate(set) var start: State
        fileprivate let automaton: Unmanaged<LazyDFA>

        /// The next state, or `unknown`.
        @inline(__always)
        static func next(_ table: UnsafeMutablePointer<State>, _ state: State, _ byteClass: UInt8) -> State {
            table[Int(state) &+ rowHead &+ Int(byteClass)]
        }

        /// Computes the next state. The table can move, and its states can change.
        @inline(never)
        func computeTransition(_ state: State, _ byte: UInt8) -> State {
            automaton.takeUnretainedValue().computeTransition(state, byte)
        }
    }

    static let unknown = State.max
    /// How many values of a row precede the next states.
    private static let rowHead = 2
    /// The outcome of a path that no rule matches.
    static let noRule = UInt32.max

    let file: IgnoreFile
    let core: UnsafeMutablePointer<Core>
    /// About how many bytes the states use.
    private(set) var size = 0
    private let budget: Int
    private let rowLength: Int
    private var capacity: Int
    private var positions: [IgnorePositions] = []
    private var states: [IgnorePositions: State] = [:]
    private var startPositions = IgnorePositions([])
    private var resets = 0

    init(_ file: IgnoreFile, budget: Int) {
        self.file = file
        self.budget = budget
        rowLength = Self.rowHead + file.classCount
        capacity = rowLength * 16
        core = .allocate(capacity: 1)
        let classes = UnsafeMutablePointer<UInt8>.allocate(capacity: 256)
        classes.initialize(from: file.classOfByte, count: 256)
        core.initialize(
            to: Core(
                table: .allocate(capacity: capacity), classOfByte: classes, start: 0,
                automaton: .passUnretained(self)))
    }

    deinit {
        core.pointee.classOfByte.deallocate()
        core.pointee.table.deallocate()
        core.deallocate()
    }

    /// From now on, names start at these positions.
    func begin(_ positions: IgnorePositions) {
        startPositions = positions
        core.pointee.start = state(positions)
    }

    /// The positions in the directory with a name, given by the state at the end of the name.
    func positions(below state: State) -> IgnorePositions {
        let slash = file.classOfByte[Int(ByteSet.slash)]
        let known = Core.next(core.pointee.table, state, slash)
        let next = known == Self.unknown ? computeTransition(state, ByteSet.slash) : known
        return positions[Int(next) / rowLength]
    }

    /// Whether something below the directory with a name could match a negated rule.
    func mayIncludeSomething(below state: State) -> Bool {
        file.program.mayIncludeSomething(positions(below: state).list)
    }

    /// The rule that decides, times two, plus one if it is negated; or `noRule`.
    @inline(__always)
    static func outcome(_ core: UnsafeMutablePointer<Core>, _ state: State, isFolder: Bool) -> UInt32 {
        core.pointee.table[Int(state) &+ (isFolder ? 1 : 0)]
    }

    private func computeTransition(_ state: State, _ byte: UInt8) -> State {
        let resetsBefore = resets
        let now = positions[Int(state) / rowLength].list
        let next = self.state(IgnorePositions(file.program.positions(after: now, byte)))
        // After a reset, the row is that of another state.
        if resetsBefore == resets {
            core.pointee.table[Int(state) + Self.rowHead + Int(file.classOfByte[Int(byte)])] = next
        }
        return next
    }

    private func state(_ positions: IgnorePositions) -> State {
        if let known = states[positions] { return known }
        if size > budget { reset() }
        return states[positions] ?? add(positions)
    }

    private func add(_ new: IgnorePositions) -> State {
        let row = positions.count * rowLength
        if row + rowLength > capacity {
            let table = UnsafeMutablePointer<State>.allocate(capacity: capacity * 2)
            table.update(from: core.pointee.table, count: row)
            core.pointee.table.deallocate()
            core.pointee.table = table
            capacity *= 2
        }
        let (file, directory) = self.file.program.winners(new.list)
        core.pointee.table[row] = outcome(file)
        core.pointee.table[row + 1] = outcome(directory)
        (core.pointee.table + row + Self.rowHead).update(
            repeating: Self.unknown, count: rowLength - Self.rowHead)
        positions.append(new)
        states[new] = State(row)
        // The row, and about what the dictionary and the arrays use. The positions at the start exist in any case.
        size += rowLength * 4 + 128 + (new == startPositions ? 0 : new.list.count * 4)
        return State(row)
    }

    private func outcome(_ rule: Int32?) -> UInt32 {
        guard let rule else { return Self.noRule }
        return UInt32(rule) * 2 + (file.program.rules[Int(rule)].isNegated ? 1 : 0)
    }

    private func reset() {
        resets += 1
        positions.removeAll()
        states.removeAll()
        size = 0
        core.pointee.start = add(startPositions)
    }
}
