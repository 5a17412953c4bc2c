// SPDX-License-Identifier: Apache-2.0

internal import ContentTree

/// What a container image is: its base, Python, packages, files and commands.
///
/// A value: nothing about it changes after it was made, and nothing is checked or read until it is asked
/// for. ``id`` and ``tag`` name it by content, ``imageName()`` gives the name under which it is found
/// everywhere, and a ``Builder`` makes the image.
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
/// the empty dictionary all mean "not given"; the one exception is ``entrypoint``. Two specs are equal if
/// all their fields are, byte for byte (``isForcePush`` included).
///
/// Source: flytekit 1.16, `flytekit.image_spec.ImageSpec`.
public struct ImageSpec: Sendable {
    /// The image's name without registry and tag; `nil` means `flytekit`.
    ///
    /// ASCII letters are lower-cased in the image name. May hold slashes (`team/trainer`).
    public internal(set) var name: String?

    /// The Python version, such as `3.12`. `nil` keeps the base image's own Python.
    ///
    /// Text, not a number: YAML reads an unquoted `3.10` as 3.1.
    public internal(set) var pythonVersion: String?

    /// The name of the builder that makes the image; `nil` takes the registered one with the highest priority.
    ///
    /// It does not enter `id` or `tag`.
    public internal(set) var builder: String?

    /// A folder whose files are copied into the image, relative to the working directory.
    ///
    /// What of it is copied follows ``sourceCopyMode`` and the ignore rules. Reading its ``tag`` reads every
    /// file that is copied. An absolute path makes the ``id`` depend on the place of the project.
    public internal(set) var sourceRoot: String?

    /// Environment variables of the image. Their order plays no part in `id` and `tag`.
    public internal(set) var env: OrderedDictionary<String>?

    /// The registry, with its path if it has one: `ghcr.io/acme`, `localhost:5000`.
    ///
    /// ASCII letters are lower-cased. It enters neither `id` nor `tag`: an image promoted to another registry keeps both.
    public internal(set) var registry: String?

    /// Packages for pip, in its own notation (PEP 508), passed on as they are.
    ///
    /// A set: order and duplicates play no part in `id` and `tag`.
    public internal(set) var packages: [String]?

    /// Packages for conda. A set, like ``packages``.
    public internal(set) var condaPackages: [String]?

    /// Channels for conda, by priority; conda-forge comes before all of them.
    public internal(set) var condaChannels: [String]?

    /// A pip requirements file, `uv.lock` or `poetry.lock`, relative to the working directory.
    ///
    /// The ``tag`` holds its content and that of every file it includes with `-r` and `-c`; comments and line ends
    /// do not count. Beside a lock file lies its `pyproject.toml`.
    public internal(set) var requirements: String?

    /// Packages for apt. A set, like ``packages``.
    public internal(set) var aptPackages: [String]?

    /// The CUDA version. Part of `id` and `tag`; builders refuse it and say what to use in its place.
    public internal(set) var cuda: String?

    /// The cuDNN version. Part of `id` and `tag`; builders refuse it and say what to use in its place.
    public internal(set) var cudnn: String?

    /// The image to build on: a reference, or another spec, which is built first.
    ///
    /// At most 500 specs can be below each other; a name of more is an error (``ImageSpecError/Code/invalidField``).
    public internal(set) var baseImage: BaseImage?

    /// The platform or platforms, such as `linux/amd64` or `linux/amd64,linux/arm64`.
    ///
    /// A set: order and duplicates play no part in `id` and `tag`, nor does white space around a member.
    /// `nil` means `linux/amd64`, but the host's own for a registry on `localhost:` on an arm64 host.
    public internal(set) var platform: String?

    /// The package index for pip in place of PyPI. User info in it (`https://user:password@…`) enters no hash
    /// and is refused by builders: pass it by ``pipSecretMounts``.
    public internal(set) var pipIndex: String?

    /// Further package indexes for pip, in order. Called `pip_extra_index_url` in documents.
    public internal(set) var pipExtraIndexURLs: [String]?

    /// Files that are there while pip runs and in no layer of the image. They enter neither `id` nor `tag`.
    public internal(set) var pipSecretMounts: [SecretMount]?

    /// Further arguments for pip, or for the tool that a lock file belongs to, as one text that is split at white space and passed on without a shell: `'…'` and `"…"`
    /// hold words together, and nothing else has a meaning.
    public internal(set) var pipExtraArgs: String?

    /// A file with credentials, or a folder with a container tool's configuration, to use while building, pushing and
    /// asking. It enters neither hash of ours.
    public internal(set) var registryConfig: String?

    /// The image's entry point. An empty list removes that of the base image; `nil` leaves it.
    public internal(set) var entrypoint: [String]?

    /// Shell commands run in the image, in order, after everything is installed. Each makes one layer.
    public internal(set) var commands: [String]?

    /// How the tag is written: `{spec_hash}` stands for the content digest, `{spec_hash:.12}` for its first 12 digits.
    ///
    /// At least one of them must occur. Source: flytekit `tag_format`.
    public internal(set) var tagFormat: String?

    /// Which files of ``sourceRoot`` are copied; `nil` means ``SourceCopyMode/loadedModules`` where there is a source root.
    public internal(set) var sourceCopyMode: SourceCopyMode?

    /// Files and folders copied into the image below `/root`, relative to the working directory.
    ///
    /// Order is kept and hashed; duplicates are allowed. Absolute paths and `..` are errors of the ``tag``
    /// (``ImageSpecError/Code/invalidField``), as is a path that does not exist (``ImageSpecError/Code/missingInput``).
    public internal(set) var copy: [String]?

    /// A Python interpreter of the base image to install packages for, as an absolute path.
    public internal(set) var pythonExec: String?

    /// Packages installed when the container starts, by a run-time that supports it. They enter neither `id` nor `tag`.
    public internal(set) var runtimePackages: [String]?

    /// Options for the builder, any JSON.
    ///
    /// Those that only say where and how fast an image is built (`address`, `addresses`, `builder`, `builders`, `cache`, `cache_from`,
    /// `cache_to`, `engine`, `network`, `progress`, `tls_…`) enter neither `id` nor `tag`; all others enter both.
    public internal(set) var builderOptions: OrderedDictionary<JSONValue>?

    /// Configuration of the builder: `uv_image`, `micromamba_image`, and `poetry` for its version. It enters `id` and `tag`.
    public internal(set) var builderConfig: OrderedDictionary<JSONValue>?

    /// Whether the image is to be built and pushed even where it exists; set by ``forcePush()``.
    ///
    /// No field of a document, and in no hash.
    public internal(set) var isForcePush = false
}

// Beside the type's body, so that there is an initialiser of its parts, which copies nothing. One that sets them one by one
// copies, and destroys, the whole at its end.
extension ImageSpec {
    /// A spec. Every field can be left out; their order is flytekit's.
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
