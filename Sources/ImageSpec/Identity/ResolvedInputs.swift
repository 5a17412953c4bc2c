// SPDX-License-Identifier: Apache-2.0

package import ContentTree

/// Everything that a spec's tag is made of besides its fields: its files, read once, its base, its platform.
///
/// The name is computed from this, and a build context is checked against it, so that both speak of the same bytes.
package struct ResolvedInputs: Sendable {
    package struct Copied: Sendable {
        /// As identity documents hold it: no empty and `.` components.
        package var path: String
        /// That of the file or directory itself; never that of a link, which is followed.
        package var mode: SourceTree.Mode
        /// That of the file's bytes, or of the directory's manifest.
        package var digest: ContentDigest
        /// The directory's tree, or a tree of the one file.
        package var tree: SourceTree

        package var isFolder: Bool { mode == .folder }
    }

    /// Resolved: never empty.
    package var platform: String
    /// A base that is a spec, as it was read for this one.
    package var base: ContentIdentity?
    package var requirements: RequirementFiles?
    package var copied: [Copied] = []
    package var source: SourceTree?

    /// Reads all files that the spec names, after those of its bases. The most expensive step of a tag: every byte is hashed.
    ///
    /// `readBase` reads a base that is a spec, for this platform, where more of it is wanted than its identity.
    ///
    /// No initialiser: that is given a copy of the spec, which counts a reference for each field.
    package static func read(
        of spec: ImageSpec, in context: ImageSpec.Context, inheritedPlatform: String? = nil,
        records: SourceTree.Records = [],
        readBase: ((ImageSpec, String) throws(ImageSpecError) -> ContentIdentity)? = nil
    ) throws(ImageSpecError) -> ResolvedInputs {
        // Most specs name no files, and few calls take less time than theirs.
        if !spec.namesFiles, !spec.hasBaseSpec {
            try Declared.checkCopyMode(of: spec)
            return ResolvedInputs(platform: spec.platform(in: context, inherited: inheritedPlatform))
        }
        let declared = try Declared(spec, in: context, inheritedPlatform: inheritedPlatform)
        guard case .spec(let baseSpec) = spec.baseImage else {
            let context = inheritedPlatform == nil ? context.withoutCacheAmongSources(of: spec) : context
            return try read(of: spec, declared, base: nil, in: context, records: records)
        }
        var context = context
        if inheritedPlatform == nil {
            // A base needs no look of its own: the spec above it looked at all below.
            try spec.checkBaseCount()
            if spec.namesFiles { context = context.withoutCacheAmongSources(of: spec) }
        }
        let base =
            if let readBase {
                try readBase(baseSpec, declared.platform)
            } else {
                try read(withBasesOf: baseSpec, for: declared.platform, in: context)
            }
        return try read(of: spec, declared, base: base, in: context, records: records)
    }

    /// What a spec says about its contents, with all that can be refused without reading a file.
    package struct Declared {
        /// Resolved: never empty.
        package let platform: String
        fileprivate let copyPaths: [String]

        package init(
            _ spec: ImageSpec, in context: ImageSpec.Context, inheritedPlatform: String? = nil
        ) throws(ImageSpecError) {
            platform = spec.platform(in: context, inherited: inheritedPlatform)
            try Self.checkCopyMode(of: spec)
            copyPaths = try (spec.copy ?? []).map { path throws(ImageSpecError) in
                try checkedCopyPath(path)
            }
        }

        fileprivate static func checkCopyMode(of spec: ImageSpec) throws(ImageSpecError) {
            if let mode = spec.effectiveCopyMode, mode != .noCopy, spec.sourceRoot.nonEmpty == nil {
                throw .sourceRootRequired(mode: mode)
            }
        }
    }

    /// Reads a spec after its bases, from the lowest one up: each once, and no stack is too short for them. `body` is given
    /// each with its contents; what is returned is the identity of the spec itself.
    @discardableResult
    package static func read(
        withBasesOf spec: ImageSpec, in context: ImageSpec.Context,
        records: SourceTree.Records = [], _ body: (ImageSpec, ResolvedInputs) -> Void
    ) throws(ImageSpecError) -> ContentIdentity {
        try spec.checkBaseCount()
        return try read(
            withBasesOf: spec, for: nil,
            in: spec.namesFiles ? context.withoutCacheAmongSources(of: spec) : context, records: records, body
        )
    }

    private static func read(
        withBasesOf spec: ImageSpec, for inheritedPlatform: String?, in context: ImageSpec.Context,
        records: SourceTree.Records = [], _ body: (ImageSpec, ResolvedInputs) -> Void = { _, _ in }
    ) throws(ImageSpecError) -> ContentIdentity {
        var lowest = spec
        var declared = try Declared(spec, in: context, inheritedPlatform: inheritedPlatform)
        var above: [(spec: ImageSpec, declared: Declared)] = []
        while case .spec(let next) = lowest.baseImage {
            above.append((lowest, declared))
            declared = try Declared(next, in: context, inheritedPlatform: declared.platform)
            lowest = next
        }
        func identity(
            _ spec: ImageSpec, _ declared: Declared, _ base: ContentIdentity?
        ) throws(ImageSpecError) -> ContentIdentity {
            let contents = try read(of: spec, declared, base: base, in: context, records: records)
            body(spec, contents)
            return ContentIdentity(spec: spec, contents: contents)
        }
        var result = try identity(lowest, declared, nil)
        for (spec, declared) in above.reversed() { result = try identity(spec, declared, result) }
        return result
    }

    /// Reads the files of a spec whose base was read.
    package static func read(
        of spec: ImageSpec, _ declared: Declared, base: ContentIdentity?, in context: ImageSpec.Context,
        records: SourceTree.Records = []
    ) throws(ImageSpecError) -> ResolvedInputs {
        var contents = ResolvedInputs(platform: declared.platform, base: base)
        if let path = spec.requirements.nonEmpty {
            contents.requirements = try RequirementFiles(path, workingDirectory: context.folder)
        }
        for (path, written) in zip(declared.copyPaths, spec.copy ?? []) {
            contents.copied.append(try Self.copied(path, written: written, in: context, records: records))
        }
        if let sourceRoot = spec.sourceRoot.nonEmpty, let mode = spec.effectiveCopyMode, mode != .noCopy {
            let path = Path.join(context.folder, sourceRoot)
            if Path.isURL(sourceRoot), (try? FileSystem.kind(path)) != .folder {
                throw .urlAsPath(field: "source_root", sourceRoot, expected: "directory")
            }
            if mode == .loadedModules, let modules = context.loadedModules {
                contents.source = try ImageSpecError.reading("source_root") { () throws(ContentTreeError) in
                    try SourceTree.loadedModules(
                        modules, sourceRoot: path, workingDirectory: context.folder, records: records,
                        options: context.hashing)
                }
            } else {
                contents.source = try ImageSpecError.reading("source_root") { () throws(ContentTreeError) in
                    try SourceTree.sourceRoot(
                        path, pythonModulesOnly: mode == .loadedModules, records: records,
                        options: context.hashing)
                }
            }
        }
        return contents
    }

    /// A path of `copy` as identity documents hold it.
    static func checkedCopyPath(_ path: String) throws(ImageSpecError) -> String {
        if path.isEmpty { throw .invalidCopyPath(path, "is empty") }
        if Path.isAbsolute(path) { throw .invalidCopyPath(path, "is absolute") }
        let normalized = Path.normalized(path)
        if normalized.utf8.split(separator: UInt8(ascii: "/")).contains(where: { $0.elementsEqual("..".utf8) }
        ) {
            throw .invalidCopyPath(path, "contains \"..\"")
        }
        return normalized
    }

    private static func copied(
        _ path: String, written: String, in context: ImageSpec.Context, records: SourceTree.Records
    ) throws(ImageSpecError) -> Copied {
        let place = Path.join(context.folder, path)
        if try isFolder(copied: path, written: written, in: context.folder) {
            let tree = try ImageSpecError.reading("copy") { () throws(ContentTreeError) in
                try SourceTree.copiedFolder(place, records: records, options: context.hashing)
            }
            return Copied(path: path, mode: .folder, digest: ContentDigest(tree.digest), tree: tree)
        }
        // The document names the entry itself, so its one entry is always recorded.
        let tree = try ImageSpecError.reading("copy") { () throws(ContentTreeError) in
            try SourceTree.copiedFile(
                Path.lastComponent(place), in: Path.folder(of: place), records: records.union(.entries),
                options: context.hashing)
        }
        guard let entry = tree.entries.first, tree.entries.count == 1 else {
            throw .missing(field: "copy", path: place, expected: "file or directory")
        }
        return Copied(path: path, mode: entry.mode, digest: entry.digest, tree: tree)
    }

    /// Whether a copied path is a directory; else it is a file. Links are followed.
    package static func isFolder(
        copied path: String, written: String, in workingDirectory: String
    ) throws(ImageSpecError) -> Bool {
        let place = Path.join(workingDirectory, path)
        let kind: FileSystem.Kind?
        do throws(FileSystem.Failure) {
            kind = place.utf8.contains(0) ? nil : try FileSystem.kind(place)
        } catch {
            throw .unreadable(field: "copy", path: place, reason: error.reason)
        }
        switch kind {
        case .folder: return true
        case .file: return false
        case nil where Path.isURL(written):
            throw .urlAsPath(field: "copy", written, expected: "file or directory")
        case nil: throw .missing(field: "copy", path: place, expected: "file or directory")
        case .link, .other: throw .wrongKind(field: "copy", path: place, expected: "file or directory")
        }
    }
}

extension ImageSpec.Context {
    /// The same without a digest cache, if that would lie among what is hashed for a spec or its bases: it would be part of
    /// the tag, and change it each time that it is written.
    ///
    /// All directories count for each of them, since each has its own file in the cache.
    package func withoutCacheAmongSources(of spec: ImageSpec) -> ImageSpec.Context {
        var folders: [String] = []
        var current: ImageSpec? = spec
        while let spec = current {
            folders += (spec.copy ?? []).map { Path.join(folder, $0) }
            // Of loaded modules no other file than Python's counts.
            if spec.effectiveCopyMode == .all, let root = spec.sourceRoot.nonEmpty {
                folders.append(Path.join(folder, root))
            }
            current = if case .spec(let base) = spec.baseImage { base } else { nil }
        }
        guard digestCache.lies(inOneOf: folders) else { return self }
        var context = self
        context.digestCache = .off
        return context
    }
}

extension ImageSpec {
    /// `source_copy_mode`, with its default where there is a source root.
    package var effectiveCopyMode: SourceCopyMode? {
        sourceCopyMode ?? (sourceRoot.nonEmpty == nil ? nil : .loadedModules)
    }
}

extension String? {
    /// nil for the empty string too: both mean that a field is not given.
    package var nonEmpty: String? {
        if let self, !self.isEmpty { self } else { nil }
    }
}

extension String {
    /// ASCII letters lower-cased, everything else as it is.
    package var asciiLowercased: String {
        guard withBytes({ $0.contains { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) } }) else {
            return self
        }
        return String(
            decoding: utf8.map { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) ? $0 | 0x20 : $0 },
            as: UTF8.self)
    }
}
