// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
internal import ImageSpec

/// A package in the notation of pip, conda, apt or snapshots of lock files, as far as a diff needs it.
struct PackageText {
    /// The name with its extras in pip's normal form: lower case, with `-` for `_` and `.`.
    let key: String
    /// The name as written.
    let name: String
    /// The part after the name if it is an exact version: `2.1` of `numpy==2.1`.
    let version: String?
    /// The part after the version, without hashes: an environment marker.
    private let marker: String
    /// The text without hashes and with single spaces.
    let withoutHashes: String
    /// The values of `--hash`, sorted.
    let hashes: [String]

    /// `nil` if the text does not begin with a name, such as `-r base.txt`.
    init?(_ text: String) {
        let bytes = Array(text.utf8)
        var end = bytes.prefix { $0.isASCIILetterOrDigit || "._-".utf8.contains($0) }.count
        guard let first = bytes.first, first.isASCIILetterOrDigit, end > 0 else { return nil }
        if end < bytes.count, bytes[end] == UInt8(ascii: "["),
            let close = bytes[end...].firstIndex(of: UInt8(ascii: "]"))
        {
            end = close + 1
        }
        name = String(decoding: bytes[..<end], as: UTF8.self)
        key =
            String(
                decoding: bytes[..<end].map { "._".utf8.contains($0) ? UInt8(ascii: "-") : $0 }, as: UTF8.self
            ).asciiLowercased

        let (rest, hashes) = Self.withoutHashes(bytes[end...])
        self.hashes = hashes
        let isApart = end < bytes.count && Self.isSpace(bytes[end])
        withoutHashes = name + (isApart && !rest.isEmpty ? " " : "") + rest
        let separators = rest.utf8.prefix { $0 == UInt8(ascii: "=") || $0 == 0x20 }
        let word = rest.utf8.dropFirst(separators.count).prefix {
            $0.isASCIILetterOrDigit || ".+!:~_-".utf8.contains($0)
        }
        let tail = rest.utf8.dropFirst(separators.count + word.count).drop { $0 == 0x20 }
        marker = String(decoding: tail, as: UTF8.self)
        // A snapshot of a lock file has only a space between name and version.
        let isPinned = separators.contains(UInt8(ascii: "=")) || (isApart && separators.isEmpty)
        let isVersion = !word.isEmpty && isPinned && (tail.isEmpty || tail.first == UInt8(ascii: ";"))
        version = isVersion ? String(decoding: word, as: UTF8.self) : nil
    }

    /// Separates the hashes from the other words. Source: pip, "Secure installs": `--hash=sha256:…`, `--hash sha256:…`.
    private static func withoutHashes(_ text: ArraySlice<UInt8>) -> (rest: String, hashes: [String]) {
        var words: [String] = []
        var hashes: [String] = []
        var isHash = false
        for part in text.split(whereSeparator: isSpace) {
            let word = String(decoding: part, as: UTF8.self)
            if isHash {
                hashes.append(word)
                isHash = false
            } else if word.hasPrefix("--hash=") {
                hashes.append(String(word.dropFirst("--hash=".count)))
            } else if word == "--hash" {
                isHash = true
            } else {
                words.append(word)
            }
        }
        return (words.joined(separator: " "), hashes.sorted { $0.precedesInUTF8($1) })
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }

    /// Describes a change: `numpy 2.1 → 2.2`, `numpy 2.1: hashes changed`. `nil` if both texts must be shown.
    static func change(from old: String, to new: String) -> String? {
        guard let old = PackageText(old), let new = PackageText(new), old.key == new.key else { return nil }
        let isSameText = old.withoutHashes.hasSameBytes(as: new.withoutHashes)
        if isSameText, old.hashes != new.hashes {
            return "\(new.version.map { "\(new.name) \($0)" } ?? new.withoutHashes): hashes changed"
        }
        guard let oldVersion = old.version, let newVersion = new.version, oldVersion != newVersion,
            old.marker == new.marker
        else { return nil }
        return "\(new.name) \(oldVersion) → \(newVersion)"
    }

    /// The text with the number of its hashes in their place; `nil` if it has none.
    static func shortened(_ text: String) -> String? {
        guard let package = PackageText(text), !package.hashes.isEmpty else { return nil }
        let count = package.hashes.count
        return "\(package.withoutHashes) (\(count) hash\(count == 1 ? "" : "es"))"
    }
}
