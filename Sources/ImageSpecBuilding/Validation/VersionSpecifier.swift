// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
internal import ImageSpec

/// One condition on a version: `>=1.2`, `==1.*`.
///
/// Source: PEP 440, "Version specifiers"; what it leaves open as uv decides it.
struct VersionSpecifier: Hashable, Sendable {
    enum Comparison: String, CaseIterable, Sendable {
        case compatible = "~="
        case arbitrary = "==="
        case equal = "=="
        case notEqual = "!="
        case lessOrEqual = "<="
        case greaterOrEqual = ">="
        case less = "<"
        case greater = ">"
    }

    var comparison: Comparison
    var version: PackageVersion
    /// Whether the version ends in `.*`.
    var isPrefix: Bool

    /// Reads one condition, without white space around it.
    init(_ text: String) throws(RequirementProblem) {
        let sign = String(text.prefix { "<>=!~".contains($0) })
        guard let comparison = Comparison(rawValue: sign) else {
            throw Self.unknownOperator(sign, in: text)
        }
        var version = String(text.dropFirst(sign.count).drop(while: \.isWhitespace))
        while version.last?.isWhitespace == true { version.removeLast() }
        guard !version.isEmpty else {
            throw RequirementProblem(
                "has no version after \"\(sign)\"", fix: "write one, as in \"\(sign)1.2\"")
        }
        isPrefix = version.hasSuffix(".*")
        if isPrefix { version.removeLast(2) }
        guard let read = PackageVersion(version) else {
            throw Self.invalidVersion(version, isPrefix: isPrefix)
        }
        self.comparison = comparison
        self.version = read
        if isPrefix, ![.equal, .notEqual].contains(comparison) || read.dev != nil || !read.local.isEmpty {
            throw RequirementProblem(
                "has a wildcard after \"\(sign)\"",
                fix: "only == and != take \".*\": write \"\(sign)\(version)\" or \"==\(version).*\"")
        }
        if comparison == .compatible, read.releaseCount < 2 {
            throw RequirementProblem(
                "has one number after \"~=\"", fix: "write at least two, as in \"~=\(version).0\"")
        }
        if !read.local.isEmpty, ![.equal, .notEqual, .arbitrary].contains(comparison) {
            throw RequirementProblem(
                "has a local version after \"\(sign)\"",
                fix: "remove \"+\(read.local.joined(separator: "."))\"")
        }
    }

    private static func unknownOperator(_ sign: String, in text: String) -> RequirementProblem {
        switch sign {
        case "=":
            RequirementProblem(
                "contains the invalid operator \"=\"",
                fix: "write \"==\"; \"=\" is valid only in conda_packages")
        case "<>": RequirementProblem("contains the invalid operator \"<>\"", fix: "write \"!=\"")
        case "=>": RequirementProblem("contains the invalid operator \"=>\"", fix: "write \">=\"")
        case "=<": RequirementProblem("contains the invalid operator \"=<\"", fix: "write \"<=\"")
        case "":
            RequirementProblem(
                "has \"\(text.shortened(to: 40))\" where a version operator is expected",
                fix: "separate conditions with commas, as in \">=1,<2\"")
        default:
            RequirementProblem(
                "contains the unknown operator \"\(sign)\"",
                fix: "use one of \(Comparison.allCases.map(\.rawValue).joined(separator: " "))")
        }
    }

    private static func invalidVersion(_ version: String, isPrefix: Bool) -> RequirementProblem {
        if version.contains("$") {
            return RequirementProblem(
                "has a variable in its version", fix: "write the version; variables are expanded only in URLs"
            )
        }
        if let space = version.firstIndex(where: \.isWhitespace) {
            return RequirementProblem(
                "has \"\(version[space...].drop(while: \.isWhitespace).shortened(to: 40))\" after the version",
                fix: "remove it, or separate conditions with commas, as in \">=1,<2\"")
        }
        return RequirementProblem(
            "contains the invalid version \"\(version.shortened(to: 40))\"",
            fix: "use a version such as \"1.2.3\" or \"1.0rc1\"")
    }

    /// Reads conditions that commas separate; a comma may follow the last one.
    static func list(_ text: String) throws(RequirementProblem) -> [VersionSpecifier] {
        var parts = text.split(separator: ",", omittingEmptySubsequences: false).map { part in
            String(part.drop(while: \.isWhitespace))
        }
        if parts.count > 1, parts.last == "" { parts.removeLast() }
        var specifiers: [VersionSpecifier] = []
        for part in parts {
            guard !part.isEmpty else {
                throw RequirementProblem("has an empty condition", fix: "remove the comma")
            }
            specifiers.append(try VersionSpecifier(part))
        }
        return specifiers
    }

    func contains(_ found: PackageVersion) -> Bool {
        switch comparison {
        case .equal: isPrefix ? hasPrefix(found, version.releaseCount) : isSame(found)
        case .notEqual: isPrefix ? !hasPrefix(found, version.releaseCount) : !isSame(found)
        case .arbitrary: found == version
        case .compatible: found >= version && hasPrefix(found, version.releaseCount - 1)
        case .lessOrEqual: found <= version || isSame(found)
        case .greaterOrEqual: found >= version
        case .less: found < version && (version.isPrerelease || !isSameRelease(found))
        case .greater: found > version && (version.post != nil || !isSameRelease(found))
        }
    }

    /// A condition without a local version does not look at that of the found one.
    private func isSame(_ found: PackageVersion) -> Bool {
        var found = found
        if version.local.isEmpty { found.local = [] }
        return found == version
    }

    private func isSameRelease(_ found: PackageVersion) -> Bool {
        found.epoch == version.epoch && found.release == version.release
    }

    private func hasPrefix(_ found: PackageVersion, _ count: Int) -> Bool {
        func part(_ version: PackageVersion, _ index: Int) -> Int {
            index < version.release.count ? version.release[index] : 0
        }
        return found.epoch == version.epoch && (0..<count).allSatisfy { part(found, $0) == part(version, $0) }
    }
}

extension Substring {
    func shortened(to limit: Int) -> String { String(self).shortened(to: limit) }
}
