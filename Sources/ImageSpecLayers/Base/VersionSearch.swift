// SPDX-License-Identifier: Apache-2.0

/// Finds the version in the bytes of a program or library that arrive in pieces: a text of digits after a known beginning.
struct VersionSearch {
    private let beginning: [UInt8]
    /// Whether the text is a whole string of C: no byte before it, and none after it.
    private let isWholeString: Bool
    /// The end of the bytes so far, which may be the beginning of the text.
    private var carry: [UInt8] = []
    private(set) var version: String?

    private static let longest = 24

    private init(beginning: String, isWholeString: Bool) {
        self.beginning = Array(beginning.utf8)
        self.isWholeString = isWholeString
    }

    /// The version of an interpreter: `3.11.2` in `python3.11` and in `libpython3.11.so.1.0`.
    ///
    /// Source: CPython, `Include/patchlevel.h`, `PY_VERSION`.
    static func python(inFile name: [UInt8]) -> VersionSearch {
        let digits = name.drop { $0 != UInt8(ascii: "3") }.dropFirst(2).prefix { $0 >= 0x30 && $0 <= 0x39 }
        let minor = String(decoding: digits, as: UTF8.self)
        return VersionSearch(beginning: "3.\(minor).", isWholeString: true)
    }

    /// The version of the GNU C library: `2.36`.
    ///
    /// Source: glibc, `version.c`, the banner that `gnu_get_libc_version` belongs to.
    static var glibc: VersionSearch {
        VersionSearch(beginning: "stable release version ", isWholeString: false)
    }

    mutating func read(_ bytes: UnsafeRawBufferPointer) {
        if version != nil { return }
        let text = carry + bytes
        text.withUnsafeBytes { find(in: $0) }
        // With the byte before the text, and everything up to the byte after it.
        carry = Array(text.suffix(beginning.count + Self.longest + 1))
    }

    private mutating func find(in text: UnsafeRawBufferPointer) {
        guard text.count > beginning.count else { return }
        let first = beginning[0]
        var start = isWholeString ? 1 : 0
        while start + beginning.count < text.count {
            defer { start += 1 }
            guard text[start] == first, !isWholeString || text[start - 1] == 0,
                text[start..<(start + beginning.count)].elementsEqual(beginning)
            else { continue }
            let rest = text[(start + beginning.count)...].prefix(Self.longest)
            guard let end = rest.firstIndex(where: { !Self.isPart($0) }), end > rest.startIndex else {
                continue
            }
            if isWholeString, text[end] != 0 { continue }
            var found = String(decoding: rest[..<end], as: UTF8.self)
            while found.hasSuffix(".") { found.removeLast() }
            version = isWholeString ? String(decoding: beginning, as: UTF8.self) + found : found
            return
        }
    }

    /// Digits, and the letters of pre-releases.
    private static func isPart(_ byte: UInt8) -> Bool {
        byte >= 0x30 && byte <= 0x39 || ".+abcr".utf8.contains(byte)
    }
}
