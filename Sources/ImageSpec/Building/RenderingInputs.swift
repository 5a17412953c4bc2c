// SPDX-License-Identifier: Apache-2.0

/// What a Dockerfile depends on besides the fields of its spec: which files there are, not what is in those that
/// are only copied.
struct RenderingInputs: Sendable {
    struct Copied: Sendable {
        /// As identity documents hold it.
        var path: String
        var isFolder: Bool
    }

    /// The image name of a base that is a spec.
    var baseName: String?
    var requirements: RequirementsLayout?
    var copied: [Copied] = []
    var hasSource: Bool

    /// Finds out without reading copied files and the source tree.
    ///
    /// Without the image name of a base that is a spec, reads all that this depends on.
    init(
        of spec: ImageSpec, in context: ImageSpec.HashContext, baseImageName: String? = nil
    ) throws(ImageSpecError) {
        if let base = spec.baseSpec(in: context) {
            baseName = if let baseImageName { baseImageName } else { try base.imageName(in: context) }
        }
        if let path = spec.requirements.nonEmpty {
            let files = try RequirementFiles(path, workingDirectory: context.folder)
            requirements = try RequirementsLayout(files, hasBaseImage: spec.baseImage != nil)
        }
        for path in spec.copy ?? [] {
            copied.append(try Self.copied(path, in: context))
        }
        hasSource = try Self.hasSource(spec, in: context)
    }

    /// The same from files that were read for a name.
    init(
        of spec: ImageSpec, _ contents: SpecContents, in context: ImageSpec.HashContext,
        baseImageName: String?
    ) throws(ImageSpecError) {
        if let baseImageName, case .spec = spec.baseImage {
            baseName = baseImageName
        } else if let base = spec.baseSpec(in: context), let content = contents.base {
            baseName = try ImageSpec.Identity(spec: base, content).imageName()
        }
        requirements = try contents.requirements.map { files throws(ImageSpecError) in
            try RequirementsLayout(files, hasBaseImage: spec.baseImage != nil)
        }
        for path in contents.copied {
            copied.append(Copied(path: path.path, isFolder: path.isFolder))
        }
        hasSource = contents.source != nil
    }

    static func copied(_ path: String, in context: ImageSpec.HashContext) throws(ImageSpecError) -> Copied {
        let checked = try SpecContents.checkedCopyPath(path)
        let isFolder = try SpecContents.isFolder(copied: checked, written: path, in: context.folder)
        return Copied(path: checked, isFolder: isFolder)
    }

    /// Whether there is a source root to copy; it must exist then.
    static func hasSource(_ spec: ImageSpec, in context: ImageSpec.HashContext) throws(ImageSpecError) -> Bool
    {
        guard let sourceRoot = spec.sourceRoot.nonEmpty, spec.effectiveCopyMode != .noCopy else {
            return false
        }
        let path = Path.join(context.folder, sourceRoot)
        do throws(FileSystem.Failure) {
            let kind = path.utf8.contains(0) ? nil : try FileSystem.kind(path)
            if kind == .folder { return true }
            throw kind == nil ? FileSystem.Failure.missing : FileSystem.Failure.notAFolder
        } catch {
            if Path.isURL(sourceRoot) {
                throw .urlAsPath(field: "source_root", sourceRoot, expected: "directory")
            }
            throw .cannotUse(field: "source_root", path: path, expected: "folder", error)
        }
    }
}

/// Where requirement files lie in a build context, so that their includes lead to each other.
struct RequirementsLayout: Sendable {
    let files: RequirementFiles
    /// The paths of `files`, in their order, below one folder.
    let paths: [String]
    /// The path of the main file below that folder.
    let main: String

    /// Only in a base image may projects lie before anything is installed.
    init(_ files: RequirementFiles, hasBaseImage: Bool) throws(ImageSpecError) {
        self.files = files
        // The folder of the main file lies as deep as the includes lead up. Its real name and those of the folders
        // above it say where the project lies, so other names stand for them: such as no file has.
        func components(_ name: String) -> [ByteString] {
            name.utf8.split(separator: UInt8(ascii: "/")).map {
                ByteString(String(decoding: $0, as: UTF8.self))
            }
        }
        let levels = files.files.map { components($0.name).prefix { $0.text == ".." }.count }.max() ?? 0
        var folder = "project"
        while files.files.contains(where: { components($0.name).contains(ByteString(folder)) }) {
            folder += "_"
        }
        let place = String(repeating: folder + "/", count: levels)
        paths = files.files.map { Path.lexicallyNormalized(place + $0.name) }
        main = place + files.name
        for file in files.files where IndexURL.holdsCredential(file.bytes) {
            throw .credential("requirements: \"\(file.name)\"")
        }
        if files.kind == .pip {
            try checkLines()
            if !hasBaseImage { try refuseLocalProjects() }
        }
    }

    /// Refuses what would be installed from this machine: requirements are installed before anything is copied, and from
    /// the requirements files alone.
    private func refuseLocalProjects() throws(ImageSpecError) {
        for file in files.files {
            for line in try PipRequirements(file.raw, path: file.name).logicalLines() {
                let text = String(decoding: line.text, as: UTF8.self)
                if LocalRequirement.isLocal(text) { throw .localRequirement(file.name, line.number, text) }
            }
        }
    }

    /// What cannot be said by the logical lines that are written, or in the folders that they are written to.
    private func checkLines() throws(ImageSpecError) {
        let known = Set(paths.map(ByteString.init))
        for (file, path) in zip(files.files, paths) {
            // An own reading of lines: where one ends in a backslash, a new reading would join it with the next.
            for (index, line) in file.bytes.split(separator: UInt8(ascii: "\n")).enumerated() {
                if line.last == UInt8(ascii: "\\") {
                    throw .requirementEndsInBackslash(file.name, Array(line))
                }
                let text = PipRequirements([], path: file.name)
                guard let included = try text.included(by: .init(text: Array(line), number: index + 1)) else {
                    continue
                }
                let target = Path.lexicallyNormalized(Path.join(Path.folder(of: path), included))
                if !known.contains(ByteString(target)) { throw .includeThroughOwnFolder(file.name, included) }
            }
        }
    }
}
