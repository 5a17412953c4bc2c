// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
package import ImageSpec

/// The input of rendering besides the fields of the spec: the existence and types of files, and the contents of
/// requirements.
package struct RenderingInputs: Sendable {
    package struct Copied: Sendable {
        /// Normalized, as in identity documents.
        var path: String
        var isFolder: Bool
    }

    /// The image name of a base that is a spec.
    var baseName: String?
    package var requirements: RequirementsLayout?
    var copied: [Copied] = []
    var hasSource: Bool

    /// Reads the requirements, but no copied files and no source tree.
    ///
    /// If the name of a base that is a spec is not given, reads all files that it depends on.
    init(
        of spec: ImageSpec, in context: ImageSpec.Context, baseImageName: String? = nil
    ) throws(ImageSpecError) {
        if let base = spec.baseSpec(in: context) {
            baseName = if let baseImageName { baseImageName } else { try base.imageName(in: context) }
        }
        let context = context.forFiles(of: spec)
        if let path = spec.requirements.nonEmpty {
            let files = try RequirementFiles(path, workingDirectory: context.folder, in: context.boundary)
            requirements = try RequirementsLayout(files)
        }
        for (index, path) in (spec.copy ?? []).enumerated() {
            copied.append(try Self.copied(path, index, in: context))
        }
        hasSource = try Self.hasSource(spec, in: context)
    }

    /// Uses files that were read for a name.
    package init(
        of spec: ImageSpec, _ contents: ResolvedInputs, in context: ImageSpec.Context,
        baseImageName: String?
    ) throws(ImageSpecError) {
        if let baseImageName, case .spec = spec.baseImage {
            baseName = baseImageName
        } else if let base = spec.baseSpec(in: context), let content = contents.base {
            baseName = try ImageSpec.Identity(spec: base, content).imageName()
        }
        requirements = try contents.requirements.map { files throws(ImageSpecError) in
            try RequirementsLayout(files)
        }
        for path in contents.copied {
            copied.append(Copied(path: path.path, isFolder: path.isFolder))
        }
        hasSource = contents.source != nil
    }

    static func copied(
        _ path: String, _ index: Int, in context: ImageSpec.Context
    ) throws(ImageSpecError) -> Copied {
        let checked = try ResolvedInputs.checkedCopyPath(path, index)
        do throws(ImageSpecError) {
            let isFolder = try ResolvedInputs.isFolder(copied: checked, written: path, in: context.folder)
            try context.checkPlace(Path.join(context.folder, checked), field: "copy", isFolder: isFolder)
            return Copied(path: checked, isFolder: isFolder)
        } catch {
            throw error.ofMember(index, in: "copy")
        }
    }

    /// Whether a source root is copied.
    /// - Throws: if it does not exist.
    static func hasSource(_ spec: ImageSpec, in context: ImageSpec.Context) throws(ImageSpecError) -> Bool {
        guard let sourceRoot = spec.sourceRoot.nonEmpty, spec.effectiveCopyMode != .noCopy else {
            return false
        }
        let path = Path.join(context.folder, sourceRoot)
        do throws(FileSystem.Failure) {
            let kind = path.utf8.contains(0) ? nil : try FileSystem.kind(path)
            guard kind == .folder else { throw kind == nil ? .missing : .notAFolder }
        } catch {
            if Path.isURL(sourceRoot) {
                throw .urlAsPath(field: "source_root", sourceRoot, expected: "directory")
            }
            throw .cannotUse(field: "source_root", path: path, expected: "directory", error)
        }
        try context.checkPlace(path, field: "source_root", isFolder: true)
        return true
    }
}
