// SPDX-License-Identifier: Apache-2.0

// How names are read.
extension IgnoreMatcher {
    /// Sets the state of each place to that at the end of a name.
    @inline(__always)
    func read(_ name: UnsafeRawBufferPointer) {
        for index in places.indices { places[index].state = Self.state(places[index].core, after: name) }
        if someCountCharacters, name.contains(where: { $0 >= 0x80 }) { readByCharacters(name) }
    }

    /// The state of an automaton at the end of a name.
    @inline(__always)
    private static func state(
        _ core: UnsafeMutablePointer<LazyDFA.Core>, after name: UnsafeRawBufferPointer
    ) -> LazyDFA.State {
        let classes = core.pointee.classOfByte
        var table = core.pointee.table
        var state = core.pointee.start
        for byte in name {
            var next = LazyDFA.Core.next(table, state, classes[Int(byte)])
            if next == LazyDFA.unknown {
                next = core.pointee.computeTransition(state, byte)
                table = core.pointee.table
            }
            state = next
        }
        return state
    }

    /// Runs the automata that count characters again, with 0xFF in place of each byte that is not UTF-8.
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
        transcoded.withUnsafeBytes { transcoded in
            for index in places.indices where places[index].countsCharacters {
                places[index].state = Self.state(places[index].core, after: transcoded)
            }
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
