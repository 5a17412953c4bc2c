// SPDX-License-Identifier: Apache-2.0

internal import ContentTree

extension ImageSpec {
    /// A Dockerfile and the files that it copies, ready to be written to a directory.
    ///
    /// Creating a context reads and hashes all files of the spec. Writing it hashes them again and fails if they differ from
    /// the named content.
    ///
    /// The directory contains `Dockerfile` and, if needed, `requirements/`, `copy/` with a numbered directory for each
    /// copied path, and `source/`. File modes are 0644 and 0755, regardless of the umask, and all time stamps are
    /// constant, so that equal specs have equal contexts.
    public struct BuildContext: Sendable {
        /// The Dockerfile.
        public let dockerfile: Dockerfile
        /// The identity of the spec, for the bytes that will be written.
        public let identity: Identity

        private let requirements: RequirementsLayout?
        private let contents: ResolvedInputs

        static let requirementsFolder = "requirements"
        static let copyFolder = "copy"
        static let sourceFolder = "source"

        /// Reads the files of a spec and renders it.
        ///
        /// Uses memory for the path of each file.
        /// - Parameters:
        ///   - spec: the spec.
        ///   - context: the context of relative paths.
        ///   - baseImageName: the actual name of the base image if the base is a spec. If `nil`, it is
        ///     ``ImageSpec/imageName(in:)``. Ignored for other bases.
        /// - Throws: the errors of ``ImageSpec/validate(in:)`` and ``ImageSpec/identity(in:)``.
        public init(
            _ spec: ImageSpec, in context: Context = .current, baseImageName: String? = nil
        ) throws(ImageSpecError) {
            try spec.validate(as: .dockerfile, in: context)
            try self.init(
                spec, ResolvedInputs.read(of: spec, in: context, records: [.entries]), in: context,
                baseImageName: baseImageName)
        }

        /// Renders a spec whose files were read, with their entries.
        init(
            _ spec: ImageSpec, _ contents: ResolvedInputs, in context: Context, baseImageName: String?
        ) throws(ImageSpecError) {
            self.contents = contents
            let inputs = try RenderingInputs(
                of: spec, contents, in: context, baseImageName: baseImageName)
            requirements = inputs.requirements
            dockerfile = try Dockerfile(spec, inputs, in: context)
            identity = try Identity(spec: spec, ContentIdentity(spec: spec, contents: contents))
        }

        /// Writes the context to a directory, which must be empty or not exist.
        ///
        /// The parent directory must exist; it is not created.
        /// - Parameter directory: the directory, relative to the working directory of the process.
        /// - Throws: ``ImageSpecError/Code/sourceChanged`` if a file changed after the image was named;
        ///   ``ImageSpecError/Code/unwritableOutput``; ``ImageSpecError/Code/unreadableInput``. All files written
        ///   so far are removed.
        public func write(to directory: String) throws(ImageSpecError) {
            let writer = try DirectoryContextSink(directory)
            do throws(ImageSpecError) {
                try checkPlace(writer)
                try writeAll(to: writer)
                try writer.finish()
            } catch {
                writer.removeAll()
                throw error
            }
        }

        /// A context among the files that it is made from would be part of the next one, and its name would change.
        private func checkPlace(_ writer: DirectoryContextSink) throws(ImageSpecError) {
            let place = try writer.realPath()
            try checkPlace(place) { (tree) throws(ContentTreeError) in try tree.wouldHoldFiles(in: place) }
        }

        /// The same of an archive, by the real path of its directory with its own name.
        func checkPlace(ofFile place: [UInt8]) throws(ImageSpecError) {
            try checkPlace(place) { (tree) throws(ContentTreeError) in try tree.wouldHoldFile(place) }
        }

        private func checkPlace(
            _ place: [UInt8], _ isAmong: (SourceTree) throws(ContentTreeError) -> Bool
        ) throws(ImageSpecError) {
            for (field, tree) in contents.walkedTrees {
                let isAmong = try ImageSpecError.reading(field) { () throws(ContentTreeError) in
                    try isAmong(tree)
                }
                if isAmong {
                    throw .contextAmongSources(String(decoding: place, as: UTF8.self), field: field)
                }
            }
        }

        func writeAll(to sink: some ContextSink) throws(ImageSpecError) {
            try contents.items(requirements, .dockerfile).write(to: sink)
            // Last: a context whose writing was cut off must not look like one that can be built.
            try sink.add(Array(dockerfile.text.utf8), at: Array("Dockerfile".utf8))
        }
    }
}

/// Where files lie in a build context.
enum ContextLayout {
    /// Copied paths in numbered directories.
    case dockerfile
    /// The same, and in each the path that they have in the image: envd copies a directory with its name.
    case envd

    func folder(ofCopied index: Int, _ copied: ResolvedInputs.Copied) -> String {
        let folder = "\(ImageSpec.BuildContext.copyFolder)/\(index)"
        switch self {
        case .dockerfile: return folder
        case .envd:
            let path = copied.isFolder ? copied.path : Path.folder(of: copied.path)
            return folder + RenderingConstants.workingDirectory + (path == "." ? "" : "/" + path)
        }
    }

    var sourceFolder: String {
        switch self {
        case .dockerfile: ImageSpec.BuildContext.sourceFolder
        case .envd: ImageSpec.BuildContext.sourceFolder + RenderingConstants.workingDirectory
        }
    }
}

extension ResolvedInputs {
    /// The trees that were walked, with the fields that name them.
    var walkedTrees: [(field: String, tree: SourceTree)] {
        copied.filter(\.isFolder).map { ("copy", $0.tree) } + (source.map { [("source_root", $0)] } ?? [])
    }

    /// All that is copied into an image or installed in it.
    func items(_ requirements: RequirementsLayout?, _ layout: ContextLayout) -> ContextItems {
        var items = ContextItems()
        if let requirements {
            for (path, file) in zip(requirements.paths, requirements.files.files) {
                items.add(file.bytes, at: ImageSpec.BuildContext.requirementsFolder + "/" + path)
            }
        }
        for (index, copied) in copied.enumerated() {
            items.add(copied.tree, at: layout.folder(ofCopied: index, copied), field: "copy")
        }
        if let source { items.add(source, at: layout.sourceFolder, field: "source_root") }
        return items
    }
}
