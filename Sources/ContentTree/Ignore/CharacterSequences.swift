// SPDX-License-Identifier: Apache-2.0

/// UTF-8 sequences of characters, as lists of byte sets.
///
/// In a name, each byte that is not UTF-8 is matched as one byte 0xFF, which UTF-8 never contains.
enum CharacterSequences {
    static let any = any(except: [])

    static func any(except ranges: [ClosedRange<UInt32>]) -> [[ByteSet]] {
        var next: UInt32 = 0
        var others: [ClosedRange<UInt32>] = []
        for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            if next < range.lowerBound { others.append(next...(range.lowerBound - 1)) }
            next = max(next, range.upperBound + 1)
        }
        if next <= 0x10FFFF { others.append(next...0x10FFFF) }
        return any(of: others) + [[ByteSet(0xFF...0xFF)]]
    }

    /// Any character of the ranges but the slash.
    static func any(of ranges: [ClosedRange<UInt32>]) -> [[ByteSet]] {
        var single = ByteSet()
        var sequences: [[ByteSet]] = []
        for range in ranges {
            for part: ClosedRange<UInt32> in [
                0...0x7F, 0x80...0x7FF, 0x800...0xD7FF, 0xE000...0xFFFF, 0x10000...0x10FFFF,
            ]
            where part.overlaps(range) {
                let range = range.clamped(to: part)
                if part.upperBound == 0x7F {
                    single.formUnion(ByteSet(UInt8(range.lowerBound)...UInt8(range.upperBound)))
                } else {
                    let lead: UInt32 =
                        part.upperBound == 0x7FF ? 0xC0 : part.upperBound == 0x10FFFF ? 0xF0 : 0xE0
                    append(
                        range, lead: lead, length: lead == 0xC0 ? 1 : lead == 0xE0 ? 2 : 3, after: [],
                        to: &sequences)
                }
            }
        }
        single.remove(ByteSet.slash)
        return single.isEmpty ? sequences : [[single]] + sequences
    }

    /// Adds the sequences for a range whose encodings have `length` further bytes after this one.
    private static func append(
        _ range: ClosedRange<UInt32>, lead: UInt32, length: Int, after: [ByteSet],
        to sequences: inout [[ByteSet]]
    ) {
        func set(_ low: UInt32, _ high: UInt32) -> ByteSet {
            ByteSet(UInt8(lead + low)...UInt8(lead + high))
        }
        if length == 0 {
            sequences.append(after + [set(range.lowerBound, range.upperBound)])
            return
        }
        let span: UInt32 = 1 << (6 * UInt32(length))
        var low = range.lowerBound
        // First the part before the next whole span, then all whole ones together, then the rest.
        while low <= range.upperBound {
            let wholeEnd = (range.upperBound + 1) / span * span
            let isWhole = low % span == 0 && wholeEnd > low
            let high = isWhole ? wholeEnd - 1 : min(range.upperBound, low / span * span + span - 1)
            let head = after + [set(low / span, high / span)]
            if isWhole {
                sequences.append(head + [ByteSet](repeating: ByteSet(0x80...0xBF), count: length))
            } else {
                append(
                    (low % span)...(high % span), lead: 0x80, length: length - 1, after: head, to: &sequences)
            }
            low = high + 1
        }
    }
}
