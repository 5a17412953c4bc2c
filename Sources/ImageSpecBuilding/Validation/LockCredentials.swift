// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
internal import ImageSpec

/// URLs with credentials where a project names indexes and sources. A URL in another table, or in a comment, does not concern
/// the installation.
enum LockCredentials {
    static func uvProblems(_ input: LockedProject) -> [ImageSpecError] {
        let settings = ["index", "index-url", "extra-index-url", "find-links"]
        let uv =
            settings.map { ["tool", "uv", $0] } + settings.map { ["tool", "uv", "pip", $0] }
            + [
                "sources", "dev-dependencies", "constraint-dependencies", "override-dependencies",
                "build-constraint-dependencies",
            ].map { ["tool", "uv", $0] }
        return problems(input, uv + standard)
    }

    static func poetryProblems(_ input: LockedProject) -> [ImageSpecError] {
        let poetry = [
            "source", "dependencies", "dev-dependencies", "group", "requires-plugins", "build-constraints",
        ]
        return problems(input, poetry.map { ["tool", "poetry", $0] } + standard)
    }

    /// The keys of package indexes, whose URLs may have no user info.
    private static let indexes: Set = ["index", "index-url", "extra-index-url", "find-links", "source"]

    private static let standard = [
        ["project", "dependencies"], ["project", "optional-dependencies"], ["dependency-groups"],
        ["build-system", "requires"],
    ]

    private static func problems(_ input: LockedProject, _ paths: [[String]]) -> [ImageSpecError] {
        var problems: [ImageSpecError] = []
        for path in paths {
            let value = path.reduce(input.project as TOMLValue?) { $0?[$1] }
            let isIndex = path.last.map(indexes.contains) ?? false
            if let value, let place = place(in: value, path.joined(separator: "."), isIndex: isIndex) {
                problems.append(.requirementCredential(input.projectFile.name, place))
            }
        }
        // All of a lock file is about packages and where they are.
        if let place = place(in: input.lock, "", isIndex: false) {
            problems.append(.requirementCredential(input.lockFile.name, place))
        }
        return problems
    }

    /// The keys that lead to the first such URL.
    private static func place(in value: TOMLValue, _ path: String, isIndex: Bool) -> String? {
        switch value {
        case .string(let text):
            let isProblem =
                isIndex ? URLUserInfo.isPresent(in: text) : URLUserInfo.hasSecret(Array(text.utf8))
            return isProblem ? path : nil
        case .other: return nil
        case .array(let values):
            for (index, value) in values.enumerated() {
                if let found = place(in: value, "\(path)[\(index)]", isIndex: isIndex) { return found }
            }
            return nil
        case .table(let table):
            for (key, value) in table.sorted(by: { $0.key.precedesInUTF8($1.key) }) {
                let path = path.isEmpty ? key : "\(path).\(key)"
                if let found = place(in: value, path, isIndex: isIndex) { return found }
            }
            return nil
        }
    }
}
