// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
internal import ImageSpec

/// A condition on versions in poetry's notation: `^3.10`, `>=2.0,<3`, `~1.2 || 2.*`.
///
/// Source: poetry's documentation, "Dependency specification".
struct PoetryConstraint {
    private struct Range {
        var from: PackageVersion
        var below: PackageVersion
    }

    private enum Condition {
        case any
        case range(Range)
        case specifier(VersionSpecifier)
    }

    /// Any of these, each of which is all of its conditions.
    private var alternatives: [[Condition]] = []

    /// Returns `nil` if the text is not understood.
    init?(_ text: String) {
        for part in text.split(separator: "|") {
            var conditions: [Condition] = []
            var rest = part[...]
            while true {
                rest = rest.drop { $0 == "," || $0.isWhitespace }
                if rest.isEmpty { break }
                let sign = rest.prefix { "^~<>=!".contains($0) }
                rest = rest.dropFirst(sign.count).drop(while: \.isWhitespace)
                let version = rest.prefix { $0 != "," && !$0.isWhitespace }
                rest = rest.dropFirst(version.count)
                guard let condition = Self.condition(String(sign), String(version)) else { return nil }
                conditions.append(condition)
            }
            if conditions.isEmpty { return nil }
            alternatives.append(conditions)
        }
        if alternatives.isEmpty { return nil }
    }

    private static func condition(_ sign: String, _ version: String) -> Condition? {
        if version == "*" { return ["", "=="].contains(sign) ? .any : nil }
        switch sign {
        case "^", "~":
            guard let from = PackageVersion(version) else { return nil }
            let parts = (0..<from.releaseCount).map { $0 < from.release.count ? from.release[$0] : 0 }
            let index =
                sign == "~" ? min(1, parts.count - 1) : parts.firstIndex { $0 != 0 } ?? parts.count - 1
            let below = parts[..<index] + [parts[index] + 1]
            return .range(Range(from: from, below: PackageVersion(release: Array(below))))
        case "", "=":
            return (try? VersionSpecifier("==" + version)).map { .specifier($0) }
        default:
            return (try? VersionSpecifier(sign + version)).map { .specifier($0) }
        }
    }

    func contains(_ version: PackageVersion) -> Bool {
        alternatives.contains { conditions in
            conditions.allSatisfy { condition in
                switch condition {
                case .any: true
                case .range(let range): version >= range.from && version < range.below
                case .specifier(let specifier): specifier.contains(version)
                }
            }
        }
    }
}
