// SPDX-License-Identifier: Apache-2.0

extension ImageSpec {
    /// Returns a copy for a Python environment: its version, and its packages after those of the spec, pinned to the
    /// versions that it has.
    ///
    /// Source: flytekit `ImageSpec.from_env`, without the look into the environment.
    /// - Throws: ``ImageSpecError/Code/invalidField`` where the spec has a Python version of its own.
    package func withPythonEnvironment(
        version: String, pinned: OrderedDictionary<String>
    ) throws(ImageSpecError) -> ImageSpec {
        guard pythonVersion == nil else { throw .pythonVersionBesideEnvironment }
        var copy = withPackages(pinned.map { $0.key + "==" + $0.value })
        copy.pythonVersion = version
        return copy
    }
}

extension ImageSpecError {
    fileprivate static var pythonVersionBesideEnvironment: ImageSpecError {
        ImageSpecError(
            .invalidField,
            // The text before the semicolon is flytekit's own.
            "python_version can not be used with `from_env` because it will be inferred from the environment; remove it"
        )
    }
}
