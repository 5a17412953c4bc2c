// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
public import ImageSpec

extension ImageSpec {
    /// Whose way of naming images: this package's own, or that of Python's flytekit.
    public struct HashScheme: Hashable, Sendable {
        enum Kind: Hashable, Sendable {
            case sha256
            case flytekit(GitIgnored?)
        }

        let kind: Kind

        /// This package's own names: SHA-256 of what the image contains.
        public static let sha256 = HashScheme(kind: .sha256)

        /// The names that flytekit 1.16 gives, letter for letter.
        ///
        /// For a spec that copies its whole source root (``SourceCopyMode/all``) flytekit asks git which files to leave
        /// out; such a spec needs ``flytekit(gitIgnored:)`` for its `tag` and image name.
        public static let flytekit = HashScheme(kind: .flytekit(nil))

        /// The names that flytekit 1.16 gives, with git's answers for the source roots.
        public static func flytekit(gitIgnored: GitIgnored) -> HashScheme {
            HashScheme(kind: .flytekit(gitIgnored))
        }
    }

    /// What git says about files to ignore, for each source root: an input of the flytekit scheme.
    ///
    /// The library starts no process for a name, so that somebody else has to ask git: `ImageSpecContainers` does
    /// (`ImageSpec.GitIgnored.query(for:in:)`), or a program with a git of its own.
    public struct GitIgnored: Hashable, Sendable {
        /// The output of git in one folder.
        public struct Listing: Hashable, Sendable {
            /// The output of `git ls-files -io --exclude-standard`: a line a file, names quoted as git does.
            public var files: [UInt8]
            /// The output of the same command with `--directory`. It plays a part only where `files` is not empty.
            public var folders: [UInt8]

            /// A listing from git's output.
            public init(files: [UInt8], folders: [UInt8] = []) {
                self.files = files
                self.folders = folders
            }

            /// Nothing is ignored: git is not installed, or it fails, as it does outside a work tree.
            public static let nothing = Listing(files: [])
        }

        private var listings: [ByteString: Listing] = [:]
        private let isNothingElsewhere: Bool

        private init(isNothingElsewhere: Bool) { self.isNothingElsewhere = isNothingElsewhere }

        /// No answer yet.
        public init() { self.init(isNothingElsewhere: false) }

        /// git ignores nothing anywhere: flytekit's view on a machine without git.
        public static let nothing = GitIgnored(isNothingElsewhere: true)

        /// The listing of a folder, by its path as ``ImageSpec/ImageSpec/directoriesRequiringGitIgnore(in:)`` writes it.
        public subscript(folder: String) -> Listing? {
            get { listings[ByteString(folder)] ?? (isNothingElsewhere ? .nothing : nil) }
            set { listings[ByteString(folder)] = newValue }
        }
    }

    /// The folders in which flytekit would run git to tag this spec: its source root and those of its bases that copy
    /// their whole source root. Relative ones count from the context's working directory, and come with it before them.
    public func directoriesRequiringGitIgnore(in context: Context) -> [String] {
        var folders: [String] = []
        if sourceCopyMode == .all, let root = sourceRoot.nonEmpty {
            folders.append(Path.join(context.workingDirectory, root))
        }
        if case .spec(let base) = baseImage { folders += base.directoriesRequiringGitIgnore(in: context) }
        return folders
    }

    /// Which spec this is, in a scheme.
    ///
    /// In the flytekit scheme the context's architecture counts where the registry is on `localhost:`; no file is read.
    /// - Throws: ``ImageSpecError/Code/invalidField`` where flytekit refuses the registry.
    public func id(scheme: HashScheme, in context: Context = .current) throws(ImageSpecError) -> String {
        switch scheme.kind {
        case .sha256: id
        case .flytekit: try FlytekitSpec(self, in: context).id
        }
    }

    /// The image's tag, in a scheme.
    ///
    /// In the flytekit scheme what flytekit checks is checked and nothing else; errors have its exception and text.
    /// - Throws: what flytekit refuses, or the errors of ``identity(in:)``.
    public func tag(scheme: HashScheme, in context: Context = .current) throws(ImageSpecError) -> String {
        switch scheme.kind {
        case .sha256: try tag(in: context)
        case .flytekit(let gitIgnored):
            try FlytekitSpec(self, in: context).tag(in: context, gitIgnored: gitIgnored)
        }
    }

    /// The name under which the image is found, in a scheme: `[registry/]name:tag`.
    /// - Throws: the errors of ``tag(scheme:in:)`` and ``imageName(in:)``.
    public func imageName(scheme: HashScheme, in context: Context = .current) throws(ImageSpecError)
        -> String
    {
        switch scheme.kind {
        case .sha256: try imageName(in: context)
        case .flytekit(let gitIgnored): try flytekitNames(gitIgnored: gitIgnored, in: context).imageName
        }
    }

    /// The names that flytekit gives a spec, from one reading of its files.
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
