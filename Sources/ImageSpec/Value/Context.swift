// SPDX-License-Identifier: Apache-2.0

internal import ContentTree

extension ImageSpec {
    /// What a tag depends on besides the spec: the working directory, the architecture of the host, and the loaded
    /// modules. Also holds the digest cache and the progress handler.
    ///
    /// `tag` and `imageName()` without an argument use ``current``. Tests and tools pass their own context.
    public struct Context: Hashable, Sendable {
        /// The directory that relative paths of a spec are resolved against, and those of its base specs unless their files are in
        /// other directories. Absolute, or relative to the working directory of the process.
        public var workingDirectory: String

        /// The machine architecture of the host as printed by `uname -m`, such as `x86_64` or `arm64`.
        ///
        /// Used only for the default platform of a spec whose registry is on `localhost:`.
        public var hostArchitecture: String

        /// The exact list of module files that ``SourceCopyMode/loadedModules`` copies, for a host that embeds
        /// a Python interpreter. Relative paths are resolved against the working directory; order and duplicates do
        /// not matter. If `nil`, all files below the source root that end in `.py` and are not ignored.
        ///
        /// In flytekit's scheme these are the files of `sys.modules`, duplicates matter, and `nil` is an error.
        public var loadedModules: [String]?

        /// Where digests of unchanged files are stored between runs. See ``DigestCache``.
        ///
        /// Not used by flytekit's scheme, nor to list or copy files.
        public var digestCache: DigestCache

        /// Reports hashing progress. If `nil`, nothing is reported.
        public var progress: HashingProgress?

        /// Directories outside the project directory whose files a spec may use as well. Absolute, or relative to the working
        /// directory of the process. `/` allows all files.
        ///
        /// By default, all files of a spec must be in the project directory, after links are followed: the git work tree of the
        /// working directory, or the working directory itself outside a git work tree. Otherwise, a spec or source tree from a
        /// stranger could copy any file of the caller into an image. See <doc:Security>.
        public var within: [String]

        /// The directory of the spec file if it is another one. Its project is one of the spec, too: the caller named both.
        package var specFolder: String?

        /// This context for the files of a spec, whose own file can be in another directory if it is a base.
        package func forFiles(of spec: ImageSpec) -> Context {
            guard let directory = spec.directory else { return self }
            var context = self
            context.loadedModules = loadedModules?.map { Path.join(folder, $0) }
            context.specFolder = specFolder ?? workingDirectory
            context.workingDirectory = directory
            return context
        }

        /// The working directory as an absolute path. Paths that are normalised by their text, such as those of included
        /// requirements, must not depend on how the directory is written.
        package var folder: String { Path.join(CurrentProcess.workingDirectory, workingDirectory) }

        /// Creates a context.
        /// - Parameters:
        ///   - workingDirectory: see ``workingDirectory``.
        ///   - hostArchitecture: see ``hostArchitecture``. If `nil`, the architecture of this host.
        ///   - loadedModules: see ``loadedModules``.
        ///   - digestCache: see ``digestCache``.
        ///   - progress: see ``progress``.
        ///   - within: see ``within``.
        public init(
            workingDirectory: String, hostArchitecture: String? = nil, loadedModules: [String]? = nil,
            digestCache: DigestCache = .automatic, progress: HashingProgress? = nil, within: [String] = []
        ) {
            self.within = within
            self.digestCache = digestCache
            self.progress = progress
            self.workingDirectory = workingDirectory
            self.hostArchitecture = hostArchitecture ?? CurrentProcess.machineArchitecture
            self.loadedModules = loadedModules
        }

        /// Creates the context of a spec file: its directory and the architecture of this host.
        public init(specFile path: String, within: [String] = []) {
            self.init(workingDirectory: Path.folder(of: path), within: within)
        }

        /// Creates the context of a spec that is written in Swift: the directory of a source file or another one beside it, so that
        /// the same files are found from every working directory.
        ///
        /// ```swift
        /// let context = ImageSpec.Context(besideFile: #filePath, directory: "../../trainer")
        /// ```
        ///
        /// The path is that of the machine on which the program was compiled; pass ``current`` or another directory if it runs
        /// elsewhere.
        /// - Parameters:
        ///   - path: the source file.
        ///   - directory: a path relative to the directory of the source file.
        public init(besideFile path: String, directory: String = ".") {
            let folder = Path.folder(of: path)
            self.init(
                workingDirectory: directory == "."
                    ? folder : Path.lexicallyNormalized(Path.join(folder, directory)))
        }

        /// The working directory of this process and the architecture of this host. Read at each call.
        public static var current: Context {
            Context(workingDirectory: CurrentProcess.workingDirectory)
        }
    }
}
