// SPDX-License-Identifier: Apache-2.0

public import ImageSpec

extension ImageSpec {
    /// The environment variables that make a container install ``runtimePackages`` at startup.
    ///
    /// `_F_RUNTIME_PACKAGES` with the packages, separated by spaces. Empty if there are none. flytekit's entry point
    /// reads it, so that a package can be tried without building an image that contains it, for example with the builder
    /// `noop` and a base image with flytekit and pip.
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
