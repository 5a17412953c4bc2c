// SPDX-License-Identifier: Apache-2.0

internal import ContentTree

/// How one list of texts becomes another.
struct ListDifference {
    /// Texts that have no equal in the other list, and pairs of such that are versions of one thing.
    enum Edit {
        case removed(index: Int)
        case added(index: Int)
        case changed(from: Int, to: Int)
    }

    /// By their place in the new list; what is only removed comes first.
    private(set) var edits: [Edit] = []
    /// Whether what is in both stands in another order.
    private(set) var isReordered = false

    /// - Parameters:
    ///   - old: what was.
    ///   - new: what is.
    ///   - pairsPlaces: whether two different texts at one place are versions of one thing.
    ///   - key: two texts of one key are versions of one thing. nil where a text has none.
    init(
        from old: [String], to new: [String], pairsPlaces: Bool = false,
        key: (String) -> String? = { _ in nil }
    ) {
        var partners = [Int?](repeating: nil, count: new.count)
        var isMatched = [Bool](repeating: false, count: old.count)

        /// Gives each new text without a partner the first old one of the same key.
        func pair(_ key: (Int, String) -> String?) {
            var waiting: [ByteString: [Int]] = [:]
            for index in old.indices.reversed() where !isMatched[index] {
                if let key = key(index, old[index]) { waiting[ByteString(key), default: []].append(index) }
            }
            for index in new.indices where partners[index] == nil {
                guard let key = key(index, new[index]),
                    let partner = waiting[ByteString(key)]?.popLast()
                else { continue }
                partners[index] = partner
                isMatched[partner] = true
            }
        }
        pair { $1 }
        let equals = partners
        pair { key($1) }
        if pairsPlaces { pair { index, _ in String(index) } }

        edits = old.indices.filter { !isMatched[$0] }.map(Edit.removed)
        var last = -1
        for index in new.indices {
            guard let partner = partners[index] else {
                edits.append(.added(index: index))
                continue
            }
            if equals[index] == nil { edits.append(.changed(from: partner, to: index)) }
            if partner < last { isReordered = true }
            last = max(last, partner)
        }
    }
}

/// A package in the notation of pip, conda, apt or our records of lock files, as far as a comparison needs it.
struct PackageText {
    /// The name with its extras, as pip compares names: case, `-`, `_` and `.` play no part.
    let key: String
    /// What stands after the name where that is one exact version, without hashes: `2.1` of `numpy==2.1`.
    let version: String?
    /// The name as it is written.
    let name: String

    /// nil where a text does not begin with a name, as `-r base.txt`.
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
        // Hashes follow a version in the output of tools that lock requirements.
        let rest = bytes[end...].drop { $0 == 0x20 }
        let separators = rest.prefix { $0 == UInt8(ascii: "=") || $0 == 0x20 }.count
        let isLocked = end < bytes.count && bytes[end] == 0x20 && rest.count == bytes.count - end - 1
        let word = rest.dropFirst(separators).prefix { $0 != 0x20 }
        let tail = rest.dropFirst(separators + word.count)
        let isVersion =
            !word.isEmpty && word.allSatisfy { $0.isASCIILetterOrDigit || ".+!:~_-".utf8.contains($0) }
        let endsThere = tail.allSatisfy { $0 == 0x20 } || tail.starts(with: " --hash=".utf8)
        version =
            isVersion && endsThere && (separators > 0 || isLocked)
            ? String(decoding: word, as: UTF8.self) : nil
    }

    /// What became of a package, `numpy 2.1 → 2.2`, where two different texts say its exact version.
    static func change(from old: String, to new: String) -> String? {
        guard let old = PackageText(old), let new = PackageText(new), old.key == new.key,
            let oldVersion = old.version, let newVersion = new.version
        else { return nil }
        if oldVersion == newVersion { return "\(new.name) \(newVersion), but other hashes" }
        return "\(new.name) \(oldVersion) → \(newVersion)"
    }
}
