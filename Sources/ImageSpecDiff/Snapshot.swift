// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
public import ImageSpec

extension ImageSpec {
    /// The inputs of a tag at one time: the declared fields, and the path, mode and digest of each file.
    ///
    /// Comparing two snapshots shows why their tags differ (``Diff``), even if the files no longer exist. A snapshot
    /// contains no file contents except the lines of requirements, and no secrets of ``pipSecretMounts``. Credentials in
    /// URLs are replaced by a digest. The values of ``env`` and all other fields are included unchanged.
    ///
    /// Uses memory for each path. A tree of 50,000 files results in a file of about 5 MB.
    public struct Snapshot: Hashable, Sendable {
        /// See ``ImageSpec/id``.
        public let id: String
        /// See ``ImageSpec/tag``.
        public let tag: String
        /// See ``Identity/contentDigest``.
        public let contentDigest: String
        /// `[registry/]name:tag`. Not validated.
        public let imageName: String

        /// The declared fields, without credentials.
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

    /// Returns a snapshot of the inputs of the tag, to be stored and compared.
    ///
    /// Reads each file of the spec once, as ``tag`` does.
    /// - Parameter context: the context of relative paths. Defaults to that of this process.
    /// - Returns: the snapshot. Store it with ``Snapshot/write(to:)``.
    /// - Throws: the errors of ``identity(in:)``.
    public func snapshot(in context: Context = .current) throws(ImageSpecError) -> Snapshot {
        try SnapshotRecording(of: self, in: context).snapshot
    }
}

/// A snapshot and the locations of its directories.
package struct SnapshotRecording {
    package let snapshot: ImageSpec.Snapshot
    /// The identity of the image, from the same reading of its files.
    package let identity: ImageSpec.Identity
    let trees: [(field: String, tree: SourceTree, isPythonOnly: Bool)]

    /// Reads a spec and its files; see ``ImageSpec/ImageSpec/snapshot(in:)``.
    package init(of spec: ImageSpec, in context: ImageSpec.Context) throws(ImageSpecError) {
        // An invalid format is reported before any file is read.
        _ = try spec.parsedTagFormat()
        let reader = SnapshotReader(context: context.withoutCacheAmongSources(of: spec))
        let (contents, content) = try reader.read(spec, inheritedPlatform: nil)
        identity = try ImageSpec.Identity(spec: spec, content)
        snapshot = ImageSpec.Snapshot(
            id: spec.id, tag: identity.tag, contentDigest: identity.contentDigest,
            imageName: CredentialRedactor.redacted(identity.repository) + ":" + identity.tag,
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
        var base: SnapshotContents?
        let inputs = try ResolvedInputs.read(
            of: spec, in: context, inheritedPlatform: inheritedPlatform, records: [.entries]
        ) { baseSpec, platform throws(ImageSpecError) in
            let (contents, identity) = try self.read(baseSpec, inheritedPlatform: platform)
            base = contents
            return identity
        }
        let identity = ContentIdentity(spec: spec, contents: inputs)
        var contents = SnapshotContents(tagFields: try Self.fields(of: identity.document))
        contents.base = base
        contents.requirements = inputs.requirements.map { SnapshotRequirements($0) }
        for copied in inputs.copied {
            contents.copied.append(
                SnapshotCopy(
                    path: copied.path, isFolder: copied.isFolder,
                    tree: try keep(copied.tree, field: "copy")))
        }
        contents.source = try inputs.source.map { tree throws(ImageSpecError) in
            try keep(
                tree, field: "source_root", isPythonOnly: spec.effectiveCopyMode == .loadedModules)
        }
        return (contents, identity)
    }

    private func keep(
        _ tree: SourceTree, field: String, isPythonOnly: Bool = false
    ) throws(ImageSpecError) -> SnapshotTree {
        var place = tree
        // A tree that was walked tells by its ignore rules which files belong to it.
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
