// SPDX-License-Identifier: Apache-2.0

extension ImageSpec {
    /// The environment variables that a container must be started with for ``runtimePackages`` to be installed in it.
    ///
    /// `_F_RUNTIME_PACKAGES` with the packages, separated by spaces; empty where there are none. flytekit's entry point
    /// reads it, so that an image without a package can be tried before it is built with it: with the builder `noop`
    /// and a base image that has flytekit and pip, nothing is built at all.
    ///
    /// ```swift
    /// let spec = ImageSpec(builder: "noop", baseImage: "ghcr.io/acme/base:1").withRuntimePackages("ipdb")
    /// print(spec.runtimeEnvironment)  // ["_F_RUNTIME_PACKAGES": "ipdb"]
    /// ```
    public var runtimeEnvironment: OrderedDictionary<String> {
        guard let packages = runtimePackages, !packages.isEmpty else { return [:] }
        return ["_F_RUNTIME_PACKAGES": packages.joined(separator: " ")]
    }
}
