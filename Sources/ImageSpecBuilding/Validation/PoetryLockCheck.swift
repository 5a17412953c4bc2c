// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
internal import ImageSpec

/// What keeps `poetry install --no-root` from installing a `poetry.lock`.
struct PoetryLockCheck {
    private(set) var problems: [ImageSpecError] = []

    private let input: LockedProject
    private var poetry: TOMLValue? { input.project["tool", "poetry"] }

    init(_ input: LockedProject) {
        self.input = input
        checkRequiredVersion()
        checkPackageMode()
        guard checkLockVersion() else { return }
        let arguments = LockArguments.poetry(input)
        problems += arguments.problems
        checkSources(arguments)
        problems += LockFreshness.poetryProblems(input)
        problems += LockCredentials.poetryProblems(input)
        checkPython()
    }

    /// The version of the poetry that installs.
    private var poetryVersion: String {
        input.spec.builderText("poetry")
            ?? String(RenderingConstants.poetry.drop { $0 != "=" }.drop { $0 == "=" })
    }

    private mutating func checkRequiredVersion() {
        guard let required = poetry?["requires-poetry"]?.string, let version = PackageVersion(poetryVersion),
            let constraint = PoetryConstraint(required), !constraint.contains(version)
        else { return }
        problems.append(
            .toolNotAllowed(
                input.projectFile.name, input.line(ofKey: "requires-poetry"), key: "requires-poetry",
                range: required,
                tool: "poetry", version: poetryVersion, fix: "builder_config: {poetry: \"VERSION\"}"))
    }

    private mutating func checkPackageMode() {
        if poetry?["package-mode"]?.bool == false { return }
        for key in ["name", "version"] {
            let isDynamic = input.project["project", "dynamic"]?.strings?.contains(key) == true
            guard input.project["project", key] == nil, poetry?[key] == nil, !isDynamic else { continue }
            problems.append(.missingProjectKey(input.projectFile.name, key))
        }
    }

    /// Whether this version of the format can be read.
    private mutating func checkLockVersion() -> Bool {
        let file = input.lockFile.name
        guard let version = input.lock["metadata", "lock-version"]?.string else {
            problems.append(
                .staleLock(file, "it has no lock-version", relock: "poetry lock"))
            return false
        }
        guard let read = PackageVersion(version), let range = PoetryConstraint(">=1,<3"),
            !range.contains(read)
        else {
            return true
        }
        problems.append(.newerLock(file, version, tool: "poetry", reads: "versions 1 and 2", key: "poetry"))
        return false
    }

    private mutating func checkSources(_ arguments: LockArguments) {
        for package in input.packages {
            let type = package["source", "type"]?.string
            guard type == "directory" || type == "file", let name = package["name"]?.string,
                let path = package["source", "url"]?.string, !input.mayExist(path),
                type == "file" || !arguments.omitsDirectories, isInstalled(package, arguments)
            else { continue }
            problems.append(
                .localLockedPackage(
                    input.lockFile.name, input.line(ofPackage: name), name, path, relock: "poetry lock"))
        }
    }

    /// Whether a package may be installed: one of its groups is, and a marker of that group does not exclude it.
    private func isInstalled(_ package: TOMLValue, _ arguments: LockArguments) -> Bool {
        // Formats before 2.1 do not say which groups a package is in.
        guard let groups = package["groups"]?.strings else {
            return package["optional"]?.bool != true || arguments.hasExtras
        }
        return groups.contains { group in
            guard arguments.hasGroup(group) else { return false }
            let text = package["markers"]?.string ?? package["markers", group]?.string
            guard let text, let marker = try? EnvironmentMarker(text, for: .pip) else { return true }
            return marker.isSatisfied(byExtras: arguments.extras) != false
        }
    }

    private mutating func checkPython() {
        let ranges = [
            ("requires-python", input.project["project", "requires-python"]?.string),
            ("python", poetry?["dependencies", "python"]?.string),
        ]
        for (key, range) in ranges {
            guard let range, let constraint = PoetryConstraint(range) else { continue }
            if let problem = input.pythonProblem(range, key: key, allows: { constraint.contains($0) }) {
                problems.append(problem)
                return
            }
        }
    }
}
