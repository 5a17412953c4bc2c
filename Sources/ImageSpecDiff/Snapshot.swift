// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
public import ImageSpec

extension ImageSpec {
    /// What a tag was made of at one time: the declared fields, and each file by its path, mode and digest.
    ///
    /// Two records say why their tags differ (``Diff``), without the files still being there. It holds no content
    /// of files but the lines of requirements, no secret that ``pipSecretMounts`` names, and in place of user info in URLs a digest.
    /// The values of ``env`` and all other fields are in it as they are in the image.
    ///
    /// Takes memory for each path; a tree of 50,000 files makes a file of about 5 MB.
    public struct Snapshot: Hashable, Sendable {
        /// See ``ImageSpec/id``.
        public let id: String
        /// See ``ImageSpec/tag``.
        public let tag: String
        /// See ``Identity/contentDigest``.
        public let contentDigest: String
        /// `[registry/]name:tag`; not checked to be a name that a registry takes.
        public let imageName: String

        /// What was declared, without credentials.
        let spec: ImageSpec
        let contents: SnapshotContents

        init(
            id: String, tag: String, contentDigest: String, imageName: String, spec: ImageSpec,
            contents: SnapshotContents
        ) {
            self.id = id
            self.tag = tag
            self.contentDigest = contentDigest
            self.imageName = imageName
            self.spec = spec
            self.contents = contents
        }
    }

    /// What the tag is made of, to be kept and compared.
    ///
    /// Reads every file that the spec names once, as the tag does.
    /// - Parameter context: where paths count from.
    /// - Returns: the record; ``Snapshot/write(to:)`` keeps it.
    /// - Throws: the errors of ``identity(in:)``.
    public func snapshot(in context: Context) throws(ImageSpecError) -> Snapshot {
        try SnapshotRecording(of: self, in: context).record
    }
}

/// A record, and the places of the folders that it is of.
package struct SnapshotRecording {
    package let record: ImageSpec.Snapshot
    /// What names the image, from the same reading.
    package let identity: ImageSpec.Identity
    let trees: [(field: String, tree: SourceTree, isPythonOnly: Bool)]

    /// Reads a spec and its files; see ``ImageSpec/ImageSpec/snapshot(in:)``.
    package init(of spec: ImageSpec, in context: ImageSpec.Context) throws(ImageSpecError) {
        // A wrong format is found before any file is read.
        _ = try spec.parsedTagFormat()
        let reader = SnapshotReader(context: context.withoutCacheAmongSources(of: spec))
        let (contents, content) = try reader.read(spec, inheritedPlatform: nil)
        identity = try ImageSpec.Identity(spec: spec, content)
        record = ImageSpec.Snapshot(
            id: spec.id, tag: identity.tag, contentDigest: identity.contentDigest,
            imageName: Credential.redacted(identity.repository) + ":" + identity.tag,
            spec: try ImageSpec(document: spec.document.redacted), contents: contents)
        trees = reader.trees
    }
}

/// Reads a spec with its base specs, each file once.
private final class SnapshotReader {
    let context: ImageSpec.Context
    var trees: [(field: String, tree: SourceTree, isPythonOnly: Bool)] = []

    init(context: ImageSpec.Context) { self.context = context }

    func read(
        _ spec: ImageSpec, inheritedPlatform: String?
    ) throws(ImageSpecError) -> (SnapshotContents, ContentIdentity) {
        var base: [SnapshotContents] = []
        let contents = try ResolvedInputs.read(
            of: spec, in: context, inheritedPlatform: inheritedPlatform, records: [.entries]
        ) { baseSpec, platform throws(ImageSpecError) in
            let (recorded, identity) = try self.read(baseSpec, inheritedPlatform: platform)
            base.append(recorded)
            return identity
        }
        let identity = ContentIdentity(spec: spec, contents: contents)
        var recorded = SnapshotContents(tagFields: try Self.fields(of: identity.document))
        recorded.base = base
        recorded.requirements = contents.requirements.map { SnapshotRequirements($0) }
        for copied in contents.copied {
            recorded.copied.append(
                SnapshotCopy(
                    path: copied.path, isFolder: copied.isFolder,
                    tree: try keep(copied.tree, field: "copy")))
        }
        recorded.source = try contents.source.map { tree throws(ImageSpecError) in
            try keep(
                tree, field: "source_root", isPythonOnly: spec.effectiveCopyMode == .loadedModules)
        }
        return (recorded, identity)
    }

    private func keep(
        _ tree: SourceTree, field: String, isPythonOnly: Bool = false
    ) throws(ImageSpecError) -> SnapshotTree {
        var place = tree
        // Where a walk found the entries, its rules say what else would be one.
        if place.isWalked { place.entries = [] }
        trees.append((field, place, isPythonOnly))
        return try SnapshotTree(tree)
    }

    private static func fields(of document: [UInt8]) throws(ImageSpecError)
        -> ImageSpec.OrderedDictionary<ImageSpec.JSONValue>
    {
        guard case .object(let object) = try ImageSpec.JSONValue(json: document),
            case .object(let fields) = object["fields"]?.redacted
        else { return [:] }
        return fields
    }
}
