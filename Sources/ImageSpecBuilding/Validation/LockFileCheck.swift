// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
internal import ImageSpec

/// The problems that prevent a lock file from being installed in an image, which contains only its `pyproject.toml` besides it.
///
/// Source: the documentation of uv and poetry; what it leaves open as uv 0.13 and poetry 2.5 decide it.
struct LockFileCheck {
    private(set) var problems: [ImageSpecError] = []

    init(_ files: RequirementFiles, of spec: ImageSpec) {
        guard let lockFile = files.files.first(where: { $0.name.hasSameBytes(as: files.name) }),
            let projectFile = files.files.first(where: { $0.name == "pyproject.toml" })
        else { return }
        let isUv = files.kind == .uvLock
        // uv reads TOML 1.1, poetry TOML 1.0.
        let project = Self.read(projectFile, hasTOML11: isUv, relock: nil, &problems)
        let lock = Self.read(lockFile, hasTOML11: isUv, relock: isUv ? "uv lock" : "poetry lock", &problems)
        guard let project, let lock else { return }
        let input = LockedProject(
            spec: spec, project: project, projectFile: projectFile, lock: lock, lockFile: lockFile)
        problems += isUv ? UvLockCheck(input).problems : PoetryLockCheck(input).problems
    }

    private static func read(
        _ file: RequirementFiles.File, hasTOML11: Bool, relock: String?, _ problems: inout [ImageSpecError]
    ) -> TOMLValue? {
        guard String(validating: file.raw, as: UTF8.self) != nil else {
            problems.append(
                .invalidRequirements(file.name, line: nil, "not valid UTF-8", fix: "save the file as UTF-8"))
            return nil
        }
        do throws(TOMLProblem) {
            return try TOMLReader.read(file.raw, hasTOML11: hasTOML11)
        } catch {
            problems.append(.invalidTOML(file.name, error, relock: relock))
            return nil
        }
    }
}

/// A lock file and its project, and the spec that they are installed for.
struct LockedProject {
    let spec: ImageSpec
    let project: TOMLValue
    let projectFile: RequirementFiles.File
    let lock: TOMLValue
    let lockFile: RequirementFiles.File

    var hasBase: Bool { spec.baseImage.map { $0 != .reference("") } ?? false }

    var arguments: [String] { spec.pipExtraArgs.nonEmpty.flatMap(ArgumentText.words) ?? [] }

    /// The packages of the lock file.
    var packages: [TOMLValue] { lock["package"]?.list ?? [] }

    /// The line on which a package of the lock file has its name.
    func line(ofPackage name: String) -> Int? {
        Self.line(in: lockFile.raw) { $0.elementsEqual("name = \"\(name)\"".utf8) }
    }

    /// The first line of the project file on which a key is.
    func line(ofKey key: String) -> Int? {
        Self.line(in: projectFile.raw) { line in
            let text = line.drop {
                $0.isASCIIWhiteSpace || $0 == UInt8(ascii: "[") || $0 == UInt8(ascii: "\"")
            }
            return text.starts(with: key.utf8)
        }
    }

    private static func line(in bytes: [UInt8], where matches: (ArraySlice<UInt8>) -> Bool) -> Int? {
        let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        return lines.firstIndex { matches($0.last == UInt8(ascii: "\r") ? $0.dropLast() : $0) }.map { $0 + 1 }
    }

    /// Whether a path may exist when packages are installed: only in a base image, and only by its absolute path.
    func mayExist(_ path: String) -> Bool { hasBase && Path.isAbsolute(path) }

    /// The problem of a version of Python that the project does not allow; `nil` if it does, or if that is unknown.
    func pythonProblem(_ range: String?, key: String, allows: (PackageVersion) -> Bool?) -> ImageSpecError? {
        guard let range, let version = spec.installedPython else { return nil }
        let parts = version.split(separator: ".").compactMap { Int($0) }
        // Two numbers stand for any patch.
        let found = parts.count > 2 ? [parts] : (0..<60).map { parts + [$0] }
        for release in found where allows(PackageVersion(release: release)) != false { return nil }
        return .pythonNotAllowed(
            projectFile.name, line(ofKey: key), range: range, version: version,
            isImplicit: spec.pythonVersion.nonEmpty == nil)
    }
}

extension ImageSpec {
    /// The version of Python that packages are installed for; `nil` if only the base image knows it.
    fileprivate var installedPython: String? {
        switch PythonEnvironment(of: self).interpreter {
        case .official: pythonVersion.nonEmpty ?? RenderingConstants.defaultPython
        case .version(let version): version
        case .conda(let version): version
        case .none, .path, .ofBase: nil
        }
    }
}
