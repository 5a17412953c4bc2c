// SPDX-License-Identifier: Apache-2.0

/// A class of bytes, `[…]`, in the notation of gitignore(5).
struct GitClass {
    private let text: ArraySlice<UInt8>
    /// Where the class begins, and ends once it is read.
    private(set) var index: Int

    init(_ text: ArraySlice<UInt8>) {
        self.text = text
        index = text.startIndex
    }

    /// Reads the class. If `nil`, it is not closed or names a class that does not exist.
    mutating func read() -> ByteSet? {
        var set = ByteSet()
        index += 1
        let isNegated =
            index < text.endIndex
            && (text[index] == UInt8(ascii: "!") || text[index] == UInt8(ascii: "^"))
        if isNegated { index += 1 }
        // The byte before, if a `-` can make a range of it.
        var low: UInt8?
        /// The next `]` after a `[:`.
        var bracket: Int?
        var isFirst = true
        while true {
            guard var byte = next() else { return nil }
            if byte == UInt8(ascii: "]") && !isFirst { break }
            isFirst = false
            if byte == UInt8(ascii: "\\") {
                guard let escaped = next() else { return nil }
                set.insert(escaped)
                low = escaped
            } else if byte == UInt8(ascii: "-"), let bound = low, index < text.endIndex,
                text[index] != UInt8(ascii: "]")
            {
                byte = text[index]
                index += 1
                if byte == UInt8(ascii: "\\") {
                    guard let escaped = next() else { return nil }
                    byte = escaped
                }
                if bound <= byte { set.formUnion(ByteSet(bound...byte)) }
                low = nil
            } else if byte == UInt8(ascii: "["), index < text.endIndex, text[index] == UInt8(ascii: ":") {
                // The same bracket is found again and again in a long class.
                if bracket.map({ $0 <= index }) ?? true {
                    bracket = text[(index + 1)...].firstIndex(of: UInt8(ascii: "]"))
                }
                guard let close = bracket else { return nil }
                if close == index + 1 || text[close - 1] != UInt8(ascii: ":") {
                    set.insert(byte)
                    low = byte
                } else {
                    guard let named = Self.named(text[(index + 1)..<(close - 1)]) else { return nil }
                    set.formUnion(named)
                    low = nil
                    index = close + 1
                }
            } else {
                set.insert(byte)
                low = byte
            }
        }
        if isNegated { set = set.complement }
        set.remove(ByteSet.slash)
        return set
    }

    private mutating func next() -> UInt8? {
        if index == text.endIndex { return nil }
        index += 1
        return text[index - 1]
    }

    /// The POSIX classes as git has them: only ASCII, and without VT and FF as white space.
    private static func named(_ name: ArraySlice<UInt8>) -> ByteSet? {
        let ranges: [ClosedRange<UInt8>]
        switch String(decoding: name, as: UTF8.self) {
        case "alnum": ranges = [0x30...0x39, 0x41...0x5A, 0x61...0x7A]
        case "alpha": ranges = [0x41...0x5A, 0x61...0x7A]
        case "blank": ranges = [0x09...0x09, 0x20...0x20]
        case "cntrl": ranges = [0x00...0x1F, 0x7F...0x7F]
        case "digit": ranges = [0x30...0x39]
        case "graph": ranges = [0x21...0x7E]
        case "lower": ranges = [0x61...0x7A]
        case "print": ranges = [0x20...0x7E]
        case "punct": ranges = [0x21...0x2F, 0x3A...0x40, 0x5B...0x60, 0x7B...0x7E]
        case "space": ranges = [0x09...0x0A, 0x0D...0x0D, 0x20...0x20]
        case "upper": ranges = [0x41...0x5A]
        case "xdigit": ranges = [0x30...0x39, 0x41...0x46, 0x61...0x66]
        default: return nil
        }
        return ranges.reduce(into: ByteSet()) { $0.formUnion(ByteSet($1)) }
    }
}
