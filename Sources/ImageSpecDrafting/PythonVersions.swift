// SPDX-License-Identifier: Apache-2.0

internal import ContentTree

/// A version of Python as a spec has it: `3.12` or `3.12.4`.
struct PythonVersion: Equatable, Sendable {
    /// Two or three.
    var parts: [Int]

    var text: String { parts.map(String.init).joined(separator: ".") }

    /// Reads `3.12` and `3.12.4`; nil for everything else.
    init?(_ text: some StringProtocol) {
        let parts = String(text).split(separator: ".", omittingEmptySubsequences: false).map(Self.number)
        let numbers = parts.compactMap(\.self)
        guard (2...3).contains(parts.count), numbers.count == parts.count, [2, 3].contains(numbers[0]) else {
            return nil
        }
        self.parts = numbers
    }

    fileprivate init(minor: Int) { parts = [3, minor] }

    fileprivate static func number(_ text: Substring) -> Int? {
        guard (1...3).contains(text.utf8.count), text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
            return nil
        }
        return Int(text)
    }
}

/// Which versions of Python a project says that it runs on: `>=3.10,<3.13`, or poetry's `^3.10`.
///
/// Source: PEP 440, version specifiers; poetry's documentation of dependency specification.
struct PythonRange {
    private struct Bound {
        var comparison: String
        var parts: [Int]
        var isPrefix: Bool
    }

    private let bounds: [Bound]

    /// nil if the text is not understood.
    init?(_ text: String) {
        var bounds: [Bound] = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let part = part.filter { $0 != " " && $0 != "\t" }
            let known = [">=", "<=", "==", "!=", "~=", ">", "<", "^", "~"]
            let comparison = known.first { part.hasPrefix($0) } ?? ""
            var version = part.dropFirst(comparison.count)
            let isPrefix = version.hasSuffix(".*")
            if isPrefix { version = version.dropLast(2) }
            let parts = version.split(separator: ".", omittingEmptySubsequences: false).map(
                PythonVersion.number)
            let numbers = parts.compactMap(\.self)
            guard (1...3).contains(parts.count), numbers.count == parts.count,
                !isPrefix || ["", "==", "!="].contains(comparison)
            else { return nil }
            bounds.append(Bound(comparison: comparison, parts: numbers, isPrefix: isPrefix))
        }
        if bounds.isEmpty { return nil }
        self.bounds = bounds
    }

    /// One version of the range: `favourite` if it is in it, else the newest, else one that the range itself names.
    func version(favouring favourite: PythonVersion) -> PythonVersion? {
        let minors = [favourite] + (6...14).reversed().map(PythonVersion.init(minor:))
        let named = bounds.filter { $0.comparison == "==" || $0.comparison.isEmpty }.compactMap { bound in
            PythonVersion(bound.parts.map(String.init).joined(separator: "."))
        }
        return (minors + named).first(where: contains)
    }

    /// A version of two parts stands for its newest patch, as it does in the names of Python's images.
    func contains(_ version: PythonVersion) -> Bool {
        let found = version.parts.count == 2 ? version.parts + [999] : version.parts
        return bounds.allSatisfy { bound in
            let parts = bound.parts
            func isSame(_ count: Int) -> Bool { found.prefix(count).elementsEqual(parts.prefix(count)) }
            func compares(_ expected: (Int) -> Bool) -> Bool {
                let padded = parts + Array(repeating: 0, count: 3 - parts.count)
                let difference = zip(found, padded).first { $0 != $1 }.map { $0 < $1 ? -1 : 1 } ?? 0
                return expected(difference)
            }
            return switch bound.comparison {
            case ">=": compares { $0 >= 0 }
            case "<=": compares { $0 <= 0 }
            case ">": compares { $0 > 0 }
            case "<": compares { $0 < 0 }
            // poetry takes a version without an operator for that version.
            case "==", "":
                bound.isPrefix ? isSame(parts.count) : compares { $0 == 0 }
            case "!=": bound.isPrefix ? !isSame(parts.count) : compares { $0 != 0 }
            case "~=": compares { $0 >= 0 } && isSame(max(1, parts.count - 1))
            case "~": compares { $0 >= 0 } && isSame(min(2, parts.count))
            case "^": compares { $0 >= 0 } && isSame(1)
            default: false
            }
        }
    }
}
