// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
internal import ImageSpec

/// A version of a Python package, in its normal form: `1.0`, `2!1.0rc1.post2.dev3+local`.
///
/// Source: PEP 440, with the spellings of its appendix B.
struct PackageVersion: Hashable, Comparable, Sendable {
    enum Phase: Int, Sendable {
        case alpha, beta, candidate
    }

    var epoch = 0
    /// Without trailing zeros, so that `1.0` and `1` are one version.
    var release: [Int]
    /// As it was written; `~=` counts its parts.
    var releaseCount: Int
    var phase: Phase?
    var phaseNumber = 0
    var post: Int?
    var dev: Int?
    var local: [String] = []

    /// Returns `nil` if the text is not a version.
    init?(_ text: String) {
        var cursor = TextCursor(text.lowercased())
        guard let version = PackageVersion(reading: &cursor), cursor.isAtEnd else { return nil }
        self = version
    }

    init(release: [Int]) {
        self.release = Self.trimmed(release)
        releaseCount = release.count
    }

    private static func trimmed(_ release: [Int]) -> [Int] {
        Array(release[...(release.lastIndex { $0 != 0 } ?? 0)])
    }

    /// Reads the longest version at the cursor, whose text is in lower case.
    private init?(reading cursor: inout TextCursor) {
        _ = cursor.take("v")
        guard let first = Self.number(&cursor) else { return nil }
        var parts = [first]
        if cursor.take("!") {
            epoch = first
            guard let next = Self.number(&cursor) else { return nil }
            parts = [next]
        }
        while cursor.peek() == UInt8(ascii: "."), cursor.peek(1)?.isASCIIDigit == true {
            cursor.position += 1
            guard let next = Self.number(&cursor) else { return nil }
            parts.append(next)
        }
        release = Self.trimmed(parts)
        releaseCount = parts.count
        readPhase(&cursor)
        readPost(&cursor)
        if let number = Self.labelled(&cursor, ["dev"]) { dev = number }
        if cursor.take("+") {
            local = cursor.takeAll { $0.isASCIILetterOrDigit || "._-".utf8.contains($0) }
                .split(omittingEmptySubsequences: false) { "._-".contains($0) }.map(String.init)
            if local.contains("") { return nil }
        }
    }

    private mutating func readPhase(_ cursor: inout TextCursor) {
        let labels: [(Phase, [StaticString])] = [
            (.alpha, ["alpha", "a"]), (.beta, ["beta", "b"]), (.candidate, ["rc", "c", "preview", "pre"]),
        ]
        for (phase, names) in labels {
            guard let number = Self.labelled(&cursor, names) else { continue }
            self.phase = phase
            phaseNumber = number
            return
        }
    }

    private mutating func readPost(_ cursor: inout TextCursor) {
        if let number = Self.labelled(&cursor, ["post", "rev", "r"]) {
            post = number
        } else if cursor.peek() == UInt8(ascii: "-"), cursor.peek(1)?.isASCIIDigit == true {
            cursor.position += 1
            post = Self.number(&cursor)
        }
    }

    /// The number after a label, 0 without one; `nil`, and nothing is read, if the label is not there.
    private static func labelled(_ cursor: inout TextCursor, _ labels: [StaticString]) -> Int? {
        let start = cursor.position
        func isSeparator(_ byte: UInt8?) -> Bool { byte.map { "._-".utf8.contains($0) } ?? false }
        if isSeparator(cursor.peek()) { cursor.position += 1 }
        for label in labels where cursor.take(label) {
            let end = cursor.position
            if isSeparator(cursor.peek()) { cursor.position += 1 }
            if let number = number(&cursor) { return number }
            cursor.position = end
            return 0
        }
        cursor.position = start
        return nil
    }

    private static func number(_ cursor: inout TextCursor) -> Int? {
        let start = cursor.position
        guard let number = Int(cursor.takeAll(\.isASCIIDigit)) else {
            cursor.position = start
            return nil
        }
        return number
    }

    /// Whether this is not a final release.
    var isPrerelease: Bool { phase != nil || dev != nil }

    static func == (left: PackageVersion, right: PackageVersion) -> Bool {
        !(left < right) && !(right < left)
    }

    func hash(into hasher: inout Hasher) {
        hasher.combine(epoch)
        hasher.combine(release)
        hasher.combine(phase)
        hasher.combine(post)
    }

    /// The order of PEP 440: development releases, pre-releases, the release, its post-releases.
    static func < (left: PackageVersion, right: PackageVersion) -> Bool {
        if left.epoch != right.epoch { return left.epoch < right.epoch }
        if left.release != right.release { return left.release.lexicographicallyPrecedes(right.release) }
        func key(_ version: PackageVersion) -> [Int] {
            let phase =
                switch version.phase {
                case let phase?: phase.rawValue
                case nil: version.post == nil && version.dev != nil ? -1 : 3
                }
            return [phase, version.phaseNumber, version.post ?? -1, version.dev ?? Int.max]
        }
        let keys = (key(left), key(right))
        if keys.0 != keys.1 { return keys.0.lexicographicallyPrecedes(keys.1) }
        // Numbers count more than words.
        for (one, other) in zip(left.local, right.local) where one != other {
            switch (Int(one), Int(other)) {
            case (let one?, let other?): if one != other { return one < other }
            case (nil, nil): return one < other
            case (let one, _): return one == nil
            }
        }
        return left.local.count < right.local.count
    }
}
