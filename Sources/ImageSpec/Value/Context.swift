// SPDX-License-Identifier: Apache-2.0

internal import ContentTree

extension ImageSpec {
    /// What a tag depends on besides the spec: where relative paths count from, the host's architecture, and
    /// which modules a host has loaded. Beside that, how it is computed: with which cache, and who follows.
    ///
    /// The forms of `tag` and `imageName()` without an argument take ``current``; tests and tools pass their own.
    public struct Context: Hashable, Sendable {
        /// The folder that relative paths of a spec, and of its base specs, count from. Absolute, or relative to the
        /// process's working directory.
        public var workingDirectory: String

        /// The host's machine architecture as `uname -m` prints it, such as `x86_64` or `arm64`.
        ///
        /// It plays a part only in the default platform of a spec whose registry is on `localhost:`.
        public var hostArchitecture: String

        /// The exact list of module files that ``SourceCopyMode/loadedModules`` copies, for a host that embeds
        /// a Python interpreter; relative paths count from the working directory, order and duplicates do not count.
        /// nil: every file below the source root whose name ends in `.py` and that the ignore rules leave.
        ///
        /// In flytekit's scheme they are the files of `sys.modules`, duplicates count, and nil is an error.
        public var loadedModules: [String]?

        /// Where digests of unchanged files are kept between runs; see ``DigestCache``.
        ///
        /// flytekit's scheme, and whatever lists or copies files, has no use for it.
        public var digestCache: DigestCache

        /// Follows the reading of files; nil for nobody.
        public var progress: HashingProgress?

        var hashing: HashingOptions {
            HashingOptions(cacheFolder: digestCache.path, progress: progress.map(ProgressObserver.init))
        }

        /// The working directory as an absolute path. What is normalised by its text alone, as the paths of included
        /// requirements, must not depend on how the folder is spelled.
        package var folder: String { Path.join(CurrentProcess.workingDirectory, workingDirectory) }

        /// A context.
        public init(
            workingDirectory: String, hostArchitecture: String, loadedModules: [String]? = nil,
            digestCache: DigestCache = .automatic, progress: HashingProgress? = nil
        ) {
            self.digestCache = digestCache
            self.progress = progress
            self.workingDirectory = workingDirectory
            self.hostArchitecture = hostArchitecture
            self.loadedModules = loadedModules
        }

        /// The context of a spec file: the folder that it lies in, and this host's architecture.
        public init(specFile path: String) {
            self.init(
                workingDirectory: Path.folder(of: path), hostArchitecture: CurrentProcess.machineArchitecture)
        }

        /// The context of this process, read anew at each call: its working directory and this host's architecture.
        public static var current: Context {
            Context(
                workingDirectory: CurrentProcess.workingDirectory,
                hostArchitecture: CurrentProcess.machineArchitecture)
        }
    }
}
