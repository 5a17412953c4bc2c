// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
internal import ImageSpec

/// Which groups and extras of a project are installed, by the arguments in `pip_extra_args`.
struct LockArguments {
    private(set) var problems: [ImageSpecError] = []
    /// Normalised, those that are asked for.
    private(set) var extras: Set<String> = []
    /// Whether the project's own dependencies are left out.
    private(set) var omitsProject = false
    /// Whether poetry leaves out dependencies that are directories.
    private(set) var omitsDirectories = false

    private var installedGroups: Set<String> = []

    func hasExtra(_ name: String) -> Bool { extras.contains(name.normalizedPackageName) }
    func hasGroup(_ name: String) -> Bool { installedGroups.contains(name.normalizedPackageName) }
    var hasExtras: Bool { !extras.isEmpty }

    private init() {}

    /// The names in the values of options, which may be lists.
    private static func names(
        _ options: [String], in arguments: [InstallerArgument], separators: String
    ) -> [(option: String, name: String)] {
        arguments.filter { $0.name.map(options.contains) ?? false }.flatMap { argument in
            (argument.value ?? "").split { separators.contains($0) }.map { (argument.name ?? "", String($0)) }
        }
    }

    private mutating func check(
        _ names: [(option: String, name: String)], among known: Set<String>, _ what: String, in file: String
    ) {
        for (option, name) in names where !known.contains(name.normalizedPackageName) {
            problems.append(
                .unknownProjectPart(option: option, name, what, file: file, known: known.sorted()))
        }
    }

    private static func keys(_ values: TOMLValue?...) -> Set<String> {
        Set(values.flatMap { $0?.table.map { Array($0.keys) } ?? [] }.map(\.normalizedPackageName))
    }

    // MARK: uv

    static func uv(_ input: LockedProject) -> LockArguments {
        var result = LockArguments()
        let arguments = InstallerArgument.read(input.arguments, by: .uvSync)
        let project = input.project
        func has(_ name: String) -> Bool { arguments.contains { $0.name == name } }
        func names(_ options: String...) -> [(option: String, name: String)] {
            Self.names(options, in: arguments, separators: ",")
        }
        let extras = keys(project["project", "optional-dependencies"])
        var groups = keys(project["dependency-groups"])
        // The older place of the group dev.
        if project["tool", "uv", "dev-dependencies"] != nil { groups.insert("dev") }
        let file = input.projectFile.name
        result.check(names("--extra", "--no-extra"), among: extras, "extra", in: file)
        // The group dev need not exist.
        result.check(
            names("--group", "--no-group", "--only-group"), among: groups.union(["dev"]), "group", in: file)
        if case .array(let values)? = project["tool", "uv", "default-groups"] {
            let names = values.compactMap(\.string).map { (option: "tool.uv.default-groups", name: $0) }
            result.check(names, among: groups.union(["dev"]), "group", in: file)
        }

        result.extras = Set(names("--extra").map(\.name.normalizedPackageName))
        if has("--all-extras") { result.extras = extras }
        result.extras.subtract(names("--no-extra").map(\.name.normalizedPackageName))
        let only = names("--only-group").map(\.name.normalizedPackageName)
        if only.isEmpty {
            var installed: Set<String> = []
            if project["tool", "uv", "default-groups"]?.string == "all" {
                installed = groups.subtracting(["dev"])
            } else if !has("--no-default-groups") {
                let names = project["tool", "uv", "default-groups"]?.strings ?? []
                installed = Set(names.map(\.normalizedPackageName)).subtracting(["dev"])
            }
            installed.formUnion(names("--group").map(\.name.normalizedPackageName))
            if has("--dev") { installed.insert("dev") }
            if has("--all-groups") { installed = groups }
            result.installedGroups = installed.subtracting(
                names("--no-group").map(\.name.normalizedPackageName))
        } else {
            result.installedGroups = Set(only)
            result.omitsProject = true
        }
        return result
    }

    // MARK: poetry

    static func poetry(_ input: LockedProject) -> LockArguments {
        var result = LockArguments()
        let arguments = InstallerArgument.read(input.arguments, by: .poetryInstall)
        let project = input.project
        let poetry = project["tool", "poetry"]
        func has(_ name: String) -> Bool { arguments.contains { $0.name == name } }
        func names(_ options: String...) -> [(option: String, name: String)] {
            Self.names(options, in: arguments, separators: ", ")
        }
        var groups = keys(poetry?["group"], project["dependency-groups"]).union(["main"])
        if poetry?["dev-dependencies"] != nil { groups.insert("dev") }
        let extras = keys(project["project", "optional-dependencies"], poetry?["extras"])
        let file = input.projectFile.name
        result.check(names("--with", "--without", "--only"), among: groups, "group", in: file)
        result.check(names("--extras"), among: extras, "extra", in: file)

        result.omitsDirectories = has("--no-directory")
        result.extras =
            has("--all-extras") ? extras : Set(names("--extras").map(\.name.normalizedPackageName))
        let only = names("--only").map(\.name.normalizedPackageName)
        if only.isEmpty {
            let optional = (poetry?["group"]?.table ?? [:]).filter { $0.value["optional"]?.bool == true }
                .map(\.key.normalizedPackageName)
            let added =
                has("--all-groups") ? Array(groups) : names("--with").map(\.name.normalizedPackageName)
            result.installedGroups = groups.subtracting(optional).union(added)
                .subtracting(names("--without").map(\.name.normalizedPackageName))
        } else {
            result.installedGroups = Set(only)
        }
        result.omitsProject = !result.installedGroups.contains("main")
        return result
    }
}
