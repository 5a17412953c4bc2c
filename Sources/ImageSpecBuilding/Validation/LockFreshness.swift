// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
internal import ImageSpec

/// Whether a lock file was made from its project as it is now. What the two files do not show is left to the build.
enum LockFreshness {
    // MARK: uv

    static func uvProblems(_ input: LockedProject) -> [ImageSpecError] {
        guard let what = uvDifference(input) else { return [] }
        return [.staleLock(input.lockFile.name, what, relock: "uv lock")]
    }

    private static func uvDifference(_ input: LockedProject) -> String? {
        let project = input.project
        if let range = project["project", "requires-python"]?.string,
            let locked = input.lock["requires-python"]?.string,
            let one = bounds(range), let other = bounds(locked), one != other
        {
            return "it was made for Python \"\(locked)\", but \(input.projectFile.name) requires \"\(range)\""
        }
        guard let name = project["project", "name"]?.string else { return nil }
        let root = input.packages.first { package in
            package["name"]?.string == name.normalizedPackageName
                && ["virtual", "editable", "directory"].contains { package["source", $0]?.string == "." }
        }
        guard let root else { return "it does not contain the project \"\(name)\"" }
        if let version = project["project", "version"]?.string, let locked = root["version"]?.string,
            let one = PackageVersion(version), let other = PackageVersion(locked), one != other
        {
            return "it was made for version \(locked) of the project, which is now \(version)"
        }
        return requirementDifference(project, root)
    }

    /// Conditions that uv writes as they are.
    private static func bounds(_ range: String) -> Set<VersionSpecifier>? {
        guard let list = try? VersionSpecifier.list(range) else { return nil }
        return list.allSatisfy { [.greaterOrEqual, .less].contains($0.comparison) } ? Set(list) : nil
    }

    /// A dependency that one of both does not have.
    private static func requirementDifference(_ project: TOMLValue, _ root: TOMLValue) -> String? {
        let dynamic = project["project", "dynamic"]?.strings ?? []
        if dynamic.contains("dependencies") || dynamic.contains("optional-dependencies") { return nil }
        // Lock files of old versions of uv do not say what was asked for.
        if root["metadata"] == nil, root["dependencies"] != nil { return nil }
        var declared = project["project", "dependencies"]?.list ?? []
        for list in project["project", "optional-dependencies"]?.table ?? [:] { declared += list.value.list }
        if let what = difference(declared, root["metadata", "requires-dist"]) { return what }
        // A group that includes others has the packages of those, and dev those of its older place.
        var groups = project["dependency-groups"]?.table ?? [:]
        if project["tool", "uv", "dev-dependencies"] != nil { groups["dev"] = nil }
        for (group, list) in groups.sorted(by: { $0.key.precedesInUTF8($1.key) })
        where list.list.allSatisfy({ $0.string != nil }) {
            let locked = root["metadata", "requires-dev"]?.table ?? [:]
            let own = locked.first { $0.key.normalizedPackageName == group.normalizedPackageName }
            if let what = difference(list.list, own?.value) { return what }
        }
        return nil
    }

    private static func difference(_ declared: [TOMLValue], _ locked: TOMLValue?) -> String? {
        var wanted: [String: [Set<VersionSpecifier>]] = [:]
        for text in declared.compactMap(\.string) {
            guard let requirement = try? Requirement(text, for: .uv), let name = requirement.name else {
                return nil
            }
            var specifiers: Set<VersionSpecifier> = []
            if case .index(let list) = requirement.source { specifiers = Set(list) }
            wanted[name.normalizedPackageName, default: []].append(specifiers)
        }
        var found: [String: [Set<VersionSpecifier>]] = [:]
        for entry in locked?.list ?? [] {
            guard let name = entry["name"]?.string else { return nil }
            // What comes from elsewhere has no versions here.
            let isElsewhere = ["git", "url", "path", "directory", "editable", "virtual"].contains {
                entry[$0] != nil
            }
            let specifiers = entry["specifier"]?.string.map { try? VersionSpecifier.list($0) } ?? []
            guard let specifiers else { return nil }
            found[name.normalizedPackageName, default: []].append(Set(specifiers))
            if isElsewhere {
                wanted[name.normalizedPackageName] = wanted[name.normalizedPackageName]?.map { _ in [] }
            }
        }
        for name in Set(wanted.keys).union(found.keys).sorted() {
            guard let one = wanted[name] else {
                return "it contains \"\(name)\", which the project does not require"
            }
            guard let other = found[name] else {
                return "it does not contain \"\(name)\", which the project requires"
            }
            if Set(one) != Set(other) {
                return "it has other versions of \"\(name)\" than the project requires"
            }
        }
        return nil
    }

    // MARK: poetry

    static func poetryProblems(_ input: LockedProject) -> [ImageSpecError] {
        guard let locked = input.lock["metadata", "content-hash"]?.string else {
            return [.staleLock(input.lockFile.name, "it has no content-hash", relock: "poetry lock")]
        }
        // Before version 2.3 poetry left dependency-groups out.
        for withGroups in [true, false] {
            guard let content = PoetryContent(input.project, withGroups: withGroups).json else { return [] }
            if SHA256Digest(of: Array(content.utf8)).hex == locked { return [] }
        }
        return [
            .staleLock(
                input.lockFile.name, "\(input.projectFile.name) has changed since the lock file was created",
                relock: "poetry lock")
        ]
    }
}
