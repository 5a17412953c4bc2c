// SPDX-License-Identifier: Apache-2.0

internal import ContentTree

/// The definition of a container image: its base, Python, packages, files and commands.
///
/// A value: copies are independent. No file is read and nothing is validated until a member such as ``tag`` needs it. ``id`` and
/// ``tag`` identify the image by its content, ``imageName()`` returns its full name, and a ``Builder`` builds it.
///
/// ```swift
/// let spec = ImageSpec(
///     name: "trainer", pythonVersion: "3.12", registry: "ghcr.io/acme",
///     packages: ["numpy==2.1.3"], aptPackages: ["git"]
/// )
/// print(try spec.imageName())
/// ```
///
/// The fields are those of flytekit's `ImageSpec`, in its order. `nil`, the empty string, the empty list and
/// the empty dictionary all mean "not set", except for ``entrypoint``. Two specs are equal if all fields are equal; the
/// order of ``env`` and of options does not matter.
///
/// Source: flytekit 1.16, `flytekit.image_spec.ImageSpec`.
public struct ImageSpec: Sendable {
    /// The image name without registry and tag. Defaults to `flytekit`.
    ///
    /// ASCII letters are lower-cased in the image name. May contain slashes (`team/trainer`).
    public var name: String?

    /// The Python version, such as `3.12`. If `nil`, the Python of the base image is used.
    ///
    /// A string, not a number: YAML reads an unquoted `3.10` as 3.1.
    public var pythonVersion: String?

    /// The name of the builder. If `nil`, the registered builder with the highest priority is used.
    ///
    /// Not part of `id` or `tag`.
    public var builder: String?

    /// A directory whose files are copied into the image, relative to the working directory.
    ///
    /// ``sourceCopyMode`` and the ignore rules select the files that are copied. Computing the ``tag`` reads all of
    /// them. An absolute path makes the ``id`` depend on the location of the project.
    public var sourceRoot: String?

    /// Environment variables of the image. Their order does not affect `id` and `tag`.
    public var env: OrderedDictionary<String>?

    /// The registry with an optional path, such as `ghcr.io/acme` or `localhost:5000`.
    ///
    /// ASCII letters are lower-cased. Not part of `id` or `tag`: an image promoted to another registry keeps both.
    public var registry: String?

    /// Packages for pip as PEP 508 requirements, passed to the installer unchanged.
    ///
    /// A set: order and duplicates do not affect `id` and `tag`.
    public var packages: [String]?

    /// Packages for conda. A set, like ``packages``.
    public var condaPackages: [String]?

    /// Channels for conda in order of priority, after conda-forge.
    public var condaChannels: [String]?

    /// A pip requirements file, `uv.lock` or `poetry.lock`, relative to the working directory.
    ///
    /// The ``tag`` covers its content and that of every file included with `-r` or `-c`, except comments and line
    /// endings. A lock file needs its `pyproject.toml` in the same directory.
    public var requirements: String?

    /// Packages for apt. A set, like ``packages``.
    public var aptPackages: [String]?

    /// The CUDA version. Part of `id` and `tag`. Builders reject it with a message that names the alternatives.
    public var cuda: String?

    /// The cuDNN version. Part of `id` and `tag`. Builders reject it with a message that names the alternatives.
    public var cudnn: String?

    /// The image to build on: a reference, or another spec, which is built first.
    ///
    /// A chain of more than 500 specs is an error (``ImageSpecError/Code/invalidField``).
    public var baseImage: BaseImage?

    /// The platform or platforms, such as `linux/amd64` or `linux/amd64,linux/arm64`.
    ///
    /// A set: order, duplicates and white space around a member do not affect `id` and `tag`. Defaults to
    /// `linux/amd64`, or to `linux/arm64` on an arm64 host with a registry on `localhost:`.
    public var platform: String?

    /// The package index for pip. Defaults to PyPI. Credentials in it (`https://user:password@…`) are not part of any
    /// hash and are rejected by builders: use ``pipSecretMounts``.
    public var pipIndex: String?

    /// Additional package indexes for pip, in order. Called `pip_extra_index_url` in documents.
    public var pipExtraIndexURLs: [String]?

    /// Files mounted while packages are installed and stored in no layer. Not part of `id` or `tag`.
    public var pipSecretMounts: [SecretMount]?

    /// Additional arguments for pip, or for the tool of the lock file. The string is split at white space and passed
    /// without a shell. `'…'` and `"…"` quote words; no other character is special.
    public var pipExtraArgs: String?

    /// A file with credentials, or a directory with the configuration of a container tool, used to build, push and
    /// query registries. Not part of `id` or `tag`.
    public var registryConfig: String?

    /// The entry point of the image. An empty list removes the entry point of the base image. If `nil`, it is kept.
    public var entrypoint: [String]?

    /// Shell commands to run in the image, in order, after everything is installed. Each creates one layer.
    public var commands: [String]?

    /// The format of the tag: `{spec_hash}` is replaced by the content digest, `{spec_hash:.12}` by its first 12 digits.
    ///
    /// Must contain at least one of them. Source: flytekit `tag_format`.
    public var tagFormat: String?

    /// Which files of ``sourceRoot`` are copied. Defaults to ``SourceCopyMode/loadedModules`` if there is a source root.
    public var sourceCopyMode: SourceCopyMode?

    /// Files and directories copied to `/root` in the image, relative to the working directory.
    ///
    /// The order is part of the hash; duplicates are allowed. ``tag`` throws ``ImageSpecError/Code/invalidField`` for an
    /// absolute path or `..`, and ``ImageSpecError/Code/missingInput`` for a path that does not exist.
    public var copy: [String]?

    /// The absolute path of a Python interpreter in the base image to install packages for.
    public var pythonExec: String?

    /// Packages installed when the container starts, by a runtime that supports it. Not part of `id` or `tag`.
    public var runtimePackages: [String]?

    /// Options for the builder, as arbitrary JSON.
    ///
    /// Options that only affect where and how fast an image is built (`address`, `addresses`, `builder`, `builders`, `cache`, `cache_from`,
    /// `cache_to`, `engine`, `network`, `progress`, `tls_…`) are not part of `id` or `tag`; all others are.
    public var builderOptions: OrderedDictionary<JSONValue>?

    /// Configuration of the builder: `uv_image`, `micromamba_image`, and `poetry` for its version. Part of `id` and `tag`.
    public var builderConfig: OrderedDictionary<JSONValue>?

    /// Whether the image is built and pushed even if it exists. Set by ``forcePush()``.
    ///
    /// Not a field of a document, and not part of any hash.
    public package(set) var isForcePush = false

    /// The absolute directory of the file of this spec, if another spec in another directory names it as its base: its paths are
    /// relative to it. Not part of documents.
    package var directory: String? = nil
}

// In an extension, so that the struct keeps its memberwise initialiser.
extension ImageSpec {
    /// Creates a spec. All fields are optional, and in flytekit's order.
    ///
    /// Nothing is checked and no file is read before the spec is used. Paths are relative to the ``Context``.
    /// - Parameters:
    ///   - name: the image name without registry and tag. Defaults to `flytekit`.
    ///   - pythonVersion: the Python version, such as `"3.12"`. If `nil`, the Python of the base image.
    ///   - builder: the name of the builder. If `nil`, the engine chooses it.
    ///   - sourceRoot: a directory whose files are copied into the image; see ``sourceCopyMode``.
    ///   - env: environment variables of the image.
    ///   - registry: the registry with an optional path, such as `ghcr.io/acme`. If `nil`, the image stays in the local engine.
    ///   - packages: pip requirements, such as `"numpy==2.1.3"`.
    ///   - condaPackages: packages for conda.
    ///   - condaChannels: channels for conda, after conda-forge.
    ///   - requirements: the path of a requirements file, `uv.lock` or `poetry.lock`.
    ///   - aptPackages: packages for apt.
    ///   - cuda: the CUDA version; only for the builder `envd`.
    ///   - cudnn: the cuDNN version; only for the builder `envd`.
    ///   - baseImage: the image to build on: a reference, such as `"debian:bookworm"`, or `.spec(base)`.
    ///   - platform: the platform or platforms, such as `"linux/amd64,linux/arm64"`. Defaults to `linux/amd64`.
    ///   - pipIndex: the URL of a package index to use instead of PyPI.
    ///   - pipExtraIndexURLs: the URLs of additional package indexes.
    ///   - pipSecretMounts: files that are mounted while packages are installed, and are in no layer.
    ///   - pipExtraArgs: arguments for pip, or for the tool of the lock file, in one string.
    ///   - registryConfig: the path of a file or directory with credentials for registries.
    ///   - entrypoint: the entry point. If `nil`, that of the base image; if empty, none.
    ///   - commands: shell commands that run in the image after everything else is installed.
    ///   - tagFormat: the format of the tag, such as `"sha-{spec_hash:.16}"`. If `nil`, the digest of 64 digits.
    ///   - sourceCopyMode: the files of `sourceRoot` that are copied. If `nil`, those that end in `.py`.
    ///   - copy: the paths of files and directories that are copied to `/root`.
    ///   - pythonExec: the path of a Python interpreter in the base image.
    ///   - runtimePackages: packages that a runtime installs when a task starts.
    ///   - builderOptions: options of the builder, such as `["engine": "buildah"]`.
    ///   - builderConfig: images and versions of the tools that build the image, such as `["uv_image": "…"]`.
    public init(
        name: String? = nil,
        pythonVersion: String? = nil,
        builder: String? = nil,
        sourceRoot: String? = nil,
        env: OrderedDictionary<String>? = nil,
        registry: String? = nil,
        packages: [String]? = nil,
        condaPackages: [String]? = nil,
        condaChannels: [String]? = nil,
        requirements: String? = nil,
        aptPackages: [String]? = nil,
        cuda: String? = nil,
        cudnn: String? = nil,
        baseImage: BaseImage? = nil,
        platform: String? = nil,
        pipIndex: String? = nil,
        pipExtraIndexURLs: [String]? = nil,
        pipSecretMounts: [SecretMount]? = nil,
        pipExtraArgs: String? = nil,
        registryConfig: String? = nil,
        entrypoint: [String]? = nil,
        commands: [String]? = nil,
        tagFormat: String? = nil,
        sourceCopyMode: SourceCopyMode? = nil,
        copy: [String]? = nil,
        pythonExec: String? = nil,
        runtimePackages: [String]? = nil,
        builderOptions: OrderedDictionary<JSONValue>? = nil,
        builderConfig: OrderedDictionary<JSONValue>? = nil
    ) {
        self.init(
            name: name, pythonVersion: pythonVersion, builder: builder, sourceRoot: sourceRoot, env: env,
            registry: registry, packages: packages, condaPackages: condaPackages,
            condaChannels: condaChannels, requirements: requirements, aptPackages: aptPackages, cuda: cuda,
            cudnn: cudnn, baseImage: baseImage, platform: platform, pipIndex: pipIndex,
            pipExtraIndexURLs: pipExtraIndexURLs, pipSecretMounts: pipSecretMounts,
            pipExtraArgs: pipExtraArgs, registryConfig: registryConfig, entrypoint: entrypoint,
            commands: commands, tagFormat: tagFormat, sourceCopyMode: sourceCopyMode, copy: copy,
            pythonExec: pythonExec, runtimePackages: runtimePackages, builderOptions: builderOptions,
            builderConfig: builderConfig, isForcePush: false)
    }
}

extension ImageSpec {
    // Disfavoured, so that a literal, which could be either type, keeps its order. Optional as in the other initialiser: a
    // match without a conversion would be preferred nevertheless.
    /// Creates a spec with the environment variables of a Swift dictionary, for example a variable. They are ordered by their
    /// names; a literal keeps its order. The other parameters are those of the initialiser with all fields.
    @_disfavoredOverload
    public init(
        name: String? = nil,
        pythonVersion: String? = nil,
        builder: String? = nil,
        sourceRoot: String? = nil,
        env: [String: String]?,
        registry: String? = nil,
        packages: [String]? = nil,
        condaPackages: [String]? = nil,
        condaChannels: [String]? = nil,
        requirements: String? = nil,
        aptPackages: [String]? = nil,
        cuda: String? = nil,
        cudnn: String? = nil,
        baseImage: BaseImage? = nil,
        platform: String? = nil,
        pipIndex: String? = nil,
        pipExtraIndexURLs: [String]? = nil,
        pipSecretMounts: [SecretMount]? = nil,
        pipExtraArgs: String? = nil,
        registryConfig: String? = nil,
        entrypoint: [String]? = nil,
        commands: [String]? = nil,
        tagFormat: String? = nil,
        sourceCopyMode: SourceCopyMode? = nil,
        copy: [String]? = nil,
        pythonExec: String? = nil,
        runtimePackages: [String]? = nil,
        builderOptions: OrderedDictionary<JSONValue>? = nil,
        builderConfig: OrderedDictionary<JSONValue>? = nil
    ) {
        self.init(
            name: name, pythonVersion: pythonVersion, builder: builder, sourceRoot: sourceRoot,
            env: env.map { OrderedDictionary($0) }, registry: registry, packages: packages,
            condaPackages: condaPackages,
            condaChannels: condaChannels, requirements: requirements, aptPackages: aptPackages, cuda: cuda,
            cudnn: cudnn, baseImage: baseImage, platform: platform, pipIndex: pipIndex,
            pipExtraIndexURLs: pipExtraIndexURLs, pipSecretMounts: pipSecretMounts,
            pipExtraArgs: pipExtraArgs, registryConfig: registryConfig, entrypoint: entrypoint,
            commands: commands, tagFormat: tagFormat, sourceCopyMode: sourceCopyMode, copy: copy,
            pythonExec: pythonExec, runtimePackages: runtimePackages, builderOptions: builderOptions,
            builderConfig: builderConfig)
    }
}
