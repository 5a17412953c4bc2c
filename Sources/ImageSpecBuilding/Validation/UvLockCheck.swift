// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
internal import ImageSpec

/// What keeps `uv sync --locked` from installing a `uv.lock`.
struct UvLockCheck {
    private(set) var problems: [ImageSpecError] = []

    private let input: LockedProject
    private var project: TOMLValue { input.project }
    private var lock: TOMLValue { input.lock }

    init(_ input: LockedProject) {
        self.input = input
        checkVersions()
        guard lock["version"] != nil else { return }
        checkMembers()
        checkSources()
        checkSettings()
        checkDynamicFields()
        let arguments = LockArguments.uv(input)
        problems += arguments.problems
        checkGit(arguments)
        problems += LockFreshness.uvProblems(input)
        problems += LockCredentials.uvProblems(input)
        let requiresPython = project["project", "requires-python"]?.string
        if let range = requiresPython, let specifiers = try? VersionSpecifier.list(range),
            let problem = input.pythonProblem(
                range, key: "requires-python",
                allows: { version in specifiers.allSatisfy { $0.contains(version) } })
        {
            problems.append(problem)
        }
    }

    // MARK: versions

    /// The version of the uv that installs; `nil` if its image does not say.
    private var uvVersion: PackageVersion? {
        let image = input.spec.builderText("uv_image") ?? RenderingConstants.uvImage
        guard let reference = try? ImageSpec.ImageReference(image), reference.digest == nil,
            let tag = reference.tag?.prefix(while: { $0 != "-" }),
            let version = PackageVersion(String(tag)), version.releaseCount == 3
        else { return nil }
        return version
    }

    private mutating func checkVersions() {
        let file = input.lockFile.name
        guard case .other(let version)? = lock["version"] else {
            problems.append(.staleLock(file, "it has no format version", relock: "uv lock"))
            return
        }
        if version != "1", input.spec.builderText("uv_image") == nil {
            problems.append(.newerLock(file, version, tool: "uv", reads: "version 1", key: "uv_image"))
        }
        guard let required = project["tool", "uv", "required-version"]?.string, let uvVersion else { return }
        let text = required.first?.isNumber == true ? "==" + required : required
        guard let specifiers = try? VersionSpecifier.list(text) else { return }
        if !specifiers.allSatisfy({ $0.contains(uvVersion) }) {
            problems.append(
                .toolNotAllowed(
                    input.projectFile.name, input.line(ofKey: "required-version"), key: "required-version",
                    range: required,
                    tool: "uv", version: input.spec.builderText("uv_image") ?? RenderingConstants.uvImage,
                    fix: "builder_config: {uv_image: \"ghcr.io/astral-sh/uv:VERSION\"}"))
        }
    }

    // MARK: local sources

    private var rootName: String? { project["project", "name"]?.string?.normalizedPackageName }

    private var members: [String] {
        (lock["manifest", "members"]?.strings ?? []).filter { $0.normalizedPackageName != rootName }
    }

    private mutating func checkMembers() {
        guard let first = members.first else { return }
        problems.append(
            .workspaceMembers(input.lockFile.name, input.line(ofPackage: first), members))
    }

    private mutating func checkSources() {
        let members = Set(members)
        for package in input.packages {
            guard let name = package["name"]?.string, !members.contains(name),
                let source = package["source"]?.table
            else {
                continue
            }
            for key in ["directory", "editable", "path", "virtual"] {
                guard let path = source[key]?.string, path != ".", !input.mayExist(path), !Self.isURL(path)
                else { continue }
                problems.append(
                    .localLockedPackage(
                        input.lockFile.name, input.line(ofPackage: name), name, path, relock: "uv lock"))
            }
            if let index = source["registry"]?.string, !Self.isURL(index), !input.mayExist(index) {
                problems.append(
                    .localLockedPackage(
                        input.lockFile.name, input.line(ofPackage: name), name, index, relock: "uv lock"))
            }
        }
    }

    private static func isURL(_ text: String) -> Bool { text.contains("://") && !text.hasPrefix("file:") }

    private mutating func checkSettings() {
        for link in project["tool", "uv", "find-links"]?.strings ?? []
        where !Self.isURL(link) && !input.mayExist(link) {
            problems.append(.localFindLinks(input.projectFile.name, input.line(ofKey: "find-links"), link))
        }
    }

    /// Computed by the build backend from files that are not there; poetry-core reads them from pyproject.toml.
    private mutating func checkDynamicFields() {
        let backend = project["build-system", "build-backend"]?.string ?? ""
        if backend.hasPrefix("poetry.core") { return }
        for field in project["project", "dynamic"]?.strings ?? []
        where field == "dependencies" || field == "optional-dependencies" {
            problems.append(.dynamicDependencies(input.projectFile.name, input.line(ofKey: "dynamic"), field))
        }
    }

    // MARK: git

    private mutating func checkGit(_ arguments: LockArguments) {
        let needs = SystemNeeds(of: input.spec)
        let installed = LockedDependencies(input, arguments).names
        for package in input.packages {
            guard let name = package["name"]?.string, installed.contains(name),
                let address = package["source", "git"]?.string
            else { continue }
            do throws(RequirementProblem) {
                try needs.check(RequirementURL("git+" + address, name: nil, for: .uv))
            } catch {
                problems.append(
                    .invalidRequirements(
                        input.lockFile.name, line: input.line(ofPackage: name), error.reason(for: name),
                        fix: error.fix))
            }
        }
    }
}

/// The packages of a `uv.lock` that are installed, whatever their markers.
struct LockedDependencies {
    private(set) var names: Set<String> = []

    private struct Node: Hashable {
        var name: String
        var extra: String?
    }

    init(_ input: LockedProject, _ arguments: LockArguments) {
        let packages = Dictionary(grouping: input.packages) { $0["name"]?.string ?? "" }
        var waiting: [TOMLValue] = []
        for root in input.packages
        where ["virtual", "editable"].contains(where: { root["source", $0]?.string == "." }) {
            waiting += arguments.omitsProject ? [] : root["dependencies"]?.list ?? []
            for (extra, list) in root["optional-dependencies"]?.table ?? [:] where arguments.hasExtra(extra) {
                waiting += list.list
            }
            for (group, list) in root["dev-dependencies"]?.table ?? [:] where arguments.hasGroup(group) {
                waiting += list.list
            }
        }
        for (group, list) in input.lock["manifest", "dependency-groups"]?.table ?? [:]
        where arguments.hasGroup(group) {
            waiting += list.list
        }
        var seen: Set<Node> = []
        while let dependency = waiting.popLast() {
            guard let name = dependency["name"]?.string else { continue }
            names.insert(name)
            for node in [Node(name: name)]
                + (dependency["extra"]?.strings ?? []).map({ Node(name: name, extra: $0) })
            where seen.insert(node).inserted {
                for package in packages[name] ?? [] {
                    let list =
                        node.extra.map { package["optional-dependencies", $0] } ?? package["dependencies"]
                    waiting += list?.list ?? []
                }
            }
        }
    }
}
