// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
public import ImageSpec

extension ImageSpec {
    /// The scheme of image names: the scheme of this package, or that of Python's flytekit.
    public struct HashScheme: Hashable, Sendable {
        enum Kind: Hashable, Sendable {
            case sha256
            case flytekit(GitIgnored?)
        }

        let kind: Kind

        /// The scheme of this package: SHA-256 of the image content.
        public static let sha256 = HashScheme(kind: .sha256)

        /// The scheme of flytekit 1.16, with identical names.
        ///
        /// The tag and image name of a spec that copies its whole source root (``SourceCopyMode/all``) depend on the files that git
        /// ignores; use ``flytekit(gitIgnored:)`` for such a spec.
        public static let flytekit = HashScheme(kind: .flytekit(nil))

        /// The scheme of flytekit 1.16, with the files that git ignores in the source roots.
        public static func flytekit(gitIgnored: GitIgnored) -> HashScheme {
            HashScheme(kind: .flytekit(gitIgnored))
        }
    }

    /// The files that git ignores in each source root: an input of the flytekit scheme.
    ///
    /// The library starts no process to compute a name, so the caller must run git: `ImageSpecContainers` does
    /// (`ImageSpec.GitIgnored.query(for:in:)`), or a program with a git of its own.
    public struct GitIgnored: Hashable, Sendable {
        /// The output of git in one directory.
        public struct Listing: Hashable, Sendable {
            /// The output of `git ls-files -io --exclude-standard`: one line per file, with names quoted by git.
            public var files: [UInt8]
            /// The output of the same command with `--directory`. Used only if `files` is not empty.
            public var directories: [UInt8]

            /// Creates a listing from the output of git.
            public init(files: [UInt8], directories: [UInt8] = []) {
                self.files = files
                self.directories = directories
            }

            /// No files are ignored, because git is not installed or fails, for example outside a work tree.
            public static let nothing = Listing(files: [])
        }

        private var listings: [ByteString: Listing] = [:]
        private let isNothingElsewhere: Bool

        private init(isNothingElsewhere: Bool) { self.isNothingElsewhere = isNothingElsewhere }

        /// Creates an empty collection.
        public init() { self.init(isNothingElsewhere: false) }

        /// No files are ignored anywhere, as on a machine without git.
        public static let nothing = GitIgnored(isNothingElsewhere: true)

        /// The listing of a directory, by its path as ``ImageSpec/ImageSpec/directoriesRequiringGitIgnore(in:)`` writes it.
        public subscript(directory: String) -> Listing? {
            get { listings[ByteString(directory)] ?? (isNothingElsewhere ? .nothing : nil) }
            set { listings[ByteString(directory)] = newValue }
        }
    }

    /// The directories in which flytekit would run git to tag this spec: its source root and those of its bases, if they are copied
    /// as a whole. Relative ones are joined to the context's working directory.
    public func directoriesRequiringGitIgnore(in context: Context) -> [String] {
        var folders: [String] = []
        if sourceCopyMode == .all, let root = sourceRoot.nonEmpty {
            folders.append(Path.join(context.workingDirectory, root))
        }
        if case .spec(let base) = baseImage {
            folders += base.directoriesRequiringGitIgnore(in: context.forFiles(of: base))
        }
        return folders
    }

    /// Returns the id of the spec in a scheme.
    ///
    /// In the flytekit scheme, depends on the architecture of the context if the registry is on `localhost:`. Reads no files.
    /// - Throws: ``ImageSpecError/Code/invalidField`` if flytekit rejects the registry.
    public func id(scheme: HashScheme, in context: Context = .current) throws(ImageSpecError) -> String {
        switch scheme.kind {
        case .sha256: id
        case .flytekit: try FlytekitSpec(self, in: context).id
        }
    }

    /// Returns the tag of the image in a scheme.
    ///
    /// In the flytekit scheme, performs only flytekit's checks. Errors contain its exception and text.
    /// - Throws: the errors of flytekit, or the errors of ``identity(in:)``.
    public func tag(scheme: HashScheme, in context: Context = .current) throws(ImageSpecError) -> String {
        switch scheme.kind {
        case .sha256: try tag(in: context)
        case .flytekit(let gitIgnored):
            try FlytekitSpec(self, in: context).tag(in: context, gitIgnored: gitIgnored)
        }
    }

    /// Returns the full image name in a scheme: `[registry/]name:tag`.
    /// - Throws: the errors of ``tag(scheme:in:)`` and ``imageName(in:)``.
    public func imageName(scheme: HashScheme, in context: Context = .current) throws(ImageSpecError)
        -> String
    {
        switch scheme.kind {
        case .sha256: try imageName(in: context)
        case .flytekit(let gitIgnored): try flytekitNames(gitIgnored: gitIgnored, in: context).imageName
        }
    }

    /// The names that flytekit gives a spec, with its files read once.
    package struct FlytekitNames: Sendable {
        package let id: String
        package let tag: String
        package let imageName: String
    }

    package func flytekitNames(
        gitIgnored: GitIgnored?, in context: Context
    ) throws(ImageSpecError) -> FlytekitNames {
        let spec = try FlytekitSpec(self, in: context)
        let tag = try spec.tag(in: context, gitIgnored: gitIgnored)
        return FlytekitNames(id: spec.id, tag: tag, imageName: spec.imageName(tag: tag))
    }
}
