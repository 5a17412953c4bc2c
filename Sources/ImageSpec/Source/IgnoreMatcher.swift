// SPDX-License-Identifier: Apache-2.0

/// Where a folder stands in all ignore files that concern it.
///
/// A value without state of its own: any thread's matcher can go on from it.
struct IgnoreScope: Sendable {
    struct Place: Sendable {
        let file: IgnoreFile
        let positions: [Int32]
    }

    /// The deepest `.gitignore` first, then `.dockerignore`, then the standard rules.
    fileprivate(set) var places: [Place] = []

    fileprivate init(places: [Place]) {
        self.places = places
    }

    /// At the root of the walk, which is the folder of each of these files.
    init(_ files: [IgnoreFile]) {
        for file in files { add(file, at: []) }
    }

    /// Adds an ignore file: one found in this folder, or in a folder further up, from where `path` leads here.
    ///
    /// Of several `.gitignore` files, the ones further up are added first.
    mutating func add(_ file: IgnoreFile, at path: [UInt8]) {
        var positions = file.program.start
        if !path.isEmpty {
            var seen = SeenPositions()
            for byte in path + [ByteSet.slash] {
                positions = file.program.positions(after: positions, byte, &seen)
            }
        }
        if positions.isEmpty { return }
        let place = Place(file: file, positions: positions)
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
    case keep
    case leaveOut(file: IgnoreFile, rule: Int)
    /// A folder that is left out, but below it a later rule could still keep something.
    case leaveOutButEnter(file: IgnoreFile, rule: Int)
}

/// Judges the entries of one folder after the other. One thread's own.
final class IgnoreMatcher {
    private struct Lane {
        let core: UnsafeMutablePointer<IgnoreAutomaton.Core>
        let kind: IgnoreFile.Kind
        let countsCharacters: Bool
    }

    /// Bytes that one automaton's table may take before it is forgotten.
    private let budget: Int
    /// How many files' automata are kept beyond those of the current folder.
    private let fileLimit: Int
    private var automata: [ObjectIdentifier: IgnoreAutomaton] = [:]
    /// The automata of the current folder, in the order of its scope; and what they need to judge a name.
    private var current: [IgnoreAutomaton] = []
    private var lanes: [Lane] = []
    private var transcoded: [UInt8] = []

    init(budget: Int = 2 << 20, fileLimit: Int = 32) {
        self.budget = budget
        self.fileLimit = fileLimit
    }

    /// The automata made so far.
    var automataInUse: [IgnoreAutomaton] { Array(automata.values) }

    /// From now on entries of the folder with this scope are judged.
    func begin(_ scope: IgnoreScope) {
        current.removeAll(keepingCapacity: true)
        lanes.removeAll(keepingCapacity: true)
        if automata.count > max(fileLimit, scope.places.count * 2) { automata.removeAll() }
        for place in scope.places {
            let automaton = automaton(of: place.file)
            automaton.begin(place.positions)
            current.append(automaton)
            lanes.append(
                Lane(
                    core: automaton.core, kind: place.file.kind, countsCharacters: place.file.countsCharacters
                ))
        }
    }

    private func automaton(of file: IgnoreFile) -> IgnoreAutomaton {
        if let known = automata[ObjectIdentifier(file)] { return known }
        let automaton = IgnoreAutomaton(file, budget: budget)
        automata[ObjectIdentifier(file)] = automaton
        return automaton
    }

    /// What the rules say of an entry of the current folder.
    func verdict(_ name: UnsafeRawBufferPointer, isFolder: Bool) -> IgnoreVerdict {
        var isDecidedByGit = false
        var entering: (file: IgnoreFile, rule: Int)?
        for index in lanes.indices {
            let lane = lanes[index]
            if lane.kind == .git && isDecidedByGit { continue }
            let state = run(lane, name)
            let outcome = IgnoreAutomaton.outcome(lane.core, state, isFolder: isFolder)
            if outcome == IgnoreAutomaton.noRule { continue }
            if lane.kind == .git { isDecidedByGit = true }
            // Negated rules have odd outcomes.
            if outcome & 1 == 1 { continue }
            let automaton = current[index]
            let rule = Int(outcome >> 1)
            if isFolder && lane.kind == .docker && automaton.mayKeepSomething(below: state) {
                entering = (automaton.file, rule)
            } else {
                return .leaveOut(file: automaton.file, rule: rule)
            }
        }
        guard let entering else { return .keep }
        return .leaveOutButEnter(file: entering.file, rule: entering.rule)
    }

    /// Where a folder in the current one stands, before its own `.gitignore` is added.
    func scope(entering name: UnsafeRawBufferPointer) -> IgnoreScope {
        var places: [IgnoreScope.Place] = []
        places.reserveCapacity(lanes.count + 1)
        for (lane, automaton) in zip(lanes, current) {
            let positions = automaton.positions(below: run(lane, name))
            if !positions.isEmpty {
                places.append(IgnoreScope.Place(file: automaton.file, positions: positions))
            }
        }
        return IgnoreScope(places: places)
    }

    @inline(__always)
    private func run(_ lane: Lane, _ name: UnsafeRawBufferPointer) -> IgnoreAutomaton.State {
        if lane.countsCharacters && !Self.isASCII(name) { return runByCharacters(lane, name) }
        return IgnoreAutomaton.run(lane.core, name)
    }

    @inline(__always)
    private static func isASCII(_ name: UnsafeRawBufferPointer) -> Bool {
        var bits: UInt8 = 0
        for byte in name { bits |= byte }
        return bits < 0x80
    }

    /// As `run`, with 0xFF in place of each byte that is no UTF-8.
    private func runByCharacters(_ lane: Lane, _ name: UnsafeRawBufferPointer) -> IgnoreAutomaton.State {
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
        return transcoded.withUnsafeBytes { IgnoreAutomaton.run(lane.core, $0) }
    }

    /// How many bytes the character at the start has; nil where there is none. (The Unicode Standard, table 3-7.)
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
