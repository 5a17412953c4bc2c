// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
internal import ImageSpec

/// A file of another tool that is easily mistaken for a pip requirements file.
enum RequirementFileFormat: CaseIterable, Sendable {
    case condaEnvironment, condaLock, pipfile, pipfileLock, pdmLock, uvLock, poetryLock, pixi, pyproject,
        setup, json, toml

    /// What it is, and what to use in its place.
    var problem: RequirementProblem {
        switch self {
        case .condaEnvironment:
            RequirementProblem(
                "is a conda environment file",
                fix: "write its packages in conda_packages and packages, or run: imagespec init")
        case .condaLock:
            RequirementProblem(
                "is a conda-lock file", fix: "write its packages in conda_packages and packages")
        case .pipfile:
            RequirementProblem("is a Pipfile", fix: "run: pipenv requirements > requirements.txt")
        case .pipfileLock:
            RequirementProblem("is a Pipenv lock file", fix: "run: pipenv requirements > requirements.txt")
        case .pdmLock:
            RequirementProblem("is a PDM lock file", fix: "run: pdm export -o requirements.txt")
        case .uvLock:
            RequirementProblem(
                "is a uv lock file that is not named uv.lock",
                fix: "rename it to uv.lock, next to its pyproject.toml")
        case .poetryLock:
            RequirementProblem(
                "is a Poetry lock file that is not named poetry.lock",
                fix: "rename it to poetry.lock, next to its pyproject.toml")
        case .pixi:
            RequirementProblem("is a Pixi file", fix: "write its packages in conda_packages and packages")
        case .pyproject:
            RequirementProblem(
                "is a project file",
                fix: "run \"uv lock\" and use uv.lock, or write its dependencies in packages")
        case .setup:
            RequirementProblem(
                "is a setup script, whose dependencies setuptools computes",
                fix: "write them in packages or in a requirements file")
        case .json:
            RequirementProblem(
                "is JSON, not a pip requirements file", fix: "write a requirement on each line")
        case .toml:
            RequirementProblem(
                "is TOML, not a pip requirements file", fix: "write a requirement on each line")
        }
    }

    /// The format of a file, by its name or by what is in it; `nil` if it may be a requirements file.
    ///
    /// uv reads a `pylock.toml` directly, so it is not one of these formats.
    static func detect(name: String, lines: [String]) -> RequirementFileFormat? {
        let file = Path.lastComponent(name).lowercased()
        if isPylock(file) { return nil }
        return ofName(file) ?? ofLines(lines)
    }

    /// `pylock.toml` and `pylock.NAME.toml`, the lock files of PEP 751.
    static func isPylock(_ file: String) -> Bool {
        file == "pylock.toml" || (file.hasPrefix("pylock.") && file.hasSuffix(".toml"))
    }

    private static func ofName(_ file: String) -> RequirementFileFormat? {
        switch file {
        case "pipfile": .pipfile
        case "pipfile.lock": .pipfileLock
        case "pdm.lock": .pdmLock
        case "pixi.toml", "pixi.lock": .pixi
        case "pyproject.toml": .pyproject
        case "setup.py", "setup.cfg": .setup
        case _ where file.hasSuffix("conda-lock.yml") || file.hasSuffix("conda-lock.yaml"): .condaLock
        default: nil
        }
    }

    /// No requirement has a colon or a brace where these have one.
    private static func ofLines(_ lines: [String]) -> RequirementFileFormat? {
        guard let first = lines.first else { return nil }
        let start = lines.prefix(40)
        func has(_ key: String) -> Bool { start.contains { $0 == key || $0.hasPrefix(key + " ") } }
        if start.contains(where: { $0 == "dependencies:" || $0 == "channels:" }) { return .condaEnvironment }
        if first.hasPrefix("{") { return start.contains { $0.hasPrefix("\"_meta\"") } ? .pipfileLock : .json }
        if has("[[source]]"), has("[packages]") { return .pipfile }
        if has("[project]") || has("[build-system]") || has("[tool.poetry]") { return .pyproject }
        if has("[options]"), lines.contains(where: { $0.hasPrefix("install_requires") }) { return .setup }
        if start.contains(where: {
            $0.hasPrefix("from setuptools import") || $0.hasPrefix("import setuptools")
        }) {
            return .setup
        }
        guard has("[[package]]") || has("[[packages]]") || has("[metadata]") else {
            let isTable = first.hasPrefix("[") && first.hasSuffix("]")
            return isTable ? .toml : nil
        }
        if lines.contains(where: { $0.hasPrefix("content_hash =") }) { return .pdmLock }
        if lines.contains(where: { $0.hasPrefix("lock-version = \"2") || $0.hasPrefix("content-hash =") }) {
            return .poetryLock
        }
        return first.hasPrefix("version = ") ? .uvLock : .toml
    }
}
