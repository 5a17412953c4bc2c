// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
public import ImageSpec

extension ImageSpec {
    /// Returns a spec for the running Python environment, with its Python version and the installed versions of packages.
    ///
    /// ```swift
    /// let spec = try await ImageSpec.fromEnvironment(pinning: ["numpy"], base: ImageSpec(name: "trainer"))
    /// ```
    ///
    /// The interpreter is `$VIRTUAL_ENV/bin/python` if that variable is set, else `python3` on `PATH`. `python_version` is set
    /// to its major and minor version, and each package is appended as `name==version`.
    ///
    /// Source: flytekit `ImageSpec.from_env`.
    /// - Parameters:
    ///   - packages: The names of the packages to pin.
    ///   - python: The interpreter to use instead.
    ///   - spec: The spec to complete, without `python_version`.
    /// - Returns: The completed spec.
    /// - Throws: ``ImageSpecError/Code/invalidField`` if the spec has a `python_version`;
    ///   ``ImageSpecError/Code/missingInput`` if packages are not installed, with their names;
    ///   ``ImageSpecError/Code/toolUnavailable`` if there is no Python.
    public static func fromEnvironment(
        pinning packages: [String] = [], python: String? = nil, base spec: ImageSpec = ImageSpec()
    ) async throws -> ImageSpec {
        try await fromEnvironment(
            pinning: packages, python: python, base: spec, finder: EngineFinder(),
            environment: processEnvironment)
    }

    static func fromEnvironment(
        pinning packages: [String], python: String?, base spec: ImageSpec, finder: EngineFinder,
        environment: (String) -> String?
    ) async throws -> ImageSpec {
        if let version = spec.pythonVersion, !version.isEmpty {
            throw ImageSpecError.pythonVersionGiven(version)
        }
        let interpreter: String
        if let python {
            interpreter = python.contains("/") ? python : finder.programs(python).first ?? python
        } else if let folder = environment("VIRTUAL_ENV"), !folder.isEmpty {
            interpreter = folder + "/bin/python"
        } else if let found = finder.programs("python3").first {
            interpreter = found
        } else {
            throw ImageSpecError.noPython("python3 is not on PATH, and VIRTUAL_ENV is not set")
        }
        let lines = try await ask(interpreter, packages, finder.runner)
        var pins: [String] = []
        var missing: [String] = []
        for (package, version) in zip(packages, lines.dropFirst()) {
            if version.isEmpty { missing.append(package) } else { pins.append("\(package)==\(version)") }
        }
        if !missing.isEmpty { throw ImageSpecError.notInstalled(missing, python: interpreter) }
        return spec.withPythonVersion(lines[0]).withPackages(pins)
    }

    /// Prints the version of Python, then one line per package with its version, empty if it is not installed.
    private static let script = """
        import sys
        sys.path[:] = [folder for folder in sys.path if folder]
        from importlib import metadata
        print("%d.%d" % sys.version_info[:2])
        for name in sys.argv[1:]:
            try:
                print(metadata.version(name) or "")
            except (metadata.PackageNotFoundError, ValueError):
                print("")
        """

    private static func ask(
        _ interpreter: String, _ packages: [String], _ runner: CommandRunner
    ) async throws -> [String] {
        let outcome: CommandOutcome?
        do {
            // Not -I, because PYTHONPATH may be part of the environment. The script removes the working directory from the
            // path, so that its modules do not replace those of Python. An environment on a slow file system takes long.
            outcome = try await runner.answer(
                Command(executable: interpreter, arguments: ["-c", script] + packages), within: .seconds(120))
        } catch let error as ImageSpecError {
            guard let failure = error.launchFailure else { throw error }
            throw ImageSpecError.noPython("cannot run \(interpreter): \(failure.reason)", underlying: error)
        }
        guard let outcome else { throw ImageSpecError.noPython("\(interpreter) does not answer") }
        guard outcome.isSuccess, outcome.output.count == packages.count + 1 else {
            throw ImageSpecError.noPython("cannot query \(interpreter): \(outcome.reason)")
        }
        return outcome.output
    }
}
