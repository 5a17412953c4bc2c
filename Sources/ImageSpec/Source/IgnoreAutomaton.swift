// SPDX-License-Identifier: Apache-2.0

/// One thread's deterministic automaton of one ignore file, made state by state as names ask for them.
///
/// Patterns such as `*a????????????????????` have exponentially many states, so the table has a budget: where it is
/// used up, everything is forgotten and the table grows anew from where the current name stands.
final class IgnoreAutomaton {
    /// A state: the place of its row in the table, or, for one that no further byte of a name can change,
    /// a number below `unknown` that tells that place.
    typealias State = Int32

    private static let unknown: State = -1
    /// What a row holds before the states that follow on each class of bytes.
    private static let rowHead = 2
    /// Outcome of a path that no rule matches.
    static let noRule: Int32 = -1

    /// What judging a name needs, in one place that no reference counting guards.
    struct Core {
        /// Rows, each of the outcome for a file, the outcome for a folder, and the next state by byte class.
        fileprivate(set) var table: UnsafeMutablePointer<Int32>
        fileprivate let classOfByte: UnsafeMutablePointer<UInt8>
        /// The state in which each name of the current folder starts.
        fileprivate(set) var start: State
        fileprivate let automaton: Unmanaged<IgnoreAutomaton>
    }

    let file: IgnoreFile
    let core: UnsafeMutablePointer<Core>
    private var resets = 0
    private let budget: Int
    private let rowLength: Int
    private var capacity: Int
    private var positions: [[Int32]] = []
    private var states: [[Int32]: State] = [:]
    /// Bytes that the states take, about.
    private(set) var size = 0
    private var startPositions: [Int32]
    private var seen = SeenPositions()

    init(_ file: IgnoreFile, budget: Int) {
        self.file = file
        self.budget = budget
        rowLength = Self.rowHead + file.classCount
        capacity = rowLength * 16
        startPositions = file.program.start
        core = .allocate(capacity: 1)
        let classes = UnsafeMutablePointer<UInt8>.allocate(capacity: 256)
        classes.initialize(from: file.classOfByte, count: 256)
        let table = UnsafeMutablePointer<Int32>.allocate(capacity: capacity)
        core.initialize(
            to: Core(
                table: table, classOfByte: classes, start: Self.unknown, automaton: .passUnretained(self)))
    }

    deinit {
        core.pointee.classOfByte.deallocate()
        core.pointee.table.deallocate()
        core.deallocate()
    }

    /// From now on names start at these positions.
    func begin(_ positions: [Int32]) {
        startPositions = positions
        core.pointee.start = state(positions)
    }

    /// Where the folder of this name stands, whose state is that of its name's end.
    func positions(below state: State) -> [Int32] {
        positions[Int(next(Self.row(state), ByteSet.slash)) / rowLength]
    }

    /// Whether something below the folder of this name could match a negated rule.
    func mayKeepSomething(below state: State) -> Bool {
        file.program.mayKeepSomething(positions(below: state))
    }

    /// The state after a name that starts in the current folder.
    @inline(__always)
    static func run(_ core: UnsafeMutablePointer<Core>, _ name: UnsafeRawBufferPointer) -> State {
        var state = core.pointee.start
        if state < unknown { return state }
        var table = core.pointee.table
        let classes = core.pointee.classOfByte
        for byte in name {
            var next = table[Int(state) &+ rowHead &+ Int(classes[Int(byte)])]
            if next < 0 {
                if next == unknown {
                    next = core.pointee.automaton.takeUnretainedValue().discover(state, byte)
                    table = core.pointee.table
                }
                if next < 0 { return next }
            }
            state = next
        }
        return state
    }

    /// The rule that decides, doubled, plus one where it is negated; or `noRule`.
    @inline(__always)
    static func outcome(_ core: UnsafeMutablePointer<Core>, _ state: State, isFolder: Bool) -> Int32 {
        core.pointee.table[Int(row(state)) &+ (isFolder ? 1 : 0)]
    }

    @inline(__always)
    private static func row(_ state: State) -> Int32 { state < 0 ? -2 &- state : state }

    /// The row of the state after one more byte.
    private func next(_ row: Int32, _ byte: UInt8) -> Int32 {
        let known = core.pointee.table[Int(row) + Self.rowHead + Int(file.classOfByte[Int(byte)])]
        return Self.row(known == Self.unknown ? discover(row, byte) : known)
    }

    @inline(never)
    private func discover(_ row: Int32, _ byte: UInt8) -> State {
        let before = resets
        let next = state(file.program.positions(after: positions[Int(row) / rowLength], byte, &seen))
        // After a reset the row is another state's.
        if before == resets {
            core.pointee.table[Int(row) + Self.rowHead + Int(file.classOfByte[Int(byte)])] = next
        }
        return next
    }

    private func state(_ positions: [Int32]) -> State {
        if let known = states[positions] { return known }
        if size > budget { reset() }
        return states[positions] ?? add(positions)
    }

    private func add(_ new: [Int32]) -> State {
        let row = positions.count * rowLength
        if row + rowLength > capacity {
            let table = UnsafeMutablePointer<Int32>.allocate(capacity: capacity * 2)
            table.update(from: core.pointee.table, count: row)
            core.pointee.table.deallocate()
            core.pointee.table = table
            capacity *= 2
        }
        let (file, folder) = self.file.program.winners(new)
        core.pointee.table[row] = outcome(file)
        core.pointee.table[row + 1] = outcome(folder)
        (core.pointee.table + row + Self.rowHead).update(
            repeating: Self.unknown, count: rowLength - Self.rowHead)
        let state = self.file.program.isSettled(new) ? -2 - Int32(row) : Int32(row)
        positions.append(new)
        states[new] = state
        // The row, the positions, and about what the dictionary and the arrays take beside them.
        size += rowLength * 4 + new.count * 4 + 128
        return state
    }

    private func outcome(_ rule: Int32?) -> Int32 {
        guard let rule else { return Self.noRule }
        return rule * 2 + (file.program.rules[Int(rule)].isNegated ? 1 : 0)
    }

    private func reset() {
        resets += 1
        positions.removeAll()
        states.removeAll()
        size = 0
        core.pointee.start = add(startPositions)
    }
}
