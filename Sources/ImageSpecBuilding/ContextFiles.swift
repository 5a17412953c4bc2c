// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
internal import ImageSpec

/// A build file and the files that it copies. The Dockerfile and the envd file of a spec differ only in their layout.
struct ContextFiles: Sendable {
    let layout: ContextLayout
    /// The text of the build file.
    let buildFile: String
    let requirements: RequirementsLayout?
    let inputs: ResolvedInputs

    /// Writes the files to a directory, which must be empty or not exist. If that fails, removes all of them.
    func write(to directory: String, time: Int = RenderingConstants.timeStamp) throws(ImageSpecError) {
        let writer = try DirectoryContextSink(directory, time: time)
        do throws(ImageSpecError) {
            let path = try writer.realPath()
            try checkLocation(path) { (tree) throws(ContentTreeError) in try tree.wouldHoldFiles(in: path) }
            try writeAll(to: writer)
            try writer.finish()
        } catch {
            writer.removeAll()
            throw error
        }
    }

    func writeAll(to sink: some ContextSink) throws(ImageSpecError) {
        try items.write(to: sink)
        // Last, so that a context that was not written completely cannot be built.
        try sink.add(Array(buildFile.utf8), at: Array(layout.buildFileName.utf8))
    }

    /// Checks that an archive would not be among the files that it is made from: it would be part of the next archive, and
    /// the image name would change.
    /// - Parameter path: the real path of its directory, and its name.
    /// - Throws: ``ImageSpecError/Code/unwritableOutput``.
    func checkLocation(ofFile path: [UInt8]) throws(ImageSpecError) {
        try checkLocation(path) { (tree) throws(ContentTreeError) in try tree.wouldHoldFile(path) }
    }

    private func checkLocation(
        _ path: [UInt8], _ isAmong: (SourceTree) throws(ContentTreeError) -> Bool
    ) throws(ImageSpecError) {
        let walked =
            inputs.copied.filter(\.isFolder).map { ("copy", $0.tree) }
            + (inputs.source.map { [("source_root", $0)] } ?? [])
        for (field, tree) in walked {
            let isAmong = try ImageSpecError.reading(field) { () throws(ContentTreeError) in
                try isAmong(tree)
            }
            if isAmong { throw .contextAmongSources(String(decoding: path, as: UTF8.self), field: field) }
        }
    }

    /// Everything that is copied into the image or installed in it.
    var items: ContextItems {
        var items = ContextItems()
        if let requirements {
            for (path, file) in zip(requirements.paths, requirements.files.files) {
                items.add(file.bytes, at: ImageSpec.BuildContext.requirementsFolder + "/" + path)
            }
        }
        for (index, copied) in inputs.copied.enumerated() {
            items.add(copied.tree, at: layout.folder(ofCopied: index, copied), field: "copy")
        }
        if let source = inputs.source {
            items.add(source, at: layout.sourceFolder, field: "source_root")
        }
        return items
    }
}

/// The paths of files in a build context.
enum ContextLayout: Sendable {
    /// Copied paths in numbered directories.
    case dockerfile
    /// The same, and in each the path that they have in the image: envd copies a directory with its name.
    case envd

    var buildFileName: String {
        switch self {
        case .dockerfile: "Dockerfile"
        case .envd: "build.envd"
        }
    }

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
