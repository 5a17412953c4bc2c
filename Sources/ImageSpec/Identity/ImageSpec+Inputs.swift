// SPDX-License-Identifier: Apache-2.0

internal import ContentTree

extension ImageSpec {
    /// The files that a tag depends on and, on request, the excluded ones.
    public struct Inputs: Sendable {
        /// The field that a file belongs to.
        public enum Role: String, Sendable, CaseIterable {
            /// The requirements file, an included file, or the project file of a lock file.
            case requirements
            /// A path of `copy`.
            case copy
            /// The source root.
            case sourceRoot = "source_root"
        }

        /// A file, or a symbolic link that is copied as one.
        public struct File: Hashable, Sendable {
            /// The field that the file belongs to.
            public let role: Role
            /// The path, relative to the working directory if the declared path is. Invalid UTF-8 is replaced by U+FFFD; see
            /// ``pathBytes``.
            public var path: String { String(decoding: pathBytes, as: UTF8.self) }
            /// The path as bytes.
            public let pathBytes: [UInt8]
            /// `100644` for a file, `100755` for an executable file, `120000` for a link.
            public let mode: String
            /// `sha256:` and 64 digits; `sha256-1m:` for a file of more than 1 MiB. For pip requirements,
            /// the digest without comments and with normalised line endings.
            public let digest: String
            /// The real path if the file is not in the project directory, after links are followed; otherwise `nil`.
            /// ``Context/within`` allowed it.
            public let outside: String?
        }

        /// A file or directory that is excluded from the tag.
        public struct Excluded: Hashable, Sendable {
            /// The field that the file would belong to.
            public let role: Role
            /// The path; see ``File/path``. The path of a directory ends in `/` and includes everything below it.
            public var path: String { String(decoding: pathBytes, as: UTF8.self) }
            /// The path as bytes.
            public let pathBytes: [UInt8]
            /// The reason: the rule with its file and line, or a property of the file.
            public let reason: String
        }

        /// By field in the order requirements, copy, source root, then by the bytes of the path.
        public let files: [File]
        /// By field, then by the bytes of the path. Empty if not asked for.
        public let leftOut: [Excluded]
        /// The inputs of the base image. `nil` if it is not a spec.
        public var base: Inputs? { baseInputs }
        @Indirect private var baseInputs: Inputs?

        init(files: [File] = [], leftOut: [Excluded] = [], base: Inputs? = nil) {
            self.files = files
            self.leftOut = leftOut
            _baseInputs = Indirect(wrappedValue: base)
        }
    }

    /// Returns the files that the tag depends on.
    ///
    /// Reads all of them, as ``tag`` does. Uses memory for each path.
    /// - Parameters:
    ///   - context: the context of relative paths.
    ///   - includingExcluded: whether to return the files excluded by ignore rules and link rules as well.
    /// - Returns: the files, with those of a base that is a spec.
    /// - Throws: the errors of ``identity(in:)``.
    public func inputs(in context: Context, includingExcluded: Bool = false) throws(ImageSpecError)
        -> Inputs
    {
        let records: SourceTree.Records = includingExcluded ? [.entries, .excluded] : [.entries]
        // From the lowest base up, each inside the next.
        var inputs: Inputs?
        try ResolvedInputs.read(withBasesOf: self, in: context, records: records) { spec, contents in
            inputs = spec.inputs(contents, base: inputs, in: context)
        }
        return inputs ?? Inputs()
    }

    private func inputs(_ contents: ResolvedInputs, base: Inputs?, in context: Context) -> Inputs {
        let context = context.forFiles(of: self)
        // Without other directories, all files are in the project.
        let boundary = context.within.isEmpty ? nil : context.boundary
        func outside(_ path: [UInt8], isReal: Bool = false) -> String? {
            guard let boundary, let real = isReal ? path : try? FileSystem.realPath(path),
                !boundary.projectContains(real)
            else { return nil }
            return String(decoding: real, as: UTF8.self)
        }
        var files: [Inputs.File] = []
        var leftOut: [Inputs.Excluded] = []
        if let requirements = contents.requirements {
            let folder = Path.folder(of: Path.normalized(self.requirements ?? ""))
            for file in requirements.files {
                var hasher = ContentHasher()
                file.bytes.withUnsafeBytes { hasher.update($0) }
                files.append(
                    Inputs.File(
                        role: .requirements,
                        pathBytes: Array(Path.lexicallyNormalized(Path.join(folder, file.name)).utf8),
                        mode: "100644", digest: hasher.finalize().description,
                        outside: outside(
                            Array(Path.join(context.folder, Path.join(folder, file.name)).utf8))))
            }
        }
        func add(_ tree: SourceTree, _ role: Inputs.Role, at folder: String) {
            let prefix = folder == "." ? [] : Array((folder == "/" ? folder : folder + "/").utf8)
            for entry in tree.entries where entry.mode != .folder {
                files.append(
                    Inputs.File(
                        role: role, pathBytes: prefix + entry.path, mode: entry.mode.text.description,
                        digest: entry.digest.description,
                        // A link to a directory is copied as a link, which leads nowhere else.
                        outside: entry.mode == .link
                            ? nil : outside(tree.absolutePath(of: entry), isReal: !entry.isLinkToFile)))
            }
            for path in tree.excluded {
                let slash = path.isFolder ? [UInt8(ascii: "/")] : []
                leftOut.append(
                    Inputs.Excluded(
                        role: role, pathBytes: prefix + path.path + slash, reason: path.reason.description))
            }
        }
        for copied in contents.copied {
            add(copied.tree, .copy, at: copied.isFolder ? copied.path : Path.folder(of: copied.path))
        }
        if let source = contents.source {
            add(source, .sourceRoot, at: Path.normalized(sourceRoot ?? ""))
        }
        return Inputs(files: files, leftOut: leftOut, base: base)
    }
}

extension ImageSpec.Inputs {
    /// A warning for each file that is not in the project directory, also of the bases; see ``File/outside``.
    public var warnings: [ImageSpec.Warning] {
        var warnings: [ImageSpec.Warning] = []
        var next: ImageSpec.Inputs? = self
        var prefix = ""
        while let inputs = next {
            for file in inputs.files {
                guard let real = file.outside else { continue }
                warnings.append(
                    .outside(field: prefix + file.role.rawValue, path: file.path, real: real))
            }
            next = inputs.base
            prefix += "base_image: "
        }
        return warnings
    }
}

extension SourceTree.Reason: CustomStringConvertible {
    var description: String {
        switch self {
        case .rule(let file, let line, let text): "\(file):\(line): \(text)"
        case .gitFolder: "named .git"
        case .notPython: "not a Python module (source_copy_mode is loaded_modules)"
        case .special: "not a file, a directory or a link to one"
        case .danglingLink: "a link whose target does not exist"
        case .linkToFolderOutside: "a link to a directory outside the source root, or with an absolute target"
        case .linkClimbsAboveRoot:
            "a link whose target is above the source root; it would dangle in the image"
        }
    }
}
