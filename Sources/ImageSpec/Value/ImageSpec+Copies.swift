// SPDX-License-Identifier: Apache-2.0

internal import ContentTree

// flytekit's builder methods, and the same for the other fields (flytekit has `dataclasses.replace` for these). Each returns a
// copy, which keeps a force push.

extension ImageSpec {
    /// Returns a copy that a closure has changed.
    ///
    /// ```swift
    /// let debugged = spec.with {
    ///     $0.entrypoint = ["sh"]
    ///     $0.packages = ["debugpy"]
    /// }
    /// ```
    ///
    /// An assignment replaces a list. The methods for lists, such as ``withPackages(_:)-(String...)``, append, as in flytekit.
    public func with<Failure: Error>(
        _ change: (inout ImageSpec) throws(Failure) -> Void
    ) throws(Failure) -> ImageSpec {
        var copy = self
        try change(&copy)
        return copy
    }

    /// Returns a copy with packages for pip appended.
    public func withPackages(_ packages: String...) -> ImageSpec { appending(packages, to: \.packages) }

    /// Returns a copy with packages for pip appended.
    public func withPackages(_ packages: some Sequence<String>) -> ImageSpec {
        appending(packages, to: \.packages)
    }

    /// Returns a copy with packages for apt appended.
    public func withAptPackages(_ packages: String...) -> ImageSpec { appending(packages, to: \.aptPackages) }

    /// Returns a copy with packages for apt appended.
    public func withAptPackages(_ packages: some Sequence<String>) -> ImageSpec {
        appending(packages, to: \.aptPackages)
    }

    /// Returns a copy with shell commands appended.
    public func withCommands(_ commands: String...) -> ImageSpec { appending(commands, to: \.commands) }

    /// Returns a copy with shell commands appended.
    public func withCommands(_ commands: some Sequence<String>) -> ImageSpec {
        appending(commands, to: \.commands)
    }

    /// Returns a copy with copied paths appended.
    public func withCopy(_ paths: String...) -> ImageSpec { appending(paths, to: \.copy) }

    /// Returns a copy with copied paths appended.
    public func withCopy(_ paths: some Sequence<String>) -> ImageSpec { appending(paths, to: \.copy) }

    /// Returns a copy with packages that are installed at run time appended.
    public func withRuntimePackages(_ packages: String...) -> ImageSpec {
        appending(packages, to: \.runtimePackages)
    }

    /// Returns a copy with packages that are installed at run time appended.
    public func withRuntimePackages(_ packages: some Sequence<String>) -> ImageSpec {
        appending(packages, to: \.runtimePackages)
    }

    /// Returns a copy with the given builder options set. An existing key keeps its position and gets the new value;
    /// new keys are appended. Nested objects are not merged.
    public func withBuilderOptions(_ options: OrderedDictionary<JSONValue>) -> ImageSpec {
        with { $0.builderOptions = ($0.builderOptions ?? [:]).merging(options) }
    }

    /// Returns a copy that is built and pushed even if its image exists.
    public func forcePush() -> ImageSpec {
        with { $0.isForcePush = true }
    }

    /// Returns a copy with another name. If `nil` or empty, the name is `flytekit`.
    public func withName(_ name: String?) -> ImageSpec { replacing(\.name, with: name) }

    /// Returns a copy with another registry. If `nil` or empty, there is none. The `id` and `tag` are the same.
    ///
    /// Without a ``platform``, a registry on `localhost:` can change the default platform and therefore the tag.
    public func withRegistry(_ registry: String?) -> ImageSpec { replacing(\.registry, with: registry) }

    /// Returns a copy with another tag format. If `nil` or empty, the tag is the full digest.
    public func withTagFormat(_ format: String?) -> ImageSpec { replacing(\.tagFormat, with: format) }

    /// Returns a copy with another platform or platforms. If `nil` or empty, the default is used.
    ///
    /// Also applies to a base image that is a spec without a platform.
    public func withPlatform(_ platform: String?) -> ImageSpec { replacing(\.platform, with: platform) }

    /// Returns a copy with another Python version. If `nil` or empty, there is none.
    public func withPythonVersion(_ version: String?) -> ImageSpec {
        replacing(\.pythonVersion, with: version)
    }

    /// Returns a copy with another base image. If `nil`, the default is used.
    public func withBaseImage(_ baseImage: BaseImage?) -> ImageSpec { with { $0.baseImage = baseImage } }

    /// Returns a copy with the given environment variables set. An existing name keeps its position and gets the new
    /// value; new names are appended.
    public func withEnv(_ variables: OrderedDictionary<String>) -> ImageSpec {
        with { $0.env = ($0.env ?? [:]).merging(variables) }
    }

    /// Returns a copy with the environment variables of a Swift dictionary set, new ones in the order of their names; see
    /// ``withEnv(_:)-(ImageSpec.OrderedDictionary<String>)``.
    @_disfavoredOverload
    public func withEnv(_ variables: [String: String]) -> ImageSpec { withEnv(OrderedDictionary(variables)) }

    /// Returns a copy with packages for conda appended.
    public func withCondaPackages(_ packages: String...) -> ImageSpec {
        appending(packages, to: \.condaPackages)
    }

    /// Returns a copy with packages for conda appended.
    public func withCondaPackages(_ packages: some Sequence<String>) -> ImageSpec {
        appending(packages, to: \.condaPackages)
    }

    /// Returns a copy with channels for conda appended. They have a lower priority than those before them.
    public func withCondaChannels(_ channels: String...) -> ImageSpec {
        appending(channels, to: \.condaChannels)
    }

    /// Returns a copy with channels for conda appended. They have a lower priority than those before them.
    public func withCondaChannels(_ channels: some Sequence<String>) -> ImageSpec {
        appending(channels, to: \.condaChannels)
    }

    /// Returns a copy with additional package indexes for pip appended.
    public func withPipExtraIndexURLs(_ urls: String...) -> ImageSpec {
        appending(urls, to: \.pipExtraIndexURLs)
    }

    /// Returns a copy with additional package indexes for pip appended.
    public func withPipExtraIndexURLs(_ urls: some Sequence<String>) -> ImageSpec {
        appending(urls, to: \.pipExtraIndexURLs)
    }

    /// Returns a copy with secret mounts appended.
    public func withPipSecretMounts(_ mounts: some Sequence<SecretMount>) -> ImageSpec {
        with { $0.pipSecretMounts = ($0.pipSecretMounts ?? []) + mounts }
    }

    /// Returns a copy with the given configuration of the builder set. An existing key keeps its position and gets the new
    /// value; new keys are appended. Nested objects are not merged.
    public func withBuilderConfig(_ configuration: OrderedDictionary<JSONValue>) -> ImageSpec {
        with { $0.builderConfig = ($0.builderConfig ?? [:]).merging(configuration) }
    }

    /// Returns a copy with another builder. If `nil` or empty, the registered builder with the highest priority is used.
    public func withBuilder(_ builder: String?) -> ImageSpec { replacing(\.builder, with: builder) }

    /// Returns a copy with another source root. If `nil` or empty, there is none.
    public func withSourceRoot(_ path: String?) -> ImageSpec { replacing(\.sourceRoot, with: path) }

    /// Returns a copy with another requirements or lock file. If `nil` or empty, there is none.
    public func withRequirements(_ path: String?) -> ImageSpec { replacing(\.requirements, with: path) }

    /// Returns a copy with another CUDA version. If `nil` or empty, there is none.
    public func withCUDA(_ version: String?) -> ImageSpec { replacing(\.cuda, with: version) }

    /// Returns a copy with another cuDNN version. If `nil` or empty, there is none.
    public func withCUDNN(_ version: String?) -> ImageSpec { replacing(\.cudnn, with: version) }

    /// Returns a copy with another package index for pip. If `nil` or empty, it is PyPI.
    public func withPipIndex(_ url: String?) -> ImageSpec { replacing(\.pipIndex, with: url) }

    /// Returns a copy with other arguments for pip. If `nil` or empty, there are none.
    public func withPipExtraArgs(_ arguments: String?) -> ImageSpec {
        replacing(\.pipExtraArgs, with: arguments)
    }

    /// Returns a copy with another file of credentials for registries. If `nil` or empty, the default locations are used.
    public func withRegistryConfig(_ path: String?) -> ImageSpec { replacing(\.registryConfig, with: path) }

    /// Returns a copy with another entry point. If `nil`, that of the base image is kept; an empty list removes it.
    public func withEntrypoint(_ entrypoint: [String]?) -> ImageSpec { with { $0.entrypoint = entrypoint } }

    /// Returns a copy with another copy mode. If `nil`, the default is used.
    public func withSourceCopyMode(_ mode: SourceCopyMode?) -> ImageSpec { with { $0.sourceCopyMode = mode } }

    /// Returns a copy with another Python interpreter of the base image. If `nil` or empty, there is none.
    public func withPythonExec(_ path: String?) -> ImageSpec { replacing(\.pythonExec, with: path) }

    /// The settings of a registration that concern source code.
    ///
    /// Source: flytekit `SerializationSettings`, as far as an image is concerned.
    public struct SerializationSettings: Hashable, Sendable {
        /// The source root of the project, relative to the working directory. `nil` if there is none.
        public var sourceRoot: String?
        /// Whether code is uploaded separately (fast registration) and need not be in the image.
        public var isFastRegistration: Bool

        /// Settings of a registration.
        public init(sourceRoot: String? = nil, isFastRegistration: Bool) {
            self.sourceRoot = sourceRoot
            self.isFastRegistration = isFastRegistration
        }
    }

    /// Returns a copy with source root and copy mode completed from the settings of a registration.
    ///
    /// * A copy mode that copies: the source root is filled in if the spec has none.
    /// * No copy mode, and no fast registration: the code must be in the image, so the mode becomes
    ///   ``SourceCopyMode/loadedModules``, and the source root is filled in if the spec has none.
    /// * Otherwise, or if neither the spec nor the settings have a source root, the copy is equal to the spec.
    ///
    /// Source: flytekit `update_image_spec_copy_handling`, which changes the spec in place.
    public func withSourceCopy(for settings: SerializationSettings) -> ImageSpec {
        // A copy mode without a source root would be an error in the tag.
        guard let root = sourceRoot.nonEmpty ?? settings.sourceRoot.nonEmpty else { return self }
        var copy = self
        switch sourceCopyMode {
        case .loadedModules, .all:
            copy.sourceRoot = root
        case nil where !settings.isFastRegistration:
            copy.sourceRoot = root
            copy.sourceCopyMode = .loadedModules
        case nil, .noCopy:
            break
        }
        return copy
    }

    private func replacing(_ field: WritableKeyPath<ImageSpec, String?>, with value: String?) -> ImageSpec {
        with { $0[keyPath: field] = value }
    }

    private func appending(
        _ elements: some Sequence<String>, to field: WritableKeyPath<ImageSpec, [String]?>
    ) -> ImageSpec {
        with { $0[keyPath: field] = ($0[keyPath: field] ?? []) + elements }
    }
}
