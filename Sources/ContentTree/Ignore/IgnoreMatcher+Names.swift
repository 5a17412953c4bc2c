// SPDX-License-Identifier: Apache-2.0

// How names are read.
extension IgnoreMatcher {
    /// Sets the state of each lane to that at the end of a name.
    @inline(__always)
    func read(_ name: UnsafeRawBufferPointer) {
        let lanes = lanes
        var bits: UInt8 = 0
        for first in stride(from: 0, to: laneCount, by: Self.width) { bits |= Self.read(name, lanes + first) }
        if bits >= 0x80 && someCountCharacters { readByCharacters(name) }
    }

    /// Runs one group of lanes. Returns the union of the bits of all bytes.
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
            // Only unknown states have the highest bit.
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

    /// Runs the lanes that count characters again, with 0xFF in place of each byte that is not UTF-8.
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

    /// The length of the character at the start. If `nil`, there is none. Source: The Unicode Standard, table 3-7.
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
